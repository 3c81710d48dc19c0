from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from scipy import stats

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.errors import GateFileError
from omniforge_cli.core.gate import Bound, Gate
from omniforge_cli.core.report import Comparison, Estimate, GateResult, GateStatus, Verdict
from omniforge_cli.scoring.gates import JudgedArm, judge, verdict
from tests.scoring.making import ARM, accumulate, answered, failed, report_of

NINE_OF_TEN = JudgedArm(report=report_of(*[answered(tags=("t",))] * 9, answered(predicted="b", tags=("t",))))
COMPARED = Comparison(
    a="base",
    b="arm",
    n=100,
    fixed=(),
    broken=(),
    delta=Estimate(value=-0.12, ci_low=-0.2, ci_high=-0.05),
    mcnemar_p=0.001,
    p_adjusted=0.001,
    verdict=Verdict.WORSE,
    detectable_delta=0.07,
)
REGRESSION = Gate(metric="no_regression", baseline="base.json")


def judged(arm: JudgedArm, **gate: Any) -> GateResult:
    (result,) = judge([Gate(**gate)], [arm])
    return result


def with_outages(*samples: Any) -> JudgedArm:
    accumulator = accumulate(*samples)
    return JudgedArm(report=accumulator.report(ARM), if_outages_right=accumulator.if_outages_right(ARM))


@pytest.mark.parametrize(
    ("gate", "status"),
    [
        ({"metric": "accuracy", "min": 0.9}, GateStatus.PASS),
        ({"metric": "accuracy", "min": 0.91}, GateStatus.FAIL),
        ({"metric": "accuracy", "max": 0.9}, GateStatus.PASS),
        ({"metric": "accuracy", "min": 0.9, "bound": Bound.CI_LOW}, GateStatus.FAIL),
        ({"metric": "accuracy", "min": 0.9, "bound": Bound.CI_HIGH}, GateStatus.PASS),
        ({"metric": "by_tag.t.accuracy", "min": 0.9}, GateStatus.PASS),
        ({"metric": "by_tag.other.accuracy", "min": 0.0}, GateStatus.UNDECIDED),
        ({"metric": "flip_rate", "max": 1.0}, GateStatus.UNDECIDED),
        ({"metric": "latency_ms.p95", "max": 100}, GateStatus.PASS),
        ({"metric": "cost_usd.mean", "max": 0.0009}, GateStatus.FAIL),
    ],
)
def test_a_gate_holds_a_metric_against_its_threshold(gate: dict[str, Any], status: GateStatus):
    assert judged(NINE_OF_TEN, **gate).status is status


def test_a_result_says_what_was_seen_wanted_and_how_sure_that_is():
    result = judged(NINE_OF_TEN, metric="accuracy", min=0.9)
    assert (result.arm, result.metric, result.op, result.threshold, result.observed) == (ARM.name, "accuracy", ">=", 0.9, 0.9)
    assert result.why == (
        f"0.9, at least 0.9 wanted. With 10 cases this gate fails {result.false_alarm:.1%} of the time at a true 0.92, "
        f"and catches a true 0.85 {result.power:.1%} of the time"
    )


def test_false_alarm_odds_and_power_are_the_binomial_tails():
    low = judged(NINE_OF_TEN, metric="accuracy", min=0.9)
    assert low.false_alarm == pytest.approx(stats.binom.cdf(8, 10, 0.92), abs=1e-12)
    assert low.power == pytest.approx(stats.binom.cdf(8, 10, 0.85), abs=1e-12)
    high = judged(NINE_OF_TEN, metric="fallback_rate", max=0.1)
    assert high.false_alarm == pytest.approx(stats.binom.sf(1, 10, 0.08), abs=1e-12)
    assert high.power == pytest.approx(stats.binom.sf(1, 10, 0.15), abs=1e-12)


def test_a_gate_on_the_lower_bound_cries_wolf_more_often():
    value, low = (judged(NINE_OF_TEN, metric="accuracy", min=0.6, bound=bound) for bound in (Bound.VALUE, Bound.CI_LOW))
    assert low.false_alarm > value.false_alarm
    assert low.power > value.power
    assert low.metric == "accuracy.ci_low"


def test_margins_stay_inside_zero_and_one():
    assert "at a true 0.995" in judged(NINE_OF_TEN, metric="accuracy", min=0.99).why
    assert "at a true 0.005, and catches a true 0.06" in judged(NINE_OF_TEN, metric="fallback_rate", max=0.01).why


def test_what_is_no_share_has_no_odds():
    for gate in ({"metric": "latency_ms.p95", "max": 100}, {"metric": "accuracy", "min": 1.5}):
        result = judged(NINE_OF_TEN, **gate)
        assert (result.false_alarm, result.power) == (None, None)
        assert result.why.endswith("wanted.")


def test_a_metric_that_was_not_measured_never_passes_and_says_why():
    result = judged(JudgedArm(report=report_of()), metric="accuracy", min=0.0)
    assert (result.status, result.observed) == (GateStatus.UNDECIDED, None)
    assert result.why == "accuracy was not measured: there was nothing to measure it on"


