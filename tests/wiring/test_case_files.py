"""The files of a large run, made in pieces by worker processes, are those that one process makes of its cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from omniforge_cli.adapters import tables
from omniforge_cli.core.redaction import redact
from omniforge_cli.core.report import Report, case_of
from omniforge_cli.core.run import Sample, sample_row
from omniforge_cli.evals.evaluate import Finished
from omniforge_cli.reporting import html, junit
from omniforge_cli.wiring.case_files import is_piecemeal, write_case_files
from omniforge_cli.wiring.reports import FILE_NAMES, write_reports
from tests.reporting.samples import report as sample_report

FILES = {name: Path(FILE_NAMES[name]) for name in ("html", "junit", "parquet", "csv")}


def samples(n: int = 700) -> list[Sample]:
    """Right and wrong ones, some without a label, and texts that files must take care of."""
    odd = ("pause <Willow> & co", 'a "quoted", text', "two\nlines", "key sk-" + "a1" * 12, "日本語")
    return [
        Sample(
            case_id=f"c{number}#1" if number % 7 else f"<c{number}>",
            case_hash=f"{number:064x}",
            arm=0,
            repeat=0,
            expected=None if number % 50 == 0 else "a",
            predicted="b" if number % 9 == 0 else "a",
            correct=number % 9 != 0,
            confidence=number / 1000,
            latency_ms=number / 7,
            message=odd[number % len(odd)],
            entities={"agent": "Willow"} if number % 3 else {},
            decided_then={"action_type": "a", "reasoning": odd[number % len(odd)]},
            position=number,
        )
        for number in range(n)
    ]


@pytest.fixture
def report() -> Report:
    whole = sample_report()
    arm = replace(whole.arms[0], cases=None)
    settings = {**whole.settings, "repeats": 1}
    return replace(whole, command="replay", arms=(arm,), comparisons=(), settings=settings, cases_file="cases.parquet")


def test_they_are_those_of_one_process(report: Report) -> None:
    made = samples()
    cases = [case_of(sample, redact) for sample in made]
    write_case_files(report, (sample_row(sample)[3] for sample in made), FILES)
    rows = [{"arm": report.arms[0].name, **case} for case in cases]
    assert list(tables.read(FILES["parquet"])) == rows
    tables.write(rows, csv=Path("alone.csv"))
    assert FILES["csv"].read_bytes() == Path("alone.csv").read_bytes()
    assert FILES["junit"].read_text() == junit.render(report, lambda _: cases)
    assert FILES["html"].read_text() == html.render(report, lambda _: cases)


def test_a_page_of_more_cases_than_it_can_hold_shows_those_that_one_process_would_choose(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omniforge_cli.reporting.entries._MOST_ENTRIES", 50)
    made = samples()
    write_case_files(report, (sample_row(sample)[3] for sample in made), {"html": FILES["html"]})
    assert FILES["html"].read_text() == html.render(report, lambda _: [case_of(sample, redact) for sample in made])
    assert not FILES["csv"].exists()


def test_a_torn_line_is_left_out(report: Report) -> None:
    texts = [sample_row(sample)[3] for sample in samples(3)]
    write_case_files(report, [texts[0], texts[1][:40], texts[2]], {"parquet": FILES["parquet"]})
    assert [row["id"] for row in tables.read(FILES["parquet"])] == ["<c0>", "c2#1"]


def test_what_has_repeats_or_several_arms_is_told_in_one_piece(report: Report) -> None:
    assert is_piecemeal(report)
    assert not is_piecemeal(replace(report, settings={**report.settings, "repeats": 2}))
    assert not is_piecemeal(sample_report())


def test_the_reports_of_a_large_run_are_made_from_its_texts(report: Report, tmp_path: Path) -> None:
    def unread(arm: int) -> Iterator[dict[str, Any]]:
        raise AssertionError("the cases were read one by one")

    texts = [sample_row(sample)[3] for sample in samples(20)]
    finished = Finished(report=report, cases=unread, texts=lambda: iter(texts))
    files = write_reports(finished, tmp_path / "out", ("html", "json", "csv"))
    assert [file.name for file in files] == ["report.html", "report.json", "cases.parquet", "cases.csv"]
    assert all(file.is_file() for file in files)
