from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.core.report import Verdict
from omniforge_cli.scoring.compare import adjusted, compare_samples
from omniforge_cli.scoring.explain import explain
from omniforge_cli.scoring.outcome import Outcome, outcome
from omniforge_cli.scoring.statistics import mcnemar_exact
from tests.scoring.making import answered, failed


def tried(case: int, right: bool, **changes: object) -> Outcome:
    plain = Outcome(case_id=f"c{case:04}", case_hash="h", expected="a", predicted="a" if right else "b", correct=right)
    return replace(plain, **changes)


def arm(*right: bool) -> list[Outcome]:
    return [tried(case, hit) for case, hit in enumerate(right)]


def compared(a: list[Outcome], b: list[Outcome], **options: object):
    return compare_samples(a, b, name_a="v1", name_b="v2", **options)


def test_fixed_and_broken_cases_are_listed_and_tested_exactly():
    found = compared(arm(*[False] * 12, *[True] * 28), arm(*[True] * 12, *[True] * 26, *[False] * 2))
    assert len(found.fixed) == 12
    assert found.broken == ("c0038", "c0039")
    assert found.n == 40
    assert found.delta.value == pytest.approx(0.25)
    assert found.mcnemar_p == pytest.approx(mcnemar_exact(12, 2))
    assert found.verdict is Verdict.BETTER
    assert found.note == ""


def test_turning_the_comparison_round_turns_everything_round():
    a, b = arm(*[False] * 12, *[True] * 28), arm(*[True] * 38, *[False] * 2)
    forth, back = compared(a, b), compared(b, a)
    assert back.verdict is Verdict.WORSE
    assert back.delta.value == -forth.delta.value
    assert (back.fixed, back.broken) == (forth.broken, forth.fixed)
    assert (back.mcnemar_p, back.detectable_delta, back.needed_n) == (forth.mcnemar_p, forth.detectable_delta, forth.needed_n)


def test_the_order_of_outcomes_does_not_matter():
    a, b = arm(*[False] * 5, *[True] * 15), arm(*[True] * 12, *[False] * 8)
    forth, shuffled = compared(a, b, seed=2), compared(a[::-1], b[3:] + b[:3], seed=2)
    assert replace(shuffled, fixed=tuple(sorted(shuffled.fixed)), broken=tuple(sorted(shuffled.broken))) == forth


def test_equal_arms_cannot_be_told_apart_and_the_reach_is_told():
    found = compared(arm(*[True] * 260), arm(*[True] * 260))
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.mcnemar_p == 1.0
    assert found.needed_n is None
    assert 0.02 < found.detectable_delta < 0.04
    assert "4 times in 5" in explain(found)
    assert "it would take" not in explain(found)
    assert found.delta_macro_f1.value == 0.0
    assert found.delta_latency_ms is None
    assert found.delta_cost_usd is None


def test_a_small_difference_says_how_many_cases_it_would_take():
    found = compared(arm(*[False] * 10, *[True] * 90), arm(*[True] * 10, *[False] * 7, *[True] * 83))
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.needed_n > 1000
    assert f"{found.needed_n:,}" in explain(found)


def test_cases_are_matched_by_id_and_content_and_the_rest_is_said():
    a = [*arm(True, True, True), tried(7, True)]
    b = [tried(0, True), tried(1, False), tried(2, True, case_hash="edited")]
    found = compared(a, b)
    assert (found.n, found.broken) == (2, ("c0001",))
    assert found.note == "Left out: 1 case in only one of the two, 1 case whose content changed."


def test_nothing_shared_can_tell_nothing():
    found = compared(arm(True), [tried(9, True)])
    assert (found.n, found.mcnemar_p, found.p_adjusted, found.delta.value, found.detectable_delta) == (0, None, None, None, None)
    assert found.verdict is Verdict.CANNOT_TELL
    assert (
        explain(found) == "v1 and v2 share no case that can be compared, so nothing can be said. Left out: 2 cases in only one of the two."
    )


def test_an_outage_is_no_regression():
    a = arm(*[True] * 40)
    b = [tried(case, False, predicted=None, outage=True) for case in range(20)] + a[20:]
    found = compared(a, b)
    assert (found.n, found.broken, found.verdict) == (20, (), Verdict.CANNOT_TELL)
    assert found.note == "Left out: 20 cases without an answer because the provider was away."
    assert compared(a, b, outages_right=False).verdict is Verdict.WORSE
    assert compared(a, b, outages_right=True).n == 40
    assert compared(a, b, outages_right=True).verdict is Verdict.CANNOT_TELL


def test_cases_without_an_expected_label_are_left_out():
    assert compared([tried(0, False, expected=None)], [tried(0, True, expected=None)]).n == 0


