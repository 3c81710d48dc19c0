"""From metrics to a verdict: each gate on each arm, with the odds that it cries wolf or sleeps.

A gate is decided only if it comes out the same with every outage sample counted right and counted wrong; a metric that was not measured
never passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from omniforge_cli.core.gate import NO_REGRESSION, Bound, Gate
from omniforge_cli.core.report import ArmReport, Comparison, GateResult, GateStatus, Verdict
from omniforge_cli.scoring.metrics import Measured, check_metric, measure, why_unmeasured
from omniforge_cli.scoring.statistics import ALPHA, POWER, failure_odds, wilson

GOOD_MARGIN: Final = 0.02
"""False-alarm odds are told for a true share this much on the good side of the threshold."""
BAD_MARGIN: Final = 0.05
"""Power is told for a true share this much on the bad side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedArm:
    """What the gates need to know of an arm.

    `if_outages_right` is the report with every outage counted right; None where there was no outage. `against` maps a gate's baseline to
    the comparisons with it (this arm is `b`), outages counted wrong first and right last, or to the reason why there is none.
    """

    report: ArmReport
    if_outages_right: ArmReport | None = None
    against: Mapping[str, Sequence[Comparison] | str] = field(default_factory=dict)


def judge(gates: Sequence[Gate], arms: Sequence[JudgedArm], *, max_errors: float | None = None) -> tuple[GateResult, ...]:
    """Every gate on every arm it applies to, arm by arm. With `max_errors` a larger share of outages leaves an arm undecided as a whole.

    Raises:
        GateFileError: a gate's metric is none that an arm has.
    """
    results: list[GateResult] = []
    for arm in arms:
        report = arm.report
        if max_errors is not None:
            results.append(_judge_errors(max_errors, report))
        for gate in gates:
            if gate.applies_to(report.analyzer, report.name):
                results.append(_judge_regression(gate, arm) if gate.metric == NO_REGRESSION else _judge_metric(gate, arm))
    return tuple(results)


def verdict(results: Sequence[GateResult]) -> str:
    """The status of the run: a failed gate outweighs an undecided one, which outweighs any pass."""
    statuses = {result.status for result in results}
    for status in (GateStatus.FAIL, GateStatus.UNDECIDED, GateStatus.PASS):
        if status in statuses:
            return status.value
    return "no_gates"


def _judge_metric(gate: Gate, arm: JudgedArm) -> GateResult:
    check_metric(gate.metric, gate.bound)
    measured = measure(arm.report, gate.metric)
    observed = measured.at(gate.bound)
    false_alarm, power = _odds(gate, measured)

    def result(status: GateStatus, why: str) -> GateResult:
        return GateResult(
            name=gate.name,
            arm=arm.report.name,
            metric=gate.metric if gate.bound is Bound.VALUE else f"{gate.metric}.{gate.bound.value}",
            op=gate.op,
            threshold=gate.threshold,
            observed=observed,
            status=status,
            why=why,
            false_alarm=false_alarm,
            power=power,
        )

    if observed is None:
        return result(GateStatus.UNDECIDED, f"{gate.metric} was not measured: {why_unmeasured(arm.report, gate.metric)}")
    passed = gate.accepts(observed)
    if arm.if_outages_right is not None:
        otherwise = measure(arm.if_outages_right, gate.metric).at(gate.bound)
        if otherwise is None or gate.accepts(otherwise) != passed:
            return result(GateStatus.UNDECIDED, _torn(arm.report, observed, otherwise))
    wanted = f"at {'least' if gate.min is not None else 'most'} {gate.threshold:g}"
    said = f"{observed:.4g}, {wanted} wanted"
    return result(GateStatus.PASS if passed else GateStatus.FAIL, f"{said}. {_odds_in_words(gate, measured, false_alarm, power)}".rstrip())


