"""`omniforge compare`, baselines and `--no-regression-from`: verdicts that a CI job can act on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.commands import Omniforge, write_lines
from tests.loopback import Known, Loopback, Oracle

Start = Callable[..., Loopback]
LABELS = ("create_agent", "execute_task", "query_info", "update_agent")
CASES = [{"id": f"c{i:02}", "message": f"request number {i} of the set", "expected_action": LABELS[i % 4]} for i in range(40)]


@pytest.fixture
def run(omniforge: Omniforge, loopback: Start) -> Callable[..., str]:
    """Runs an eval of the 40 cases with a share of wrong answers; its id."""
    write_lines("set.jsonl", CASES)

    def measured(share_wrong: float, *more: str, cases: list[dict[str, Any]] = CASES) -> str:
        server = loopback(Oracle([Known(case["message"], case["expected_action"]) for case in cases], share_wrong=share_wrong))
        done = omniforge(
            *("eval", "--evalset", "set.jsonl", "--model", "gpt-4o-mini", "--api-base", server.url, "--gates", "none"),
            *("--formats", "json", "--format", "json", *more),
        )
        assert done.code in (0, 1, 3), done.err
        return str(done.json["run_id"])

    return measured


def report(run_id: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(Path("reports", run_id, "report.json").read_text())
    return read


def test_a_real_drop_is_worse_and_fails_only_where_asked(omniforge: Omniforge, run: Callable[..., str]) -> None:
    good, bad = run(0.0), run(0.3)
    told = omniforge("compare", good, bad, "--format", "json")
    assert (told.code, told.json["verdict"], told.json["n"], len(told.json["broken"]), told.json["fixed"]) == (0, "worse", 40, 12, [])
    assert set(told.json["broken"]) == {case["id"] for case in report(bad)["arms"][0]["cases"] if not case["correct"]}
    assert told.json["delta"]["value"] == pytest.approx(-0.3)
    assert omniforge("compare", good, bad, "--fail-on-regression").code == 1
    assert omniforge("compare", bad, good, "--fail-on-regression", "--format", "json").json["verdict"] == "better"
    text = omniforge("compare", good, bad).out
    assert text.startswith("WORSE\n")
    assert text.count("  broken  ") == 12


def test_noise_cannot_be_told_and_never_fails(omniforge: Omniforge, run: Callable[..., str]) -> None:
    told = omniforge("compare", run(0.0), run(0.05), "--fail-on-regression", "--format", "json")
    assert (told.code, told.json["verdict"]) == (0, "cannot_tell")
    assert told.json["detectable_delta"] > 0.05
    assert told.json["needed_n"] > 40


def test_report_files_and_stored_runs_compare_alike(omniforge: Omniforge, run: Callable[..., str]) -> None:
    good, bad = run(0.0), run(0.3)
    files = [f"reports/{run_id}/report.json" for run_id in (good, bad)]
    stored, read = (omniforge("compare", *pair, "--format", "json").json for pair in ((good, bad), files))
    for key in ("n", "fixed", "broken", "delta", "mcnemar_p", "verdict", "delta_latency_ms", "delta_cost_usd", "delta_macro_f1"):
        assert stored[key] == read[key], key


def test_a_blessed_baseline_gates_later_runs(omniforge: Omniforge, run: Callable[..., str]) -> None:
    first = run(0.0)
    assert omniforge("runs", "bless", first, "--to", "evalsets/baseline.json").code == 0
    again = run(0.0)
    omniforge("runs", "bless", again, "--to", "other.json")
    lines, others = (Path(path).read_text().splitlines() for path in ("evalsets/baseline.json", "other.json"))
    assert [(a, b) for a, b in zip(lines, others, strict=True) if a != b and "run_id" not in a] == []
    gate = ("--no-regression-from", "evalsets/baseline.json")
    assert report(run(0.0, *gate))["status"] == "pass"
    failed = report(run(0.3, *gate))
    assert (failed["status"], failed["gates"][0]["observed"]) == ("fail", "worse")
    assert report(run(0.02, *gate))["status"] == "pass"
    assert omniforge("compare", "evalsets/baseline.json", first, "--format", "json").json["verdict"] == "cannot_tell"


def test_what_is_not_comparable_is_undecided_with_the_reason(omniforge: Omniforge, run: Callable[..., str]) -> None:
    first = run(0.0)
    changed = [{**case, "message": case["message"] + "!"} for case in CASES]
    write_lines("set.jsonl", changed)
    undecided = report(run(0.0, "--no-regression-from", first, cases=changed))
    assert undecided["status"] == "undecided"
    assert "no case is in both" in undecided["gates"][0]["why"]
    assert omniforge("compare", first, undecided["run_id"]).code == 2


def test_only_shared_cases_count_and_the_rest_is_said(omniforge: Omniforge, run: Callable[..., str]) -> None:
    told = omniforge("compare", run(0.0), run(0.0, "--limit", "30"), "--format", "json").json
    assert told["n"] == 30
    assert "10 cases in only one of the two" in told["note"]


def test_a_missing_run_and_another_tenants_are_exit_4_in_the_same_words(omniforge: Omniforge, run: Callable[..., str]) -> None:
    mine = run(0.0)
    foreign = omniforge("compare", mine, mine, "--tenant", "other")
    missing = omniforge("compare", "20200101-nothing", mine)
    assert foreign.code == missing.code == 4
    assert foreign.err.replace(mine, "X") == missing.err.replace("20200101-nothing", "X")


def test_a_file_that_is_no_report_is_exit_2(omniforge: Omniforge, run: Callable[..., str]) -> None:
    Path("no.json").write_text('{"a": 1}')
    done = omniforge("compare", "no.json", run(0.0))
    assert done.code == 2 and "no.json" in done.err
