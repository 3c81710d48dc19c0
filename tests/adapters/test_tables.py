from __future__ import annotations

import csv
import math
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from omniforge_cli.adapters import tables
from omniforge_cli.core.decision import FallbackReason, Source, Usage
from omniforge_cli.core.report import case_of
from omniforge_cli.core.run import Sample, SampleError
from tests.reporting.samples import case, report


def _cases() -> list[dict[str, Any]]:
    return [{**one, "arm": arm.name} for arm in report().arms for one in arm.cases or ()]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "cases.parquet"
    assert tables.write(_cases(), parquet=file) == 10
    assert list(tables.read(file)) == _cases()
    assert [one["id"] for one in tables.read(file, arm="local")] == [one["id"] for one in _cases()[:5]]


def test_a_sample_of_a_run_survives_with_everything_it_holds(tmp_path: Path) -> None:
    sample = Sample(
        case_id="a",
        case_hash="c",
        arm=0,
        repeat=2,
        expected="refund",
        predicted="other",
        correct=False,
        confidence=0.4,
        source=Source.KEYWORD,
        error=SampleError(reason=FallbackReason.TIMEOUT, message="no answer", attempts=3),
        latency_ms=5000.0,
        calls=3,
        usage=Usage(prompt_tokens=3, completion_tokens=0, cost_usd=None),
        entities={"order": ["7", "8"]},
        expected_entities={"order": "7"},
        tags=("trap",),
        injected="timeout",
    )
    given = {"run_id": "r", "arm": "x", **case_of(sample, str.upper)}
    tables.write([given], parquet=tmp_path / "c.parquet")
    assert list(tables.read(tmp_path / "c.parquet")) == [given]
    assert not pd.read_parquet(tmp_path / "c.parquet")["more"].notna().any()


def test_both_files_hold_the_same_rows(tmp_path: Path) -> None:
    tables.write(iter(_cases()), parquet=tmp_path / "cases.parquet", csv=tmp_path / "cases.csv")
    left, right = pd.read_parquet(tmp_path / "cases.parquet"), pd.read_csv(tmp_path / "cases.csv")
    assert list(left.columns) == list(right.columns) == list(tables.SCHEMA)
    assert left["id"].tolist() == right["id"].tolist()
    assert left["confidence"].dropna().tolist() == right["confidence"].dropna().tolist()
    assert right["prompt_tokens"].tolist() == [310] * 10


def test_a_run_without_samples_has_files_with_a_header(tmp_path: Path) -> None:
    assert tables.write([], parquet=tmp_path / "cases.parquet", csv=tmp_path / "cases.csv") == 0
    assert list(tables.read(tmp_path / "cases.parquet")) == []
    assert (tmp_path / "cases.csv").read_text() == ",".join(list(tables.SCHEMA)) + "\n"


def test_the_types_do_not_depend_on_the_first_chunk(tmp_path: Path) -> None:
    empty = case("a", None, None, usage=None, latency_ms=None, arm="x")
    full = case("b", "refund", "refund", arm="x")
    tables.write([empty, empty, full], parquet=tmp_path / "cases.parquet")
    assert list(tables.read(tmp_path / "cases.parquet")) == [empty, empty, full]


@pytest.mark.parametrize(
    "text",
    ['quotes " and, commas', "two\nlines\r\nand more", "old\rlines", "🎉 ünï", "\x00\x1b", "=1+1"],
    ids=["csv", "lines", "carriage return", "emoji", "control", "formula"],
)
def test_any_text_survives(tmp_path: Path, text: str) -> None:
    tables.write([case("a", "refund", "refund", message=text, arm="x")], parquet=tmp_path / "c.parquet", csv=tmp_path / "c.csv")
    assert next(tables.read(tmp_path / "c.parquet"))["message"] == text
    assert pd.read_csv(tmp_path / "c.csv", keep_default_na=False, lineterminator=None)["id"].tolist() == ["a"]
    with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as file:
        assert [row["message"] for row in csv.DictReader(file)] == [text]


def test_what_no_column_can_hold_is_replaced_and_what_has_none_is_kept(tmp_path: Path) -> None:
    odd = case("a\ud83d", "refund", "refund", confidence=math.nan, weather="rain", arm="x")
    tables.write([odd], parquet=tmp_path / "c.parquet", csv=tmp_path / "c.csv")
    back = next(tables.read(tmp_path / "c.parquet"))
    assert (back["id"], back["confidence"], back["weather"]) == ("a?", None, "rain")


def test_a_run_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    def breaking() -> Iterator[dict[str, Any]]:
        yield from _cases()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tables.write(breaking(), parquet=tmp_path / "c.parquet", csv=tmp_path / "c.csv")
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_number_of_cases(tmp_path: Path) -> None:
    def peak(n: int) -> int:
        many = (case(f"case-{i}", "refund", "other", reasoning="r" * 500, arm="x") for i in range(n))
        tracemalloc.start()
        tables.write(many, parquet=tmp_path / "c.parquet", csv=tmp_path / "c.csv")
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(500)
    assert peak(5_000) < 1.5 * peak(1_000)
