from __future__ import annotations

import json as standard
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.reporting import json
from tests.reporting.samples import arm, case, report


def test_report_json_is_the_golden_file(golden: Callable[[str, str], None]) -> None:
    golden("report.json", json.render(report()))


def test_numbers_are_exact_and_verdicts_are_words() -> None:
    read = standard.loads(json.render(report()))
    assert read["arms"][1]["accuracy"]["value"] == 53 / 60
    assert read["comparisons"][0]["verdict"] == "cannot_tell"
    assert [gate["status"] for gate in read["gates"]] == ["pass", "fail", "undecided"]
    assert list(read)[:5] == ["schema_version", "run_id", "created_at", "omniforge_version", "command"]


def test_not_a_number_and_infinity_become_null() -> None:
    odd = arm(macro_f1=math.nan, cases=[case("a", "refund", "refund", confidence=math.inf)], extra={"risk_coverage": [[0.5, math.nan]]})
    read = standard.loads(json.render(report(arms=(odd,))), parse_constant=_refuse)
    assert read["arms"][0]["macro_f1"] is None
    assert read["arms"][0]["cases"][0]["confidence"] is None
    assert read["arms"][0]["risk_coverage"] == [[0.5, None]]


def test_a_case_stands_on_one_line() -> None:
    lines = json.render(report()).splitlines()
    assert sum(line.strip().startswith('{"id": "trap-1"') for line in lines) == 2


def test_the_cases_key_is_absent_where_the_report_holds_none() -> None:
    read = standard.loads(json.render(report(arms=(arm(),), cases_file="cases.parquet")))
    assert "cases" not in read["arms"][0]
    assert read["cases_file"] == "cases.parquet"


def test_half_a_surrogate_pair_can_be_written_to_a_file() -> None:
    odd = arm(cases=[case("a\ud83d", "refund", "refund")])
    assert "a\ufffd" in json.render(report(arms=(odd,))).encode("utf-8").decode()


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner) | st.sets(st.text()),
    max_leaves=20,
)


@given(_values)
def test_whatever_a_feature_adds_the_file_is_valid_json(extra: object) -> None:
    text = json.render(report(arms=(), extra={"more": extra}))
    assert standard.loads(text.encode("utf-8"), parse_constant=_refuse)["more"] == standard.loads(standard.dumps(json.plain(extra)))


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_dates_and_paths_become_text() -> None:
    assert json.plain({"at": datetime(2026, 3, 2, tzinfo=UTC), "in": Path("reports")}) == {
        "at": "2026-03-02T00:00:00+00:00",
        "in": "reports",
    }


def test_an_empty_list_or_object_stays_on_its_line() -> None:
    assert '"gates": []' in json.render(report(gates=()))
