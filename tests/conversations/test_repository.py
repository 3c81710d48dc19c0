from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.conversations.repository import TITLE_LENGTH, missing_messages, storable, title_from
from omniforge_cli.core.conversation import Message

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("", ""),
        (" \n\t ", ""),
        ("Pause Willow", "Pause Willow"),
        ("Pause Willow.", "Pause Willow."),
        ("Pause Willow. Then rest.", "Pause Willow."),
        ("Really? Yes!", "Really?"),
        ("Move to v1.2 of it now! Please", "Move to v1.2 of it now!"),
        ("two\nlines   here", "two lines here"),
        ("止めて。ありがとう。", "止めて。"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("word " * 40, ("word " * 40)[:79].rstrip() + "…"),
    ],
)
def test_a_title_is_the_first_sentence_on_one_line(content: str, title: str) -> None:
    assert title_from(content) == title


@given(st.text(max_size=300))
def test_a_title_is_short_and_on_one_line(content: str) -> None:
    title = title_from(content)
    assert len(title) <= TITLE_LENGTH
    assert title.splitlines() in ([], [title])


@given(st.text(st.characters(codec=None, categories=None)))
def test_what_is_storable_is_text_and_text_stays_as_it_is(text: str) -> None:
    storable(text).encode("utf-8")
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert storable(text) == text


def test_a_repeated_message_is_missing_as_often_as_it_is_not_stored() -> None:
    yes = Message(role="user", content="yes", created_at=AT)
    timeless = Message(role="user", content="yes")
    assert missing_messages([yes], [yes, yes]) == [yes]
    assert missing_messages([yes, yes], [timeless, timeless, timeless]) == [timeless]
    assert missing_messages([yes], [Message(role="assistant", content="yes", created_at=AT)]) != []
