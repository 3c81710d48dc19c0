"""The use case behind `eval` and `replay`: run a plan, count, compare, gate, and hand back the report."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from omniforge_cli.core.run import Run, RunStatus, Sample
from omniforge_cli.evals.plan import Plan

if TYPE_CHECKING:
    from omniforge_cli.core.gate import Gate
    from omniforge_cli.core.report import Report
    from omniforge_cli.evals.batch import Batch
    from omniforge_cli.evals.conclusion import Against, Pairwise, Sweep
    from omniforge_cli.evals.record import RunRecord

_FIRST_STEPS: Final = 100
"""Steps of the event loop in which the first requests get out: 256 workers start in 64, and connecting to a server nearby takes 10."""

Ask = Callable[[Sequence[int]], "AsyncGenerator[Sample | Batch, None]"]
"""Carries out a plan's attempts but for those that are marked as done; to be called once, before anything else is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalJob:
    """One run to carry out: what, with which routers, and what to hold it against.

    `ask` gives each attempt's sample, in any order, some of them in batches. `on_samples` is told how many have finished, how many of
    these were right, and how many failed. `done` are samples of an earlier attempt at the same run, each with whether the
    store has it. `head` fills the report's fields that describe the run (versions, machine, settings …) and `facts` tells, at the end,
    what else it says. `open_record` and `conclude` load what counting and reporting need: in a thread, once the first requests are out.
    `max_errors` is a share of samples. `meanwhile` is done in a thread while answers are waited for, and nobody
    learns whether it failed. `deliver` gets the report while the last samples are still on their way to the store.
    """

    plan: Plan
    run: Run
    ask: Ask
    open_record: Callable[[], RunRecord]
    conclude: Callable[[EvalJob, RunRecord], Awaitable[Finished]]
    gates: tuple[Gate, ...] = ()
    pairwise: Pairwise | None = None
    against: Mapping[str, Against] = field(default_factory=dict)
    done: AsyncIterator[tuple[Sample, bool]] | None = None
    on_samples: Callable[[int, int, int], None] = lambda n, right, failed: None
    head: Mapping[str, Any] = field(default_factory=dict)
    max_errors: float | None = None
    sweep: Sweep | None = None
    facts: Callable[[], Mapping[str, Any]] = dict
    meanwhile: Callable[[], None] = lambda: None
    deliver: Callable[[Finished], None] = lambda finished: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run that came to its end: its report, and each arm's samples (by the arm's number) as the report's case objects.

    `close` gives up what `cases` reads from, where that is the journal of a large run; call it once the reports are written. `texts` are
    the samples of such a run as their JSON.
    """

    report: Report
    cases: Callable[[int], Iterator[dict[str, Any]]]
    close: Callable[[], None] = lambda: None
    texts: Callable[[], Iterator[str]] | None = None


async def evaluate(job: EvalJob) -> Finished:
    """Run what is left of the plan and report on all of it.

    Raises:
        OmniforgeError: the run cannot go on. What finished is stored, and the run can be resumed.
    """
    earlier, done = await _taken_over(job)
    samples = job.ask(done)
    opening = asyncio.create_task(_opened(job, earlier))
    beside = [asyncio.create_task(_after(opening, work)) for work in (_flush_regularly, partial(_meanwhile, job.meanwhile))]
    try:
        async with contextlib.aclosing(samples):
            async for sample in samples:
                if not opening.done():  # what is kept belongs to a run that can be resumed
                    await asyncio.wait([opening])
                _take(job, opening.result(), sample)
    except BaseException:
        await asyncio.wait([opening])
        if opening.exception() is None:
            await opening.result().end(RunStatus.INTERRUPTED, {})
        raise
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    return await job.conclude(job, await opening)


async def _taken_over(job: EvalJob) -> tuple[RunRecord | None, Sequence[int]]:
    """The record of a resumed run, and marks for the attempts that it has samples of, which are counted there; nothing for a new run."""
    if job.done is None:
        return None, b""
    record, done, right, failed = job.open_record(), bytearray(job.plan.n_samples), 0, 0
    async for sample, is_stored in job.done:
        done[job.plan.number(sample)] = True
        record.take(sample, is_stored=is_stored)
        right += sample.asked_correct
        failed += sample.error is not None
    if any(done):
        job.on_samples(sum(done), right, failed)  # at once, as their number is too small while they are read back
    return record, done


def _take(job: EvalJob, record: RunRecord, finished: Sample | Batch) -> None:
    if isinstance(finished, Sample):
        record.take(finished)
        job.on_samples(1, finished.asked_correct, finished.error is not None)
    else:
        record.take_batch(finished)
        job.on_samples(len(finished.rows), finished.n_right, finished.n_failed)


async def _opened(job: EvalJob, earlier: RunRecord | None) -> RunRecord:
    """The run's record; a new run is put into the store while the first requests are on their way."""
    if earlier is not None:
        return earlier
    for _ in range(_FIRST_STEPS):
        await asyncio.sleep(0)
    record = await asyncio.to_thread(job.open_record)
    await record.begin()
    return record


async def _after(opening: asyncio.Task[RunRecord], work: Callable[[RunRecord], Awaitable[None]]) -> None:
    await asyncio.wait([opening])
    await work(opening.result())


async def _flush_regularly(record: RunRecord) -> None:
    await record.flush_regularly()


async def _meanwhile(work: Callable[[], None], record: RunRecord) -> None:
    await asyncio.to_thread(work)
