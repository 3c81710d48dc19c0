from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.report import Estimate
from omniforge_cli.reporting import numbers


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.0, "0%"),
        (1.0, "100%"),
        (0.9234, "92.3%"),
        (0.99961, ">99.9%"),
        (0.0001, "<0.1%"),
        (-0.0123, "−1.2%"),
    ],
)
def test_a_share_reads_as_a_percentage(share: float | None, text: str) -> None:
    assert numbers.percent(share) == text


@given(st.floats(min_value=0, max_value=1))
def test_only_all_reads_100_percent_and_only_none_reads_0_percent(share: float) -> None:
    assert (numbers.percent(share) in {"100%", "100.0%"}) == (share == 1)
    assert (numbers.percent(share) in {"0%", "0.0%"}) == (share == 0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (math.inf, "–"), (0.0, "0 ms"), (0.4189, "0.42 ms"), (12.34, "12.3 ms"), (1940.2, "1,940 ms"), (-120.4, "−120 ms")],
)
def test_a_duration_keeps_three_digits_or_so(value: float | None, text: str) -> None:
    assert numbers.milliseconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "$0"),
        (0.000432, "$0.00043"),
        (0.0312, "$0.0312"),
        (1234.5, "$1,234.50"),
        (-0.002, "−$0.0020"),
        (1e-12, "$0.000000000"),
    ],
)
def test_a_price_shows_small_amounts_too(value: float | None, text: str) -> None:
    assert numbers.usd(value) == text


def test_an_estimate_without_an_interval_is_the_value_alone() -> None:
    assert numbers.share_with_interval(Estimate(value=0.9)) == "90.0%"
    assert numbers.share_with_interval(Estimate(value=0.9, ci_low=0.8512, ci_high=0.94)) == "90.0% (85.1–94.0%)"
    assert numbers.share_with_interval(Estimate(value=None)) == "–"


@pytest.mark.parametrize(
    ("observed", "threshold", "texts"),
    [
        (0.88333, 0.9, ("0.8833", "0.9")),
        (0.89999, 0.9, ("0.89999", "0.9")),
        (0.9, 0.9, ("0.9", "0.9")),
        (1940.2, 1000, ("1940", "1000")),
        (123456.7, 100000, ("123457", "100000")),
        (1000.04, 1000, ("1000.04", "1000")),
        (None, 0.9, ("–", "0.9")),
        ("worse", "run-1", ("worse", "run-1")),
    ],
)
def test_a_gates_numbers_never_look_equal_when_they_are_not(observed: float, threshold: float, texts: tuple[str, str]) -> None:
    assert numbers.gate_numbers(observed, threshold) == texts


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_any_two_different_numbers_of_a_gate_look_different(observed: float, threshold: float) -> None:
    left, right = numbers.gate_numbers(observed, threshold)
    assert (left == right) == (observed == threshold)


@pytest.mark.parametrize(
    ("p", "text"),
    [(None, "p –"), (0.0004, "p < 0.001"), (0.0123, "p = 0.012"), (0.4217, "p = 0.42")],
    ids=["none", "tiny", "small", "large"],
)
def test_a_p_value_shows_what_matters(p: float | None, text: str) -> None:
    assert numbers.p_value(p) == text


@pytest.mark.parametrize(("text", "signed"), [("12 ms", "+12 ms"), ("−12 ms", "−12 ms"), ("$0", "$0"), ("–", "–")])
def test_a_difference_wears_its_sign(text: str, signed: str) -> None:
    assert numbers.signed(text) == signed


def test_a_difference_that_rounds_to_nothing_has_no_sign() -> None:
    assert numbers.points(-0.00001) == "0.0"
    assert numbers.points(0.0342) == "+3.4"
    assert numbers.points(-0.0342) == "−3.4"


def test_a_line_holds_no_control_characters_and_no_half_pairs() -> None:
    assert numbers.one_line("a\x1b[31m\nb\u202ec\ud83d") == "a [31m b c\ufffd"


def test_a_clipped_text_says_that_it_was_cut() -> None:
    assert numbers.clipped("abcdef", 4) == "abc…"
    assert numbers.clipped("abcd", 4) == "abcd"


def test_one_is_singular() -> None:
    assert [numbers.counted(n, "run") for n in (0, 1, 1200)] == ["0 runs", "1 run", "1,200 runs"]
