"""What `eval` and `replay` do once a run has ended: the result on stdout, annotations for GitHub."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from omniforge_cli.api.evaluation import Measurement
from omniforge_cli.cli import output
from omniforge_cli.cli.diagnostics import ExitCode, say
from omniforge_cli.core.errors import SettingsError
from omniforge_cli.core.settings import Settings
from omniforge_cli.files.settings import no_colour, step_summary_file
from omniforge_cli.reporting import json as json_report
from omniforge_cli.reporting import terminal
from omniforge_cli.wiring.reports import write_github

EXIT_OF_STATUS: Final = {"pass": ExitCode.OK, "no_gates": ExitCode.OK, "fail": ExitCode.GATE_FAILED, "undecided": ExitCode.PROVIDER}


def show(measurement: Measurement, files: Sequence[Path], settings: Settings) -> int:
    """Print the result, and return the exit code of the run's status."""
    report = measurement.finished.report
    measurement.finished.close()
    if settings.format == "json":
        output.write(json_report.render(report))
    else:
        shown = [_relative(path) for path in files]
        width = shutil.get_terminal_size((100, 24)).columns
        colour = output.is_terminal() and not no_colour()
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        output.write(terminal.render(report, files=shown, width=width, color=colour, encoding=encoding))
    return EXIT_OF_STATUS[report.status]


def tell_github(measurement: Measurement) -> None:
    """Step summary, comment and annotations. GitHub reads annotations from stderr too, so that stdout stays the report's."""
    summary = step_summary_file()
    if summary is None:
        say("omniforge: GITHUB_STEP_SUMMARY is not set, so there is no step summary; comment.md is written")
    try:
        annotations = write_github(measurement.finished.report, measurement.folder, summary)
    except SettingsError as exc:
        say(f"omniforge: warning: {exc}")  # the gates' verdict stands all the same
        return
    for line in annotations.splitlines():
        say(line)


def _relative(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
