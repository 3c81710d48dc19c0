from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.scoring.entities import EntityCount, flatten

words = st.dictionaries(st.sampled_from("xyz"), st.sampled_from(["monday", "Every Monday", "notion", ["a", "b"], None, 7]), max_size=3)


def score(expected: dict[str, Any], found: dict[str, Any] | None, *, overlapping: bool = False):
    count = EntityCount()
    count.add(expected, found)
    return count.score(overlapping=overlapping)


def test_case_and_spacing_do_not_matter_and_a_wrong_name_does():
    exact = score({"schedule": "every  Monday", "tool": "Notion"}, {"schedule": "Every monday", "source": "Notion"})
    assert (exact.precision, exact.recall, exact.f1, exact.n) == (0.5, 0.5, 0.5, 2)


def test_overlapping_values_count_only_in_the_overlapping_score():
    expected, found = {"schedule": "every Monday"}, {"schedule": "Monday at nine"}
    assert score(expected, found).f1 == 0.0
    assert score(expected, found, overlapping=True).f1 == 1.0


def test_a_text_within_another_overlaps_without_spaces_between_words():
    assert score({"day": "毎週月曜日"}, {"day": "月曜日"}, overlapping=True).recall == 1.0


def test_a_list_is_several_values_and_empty_values_state_nothing():
    assert flatten({"skills": ["Draw", "write"], "name": None, "note": " "}) == [("skills", "draw"), ("skills", "write")]
    both = score({"skills": ["draw", "write"]}, {"skills": ["write", "sing", "draw"]})
    assert (both.precision, both.recall) == (2 / 3, 1.0)


def test_a_sample_without_an_answer_missed_everything():
    missed = score({"a": "b"}, None)
    assert (missed.precision, missed.recall, missed.f1) == (None, 0.0, 0.0)


def test_nothing_stated_is_none():
    nothing = EntityCount().score()
    assert (nothing.precision, nothing.recall, nothing.f1, nothing.n) == (None, None, None, 0)


def test_an_outage_counted_right_found_everything():
    count = EntityCount()
    count.add({"a": "b"}, {"a": "c"})
    count.add({"a": "b", "c": "d"}, None, outage=True)
    assert count.score().recall == 0.0
    assert count.score(outages_right=True).recall == pytest.approx(2 / 3)
    assert count.score(outages_right=True).precision == pytest.approx(2 / 3)


@given(words)
def test_finding_exactly_what_is_stated_is_perfect(entities: dict[str, Any]):
    for overlapping in (False, True):
        found = score(entities, entities, overlapping=overlapping)
        assert found.f1 == (1.0 if found.n else None)


@given(words, words)
def test_overlapping_is_never_stricter_than_exact(expected: dict[str, Any], found: dict[str, Any]):
    exact, loose = score(expected, found), score(expected, found, overlapping=True)
    assert (loose.precision or 0) >= (exact.precision or 0)
    assert (loose.recall or 0) >= (exact.recall or 0)
