from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from omniforge_cli.scoring.statistics import (
    Z,
    binomial_cdf,
    clustered_proportion,
    detectable_delta,
    effective_n,
    failure_odds,
    holm,
    mcnemar_exact,
    pairs_needed,
    percentile,
    proportion,
    wilson,
)

RNG = np.random.default_rng(5)


def test_45_of_50_has_the_interval_from_79_to_96_percent():
    assert wilson(45, 50) == pytest.approx((0.7864, 0.9565), abs=1e-4)


def test_wilson_intervals_agree_with_statsmodels_on_random_tables():
    for _ in range(300):
        n = int(RNG.integers(1, 5000))
        right = int(RNG.integers(0, n + 1))
        assert wilson(right, n) == pytest.approx(proportion_confint(right, n, method="wilson"), abs=1e-9)


def test_an_interval_of_nothing_is_none_and_of_everything_ends_at_one():
    assert proportion(0, 0).value is None
    assert proportion(0, 0).ci_low is None
    assert proportion(7, 7).ci_high == 1.0
    assert proportion(0, 7).ci_low == 0.0


def test_the_exact_test_agrees_with_statsmodels_and_scipy():
    for _ in range(200):
        fixed, broken = (int(x) for x in RNG.integers(0, 60, 2))
        p = mcnemar_exact(fixed, broken)
        assert p == pytest.approx(mcnemar([[0, fixed], [broken, 0]], exact=True).pvalue, abs=1e-9)
        if fixed + broken:
            assert p == pytest.approx(stats.binomtest(fixed, fixed + broken).pvalue, abs=1e-9)
    assert mcnemar_exact(0, 0) == 1.0


def test_the_binomial_distribution_agrees_with_scipy_from_tiny_to_huge():
    for _ in range(300):
        n = int(RNG.choice([1, 7, 60, 1000, 50_000]))
        k, p = int(RNG.integers(-1, n + 2)), float(RNG.random())
        assert binomial_cdf(k, n, p) == pytest.approx(stats.binom.cdf(k, n, p), abs=1e-9)
    assert binomial_cdf(3, 10, 0.0) == 1.0
    assert binomial_cdf(3, 10, 1.0) == 0.0


def test_holm_agrees_with_statsmodels_in_the_order_given():
    for size in (1, 2, 3, 5, 12, 40):  # few: statsmodels runs a garbage collection on each call
        ps = RNG.random(size) ** 3
        assert holm(list(ps)) == pytest.approx(list(multipletests(ps, method="holm")[1]), abs=1e-9)
    assert holm([]) == []


def test_nearest_rank_percentiles_are_values_that_were_measured():
    assert [percentile([15, 20, 35, 40, 50], percent) for percent in (5, 30, 40, 50, 100)] == [15, 20, 20, 35, 50]
    assert percentile([], 95) is None


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.integers(1, 100))
def test_nearest_rank_is_numpys_inverted_cdf(values: list[float], percent: int):
    assert percentile(sorted(values), percent) == np.percentile(values, percent, method="inverted_cdf")


def test_repeats_that_always_agree_are_worth_one_try_a_case():
    right = [3] * 30 + [0] * 10
    assert effective_n(right, [3] * 40) == pytest.approx(40)
    once = proportion(30, 40)
    clustered = clustered_proportion(right, [3] * 40)
    assert (clustered.ci_low, clustered.ci_high) == pytest.approx((once.ci_low, once.ci_high))


def test_one_try_a_case_is_the_plain_wilson_interval():
    assert effective_n([1, 0, 1, 1, 0, 1], [1] * 6) == pytest.approx(6)


def test_where_every_try_agrees_the_cases_are_counted():
    assert effective_n([5, 5, 5], [5, 5, 5]) == 3
    assert clustered_proportion([5, 5, 5], [5, 5, 5]).ci_low == pytest.approx(wilson(3, 3)[0])
    assert clustered_proportion([], []).value is None


def test_perfectly_spread_tries_are_never_worth_more_than_themselves():
    assert effective_n([1, 1, 1], [2, 2, 2]) == 6