@pytest.mark.parametrize(
    ("gate", "status"),
    [
        ({"metric": "accuracy", "min": 0.5}, GateStatus.PASS),
        ({"metric": "accuracy", "min": 0.7}, GateStatus.UNDECIDED),
        ({"metric": "accuracy", "min": 0.9}, GateStatus.FAIL),
        ({"metric": "per_class.a.recall", "min": 0.7}, GateStatus.UNDECIDED),
        ({"metric": "fallback_rate", "max": 0.1}, GateStatus.FAIL),
        ({"metric": "error_rate", "max": 0.1}, GateStatus.PASS),
        ({"metric": "latency_ms.p95", "max": 100}, GateStatus.PASS),
    ],
)
def test_a_gate_is_decided_only_if_outages_do_not_matter(gate: dict[str, Any], status: GateStatus):
    arm = with_outages(*[answered()] * 6, *[answered(predicted="b")] * 2, *[failed(FallbackReason.TIMEOUT, fallback="b")] * 2)
    assert judged(arm, **gate).status is status


def test_an_undecided_gate_tells_both_outcomes():
    arm = with_outages(*[answered()] * 6, *[failed(FallbackReason.CONNECTION)] * 4)
    assert judged(arm, metric="accuracy", min=0.9).why == (
        "4 of 10 samples got no answer because the provider was away: 0.6 with them counted wrong, 1 with them counted right, "
        "and only one of the two passes"
    )


def test_bad_replies_are_wrong_answers_and_decide():
    arm = with_outages(*[answered()] * 6, *[failed(FallbackReason.BAD_OUTPUT)] * 4)
    assert judged(arm, metric="accuracy", min=0.9).status is GateStatus.FAIL


def test_what_could_be_measured_only_without_outages_is_undecided():
    result = judged(JudgedArm(report=NINE_OF_TEN.report, if_outages_right=report_of()), metric="accuracy", min=0.5)
    assert result.status is GateStatus.UNDECIDED
    assert "not measured with them counted right" in result.why


def test_a_gate_on_no_metric_is_an_error():
    with pytest.raises(GateFileError, match="did you mean 'accuracy'"):
        judged(NINE_OF_TEN, metric="acuracy", min=0.9)
    with pytest.raises(GateFileError, match="has no interval"):
        judged(NINE_OF_TEN, metric="macro_f1", min=0.9, bound=Bound.CI_LOW)


def test_gates_apply_to_each_arm_that_they_name():
    local = JudgedArm(report=replace(NINE_OF_TEN.report, analyzer="local", name="local"))
    gates = [Gate(metric="accuracy", min=0.9), Gate(metric="ece", max=1.0, analyzers=("local",))]
    assert [(result.arm, result.metric) for result in judge(gates, [NINE_OF_TEN, local])] == [
        (ARM.name, "accuracy"),
        ("local", "accuracy"),
        ("local", "ece"),
    ]


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ((Verdict.WORSE,), GateStatus.FAIL),
        ((Verdict.CANNOT_TELL,), GateStatus.PASS),
        ((Verdict.BETTER,), GateStatus.PASS),
        ((Verdict.WORSE, Verdict.CANNOT_TELL), GateStatus.UNDECIDED),
        ((Verdict.WORSE, Verdict.WORSE), GateStatus.FAIL),
        ((Verdict.CANNOT_TELL, Verdict.BETTER), GateStatus.PASS),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else value,
)
def test_a_regression_gate_fails_on_worse_and_not_on_noise(verdicts: tuple[Verdict, ...], status: GateStatus):
    against = {"base.json": [replace(COMPARED, verdict=one) for one in verdicts]}
    (result,) = judge([REGRESSION], [replace(NINE_OF_TEN, against=against)])
    assert (result.status, result.observed, result.op, result.threshold) == (status, verdicts[0].value, "!=", "worse")
    assert (result.false_alarm, result.power) == (0.025, 0.8)


def test_a_regression_gate_tells_the_drop_it_would_have_caught():
    (result,) = judge([REGRESSION], [replace(NINE_OF_TEN, against={"base.json": [COMPARED]})])
    assert result.why == "-12.0 points on 100 cases: worse, and more than noise. A true drop of 7.0 points would be caught 4 times in 5"


@pytest.mark.parametrize(
    ("against", "said"),
    [
        ({}, "no comparison with it was made"),
        ({"base.json": "the prompts differ"}, "the prompts differ"),
        ({"base.json": [replace(COMPARED, n=0, delta=Estimate(value=None))]}, "no case is in both"),
    ],
    ids=["none", "refused", "nothing shared"],
)
def test_what_cannot_be_compared_is_undecided_with_the_reason(against: dict[str, Any], said: str):
    (result,) = judge([REGRESSION], [replace(NINE_OF_TEN, against=against)])
    assert (result.status, result.observed) == (GateStatus.UNDECIDED, None)
    assert said in result.why


@pytest.mark.parametrize(("allowed", "status"), [(0.4, GateStatus.PASS), (0.39, GateStatus.UNDECIDED)])
def test_too_many_provider_errors_leave_the_whole_arm_undecided(allowed: float, status: GateStatus):
    arm = with_outages(*[answered()] * 6, *[failed(FallbackReason.RATE_LIMITED)] * 4)
    (result,) = judge([], [arm], max_errors=allowed)
    assert (result.status, result.observed) == (status, 0.4)
    assert judge([], [JudgedArm(report=report_of())], max_errors=0.5)[0].status is GateStatus.UNDECIDED


def test_a_failed_gate_outweighs_an_undecided_one_and_that_a_pass():
    passed, failing, open_ = (
        judged(NINE_OF_TEN, metric=metric, min=threshold)
        for metric, threshold in (("accuracy", 0.5), ("accuracy", 0.95), ("flip_rate", 0.0))
    )
    assert verdict([passed, open_, failing]) == "fail"
    assert verdict([passed, open_]) == "undecided"
    assert verdict([passed]) == "pass"
    assert verdict([]) == "no_gates"
