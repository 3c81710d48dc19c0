"""`--sweep`: the local analyzer decides the same cases too, so that a cascade's whole trade-off is known without one more call."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.core.evalset import Case
from omniforge_cli.core.run import Analyzer as ArmAnalyzer
from omniforge_cli.evals.plan import Plan
from omniforge_cli.routing.analyzer import Analyzer
from omniforge_cli.routing.override import override
from omniforge_cli.scoring.outcome import Outcome
from omniforge_cli.scoring.sweep import THRESHOLDS, SweepPoint, SweepSample, sweep


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    confidence: float
    correct: bool


async def sweep_arms(plan: Plan, outcomes: Sequence[Sequence[Outcome]], local: Analyzer) -> list[tuple[SweepPoint, ...]]:
    """Each arm's curve, outages and unlabelled turns left out.

    Over a cascade's own threshold its LLM was not asked, so its curve ends there.
    """
    decided = {case.id: await _decide(case, plan, local) for case in plan.evalset.cases if case.expected_action is not None}
    limit = plan.settings.cascade_threshold
    curves = []
    for arm, of_arm in zip(plan.arms, outcomes, strict=True):
        thresholds = THRESHOLDS
        if arm.analyzer is ArmAnalyzer.CASCADE and limit is not None:
            thresholds = tuple(sorted({*(one for one in THRESHOLDS if one < limit), limit}))
        curves.append(sweep(_samples(of_arm, decided), thresholds))
    return curves


async def _decide(case: Case, plan: Plan, local: Analyzer) -> _Decided:
    request = RoutingRequest(message=case.message, history=case.history, agents=case.agents)
    settled = override(plan.taxonomy, request)
    if settled is not None:
        return _Decided(confidence=math.inf, correct=case.accepts(settled.action_type))  # no threshold asks the LLM about it
    decision = await local.analyze(request)
    return _Decided(confidence=decision.confidence, correct=case.accepts(decision.action_type))


def _samples(outcomes: Iterable[Outcome], decided: dict[str, _Decided]) -> list[SweepSample]:
    return [
        SweepSample(
            local_confidence=decided[one.case_id].confidence,
            local_correct=decided[one.case_id].correct,
            llm_correct=one.correct,
            llm_cost_usd=one.cost_usd,
            llm_latency_ms=one.latency_ms,
        )
        for one in outcomes
        if one.expected is not None and not one.outage
    ]