def test_repeats_are_averaged_within_the_case():
    a = [tried(case, repeat < 3) for case in range(10) for repeat in range(4)]
    b = [tried(case, case < 5) for case in range(10)]
    found = compared(a, b)
    assert found.n == 10
    assert found.delta.value == pytest.approx(0.5 - 0.75)
    assert found.fixed == ()
    assert len(found.broken) == 5


def test_repeating_the_same_answers_makes_no_evidence():
    a, b = arm(*[False] * 5, *[True] * 35), arm(*[True] * 40)
    once, fivefold = compared(a, b), compared(a * 5, b * 5)
    assert fivefold.mcnemar_p == pytest.approx(once.mcnemar_p, abs=1e-9)
    assert (fivefold.n, fivefold.delta, fivefold.verdict) == (once.n, once.delta, once.verdict)


def test_macro_f1_counts_an_acceptable_answer_as_the_expected_one():
    found = compared(
        [tried(0, True, predicted="other"), tried(1, True, expected="b", predicted="b")], [tried(0, False), tried(1, True, expected="b")]
    )
    assert found.delta_macro_f1.value < 0
    same = compared([tried(0, True, predicted="other")], [tried(0, True)])
    assert same.delta_macro_f1.value == 0.0


def test_latency_and_cost_change_only_over_cases_that_have_both():
    a = [tried(case, True, latency_ms=100.0 + case, cost_usd=0.001) for case in range(30)] + [tried(30, True)]
    b = [tried(case, True, latency_ms=150.0 + case, cost_usd=0.003) for case in range(31)]
    found = compared(a, b)
    assert found.delta_latency_ms.value == pytest.approx(50.0)
    assert found.delta_latency_ms.ci_low <= 50.0 <= found.delta_latency_ms.ci_high
    assert found.delta_cost_usd.value == pytest.approx(0.002)


def test_a_cost_that_did_not_change_is_told_without_a_share_s_interval():
    free = [tried(case, True, cost_usd=0.0, latency_ms=4.0) for case in range(360)]
    found = compared(free, free)
    assert (found.delta_cost_usd.ci_low, found.delta_cost_usd.ci_high) == (0.0, 0.0)
    assert (found.delta_latency_ms.ci_low, found.delta_latency_ms.ci_high) == (0.0, 0.0)
    assert found.delta.ci_high == pytest.approx(0.01056, abs=1e-5)


def test_many_comparisons_are_adjusted_together():
    a = arm(*[False] * 10, *[True] * 90)
    good, none = compared(a, arm(*[False] * 2, *[True] * 98)), compared(arm(True), [tried(5, True)])
    assert good.verdict is Verdict.BETTER
    assert adjusted([good])[0].p_adjusted == good.mcnemar_p
    family = adjusted([good, none, *[good] * 9])
    assert family[0].p_adjusted == pytest.approx(10 * good.mcnemar_p)
    assert family[0].verdict is Verdict.CANNOT_TELL
    assert family[1] == none


def test_the_words_say_what_the_numbers_say():
    better = compared(arm(*[False] * 30, *[True] * 70), arm(*[True] * 100))
    assert explain(better).startswith("On 100 cases of both, v2 fixed 30 and broke 0 against v1: accuracy changed by +30.0 points")
    assert explain(better).endswith("v2 is better than v1: if they were equal, a change this large would be seen less than once in 1,000.")
    weak = compared(arm(*[False] * 8, *[True] * 92), arm(*[True] * 99, False))
    assert "about 39 times in 1,000" in explain(weak)
    unsure = compared(arm(True, True), arm(True, False))
    assert "cannot be told" in explain(unsure)
    assert "On 2 cases" in explain(unsure)
    assert "4 times in 5" not in explain(unsure)


def test_a_sample_becomes_an_outcome_that_a_fallback_cannot_improve():
    fell_back = outcome(failed(FallbackReason.TIMEOUT, fallback="a"))
    assert (fell_back.predicted, fell_back.correct, fell_back.outage) == (None, False, True)
    plain = outcome(answered())
    assert (plain.predicted, plain.correct, plain.outage, plain.latency_ms, plain.cost_usd) == ("a", True, False, 100.0, 0.001)
    assert outcome(answered(cached=True)).latency_ms is None
    assert outcome(answered(calls=0)).latency_ms is None


@pytest.mark.parametrize(("true_b", "low", "high"), [(0.92, 0.0, 0.1), (0.80, 0.85, 1.0)], ids=["equal arms", "a 12-point drop"])
def test_equal_arms_raise_few_alarms_and_a_real_drop_is_caught(true_b: float, low: float, high: float):
    rng, alarms = np.random.default_rng(11), 0
    for _ in range(40):
        a, b = (arm(*(rng.random(260) < share).tolist()) for share in (0.92, true_b))
        alarms += compared(a, b).verdict is Verdict.WORSE
    assert low <= alarms / 40 <= high
