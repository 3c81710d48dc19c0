from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import f1_score

from omniforge_cli.scoring import resampling
from omniforge_cli.scoring.resampling import bootstrap_macro_f1, bootstrap_mean, bootstrap_share_change, sign_flip_p
from omniforge_cli.scoring.statistics import mcnemar_exact

DELTAS = [1.0] * 30 + [-1.0] * 10 + [0.0] * 220


def test_the_interval_agrees_with_scipys_percentile_bootstrap():
    found = bootstrap_mean(DELTAS, seed=1)
    reference = stats.bootstrap((DELTAS,), np.mean, n_resamples=5000, method="percentile", rng=2).confidence_interval
    assert found.value == pytest.approx(20 / 260)
    assert (found.ci_low, found.ci_high) == pytest.approx((reference.low, reference.high), abs=0.006)


def test_the_same_seed_gives_the_same_interval_and_the_order_does_not_matter():
    assert bootstrap_mean(DELTAS, seed=3) == bootstrap_mean(DELTAS[::-1], seed=3)
    assert bootstrap_mean(DELTAS, seed=3) != bootstrap_mean(DELTAS, seed=4)


def test_a_share_that_changed_is_resampled_like_any_mean():
    assert bootstrap_share_change(DELTAS, seed=3) == bootstrap_mean(DELTAS, seed=3)


def test_a_mean_of_nothing_is_none():
    assert bootstrap_share_change([], seed=0).value is None
    assert bootstrap_mean([], seed=0).value is None
    assert bootstrap_macro_f1(Counter(), seed=0).value is None


@pytest.mark.parametrize("value", [0.0, 0.00012, -12.5], ids=["free", "usd", "ms"])
def test_a_measure_that_changed_alike_in_every_case_has_no_width(value: float):
    found = bootstrap_mean([value] * 360, seed=0)
    assert (found.value, found.ci_low, found.ci_high) == (value, value, value)


def test_a_share_that_never_changed_still_has_a_width():
    found = bootstrap_share_change([0.0] * 260, seed=0)
    assert found.ci_high == pytest.approx(0.01456, abs=1e-5)
    assert found.ci_low == -found.ci_high


def test_a_million_latencies_take_the_normal_interval(monkeypatch: pytest.MonkeyPatch):
    values = list(np.random.default_rng(0).normal(5, 2, 500))
    drawn = bootstrap_mean(values, seed=0)
    monkeypatch.setattr(resampling, "BOOTSTRAP_LIMIT", 400)
    normal = bootstrap_mean(values, seed=0)
    assert (normal.ci_low, normal.ci_high) == pytest.approx((drawn.ci_low, drawn.ci_high), abs=0.02)
    assert normal != drawn


def test_macro_f1_of_resampled_sets_agrees_with_drawing_cases_by_hand():
    rng = np.random.default_rng(7)
    expected = rng.choice(["a", "b", "c"], 120)
    of_a = np.where(rng.random(120) < 0.7, expected, "b")
    of_b = np.where(rng.random(120) < 0.8, expected, "c")
    kinds = Counter((str(e), (str(a),), (str(b),)) for e, a, b in zip(expected, of_a, of_b, strict=True))
    found = bootstrap_macro_f1(kinds, seed=1)

    def delta(rows: np.ndarray) -> float:
        return f1_score(expected[rows], of_b[rows], average="macro") - f1_score(expected[rows], of_a[rows], average="macro")

    draws = [delta(rng.integers(0, 120, 120)) for _ in range(200)]
    assert found.value == pytest.approx(delta(np.arange(120)), abs=1e-9)
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])), abs=0.04)


def test_a_missing_answer_lowers_f1_and_is_nobodys_false_positive():
    kinds = Counter({("a", ("a",), (None,)): 1, ("b", ("b",), ("b",)): 1})
    assert bootstrap_macro_f1(kinds, seed=0).value == pytest.approx(-0.5)


def test_blocks_of_draws_give_what_one_block_gives(monkeypatch: pytest.MonkeyPatch):
    whole = bootstrap_mean(DELTAS, seed=9)
    monkeypatch.setattr(resampling, "_CELLS", 1000)
    assert bootstrap_mean(DELTAS, seed=9) == whole


@settings(deadline=None, max_examples=80)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_the_sign_flip_test_is_what_flipping_every_sign_gives(differences: list[int]):
    observed = abs(sum(differences))
    flips = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True))) for signs in itertools.product((1, -1), repeat=len(differences))
    ]
    assert sign_flip_p(differences) == pytest.approx(sum(flip >= observed for flip in flips) / len(flips), abs=1e-9)


@given(st.integers(0, 60), st.integers(0, 60))
def test_for_single_tries_it_is_mcnemars_exact_test(fixed: int, broken: int):
    assert sign_flip_p([1] * fixed + [-1] * broken + [0] * 5) == pytest.approx(mcnemar_exact(fixed, broken), abs=1e-9)


def test_long_sums_take_the_normal_approximation(monkeypatch: pytest.MonkeyPatch):
    differences = [2] * 900 + [-1] * 1750
    exact = sign_flip_p(differences)
    monkeypatch.setattr(resampling, "EXACT_LIMIT", 10)
    assert sign_flip_p(differences) == pytest.approx(exact, abs=0.01)
