from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from omniforge_cli.scoring.stability import Tries, flip_rate, pass_hat_k, stability, variance_split


def tries(case_id: str, *right: bool) -> Tries:
    return Tries(case_id=case_id, answers=[0 if hit else 1 for hit in right], right=sum(right))


STEADY, BROKEN, FLAKY = tries("steady", True, True, True), tries("broken", False, False, False), tries("flaky", True, False, True)


def test_cases_that_fail_every_time_stand_apart_from_flaky_ones():
    found = stability([STEADY, BROKEN, FLAKY])
    assert found is not None
    assert (found.n_cases, found.repeats, found.n_always_right, found.n_always_wrong, found.n_flaky) == (3, 3, 1, 1, 1)
    assert found.always_wrong == ("broken",)
    assert found.flaky == {"flaky": 2 / 3}
    assert found.flip_rate == 1 / 3
    assert found.pass_hat_k == {"1": pytest.approx(5 / 9), "2": pytest.approx((1 + 0 + 1 / 3) / 3), "3": pytest.approx(1 / 3)}


def test_an_answer_may_flip_between_two_wrong_ones():
    assert flip_rate([Tries(case_id="x", answers=[1, 2], right=0), STEADY]) == 0.5


def test_a_case_tried_once_says_nothing():
    assert stability([tries("x", True)]) is None
    assert stability([]) is None
    assert flip_rate([]) is None
    assert pass_hat_k([tries("x", True)], 2) is None


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=5), min_size=1, max_size=10), st.integers(1, 3))
def test_pass_hat_k_is_the_share_of_all_choices_of_k_tries(cases: list[list[bool]], k: int):
    brute = [sum(all(chosen) for chosen in combinations(case, k)) / len(list(combinations(case, k))) for case in cases]
    assert pass_hat_k([tries(str(index), *case) for index, case in enumerate(cases)], k) == pytest.approx(sum(brute) / len(brute))


def test_the_variance_split_agrees_with_scipys_analysis_of_variance():
    groups = [[1, 1, 1, 0], [0, 0, 1, 0], [1, 1, 1, 1], [0, 1, 0, 0], [1, 0, 1, 1]]
    split = variance_split([tries(str(index), *map(bool, group)) for index, group in enumerate(groups)])
    assert split is not None
    f = stats.f_oneway(*groups).statistic
    assert (split.between * 4 + split.within) / split.within == pytest.approx(f, abs=1e-9)
    assert split.within_share == pytest.approx(split.within / (split.within + split.between))


def test_perfect_agreement_leaves_no_variance_within():
    split = variance_split([STEADY, BROKEN])
    assert split is not None
    assert (split.within, split.within_share) == (0.0, 0.0)


def test_no_variance_at_all_has_no_split():
    assert variance_split([STEADY]) is None
    same = variance_split([STEADY, tries("other", True, True)])
    assert same is not None
    assert same.within_share is None
