"""The use case behind `eval` and `replay`: run a plan, count, compare, gate, and hand back the report."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from omniforge_cli.core.gate import Gate
from omniforge_cli.core.report import ArmReport, Comparison, GateResult, Report
from omniforge_cli.core.run import Run, RunStatus, Sample
from omniforge_cli.evals.batch import Batch
from omniforge_cli.evals.plan import Plan
from omniforge_cli.evals.record import RunRecord
from omniforge_cli.scoring.flips import flips
from omniforge_cli.scoring.gates import JudgedArm, judge, verdict
from omniforge_cli.scoring.outcome import Outcome
from omniforge_cli.scoring.sweep import SweepPoint

Ask = Callable[[Sequence[int]], AsyncGenerator[Sample | Batch, None]]
"""Carries out a plan's attempts but for those that are marked as done; to be called once, before anything else is under way."""
Pairwise = Callable[[Sequence[Sequence[Outcome]]], tuple[Comparison, ...]]
"""Compares the arms of a run by their outcomes."""
Against = Callable[[int, Sequence[Outcome]], Sequence[Comparison] | str]
"""Compares the arm of a number with a baseline; a text says why it cannot."""


Sweep = Callable[[Sequence[Sequence[Outcome]]], Awaitable[Sequence[Sequence[SweepPoint]]]]
"""What a cascade would give at every threshold, for each arm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalJob:
    """One run to carry out: what, with which routers, and what to hold it against.

    `ask` gives each attempt's sample, in any order, some of them in batches. `on_samples` is told how many have finished, how many of
    these were right, and how many failed. `done` are samples of an earlier attempt at the same run, each with whether the
    store has it. `head` fills the report's fields that describe the run (versions, machine, settings …) and `facts` tells, at the end,
    what else it says. `max_errors` is a share of samples. `meanwhile` is done in a thread while answers are waited for, and nobody
    learns whether it failed.
    """

    plan: Plan
    run: Run
    ask: Ask
    record: RunRecord
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
    record = job.record
    done = await _taken_over(job)
    samples = job.ask(done)
    beginning = asyncio.create_task(_begin(job))
    beside = [asyncio.create_task(_after(beginning, work)) for work in (record.flush_regularly, partial(asyncio.to_thread, job.meanwhile))]
    try:
        async with contextlib.aclosing(samples):
            async for sample in samples:
                if not beginning.done():  # what is kept belongs to a run that can be resumed
                    await asyncio.wait([beginning])
                beginning.result()
                _take(job, sample)
    except BaseException:
        await asyncio.wait([beginning])
        await record.end(RunStatus.INTERRUPTED, {})
        raise
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    return await _reported(job)


async def _taken_over(job: EvalJob) -> Sequence[int]:
    """Marks for the attempts that an earlier attempt at the run has samples of, which are counted here; nothing for a new run."""
    if job.done is None:
        return b""
    done = bytearray(job.plan.n_samples)
    async for sample, is_stored in job.done:
        done[job.plan.number(sample)] = True
        _take(job, sample, is_stored=is_stored)
    return done


def _take(job: EvalJob, finished: Sample | Batch, *, is_stored: bool = False) -> None:
    if isinstance(finished, Batch):
        job.record.take_batch(finished)
        job.on_samples(len(finished.rows), finished.n_right, finished.n_failed)
    else:
        job.record.take(finished, is_stored=is_stored)
        job.on_samples(1, finished.asked_correct, finished.error is not None)


async def _begin(job: EvalJob) -> None:
    """Put a new run into the store, while the first requests are on their way."""
    if job.done is None:
        await job.record.begin()


async def _after(beginning: asyncio.Task[None], work: Callable[[], Awaitable[None]]) -> None:
    await asyncio.wait([beginning])
    await work()


async def _reported(job: EvalJob) -> Finished:
    record, plan = job.record, job.plan
    reports = [accumulator.report(arm) for accumulator, arm in zip(record.arms, plan.arms, strict=True)]
    if job.run.command == "replay":
        reports = [replace(one, extra={**one.extra, "flips": [asdict(flip) for flip in flips(one)]}) for one in reports]
    if job.sweep is not None:
        curves = [[asdict(point) for point in curve] for curve in await job.sweep(record.outcomes)]
        reports = [replace(one, extra={**one.extra, "sweep": curve}) for one, curve in zip(reports, curves, strict=True)]
    judged = [
        JudgedArm(
            report=report,
            if_outages_right=record.arms[number].if_outages_right(plan.arms[number]) if report.n_outages else None,
            against={ref: compared(number, record.outcomes[number]) for ref, compared in job.against.items()},
        )
        for number, report in enumerate(reports)
    ]
    gates = judge(job.gates, judged, max_errors=job.max_errors)
    kept = record.kept_cases()
    report = Report(
        run_id=job.run.run_id,
        created_at=job.run.created_at.isoformat(),
        command=job.run.command,
        arms=tuple(reports if kept is None else (replace(one, cases=cases) for one, cases in zip(reports, kept, strict=True))),
        comparisons=job.pairwise(record.outcomes) if job.pairwise else (),
        gates=gates,
        status=_status(job, gates, reports),
        cases_file="cases.parquet" if kept is None else None,
        **job.head,
    )
    report = replace(report, extra={**report.extra, **job.facts()})
    await record.end(RunStatus(report.status), replace(report, arms=tuple(reports)).to_dict())
    if kept is not None:
        record.close()
    return Finished(
        report=report,
        cases=lambda arm: (dict(case) for case in kept[arm]) if kept is not None else record.read_cases(arm),
        close=record.close,
        texts=record.read_texts if kept is None else None,
    )


def _status(job: EvalJob, gates: Sequence[GateResult], reports: Sequence[ArmReport]) -> str:
    """The gates' verdict; an arm that asked the LLM and never got an answer of it leaves the run undecided at best."""
    decided = verdict(gates)
    unheard = any(
        answers == 0 and report.n_fallbacks + report.n_errors > 0 for answers, report in zip(job.record.llm_answers, reports, strict=True)
    )
    return "undecided" if unheard and decided != "fail" else decided
