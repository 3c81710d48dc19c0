"""`omniforge runs` and `report`: what is kept of a run, shown again, drawn over time, exported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from tests.journeys.commands import Omniforge, only_report
from tests.loopback import Loopback, answering

Start = Callable[..., Loopback]
SET = "cases:\n" + "".join(
    f"- {{id: c{i}, message: 'list the agents, part {i}', expected_action: {'query_info' if i % 3 else 'update_agent'}}}\n"
    for i in range(12)
)


def measured(omniforge: Omniforge, *more: str, formats: str = "none") -> str:
    Path("few.yaml").write_text(SET)
    done = omniforge(
        "eval", "--evalset", "few.yaml", "--analyzer", "keyword", "--gates", "none", "--formats", formats, "--format", "json", *more
    )
    assert done.code in (0, 1), done.err
    return str(done.json["run_id"])


def test_a_run_is_listed_and_shown_with_the_same_numbers(omniforge: Omniforge) -> None:
    run_id = measured(omniforge)
    (listed,) = omniforge("runs", "list", "--format", "json").json
    assert {"run_id", "created_at", "command", "evalset", "arms", "status"} <= set(listed)
    assert (listed["run_id"], listed["command"], listed["status"], listed["arms"]) == (run_id, "eval", "no_gates", ["keyword"])
    shown = omniforge("runs", "show", run_id[:15], "--format", "json").json
    assert shown["arms"][0]["accuracy"]["value"] == listed["accuracy"]["keyword"]
    assert omniforge("runs", "show", "last").out.startswith("NO GATES")


def test_another_tenant_sees_no_run(omniforge: Omniforge) -> None:
    run_id = measured(omniforge)
    other = ("--tenant", "other")
    assert omniforge("runs", "list", "--format", "json", *other).json == []
    for command in (
        ("runs", "show", run_id),
        ("runs", "bless", run_id, "--to", "b.json"),
        ("report", run_id),
        ("eval", "--resume", run_id),
    ):
        assert omniforge(*command, *other).code == 4, command
    assert omniforge("runs", "trend", *other).out == "There is no finished run yet.\n"
    assert not Path("b.json").exists()


def test_a_report_written_again_is_the_first_one_byte_for_byte(omniforge: Omniforge) -> None:
    run_id = measured(omniforge, formats="json,md,junit,html")
    first = {path.name: path.read_bytes() for path in Path("reports", run_id).iterdir()}
    for source, folder in ((run_id, "again"), (f"reports/{run_id}/report.json", "from-file")):
        assert omniforge("report", source, "--formats", "json,md,junit,html", "--output-dir", folder).code == 0
        assert {path.name: path.read_bytes() for path in Path(folder, run_id).iterdir()} == first


def test_no_journal_stays_behind_a_finished_run(omniforge: Omniforge) -> None:
    run_id = measured(omniforge, formats="json")
    assert [path.name for path in Path("reports", run_id).iterdir()] == ["report.json"]


def test_the_trend_draws_each_arm_over_its_runs(omniforge: Omniforge) -> None:
    runs = [measured(omniforge) for _ in range(3)]
    text = omniforge("runs", "trend", "--last", "2", "--html", "out/trend.html").out
    assert "3 runs" in text
    assert runs[0] not in text and runs[1] in text and runs[2] in text
    assert "<svg" in Path("out/trend.html").read_text()
    (told,) = omniforge("runs", "trend", "--format", "json").json
    assert [point["run_id"] for point in told["points"]] == runs
    name = told["evalset"]
    assert omniforge("runs", "trend", "--evalset", name, "--format", "json").json == [told]
    assert omniforge("runs", "trend", "--evalset", name.partition("@")[0], "--format", "json").json == [told]
    assert omniforge("runs", "trend", "--evalset", "another", "--format", "json").json == []


def test_runs_are_exported_for_sql(omniforge: Omniforge) -> None:
    first, second = measured(omniforge), measured(omniforge)
    assert omniforge("runs", "export", "--to", "all").code == 0
    cases = duckdb.sql("select run_id, count(*), count(*) filter (correct) from 'all/cases.parquet' group by 1 order by 1").fetchall()
    assert [(run, n) for run, n, _ in cases] == [(run, 12) for run in sorted((first, second))]
    assert omniforge("runs", "export", second, "--to", "one").code == 0
    assert duckdb.sql("select distinct run_id from 'one/cases.parquet'").fetchall() == [(second,)]


def test_a_killed_run_is_interrupted_and_has_no_report_yet(omniforge: Omniforge, loopback: Start) -> None:
    Path("few.yaml").write_text(SET)
    server = loopback(answering("query_info"), latency_s=0.1)
    command = [sys.executable, "-m", "omniforge_cli", "eval", "--evalset", "few.yaml", "--model", "m", "--api-base", server.url]
    with subprocess.Popen([*command, "--concurrency", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while server.n_requests < 3:
            time.sleep(0.02)
        assert [run["status"] for run in omniforge("runs", "list", "--format", "json").json] == ["running"]
        os.kill(process.pid, signal.SIGKILL)
    (run,) = omniforge("runs", "list", "--format", "json").json
    assert run["status"] == "interrupted"
    for again in (("runs", "show", "last"), ("report", "last"), ("compare", "last", "last")):
        done = omniforge(*again)
        assert done.code == 2 and f"--resume {run['run_id']}" in done.err
    assert omniforge("runs", "trend").out == "There is no finished run yet.\n"
    assert omniforge("eval", "--resume", "last", "--gates", "none", "--formats", "json").code == 0
    assert only_report()["arms"][0]["n"] == 12
    assert server.n_requests <= 12 + 1


def test_a_run_of_github_actions_has_summary_comment_and_annotations(omniforge: Omniforge, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_text("before\n")
    Path("few.yaml").write_text(SET)
    done = omniforge(
        *("eval", "--evalset", "few.yaml", "--analyzer", "keyword", "--gates", "none", "--min-accuracy", "1", "--github"),
        *("--formats", "none", "--format", "json"),
    )
    assert done.code == 1
    assert "::error title=gate accuracy >= 1::" in done.err
    assert json.loads(done.out)["status"] == "fail"
    summary = Path("summary.md").read_text()
    assert summary.startswith("before\n## ❌ FAIL")
    (comment,) = Path("reports").glob("*/comment.md")
    assert comment.read_text().startswith("<!-- omniforge eval")
    assert summary.removeprefix("before\n") in comment.read_text()


def test_a_summary_that_cannot_be_written_does_not_change_the_verdict(omniforge: Omniforge, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "no/such/folder/summary.md")
    Path("few.yaml").write_text(SET)
    done = omniforge("eval", "--evalset", "few.yaml", "--analyzer", "keyword", "--gates", "none", "--formats", "none", "--github")
    assert done.code == 0
    assert "warning" in done.err and "summary.md" in done.err


def test_a_dry_run_of_an_offline_analyzer_says_so(omniforge: Omniforge) -> None:
    Path("few.yaml").write_text(SET)
    done = omniforge("eval", "--evalset", "few.yaml", "--analyzer", "keyword", "--dry-run")
    assert done.code == 0
    assert "keyword: no call is made and nothing is paid." in done.out
    assert not Path("reports").exists()


def test_a_dry_run_counts_what_a_run_then_sends(omniforge: Omniforge, loopback: Start) -> None:
    Path("few.yaml").write_text(SET + "- {id: blank, message: ' ', expected_action: unknown}\n")
    server = loopback(answering("query_info"))
    asking = ("eval", "--evalset", "few.yaml", "--model", "gpt-4o-mini", "--api-base", server.url, "--repeats", "2", "--gates", "none")
    told = omniforge(*asking, "--dry-run", "--format", "json").json
    assert (told["calls"], server.n_requests, told["arms"][0]["n"]) == (24, 0, 26)
    assert 0 < told["cost_usd"]["low"] < told["cost_usd"]["likely"] < told["cost_usd"]["high"]
    omniforge(*asking, "--formats", "none")
    assert server.n_requests == 24
    assert omniforge(*asking, "--dry-run", "--resume", "last").code == 2


def test_a_sweep_tells_what_a_cascade_would_give(omniforge: Omniforge, loopback: Start) -> None:
    Path("few.yaml").write_text(SET)
    server = loopback(answering("query_info"))
    asking = (
        "eval",
        "--evalset",
        "few.yaml",
        "--api-base",
        server.url,
        "--model",
        "gpt-4o-mini",
        "--gates",
        "none",
        "--formats",
        "json,html",
    )
    done = omniforge(*asking, "--sweep")
    arm = only_report()["arms"][0]
    assert arm["sweep"][0]["llm_share"] == 0.0
    assert arm["sweep"][-1]["accuracy"] == arm["accuracy"]["value"]
    assert "LLM under" in done.out
    omniforge(*asking, "--sweep", "--analyzer", "cascade", "--cascade-threshold", "0.5", "--output-dir", "second")
    cascade = only_report("second")["arms"][0]
    assert cascade["cascade"]["n_llm"] == server.n_requests - 12
    assert cascade["sweep"][-1]["threshold"] == 0.5
    assert cascade["sweep"][-1]["accuracy"] == cascade["accuracy"]["value"]
    assert omniforge("eval", "--evalset", "few.yaml", "--analyzer", "keyword", "--sweep", "--gates", "none").code == 2


def test_an_outage_is_told_in_its_parts(omniforge: Omniforge, loopback: Start) -> None:
    Path("few.yaml").write_text(SET)
    server = loopback(answering("query_info"))
    done = omniforge(
        *("eval", "--evalset", "few.yaml", "--api-base", server.url, "--model", "gpt-4o-mini", "--gates", "none", "--formats", "json"),
        *("--inject", "429:0.5", "--retries", "0", "--seed", "7"),
    )
    arm = only_report()["arms"][0]
    assert 0 < arm["n_fallbacks"] < 12
    assert arm["answered_accuracy"]["value"] is not None and arm["fallback_accuracy"]["value"] is not None
    assert "its fallback" in done.out and "together" in done.out
    assert "warning: fallback" not in done.err
