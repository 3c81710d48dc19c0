"""What a running eval keeps of its samples: counters for each arm, the journal, and what still has to reach the run store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Final

from omniforge_cli.core.decision import Source
from omniforge_cli.core.errors import StorageError
from omniforge_cli.core.redaction import redact
from omniforge_cli.core.report import case_of
from omniforge_cli.core.run import Run, RunStatus, Sample, SampleRow, sample_row
from omniforge_cli.evals.batch import Batch
from omniforge_cli.evals.journal import Journal
from omniforge_cli.evals.plan import Plan
from omniforge_cli.evals.store import RunStore
from omniforge_cli.scoring.outcome import Outcome, outcome
from omniforge_cli.scoring.summary import ArmAccumulator

INLINE_SAMPLES: Final = 20_000
"""Up to this many samples stand in `report.json` itself (contract, section 5) and stay in memory."""
_FLUSH_S: Final = 2.0
"""Seconds between group commits; the journal keeps what has arrived since safe."""
_LONGEST_SILENCE_S: Final = 60.0
"""Seconds after which the store is told that the run goes on, though no sample has arrived."""
_LARGEST_COMMIT: Final = 20_000

_Placed = tuple[int, int, dict[str, Any]]
"""A case object after its place in the plan: the case's, and the repeat."""


class RunRecord:
    """Everything that has to be remembered of a run while it runs.

    The store is opened when it is first written to, off the event loop, because loading a database takes longer than sending the first
    requests. It is best-effort: when it cannot be written, `warn` is told once and the run goes on without it. `outcomes` are kept for
    comparisons, where `is_paired`.
    """

    def __init__(
        self,
        plan: Plan,
        run: Run,
        *,
        journal: Journal,
        open_store: Callable[[], RunStore],
        warn: Callable[[str], None],
        is_paired: bool,
    ) -> None:
        self.arms = tuple(ArmAccumulator(plan.taxonomy) for _ in plan.arms)
        self.outcomes: tuple[list[Outcome], ...] = tuple([] for _ in plan.arms)
        self.llm_answers = [0] * len(plan.arms)
        self._run = run
        self._journal = journal
        self._open_store = open_store
        self._store: RunStore | None = None
        self._is_stored = True
        self._warn = warn
        self._cases: list[list[_Placed]] | None = [[] for _ in plan.arms] if plan.n_samples <= INLINE_SAMPLES else None
        self._is_paired = is_paired
        self._pending: list[SampleRow] = []

    def kept_cases(self) -> list[list[dict[str, Any]]] | None:
        """Each arm's samples as the report's case objects, in plan order, or None when there are too many to keep."""
        if self._cases is None:
            return None
        return [[case for _, _, case in sorted(of_arm, key=lambda placed: placed[:2])] for of_arm in self._cases]

    def read_cases(self, arm: int) -> Iterator[dict[str, Any]]:
        """The case objects of an arm in order of arrival, read back from the journal."""
        return (case_of(sample, redact) for sample in self._journal.samples() if sample.arm == arm)

    def read_texts(self) -> Iterator[str]:
        """Every sample as its JSON, in order of arrival, read back from the journal."""
        return self._journal.texts()

    async def begin(self) -> None:
        """Store the run's head."""
        await self._stored(lambda store: store.create(self._run))

    def take(self, sample: Sample, *, is_stored: bool = False) -> None:
        """Count one finished sample and make it safe."""
        row = sample_row(sample)
        self._journal.append_texts([row[3]])
        self.arms[sample.arm].add(sample)
        self.llm_answers[sample.arm] += sample.source is Source.LLM
        if self._is_paired:
            self.outcomes[sample.arm].append(outcome(sample))
        self._keep_case(sample)
        if not is_stored and self._is_stored:
            self._pending.append(row)

    def take_batch(self, batch: Batch) -> None:
        """Count the finished samples of the only arm that come together, and make them safe."""
        self._journal.append_texts([text for *_, text in batch.rows])
        self.arms[0].merge(batch.counted)
        self.outcomes[0].extend(batch.outcomes)
        for sample in batch.samples:
            self._keep_case(sample)
        if self._is_stored:
            self._pending += batch.rows

    def _keep_case(self, sample: Sample) -> None:
        if self._cases is not None:
            self._cases[sample.arm].append((sample.position, sample.repeat, case_of(sample, redact)))

    async def flush(self) -> None:
        """Bring what is pending to the store, in bulk."""
        while self._pending:
            batch, self._pending = self._pending[:_LARGEST_COMMIT], self._pending[_LARGEST_COMMIT:]
            try:
                await self._stored(partial(self._append, batch))
            except asyncio.CancelledError:  # perhaps before it was written, and to write it twice does no harm
                self._pending = batch + self._pending
                raise

    async def flush_regularly(self) -> None:
        """Flush every few seconds until cancelled, and give a sign of life where nothing arrives for long."""
        silent_s = 0.0
        while True:
            await asyncio.sleep(_FLUSH_S)
            silent_s = 0.0 if self._pending else silent_s + _FLUSH_S
            if silent_s >= _LONGEST_SILENCE_S:
                silent_s = 0.0
                await self._stored(partial(self._append, []))
            await self.flush()

    async def end(self, status: RunStatus, summary: dict[str, object]) -> None:
        """Store how the run ended."""
        await self.flush()
        await self._stored(lambda store: store.finish(self._run.run_id, status, summary=summary, tenant_id=self._run.tenant_id))

    def close(self) -> None:
        """Give up the journal: its samples are in the store and in the reports."""
        if self._is_stored:
            self._journal.delete()
        else:
            self._journal.close()

    async def _append(self, batch: list[SampleRow], store: RunStore) -> None:
        await store.append(self._run.run_id, batch, tenant_id=self._run.tenant_id)

    async def _stored(self, write: Callable[[RunStore], Awaitable[None]]) -> None:
        if not self._is_stored:
            return
        try:
            if self._store is None:
                self._store = await asyncio.to_thread(self._open_store)
            await write(self._store)
        except StorageError as exc:
            self._is_stored = False
            self._pending = []
            self._warn(f"the run is not stored: {exc}")