def _torn(report: ArmReport, wrong: float, right: float | None) -> str:
    answered = "not measured" if right is None else f"{right:.4g}"
    return (
        f"{report.n_outages} of {report.n} samples got no answer because the provider was away: "
        f"{wrong:.4g} with them counted wrong, {answered} with them counted right, and only one of the two passes"
    )


def _odds(gate: Gate, measured: Measured) -> tuple[float | None, float | None]:
    """How often this gate fails at a true share just on the good side, and well on the bad side; None for what is no share."""
    n = measured.n_cases
    if n is None or gate.threshold is None or not 0 <= gate.threshold <= 1:
        return None, None

    def passes(hits: int) -> bool:
        low, high = wilson(hits, n)
        return gate.accepts({Bound.VALUE: hits / n, Bound.CI_LOW: low, Bound.CI_HIGH: high}[gate.bound])

    good, bad = _true_shares(gate, gate.threshold)
    at_least = gate.min is not None
    return failure_odds(n, good, passes, at_least=at_least), failure_odds(n, bad, passes, at_least=at_least)


def _true_shares(gate: Gate, threshold: float) -> tuple[float, float]:
    """The true shares that the odds are told for, kept inside [0, 1]: half way to the end where the margin is too wide."""
    up, down = (1 + threshold) / 2, threshold / 2
    if gate.min is not None:
        return min(threshold + GOOD_MARGIN, up), max(threshold - BAD_MARGIN, down)
    return max(threshold - GOOD_MARGIN, down), min(threshold + BAD_MARGIN, up)


def _odds_in_words(gate: Gate, measured: Measured, false_alarm: float | None, power: float | None) -> str:
    if false_alarm is None or power is None or gate.threshold is None:
        return ""
    good, bad = _true_shares(gate, gate.threshold)
    return (
        f"With {measured.n_cases} cases this gate fails {false_alarm:.1%} of the time at a true {good:.4g}, "
        f"and catches a true {bad:.4g} {power:.1%} of the time"
    )


def _judge_regression(gate: Gate, arm: JudgedArm) -> GateResult:
    against = arm.against.get(gate.baseline or "", "no comparison with it was made")

    def result(status: GateStatus, why: str, observed: Verdict | None = None) -> GateResult:
        return GateResult(
            name=gate.name,
            arm=arm.report.name,
            metric=NO_REGRESSION,
            op=gate.op,
            threshold=Verdict.WORSE.value,
            observed=observed.value if observed else None,
            status=status,
            why=why,
            false_alarm=ALPHA / 2 if observed else None,
            power=POWER if observed else None,
        )

    if isinstance(against, str):
        return result(GateStatus.UNDECIDED, f"not comparable with {gate.baseline}: {against}")
    first = against[0]
    if first.n == 0 or first.delta.value is None:
        return result(GateStatus.UNDECIDED, f"not comparable with {gate.baseline}: no case is in both. {first.note}".rstrip())
    if len({comparison.verdict is Verdict.WORSE for comparison in against}) > 1:
        return result(
            GateStatus.UNDECIDED,
            "it is a regression with the provider's outages counted wrong, and none with them counted right",
            first.verdict,
        )
    regressed = first.verdict is Verdict.WORSE
    judged = "worse, and more than noise" if regressed else "no regression beyond noise"
    said = f"{first.delta.value * 100:+.1f} points on {first.n} cases: {judged}"
    reach = f". A true drop of {first.detectable_delta * 100:.1f} points would be caught 4 times in 5" if first.detectable_delta else ""
    return result(GateStatus.FAIL if regressed else GateStatus.PASS, said + reach, first.verdict)


def _judge_errors(max_errors: float, report: ArmReport) -> GateResult:
    share = report.n_outages / report.n if report.n else None
    within = share is not None and share <= max_errors
    return GateResult(
        name="max-errors",
        arm=report.name,
        metric="outage_share",
        op="<=",
        threshold=max_errors,
        observed=share,
        status=GateStatus.PASS if within else GateStatus.UNDECIDED,
        why=f"the provider was away for {report.n_outages} of {report.n} samples, at most {max_errors:g} of them may be",
    )
