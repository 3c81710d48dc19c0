"""The progress line of `eval` and `replay` on stderr: how far, how right so far, how long still."""

from __future__ import annotations

import sys
from time import monotonic
from typing import TYPE_CHECKING

from omniforge_cli.cli.diagnostics import say
from omniforge_cli.core.run import Run
from omniforge_cli.evals.plan import Plan

if TYPE_CHECKING:
    from omniforge_cli.cli.bar import Bar

_EVERY_S = 0.1


class Progress:
    """Counts finished samples; draws a bar on a terminal, and is silent elsewhere but for the first line.

    `resumes` is the run, as it was typed, that this one goes on with.
    """

    def __init__(self, command: str, *, quiet: bool, resumes: str | None = None) -> None:
        self._command = command
        self._quiet = quiet
        self._resumes = resumes
        self._bar: Bar | None = None
        self._run: Run | None = None
        self._total = 0
        self._n = 0
        self._right = 0
        self._failed = 0
        self._drawn = 0.0
        self._is_stored = True

    def begin(self, plan: Plan, run: Run) -> None:
        """Say what will be done."""
        self._run, self._total = run, plan.n_samples
        if self._quiet:
            return
        arms = ", ".join(arm.name for arm in plan.arms)
        say(f"omniforge: run {run.run_id}: {len(plan.evalset.cases)} cases of {plan.evalset.ref} by {arms}")
        if sys.stderr.isatty():
            from omniforge_cli.cli.bar import Bar  # noqa: PLC0415 - a run without a terminal must not pay for rich

            self._bar = Bar(self._total)

    def advance(self, n: int, right: int, failed: int) -> None:
        """Count finished samples."""
        self._n += n
        self._right += right
        self._failed += failed
        if self._bar is None or (monotonic() - self._drawn < _EVERY_S and self._n < self._total):
            return
        self._drawn = monotonic()
        without = f", {self._failed} without the asked answer" if self._failed else ""
        self._bar.draw(self._n, f"{self._right / self._n:.1%} right{without}")

    def warn(self, line: str) -> None:
        """Say that the run is not stored, so that nobody is sent to resume it."""
        self._is_stored = False
        say(f"omniforge: warning: {line}")

    def interrupted(self) -> None:
        """Say what is saved and how to go on."""
        self.stopped("interrupted")

    def stopped(self, why: str) -> None:
        """Say why the run ended early, what is saved and how to go on."""
        self.end()
        if self._run is None and self._resumes is None:
            say(f"omniforge: {why} before anything was asked")
        elif self._is_stored:
            say(f"omniforge: {why}; {self._saved()}. Go on with: omniforge {self._command} --resume {self._run_ref()}")
        else:
            say(f"omniforge: {why} after {self._n} of {self._total} samples; as the run is not stored, it cannot be resumed")

    def _saved(self) -> str:
        if self._resumes is not None and self._n == 0:  # how many they are is not known before all have been read back
            return "what had finished is saved"
        return f"{self._n} of {self._total} samples are saved"

    def _run_ref(self) -> str | None:
        return self._resumes if self._run is None else self._run.run_id

    def end(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.remove()
            self._bar = None
