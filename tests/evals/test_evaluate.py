from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from omniforge_cli.core.errors import SettingsError, StorageLocked
from omniforge_cli.core.run import RunStatus, Sample
from omniforge_cli.evals.conclusion import conclude
from omniforge_cli.evals.evaluate import EvalJob, Finished, evaluate
from omniforge_cli.evals.journal import new_journal
from omniforge_cli.evals.memory import MemoryRunStore
from omniforge_cli.evals.record import RunRecord
from omniforge_cli.evals.runner import run_samples
from omniforge_cli.evals.store import RunStore
from omniforge_cli.routing.router import Router
from tests.evals.making import TAXONOMY, Answering, plan, run

HEAD = {"omniforge_version": "0", "evalset": {}, "taxonomy": {}, "machine": {}, "settings": {}}


def job(
    folder: Path, open_store: Callable[[], RunStore], *, asked: Answering | None = None, told: list[str] | None = None, **more: Any
) -> EvalJob:
    made, warnings = plan(6), [] if told is None else told
    head = run(made, folder)
    record = RunRecord(made, head, journal=new_journal(folder), open_store=open_store, warn=warnings.append, is_paired=False)
    router = Router(taxonomy=TAXONOMY, asked=asked or Answering("a"))

    def ask(done: Sequence[int]) -> AsyncGenerator[Sample, None]:
        return run_samples(made.attempts(done), routers=[router], workers=3, tenant_id="t")

    return EvalJob(plan=made, run=head, ask=ask, open_record=lambda: record, conclude=conclude, head=HEAD, **more)


async def test_the_first_requests_do_not_wait_for_the_store(tmp_path: Path) -> None:
    class Telling(Answering):
        first = threading.Event()

        async def analyze(self, request: Any) -> Any:
            self.first.set()
            return await super().analyze(request)

    asked, in_time = Telling(), []

    def open_store() -> RunStore:
        in_time.append(asked.first.wait(timeout=10))
        return MemoryRunStore()

    await evaluate(job(tmp_path, open_store, asked=asked))
    assert in_time == [True]


async def test_every_sample_reaches_the_store_and_no_journal_is_left(tmp_path: Path) -> None:
    store = MemoryRunStore()
    finished = await evaluate(job(tmp_path, lambda: store))
    assert len(await store.sample_keys("run-1", tenant_id="t")) == 6
    assert (await store.get("run-1", tenant_id="t")).status is RunStatus.NO_GATES
    assert [case["id"] for case in finished.cases(0)] == [f"c{number}" for number in range(6)]
    assert list(tmp_path.iterdir()) == []


async def test_samples_that_a_resumed_run_has_are_counted_at_once(tmp_path: Path) -> None:
    made = plan(6)
    router = Router(taxonomy=TAXONOMY, asked=Answering("a"))
    earlier = [sample async for sample in run_samples(made.attempts(), routers=[router], workers=1, tenant_id="t")][:4]

    async def done() -> AsyncGenerator[tuple[Sample, bool], None]:
        for sample in earlier:
            yield sample, False

    counted: list[int] = []
    store = MemoryRunStore()
    await store.create(run(made, tmp_path))
    await evaluate(job(tmp_path, lambda: store, done=done(), on_samples=lambda n, right, failed: counted.append(n)))
    assert counted == [4, 1, 1]


async def test_a_store_that_cannot_be_opened_is_told_once_and_the_journal_stays(tmp_path: Path) -> None:
    def locked() -> RunStore:
        raise StorageLocked("it is in use")

    told: list[str] = []
    finished = await evaluate(job(tmp_path, locked, told=told))
    assert told == ["the run is not stored: it is in use"]
    assert finished.report.arms[0].n == 6
    assert len(list(tmp_path.glob("journal-*.jsonl"))) == 1


async def test_what_fails_in_the_thread_beside_a_run_does_not_reach_it(tmp_path: Path) -> None:
    def failing() -> None:
        raise ImportError("a report's library is missing")

    finished = await evaluate(job(tmp_path, MemoryRunStore, meanwhile=failing))
    assert finished.report.arms[0].n == 6


async def test_a_finished_run_is_described_without_its_cases(tmp_path: Path) -> None:
    made = job(tmp_path, MemoryRunStore)
    finished = await evaluate(made)
    assert "message 1" not in repr(finished.report)  # asyncio prints what its main task gave back: 40 ms for 2,000 cases
    assert "message 1" not in repr(made.plan)


async def test_the_report_is_delivered_before_the_run_is_stored_as_ended(tmp_path: Path) -> None:
    class Telling(MemoryRunStore):
        async def finish(self, run_id: str, status: RunStatus, *, summary: Mapping[str, Any], tenant_id: str) -> None:
            told.append("ended")
            await super().finish(run_id, status, summary=summary, tenant_id=tenant_id)

    told: list[str] = []
    await evaluate(job(tmp_path, Telling, deliver=lambda finished: told.append(finished.report.status)))
    assert told == ["no_gates", "ended"]


async def test_a_report_that_cannot_be_written_leaves_a_run_that_is_stored_whole(tmp_path: Path) -> None:
    def refuse(finished: Finished) -> None:
        raise SettingsError("no room")

    store = MemoryRunStore()
    with pytest.raises(SettingsError, match="no room"):
        await evaluate(job(tmp_path, lambda: store, deliver=refuse))
    assert (await store.get("run-1", tenant_id="t")).status is RunStatus.NO_GATES
    assert len(await store.sample_keys("run-1", tenant_id="t")) == 6
