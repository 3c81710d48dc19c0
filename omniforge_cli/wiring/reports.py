"""A finished run -> its report files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from omniforge_cli.core.errors import SettingsError
from omniforge_cli.core.identity import nearest
from omniforge_cli.files.writing import write_whole

if TYPE_CHECKING:
    from omniforge_cli.core.report import Report
    from omniforge_cli.evals.evaluate import Finished

FORMATS: Final = ("html", "md", "json", "junit", "parquet", "csv")
"""The report files that a run can write."""
FILE_NAMES: Final[Mapping[str, str]] = {
    "html": "report.html",
    "md": "report.md",
    "json": "report.json",
    "junit": "junit.xml",
    "parquet": "cases.parquet",
    "csv": "cases.csv",
}

_OF_CASES: Final = frozenset({"html", "junit", "parquet", "csv"})


def read_formats(text: str) -> tuple[str, ...]:
    """The formats in a comma-separated list; `all` and `none` too. Raises SettingsError."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == ["all"]:
        return FORMATS
    if names == ["none"]:
        return ()
    for name in names:
        if name not in FORMATS:
            raise SettingsError(f"--formats: there is no format {name!r}{nearest(name, FORMATS)}")
    return tuple(dict.fromkeys(names))


def prepare(formats: Sequence[str]) -> None:
    """Load what writing those report files needs: half a second that can pass while a provider is waited for."""
    if {"parquet", "csv"}.intersection(formats):
        import omniforge_cli.adapters.tables
    if "html" in formats:
        from omniforge_cli.reporting import html

        html.prepare()
    if "junit" in formats:
        import omniforge_cli.reporting.junit
    if "md" in formats:
        import omniforge_cli.reporting.markdown  # noqa: F401


def write_reports(finished: Finished, folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write the report files, each whole or not at all, and return their paths.

    Raises:
        SettingsError: the folder cannot be written.
    """
    report = finished.report
    wanted = set(formats) | ({"parquet"} if report.cases_file else set())
    left = set(wanted)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if finished.texts is not None:
            from omniforge_cli.wiring import case_files

            if case_files.is_piecemeal(report):
                case_files.write_case_files(report, finished.texts(), {name: folder / FILE_NAMES[name] for name in wanted & _OF_CASES})
                left -= _OF_CASES
        for name in FORMATS:
            if name in left and name not in ("parquet", "csv"):
                write_whole(folder / FILE_NAMES[name], _render(name, finished))
        if left & {"parquet", "csv"}:
            from omniforge_cli.adapters import tables

            tables.write(
                _all_cases(finished),
                parquet=folder / FILE_NAMES["parquet"] if "parquet" in left else None,
                csv=folder / FILE_NAMES["csv"] if "csv" in left else None,
            )
    except OSError as exc:
        raise SettingsError(f"{folder}: the reports cannot be written ({exc.strerror or exc}); give another --output-dir") from exc
    return [folder / FILE_NAMES[name] for name in FORMATS if name in wanted]


def write_github(report: Report, folder: Path, step_summary: Path | None) -> str:
    """Write `comment.md`, add to the step's summary, and return the annotations as workflow commands to print.

    Raises:
        SettingsError: one of the files cannot be written.
    """
    from omniforge_cli.reporting import github

    write_whole(folder / "comment.md", github.comment(report))
    if step_summary is not None:
        try:
            with step_summary.open("a", encoding="utf-8") as file:
                file.write(github.step_summary(report))
        except OSError as exc:
            raise SettingsError(f"{step_summary}: the step summary cannot be written ({exc.strerror or exc})") from exc
    return github.workflow_commands(report)


def _render(name: str, finished: Finished) -> str | Iterable[str]:
    report = finished.report
    if name == "json":
        from omniforge_cli.reporting import json as json_report

        return json_report.render(report)
    if name == "md":
        from omniforge_cli.reporting import markdown

        return markdown.render(report)
    cases = finished.cases if report.cases_file else None
    if name == "junit":
        from omniforge_cli.reporting import junit

        return junit.pieces(report, cases)
    from omniforge_cli.reporting import html

    return html.render(report, cases)


def _all_cases(finished: Finished) -> Iterator[dict[str, Any]]:
    for number, arm in enumerate(finished.report.arms):
        for case in finished.cases(number):
            yield {"arm": arm.name, **case}
