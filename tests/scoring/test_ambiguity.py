from __future__ import annotations

from typing import Any

import pytest

from omniforge_cli.core.decision import FallbackReason
from omniforge_cli.scoring.ambiguity import AmbiguityCount, expects_question
from tests.scoring.making import answered, failed


def counted(*samples: Any) -> AmbiguityCount:
    count = AmbiguityCount()
    for sample in samples:
        count.add(sample, answered=sample.answered, outage=sample.is_outage)
    return count


@pytest.mark.parametrize(
    ("stated", "tags", "wanted"),
    [(True, (), True), (False, ("ambiguous",), False), (None, ("ambiguous",), True), (None, ("direct",), False)],
    ids=["stated", "stated otherwise than its tag", "by tag", "clear unless said"],
)
def test_what_a_case_states_outweighs_its_tag(stated: bool | None, tags: tuple[str, ...], wanted: bool):
    assert expects_question(answered(expected_ambiguous=stated, tags=tags)) is wanted


def test_always_asking_back_does_not_win():
    asking = counted(
        *[answered(is_ambiguous=True, expected_ambiguous=True)] * 2, *[answered(is_ambiguous=True)] * 8, answered(expected_ambiguous=True)
    )
    score = asking.score()
    assert (score.precision, score.recall, score.f1, score.n) == (0.2, 2 / 3, 4 / 13, 3)
    assert asking.clarification_rate() == 1.0


def test_the_clarification_rate_is_over_clear_messages_that_were_answered():
    count = counted(
        answered(is_ambiguous=True),
        answered(),
        answered(),
        answered(expected_ambiguous=True, is_ambiguous=True),
        failed(FallbackReason.BAD_OUTPUT, is_ambiguous=True),
    )
    assert count.clarification_rate() == 1 / 3


def test_a_fallback_that_asks_back_is_a_miss():
    count = counted(failed(FallbackReason.BAD_OUTPUT, fallback="a", expected_ambiguous=True, is_ambiguous=True))
    assert count.score().recall == 0.0
    assert count.score().precision is None


def test_outages_counted_right_asked_where_it_was_due_and_nowhere_else():
    count = counted(failed(FallbackReason.TIMEOUT, expected_ambiguous=True), failed(FallbackReason.TIMEOUT), answered(is_ambiguous=True))
    assert count.score(outages_right=True).recall == 1.0
    assert count.score(outages_right=True).precision == 0.5
    assert count.clarification_rate(outages_right=True) == 0.5
    assert count.clarification_rate() == 1.0


def test_without_ambiguous_cases_nothing_is_said_about_asking():
    score = counted(answered(is_ambiguous=True)).score()
    assert (score.precision, score.recall, score.f1, score.n) == (None, None, None, 0)
    assert AmbiguityCount().clarification_rate() is None
