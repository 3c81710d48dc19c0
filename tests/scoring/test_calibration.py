from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from omniforge_cli.scoring.calibration import brier, ece, fit_threshold, reliability_bins, risk_coverage, threshold_for_precision

pairs = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80)


def test_bins_are_open_below_and_closed_above_and_zero_is_in_the_first():
    bins = reliability_bins([0.0, 0.1, 0.7, 0.70001, 1.0], [True] * 5)
    assert [one.n for one in bins] == [2, 0, 0, 0, 0, 0, 1, 1, 0, 1]
    assert bins[1].confidence is None
    assert bins[1].accuracy is None


def test_a_worked_calibration_error():
    bins = reliability_bins([0.95, 0.95, 0.55, 0.55], [True, False, True, False])
    assert ece(bins) == pytest.approx((0.45 + 0.05) / 2)


def test_perfect_confidence_has_no_error_and_no_samples_have_none():
    assert ece(reliability_bins([1.0, 0.0], [True, False])) == 0.0
    assert brier([1.0, 0.0], [True, False]) == 0.0
    assert ece(reliability_bins([], [])) is None
    assert brier([], []) is None
    assert risk_coverage([], []) == ()


@given(pairs)
def test_ece_is_the_sum_over_bins_written_out(samples: list[tuple[float, bool]]):
    total = 0.0
    for index in range(10):
        inside = [(c, y) for c, y in samples if index / 10 < c <= (index + 1) / 10 or (index == 0 and c == 0)]
        if inside:
            total += abs(math.fsum(c for c, _ in inside) - sum(y for _, y in inside)) / len(samples)
    assert ece(reliability_bins(*zip(*samples, strict=True))) == pytest.approx(total, abs=1e-9)


@given(pairs)
def test_brier_agrees_with_scikit_learn(samples: list[tuple[float, bool]]):
    confidences, correct = zip(*samples, strict=True)
    assert brier(confidences, correct) == pytest.approx(brier_score_loss(correct, confidences, labels=[False, True]), abs=1e-9)


def test_risk_falls_to_zero_where_only_the_sure_ones_are_answered():
    curve = risk_coverage([0.9, 0.8, 0.3, 0.3], [True, True, False, True])
    assert [(point.threshold, point.coverage, point.risk) for point in curve] == [(0.9, 0.25, 0.0), (0.8, 0.5, 0.0), (0.3, 1.0, 0.25)]


def test_a_long_curve_is_thinned_and_still_ends_at_full_coverage():
    confidences = [index / 5000 for index in range(5000)]
    curve = risk_coverage(confidences, [index % 7 != 0 for index in range(5000)])
    assert len(curve) <= 51
    assert curve[-1].coverage == 1.0
    assert curve[-1].risk == pytest.approx(715 / 5000)


@given(pairs)
def test_the_points_of_the_curve_are_what_counting_gives(samples: list[tuple[float, bool]]):
    for point in risk_coverage(*zip(*samples, strict=True)):
        kept = [right for confidence, right in samples if confidence >= point.threshold]
        assert point.coverage == len(kept) / len(samples)
        assert point.risk == pytest.approx(kept.count(False) / len(kept))


@given(pairs, st.floats(0.01, 1))
def test_the_threshold_is_the_lowest_confidence_that_reaches_the_precision(samples: list[tuple[float, bool]], wanted: float):
    def precise(threshold: float) -> bool:
        kept = [right for confidence, right in samples if confidence >= threshold]
        return sum(kept) >= wanted * len(kept)

    reached = [confidence for confidence, _ in samples if precise(confidence)]
    assert threshold_for_precision(*zip(*samples, strict=True), wanted) == (min(reached) if reached else None)


def test_a_threshold_is_fitted_on_one_half_and_judged_on_the_other():
    fit = fit_threshold(([0.9, 0.8, 0.4], [True, True, False]), ([0.95, 0.85, 0.8, 0.1], [True, False, True, True]), 0.95)
    assert fit.threshold == 0.8
    assert fit.coverage == 0.75
    assert fit.precision.value == pytest.approx(2 / 3)


def test_a_precision_that_nothing_reaches_gives_no_threshold():
    fit = fit_threshold(([0.9], [False]), ([0.9], [True]), 0.9)
    assert (fit.threshold, fit.coverage, fit.precision.value) == (None, None, None)


def test_without_a_second_half_the_threshold_is_told_and_not_judged():
    fit = fit_threshold(([0.9], [True]), ([], []), 0.9)
    assert (fit.threshold, fit.coverage) == (0.9, None)
