from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from omniforge_cli.adapters.duckdb.connection import Database
from omniforge_cli.adapters.duckdb.runs import DuckDBRunStore
from omniforge_cli.core.run import Analyzer, Arm, Run, RunStatus, Sample, sample_row

WRITER = """
import asyncio, sys, time
from datetime import UTC, datetime
from omniforge_cli.adapters.duckdb.connection import Database
from omniforge_cli.adapters.duckdb.runs import DuckDBRunStore
from omniforge_cli.core.run import Analyzer, Arm, Run, RunStatus, Sample, sample_row

async def main(path, run_id, n_commits):
    store = DuckDBRunStore(Database(path, lock_timeout_s=30))
    await store.create(Run(run_id=run_id, tenant_id="t", created_at=datetime.now(UTC), command="eval", evalset="e", arms=(),
        fingerprint={}, status=RunStatus.RUNNING, output_dir="", n_samples=0))
    for number in range(n_commits):
        samples = [Sample(case_id=f"{run_id}-{number}-{i}", case_hash="", arm=0, repeat=0, expected=None, predicted=None, correct=False)
            for i in range(3)]
        await store.append(run_id, [*map(sample_row, samples)], tenant_id="t")
    print("stored", flush=True)
    time.sleep(60)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def writer(path: Path, run_id: str, n_commits: int) -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    return subprocess.Popen([sys.executable, "-c", WRITER, str(path), run_id, str(n_commits)], stdout=subprocess.PIPE, text=True, cwd=root)


def wait_until_stored(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "stored\n"


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


async def test_a_run_whose_process_was_killed_reads_as_interrupted_until_another_takes_it_over(tmp_path: Path) -> None:
    path = tmp_path / "runs.duckdb"
    process = writer(path, "r1", 1)
    wait_until_stored(process)
    database = Database(path)
    store = DuckDBRunStore(database)
    assert (await store.get("r1", tenant_id="t")).status is RunStatus.RUNNING
    kill(process)
    found = await store.get("r1", tenant_id="t")
    assert found.status is RunStatus.INTERRUPTED
    assert [run.status for run in await store.list(tenant_id="t")] == [RunStatus.INTERRUPTED]
    await store.append("r1", [], tenant_id="t")
    assert (await store.get("r1", tenant_id="t")).status is RunStatus.RUNNING
    await database.close()


async def test_two_processes_store_their_runs_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "runs.duckdb"
    processes = [writer(path, run_id, 8) for run_id in ("r1", "r2")]
    for process in processes:
        await asyncio.to_thread(wait_until_stored, process)
        kill(process)
    database = Database(path)
    store = DuckDBRunStore(database)
    for run_id in ("r1", "r2"):
        expected = [f"{run_id}-{number}-{i}" for number in range(8) for i in range(3)]
        assert [sample.case_id async for sample in store.samples(run_id, tenant_id="t")] == expected
    await database.close()


async def test_no_plain_text_of_a_run_is_in_an_encrypted_file(tmp_path: Path) -> None:
    database = Database(tmp_path / "runs.duckdb", key="k")
    store = DuckDBRunStore(database)
    secret = "plum-jackdaw"
    head = Run(
        run_id="r1",
        tenant_id="t",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        command="eval",
        evalset=secret,
        arms=(Arm(analyzer=Analyzer.LLM, model=secret),),
        fingerprint={"x": secret},
        status=RunStatus.RUNNING,
        output_dir=secret,
        n_samples=1,
    )
    sample = Sample(case_id="c", case_hash="", arm=0, repeat=0, expected=None, predicted=None, correct=False, message=secret)
    await store.create(head)
    await store.append("r1", [sample_row(sample)], tenant_id="t")
    await store.finish("r1", RunStatus.PASS, summary={"worst": secret}, tenant_id="t")
    assert secret.encode() not in database.path.read_bytes()
    found = await store.get("r1", tenant_id="t")
    assert (found.evalset, found.summary) == (secret, {"worst": secret})
    assert [each async for each in store.samples("r1", tenant_id="t")] == [sample]
    await database.close()


async def test_more_samples_than_one_chunk_come_back_whole_and_in_order(tmp_path: Path) -> None:
    database = Database(tmp_path / "runs.duckdb")
    store = DuckDBRunStore(database)
    process = writer(database.path, "r1", 0)
    await asyncio.to_thread(wait_until_stored, process)
    kill(process)
    many = [
        Sample(case_id=str(number), case_hash="", arm=number % 2, repeat=0, expected=None, predicted=None, correct=False)
        for number in range(11_000)
    ]
    await store.append("r1", [*map(sample_row, many)], tenant_id="t")
    found = [int(sample.case_id) async for sample in store.samples("r1", tenant_id="t")]
    assert found == [*range(11_000)]
    await database.close()


async def test_a_run_of_another_host_is_interrupted_once_it_has_been_silent_for_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(tmp_path / "runs.duckdb")
    store = DuckDBRunStore(database)
    process = writer(database.path, "r1", 1)
    await asyncio.to_thread(wait_until_stored, process)
    kill(process)
    monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    assert (await store.get("r1", tenant_id="t")).status is RunStatus.RUNNING
    await database.write(lambda session: session.connection.execute("update runs set alive_at = alive_at - interval 6 minute"))
    assert (await store.get("r1", tenant_id="t")).status is RunStatus.INTERRUPTED
    await store.append("r1", [], tenant_id="t")
    assert (await store.get("r1", tenant_id="t")).status is RunStatus.RUNNING
    await database.close()
