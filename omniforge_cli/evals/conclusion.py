"""The end of a run: count, compare, gate, and hand back the report. Apart from `evaluate`, whose first request does not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from typing import Final

from omniforge_cli.core.report import ArmReport, Comparison, GateResult, Report
from omniforge_cli.core.run import RunStatus
from omniforge_cli.evals.evaluate import EvalJob, Finished
from omniforge_cli.evals.record import RunRecord
from omniforge_cli.scoring.flips import flips
from omniforge_cli.scoring.gates import JudgedArm, judge, verdict
from omniforge_cli.scoring.outcome import Outcome
from omniforge_cli.scoring.sweep import SweepPoint

Pairwise = Callable[[Sequence[Sequence[Outcome]]], tuple[Comparison, ...]]
"""Compares the arms of a run by their outcomes."""
Against = Callable[[int, Sequence[Outcome]], Sequence[Comparison] | str]
"""Compares the arm of a number with a baseline; a text says why it cannot."""


Sweep = Callable[[Sequence[Sequence[Outcome]]], Awaitable[Sequence[Sequence[SweepPoint]]]]
"""What a cascade would give at every threshold, for each arm."""

_STARTING_S: Final = 0.002
"""In which the thread that writes to the store begins."""


async def conclude(job: EvalJob, record: RunRecord) -> Finished:
    """The report on everything that was recorded, stored as the run's end."""
    flushing, plan = asyncio.create_task(record.flush()), job.plan
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
        status=_status(record, gates, reports),
        cases_file="cases.parquet" if kept is None else None,
        **job.head,
    )
    report = replace(report, extra={**report.extra, **job.facts()})
    finished = Finished(
        report=report,
        cases=lambda arm: (dict(case) for case in kept[arm]) if kept is not None else record.read_cases(arm),
        close=record.close,
        texts=record.read_texts if kept is None else None,
    )
    await asyncio.wait([flushing], timeout=_STARTING_S)
    try:
        job.deliver(finished)  # the disk is waited for meanwhile
    finally:
        await flushing
        await record.end(RunStatus(report.status), replace(report, arms=tuple(reports)).to_dict())
    if kept is not None:
        record.close()
    return finished


def _status(record: RunRecord, gates: Sequence[GateResult], reports: Sequence[ArmReport]) -> str:
    """The gates' verdict; an arm that asked the LLM and never got an answer of it leaves the run undecided at best."""
    decided = verdict(gates)
    unheard = any(
        answers == 0 and report.n_fallbacks + report.n_errors > 0 for answers, report in zip(record.llm_answers, reports, strict=True)
    )
    return "undecided" if unheard and decided != "fail" else decided
