"""The report files that tell every sample of a large run: made piece by piece in worker processes, from the run's journal.

The journal is read once; a piece goes into all files. Nothing but the cases that the page shows is in memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Final

from omniforge_cli.adapters import tables
from omniforge_cli.core.redaction import redact
from omniforge_cli.core.report import Report, case_of
from omniforge_cli.core.run import sample_from
from omniforge_cli.files.writing import write_whole
from omniforge_cli.reporting import html, junit
from omniforge_cli.reporting.entries import Shortlist
from omniforge_cli.wiring.workers import in_order

_PIECE: Final = 256
"""Samples that are told as one."""
_REMEMBERED: Final = 4_096
"""Texts whose redacted form is remembered: labels, models and reasons come again and again."""


def is_piecemeal(report: Report) -> bool:
    """Whether the files of a large run can be made so: no case has a sample elsewhere that must be told with it."""
    return len(report.arms) == 1 and report.settings.get("repeats") == 1


def write_case_files(report: Report, texts: Iterable[str], files: dict[str, Path]) -> None:
    """Write those of html, junit, parquet and csv that `files` names; raises OSError and SettingsError."""
    told, shortlist, totals = iter(texts), Shortlist(), junit.Totals()
    work = partial(_teller, report, frozenset(files))
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace", newline="") as tests:

        def lines() -> Iterator[tables.Lines]:
            for piece in in_order(work, iter(lambda: list(islice(told, _PIECE)), [])):
                totals.merge(piece.totals)
                shortlist.merge(piece.shortlist)
                tests.write(piece.tests)
                yield piece.lines

        tables.write_lines(lines(), parquet=files.get("parquet"), csv=files.get("csv"))
        if "junit" in files:
            tests.seek(0)
            write_whole(files["junit"], junit.assembled(report, [totals], lambda _: tests))
    if "html" in files:
        write_whole(files["html"], html.render(report, shortlist=shortlist))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What the files say of some samples."""

    lines: tables.Lines
    tests: str = ""
    totals: junit.Totals = field(default_factory=junit.Totals)
    shortlist: Shortlist = field(default_factory=Shortlist)


def _teller(report: Report, wanted: Set[str]) -> Callable[[list[str]], _Piece]:
    (arm,) = report.arms
    masked = lru_cache(_REMEMBERED)(redact)

    def piece(texts: list[str]) -> _Piece:
        cases = []
        for text in texts:
            with suppress(ValueError, KeyError, TypeError):  # a line that a kill tore, of an earlier attempt
                cases.append({"arm": arm.name, **case_of(sample_from(text), masked)})
        shortlist = Shortlist()
        if "html" in wanted:
            for case in cases:
                shortlist.add(case)
        return _Piece(
            lines=tables.lines(cases, parquet="parquet" in wanted, csv="csv" in wanted),
            tests="".join(junit.tests(report, arm, cases)) if "junit" in wanted else "",
            totals=junit.Totals.of(cases),
            shortlist=shortlist,
        )

    return piece
