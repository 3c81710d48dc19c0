from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.reporting.plaintext import aligned, displayed_width, encodable, fitted, paint, wrapped


def test_columns_stand_under_each_other_with_wide_characters_too() -> None:
    lines = aligned([["退款", "7"], ["refund", "12"]], right=(1,))
    assert lines == ["退款     7", "refund  12"]
    assert displayed_width("e\u0301") == 1


def test_a_cell_that_is_too_wide_ends_in_an_ellipsis() -> None:
    assert aligned([["abcdefghij", "x"]], widest=5) == ["abcd…  x"]


@given(st.text(), st.integers(min_value=1, max_value=40))
def test_fitted_text_fits_and_stays_on_one_line(text: str, width: int) -> None:
    fit = fitted(text, width)
    assert displayed_width(fit) <= max(width, 1)
    assert not any(char in fit for char in "\n\r\t\x1b\x07\x9b")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "a → b – é 🎉"),
        ("ascii", "a -> b - \\xe9 \\U0001f389"),
        ("cp1252", "a -> b – é \\U0001f389"),
        ("no-such-code-page", "a -> b - \\xe9 \\U0001f389"),
    ],
)
def test_a_code_page_without_our_signs_gets_plain_ones(encoding: str, text: str) -> None:
    assert encodable("a → b – é 🎉", encoding) == text


@given(st.text(), st.sampled_from(["ascii", "cp437", "cp1252", "shift_jis", "utf-8"]))
def test_no_text_crashes_on_any_code_page(text: str, encoding: str) -> None:
    encodable(text, encoding).encode(encoding)


def test_color_is_added_only_when_asked_for() -> None:
    assert paint("x", "1", color=True) == "\x1b[1mx\x1b[0m"
    assert paint("x", "1", color=False) == "x"


def test_wrapped_lines_carry_the_indent() -> None:
    assert wrapped("one two three four five six", 20, "  ") == ["  one two three four", "  five six"]
