"""`omniforge eval` as a process, against a real HTTP server."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omniforge_cli.cli.main import run
from tests.loopback import Loopback, Oracle, free_port

EVALSET = Path(__file__).parents[2] / "evalsets" / "intent" / "v1.yaml"
OMNIFORGE = [sys.executable, "-m", "omniforge_cli"]
Start = Callable[..., Loopback]


def omniforge(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OMNIFORGE, *arguments], capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **(env or {})}
    )


def written(folder: str = "reports") -> dict[str, Any]:
    (path,) = Path(folder).glob("*/report.json")
    report: dict[str, Any] = json.loads(path.read_text())
    return report


def asking(server: str, *more: str) -> tuple[str, ...]:
    return ("eval", "--model", "gpt-4o-mini", "--api-base", server, "--gates", "none", "--formats", "json", *more)


def test_a_known_share_of_wrong_answers_is_reported_exactly(loopback: Start) -> None:
    oracle = Oracle.read(EVALSET, share_wrong=0.1)
    server = loopback(oracle)
    done = omniforge(*asking(server.url, "--min-accuracy", "0.9"))
    arm = written()["arms"][0]
    right = sum(case["correct"] for case in arm["cases"])
    assert arm["accuracy"]["value"] == right / arm["n"]
    assert abs(arm["accuracy"]["value"] - 0.9) < 0.02
    assert sum(map(sum, arm["confusion"]["matrix"])) == arm["n_answered"] == arm["n"]
    assert done.returncode == (0 if arm["accuracy"]["value"] >= 0.9 else 1), done.stderr


def test_a_failed_gate_is_exit_1(loopback: Start) -> None:
    server = loopback(Oracle.read(EVALSET, share_wrong=0.3))
    assert omniforge(*asking(server.url, "--min-accuracy", "0.9")).returncode == 1


def test_a_provider_that_is_down_is_exit_3_with_or_without_gates() -> None:
    nobody = f"http://127.0.0.1:{free_port()}/v1"
    assert omniforge(*asking(nobody, "--limit", "5", "--retries", "0", "--min-accuracy", "0.9")).returncode == 3
    assert omniforge(*asking(nobody, "--limit", "5", "--retries", "0", "--output-dir", "other")).returncode == 3
    arm = written("other")["arms"][0]
    assert (arm["n_answered"], arm["n_fallbacks"], arm["accuracy"]["value"]) == (0, 5, 0.0)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("cases: [", "broken YAML"),
        ("cases:\n- {id: a, message: hi, expected_action: create_agnt}", "did you mean 'create_agent'"),
        ("cases:\n- {id: a, message: hi, expected_action: unknown}\n- {id: a, message: ho, expected_action: unknown}", "stands twice"),
        ("cases: []", "no cases"),
        ("cases:\n- {id: a, mesage: hi, expected_action: unknown}", "mesage"),
    ],
    ids=["broken", "unknown-label", "duplicate-id", "empty", "unknown-key"],
)
def test_a_bad_eval_set_is_exit_2_and_named(content: str, told: str) -> None:
    Path("bad.yaml").write_text(content)
    done = omniforge("eval", "--analyzer", "keyword", "--evalset", "bad.yaml")
    assert done.returncode == 2
    assert "bad.yaml" in done.stderr or "bad@v1" in done.stderr
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_killed_run_resumes_and_asks_only_what_is_missing(loopback: Start) -> None:
    server = loopback(Oracle.read(EVALSET), latency_s=0.04)
    command = [*OMNIFORGE, *asking(server.url, "--concurrency", "4")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while len(server.requests) < 40:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    listed = json.loads(omniforge("runs", "list", "--format", "json").stdout)
    assert [run["status"] for run in listed] == ["interrupted"]
    before = len(server.requests)
    done = omniforge("eval", "--resume", "last", "--formats", "json", "--concurrency", "32")
    assert done.returncode == 0, done.stderr
    arm = written()["arms"][0]
    assert arm["n"] == arm["n_answered"] == len({case["id"] for case in arm["cases"]})
    assert len(server.requests) - before <= arm["n"] - before + 4
    assert not list(Path("reports").glob("*/journal*"))


def test_a_run_is_not_resumed_with_another_model(loopback: Start) -> None:
    server = loopback(Oracle.read(EVALSET))
    omniforge(*asking(server.url, "--limit", "3"))
    done = omniforge("eval", "--resume", "last", "--model", "gpt-4o")
    assert done.returncode == 2
    assert "arms was" in done.stderr


def test_a_password_in_the_address_is_used_and_written_nowhere(loopback: Start, tmp_path: Path) -> None:
    server = loopback(Oracle.read(EVALSET))
    address = server.url.replace("http://", "http://somebody:hunter2secret@")
    more = ("--limit", "3", "--cache", "--formats", "all", "--db", str(tmp_path / "runs.duckdb"))
    assert omniforge(*asking(address, *more)).returncode == 0
    assert written()["settings"]["api_base"] == server.url.replace("http://", "http://***@")
    kept = [path for folder in ("reports", tmp_path) for path in Path(folder).rglob("*") if path.is_file()]
    assert len(kept) >= 7
    assert not [path for path in kept if b"hunter2secret" in path.read_bytes()]
    resumed = omniforge("eval", "--resume", "last", "--api-base", address, "--gates", "none", "--db", more[-1])
    assert resumed.returncode == 0, resumed.stderr


def test_ctrl_c_keeps_what_finished_and_names_the_command_that_resumes(loopback: Start) -> None:
    server = loopback(Oracle.read(EVALSET), latency_s=0.04)
    with subprocess.Popen([*OMNIFORGE, *asking(server.url, "--concurrency", "4")], stderr=subprocess.PIPE, text=True) as process:
        while len(server.requests) < 20:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "omniforge eval --resume " in told
    run_id = told.strip().rsplit(" ", 1)[-1]
    assert omniforge("eval", "--resume", run_id, "--formats", "none").returncode == 0


def test_ctrl_c_while_the_result_is_printed_names_the_command_that_shows_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted(io.StringIO):
        def write(self, text: str) -> int:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdout", Interrupted())
    assert run(["eval", "--analyzer", "keyword", "--limit", "5", "--gates", "none", "--formats", "none"]) == 130
    assert "5 of 5 samples are saved. Go on with: omniforge eval --resume " in capsys.readouterr().err


def test_a_store_that_cannot_be_written_warns_and_the_run_goes_on(tmp_path: Path) -> None:
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"this is no database" * 500)
    done = omniforge("eval", "--analyzer", "keyword", "--limit", "5", "--gates", "none", "--formats", "none", "--db", str(broken))
    assert done.returncode == 0
    assert "the run is not stored" in done.stderr
    assert omniforge("runs", "list", "--db", str(broken)).returncode == 5
    assert broken.read_bytes() == b"this is no database" * 500


def test_a_run_that_is_not_stored_and_is_interrupted_is_not_said_to_be_resumable(loopback: Start) -> None:
    server = loopback(Oracle.read(EVALSET), latency_s=0.1)
    done = omniforge(*asking(server.url, "--db", "/dev/null/x.duckdb", "--concurrency", "2", "--timeout-run", "1"))
    assert done.returncode == 3
    assert "--resume" not in done.stderr
    assert done.stderr.endswith("as the run is not stored, it cannot be resumed\n")


def test_two_prompts_are_two_arms_that_are_compared(loopback: Start) -> None:
    server = loopback(Oracle.read(EVALSET, share_wrong=0.2))
    omniforge(*asking(server.url, "--prompt", "intent@v1", "--prompt", "intent@v2", "--limit", "40"))
    report = written()
    assert [arm["prompt"] for arm in report["arms"]] == ["intent@v1", "intent@v2"]
    (comparison,) = report["comparisons"]
    assert comparison["n"] == 40
    assert comparison["verdict"] == "cannot_tell"
