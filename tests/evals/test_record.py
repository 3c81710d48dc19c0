from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

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
