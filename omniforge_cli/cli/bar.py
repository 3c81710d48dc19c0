"""The bar that `eval` and `replay` draw on a terminal; loaded only there, as rich takes longer to load than a case to answer."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Bar:
    """A bar on stderr that is redrawn when told to."""

    def __init__(self, total: int) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
        self._progress.start()
        self._task = self._progress.add_task("", total=total)

    def draw(self, completed: int, told: str) -> None:
        """Show how far it is, with a few words."""
        self._progress.update(self._task, completed=completed, description=told)
        self._progress.refresh()

    def remove(self) -> None:
        """Take it off the terminal."""
        self._progress.stop()
