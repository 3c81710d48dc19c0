from __future__ import annotations

from dataclasses import replace

import pytest

from omniforge_cli.core.decision import RoutingDecision, RoutingRequest, Source
from omniforge_cli.core.run import Analyzer
from omniforge_cli.evals.plan import Plan
from omniforge_cli.evals.sweeping import sweep_arms
from omniforge_cli.scoring.outcome import Outcome
from tests.evals.making import plan


class Local:
    """Sure of the even cases, where it is right, and unsure of the odd ones, where it is wrong; counts what it was asked."""

    def __init__(self) -> None:
        self.n = 0

    async def analyze(self, request: RoutingRequest) -> RoutingDecision:
        self.n += 1
        even = int(request.message.rpartition(" ")[2]) % 2 == 0
        return RoutingDecision(action_type="a", confidence=0.9 if even else 0.3, source=Source.LOCAL)


def outcomes(made: Plan, *, right: bool = True) -> list[Outcome]:
    return [
        Outcome(
            case_id=case.id,
            case_hash="h",
            expected=case.expected_action,
            predicted="a",
            correct=right,
            latency_ms=100.0,
            cost_usd=0.01,
        )
        for case in made.evalset.cases
    ]


async def test_the_curve_runs_from_local_alone_to_the_llm_alone() -> None:
    made = plan(4)
    (curve,) = await sweep_arms(made, [outcomes(made)], Local())
    by = {point.threshold: point for point in curve}
    assert (by[0.0].llm_share, by[0.0].accuracy, by[0.0].mean_cost_usd) == (0.0, 0.5, 0.0)
    assert (by[0.5].llm_share, by[0.5].accuracy, by[0.5].mean_cost_usd) == (0.5, 1.0, 0.005)
    assert (by[1.0].llm_share, by[1.0].accuracy, by[1.0].mean_latency_ms) == (1.0, 1.0, 100.0)


async def test_each_case_is_decided_once_for_all_arms_and_repeats() -> None:
    made, local = plan(4, arms=2, repeats=3), Local()
    curves = await sweep_arms(made, [outcomes(made) * 3, outcomes(made, right=False) * 3], local)
    assert local.n == 4
    assert [curve[-1].accuracy for curve in curves] == [1.0, 0.0]


async def test_a_cascades_curve_ends_at_its_own_threshold() -> None:
    made = plan(4, cascade_threshold=0.62)
    made = replace(made, arms=(replace(made.arms[0], analyzer=Analyzer.CASCADE),))
    (curve,) = await sweep_arms(made, [outcomes(made)], Local())
    assert curve[-1].threshold == 0.62


async def test_an_outage_is_left_out() -> None:
    made = plan(4)
    lost = [replace(one, outage=one.case_id == "c1", correct=one.case_id != "c1") for one in outcomes(made)]
    (curve,) = await sweep_arms(made, [lost], Local())
    assert curve[-1].accuracy == 1.0
    assert curve[0].accuracy == pytest.approx(2 / 3)


async def test_what_an_override_settles_is_never_asked() -> None:
    made = plan(2)
    blank = replace(made.evalset.cases[0], message=" ", expected_action="none")
    made = replace(made, evalset=replace(made.evalset, cases=(blank, made.evalset.cases[1])))
    (curve,) = await sweep_arms(made, [outcomes(made)], Local())
    assert (curve[-1].llm_share, curve[0].accuracy) == (0.5, 0.5)