def test_the_clustered_variance_agrees_with_statsmodels_sandwich():
    for _ in range(20):
        tried = RNG.integers(1, 6, 50)
        share = RNG.beta(2, 1, 50)
        right = RNG.binomial(tried, share)
        y = np.concatenate([[1.0] * k + [0.0] * (n - k) for k, n in zip(right, tried, strict=True)])
        groups = np.repeat(np.arange(50), tried)
        fit = sm.OLS(y, np.ones_like(y)).fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})
        p, variance = float(y.mean()), float(fit.bse[0] ** 2)
        assert effective_n(list(right), list(tried)) == pytest.approx(min(len(y), p * (1 - p) / variance), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=40))
def test_a_clustered_interval_holds_its_share_and_is_never_narrower_than_wilsons(cases: list[tuple[int, int]]):
    right, tried = [min(k, n) for k, n in cases], [n for _, n in cases]
    estimate = clustered_proportion(right, tried)
    plain = proportion(sum(right), sum(tried))
    assert 0 <= estimate.ci_low <= estimate.value <= estimate.ci_high <= 1
    assert estimate.ci_high - estimate.ci_low >= plain.ci_high - plain.ci_low - 1e-12


def test_the_detectable_difference_and_the_pairs_needed_for_it_are_inverse():
    for n in (20, 100, 260, 5000):
        for square in (0.02, 0.1, 0.3):
            delta = detectable_delta(n, square)
            assert delta is not None
            assert pairs_needed(delta, square) in (n, n + 1)


def test_more_pairs_show_smaller_differences():
    shown = [detectable_delta(n, 0.15) for n in (20, 60, 260, 1000, 10_000)]
    assert shown == sorted(shown, reverse=True)


def test_hardly_any_pairs_can_show_nothing_and_no_difference_needs_no_number():
    assert detectable_delta(0, 0.1) is None
    assert detectable_delta(3, 0.5) is None
    assert pairs_needed(0.0, 0.1) is None
    assert pairs_needed(-0.1, 0.2) == pairs_needed(0.1, 0.2)


def test_the_power_formula_is_connors_and_holds_in_simulation():
    square, delta = 0.2, 0.1
    n = pairs_needed(delta, square)
    expected = (stats.norm.ppf(0.975) * math.sqrt(square) + stats.norm.ppf(0.8) * math.sqrt(square - delta**2)) ** 2 / delta**2
    assert n == math.ceil(expected)
    tables = np.random.default_rng(1).multinomial(n, [0.15, 0.05, 0.8], size=3000)
    fixed, broken = tables[:, 0], tables[:, 1]
    seen = (fixed - broken) > Z * np.sqrt(fixed + broken)
    assert seen.mean() == pytest.approx(0.8, abs=0.03)


def test_accuracy_of_90_percent_on_50_cases_fails_a_fifth_of_the_time_at_a_true_92():
    odds = failure_odds(50, 0.92, lambda hits: hits / 50 >= 0.9, at_least=True)
    assert odds == pytest.approx(stats.binom.cdf(44, 50, 0.92), abs=1e-12)
    assert odds == pytest.approx(0.21, abs=0.005)


@pytest.mark.parametrize("at_least", [True, False], ids=["min", "max"])
def test_failure_odds_agree_with_adding_up_every_count(at_least: bool):
    for _ in range(50):
        n, threshold, true_share = int(RNG.integers(1, 80)), float(RNG.random()), float(RNG.random())

        def passes(hits: int, n: int = n, threshold: float = threshold) -> bool:
            return hits / n >= threshold if at_least else hits / n <= threshold

        brute = sum(stats.binom.pmf(hits, n, true_share) for hits in range(n + 1) if not passes(hits))
        assert failure_odds(n, true_share, passes, at_least=at_least) == pytest.approx(brute, abs=1e-9)


def test_a_gate_that_always_passes_never_fails_and_one_that_never_passes_always_does():
    for at_least in (True, False):
        assert failure_odds(20, 0.5, lambda hits: True, at_least=at_least) == 0.0
        assert failure_odds(20, 0.5, lambda hits: False, at_least=at_least) == 1.0
