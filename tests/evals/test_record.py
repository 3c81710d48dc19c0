from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from omniforge_cli.core.run import RunStatus, SampleRow
from omniforge_cli.evals.journal import new_journal
from omniforge_cli.evals.memory import MemoryRunStore
from omniforge_cli.evals.record import RunRecord
from tests.evals.making import plan, run
from tests.evals.test_journal import sample


async def test_samples_on_their_way_when_a_flush_is_cancelled_reach_the_store_with_the_next(tmp_path: Path) -> None:
    class Hanging(MemoryRunStore):
        asked = 0

        async def append(self, run_id: str, rows: Sequence[SampleRow], *, tenant_id: str) -> None:
            self.asked += 1
            if self.asked == 1:
                await asyncio.Event().wait()
            await super().append(run_id, rows, tenant_id=tenant_id)

    store, made = Hanging(), plan(2)
    record = RunRecord(made, run(made, tmp_path), journal=new_journal(tmp_path), open_store=lambda: store, warn=print, is_paired=False)
    await record.begin()
    record.take(sample("c0"))
    flushing = asyncio.create_task(record.flush())
    while not store.asked:
        await asyncio.sleep(0)
    record.take(sample("c1"))
    flushing.cancel()
    await asyncio.wait([flushing])
    await record.end(RunStatus.NO_GATES, {})
    assert [one.case_id async for one in store.samples("run-1", tenant_id="t")] == ["c0", "c1"]


async def test_a_run_to_which_nothing_arrives_gives_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting(MemoryRunStore):
        told = 0

        async def append(self, run_id: str, rows: Sequence[SampleRow], *, tenant_id: str) -> None:
            self.told += not rows

    monkeypatch.setattr("omniforge_cli.evals.record._FLUSH_S", 0.001)
    monkeypatch.setattr("omniforge_cli.evals.record._LONGEST_SILENCE_S", 0.002)
    store, made = Counting(), plan(2)
    record = RunRecord(made, run(made, tmp_path), journal=new_journal(tmp_path), open_store=lambda: store, warn=print, is_paired=False)
    await record.begin()
    flushing = asyncio.create_task(record.flush_regularly())
    while store.told < 2:
        await asyncio.sleep(0)
    flushing.cancel()
