"""What a running eval keeps of its samples: counters for each arm, the journal, and what still has to reach the run store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Final

from omniforge_cli.core.decision import Source
from omniforge_cli.core.errors import StorageError
from omniforge_cli.core.run import Run, RunStatus, Sample
from omniforge_cli.evals.journal import Journal
from omniforge_cli.evals.plan import Plan
from omniforge_cli.evals.store import RunStore
from omniforge_cli.scoring.outcome import Outcome, outcome
from omniforge_cli.scoring.summary import ArmAccumulator

INLINE_SAMPLES: Final = 20_000
"""Up to this many samples stand in `report.json` itself (contract, section 5) and stay in memory."""
_FLUSH_S: Final = 5.0
"""Seconds between group commits; the journal keeps what has arrived since safe."""
_LARGEST_COMMIT: Final = 50_000


class RunRecord:
    """Everything that has to be remembered of a run while it runs.

    The store is best-effort: when it cannot be written, `warn` is told once and the run goes on without it. `outcomes` are kept for
    comparisons, where `is_paired`.
    """

    def __init__(
        self, plan: Plan, run: Run, *, journal: Journal, store: RunStore | None, warn: Callable[[str], None], is_paired: bool
    ) -> None:
        self.arms = tuple(ArmAccumulator(plan.taxonomy) for _ in plan.arms)
        self.outcomes: tuple[list[Outcome], ...] = tuple([] for _ in plan.arms)
        self.llm_answers = [0] * len(plan.arms)
        self._run = run
        self._journal = journal
        self._store = store
        self._warn = warn
        self._inline: list[Sample] | None = [] if plan.n_samples <= INLINE_SAMPLES else None
        self._is_paired = is_paired
        self._pending: list[Sample] = []
        self._order = {case.id: position for position, case in enumerate(plan.evalset.cases)}

    @property
    def inline(self) -> list[Sample] | None:
        """All samples in plan order, or None when there are too many to keep."""
        if self._inline is None:
            return None
        return sorted(self._inline, key=lambda sample: (sample.arm, self._order[sample.case_id], sample.repeat))

    def samples(self) -> Iterator[Sample]:
        """All samples of the run: in plan order when they are kept, else in order of arrival from the journal."""
        kept = self.inline
        return iter(kept) if kept is not None else self._journal.samples()

    async def begin(self) -> None:
        """Store the run's head."""
        await self._stored(lambda store: store.create(self._run))

    def take(self, sample: Sample, *, is_stored: bool = False) -> None:
        """Count one finished sample and make it safe."""
        self._journal.append(sample)
        self.arms[sample.arm].add(sample)
        self.llm_answers[sample.arm] += sample.source is Source.LLM
        if self._is_paired:
            self.outcomes[sample.arm].append(outcome(sample))
        if self._inline is not None:
            self._inline.append(sample)
        if not is_stored and self._store is not None:
            self._pending.append(sample)

    async def flush(self) -> None:
        """Bring what is pending to the store, in bulk."""
        while self._pending and self._store is not None:
            batch, self._pending = self._pending[:_LARGEST_COMMIT], self._pending[_LARGEST_COMMIT:]
            await self._stored(partial(self._append, batch))

    async def flush_regularly(self) -> None:
        """Flush every few seconds until cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_S)
            await self.flush()

    async def end(self, status: RunStatus, summary: dict[str, object]) -> None:
        """Store how the run ended."""
        await self.flush()
        await self._stored(lambda store: store.finish(self._run.run_id, status, summary=summary, tenant_id=self._run.tenant_id))

    def close(self) -> None:
        """Give up the journal: its samples are in the store and in the reports."""
        if self._store is None:
            self._journal.close()
        else:
            self._journal.delete()

    async def _append(self, batch: list[Sample], store: RunStore) -> None:
        await store.append(self._run.run_id, batch, tenant_id=self._run.tenant_id)

    async def _stored(self, write: Callable[[RunStore], Awaitable[None]]) -> None:
        if self._store is None:
            return
        try:
            await write(self._store)
        except StorageError as exc:
            self._store = None
            self._pending = []
            self._warn(f"the run is not stored: {exc}")
