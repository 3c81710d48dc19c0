"""What stands around a place in a text."""

from __future__ import annotations

import pytest

from omniforge_cli.files.phrases import load_phrases
from omniforge_cli.routing.phrases import read
from omniforge_cli.routing.places import Landmarks, Place

PHRASES = load_phrases()


def around(text: str, name: str) -> Place:
    words = read(text)
    start = text.index(name)
    return Landmarks(words, PHRASES.things.hits(words.words), PHRASES).around(start, start + len(name))


@pytest.mark.parametrize(
    "text", ["the agent Clio is late", "our agent, Clio, is late", "our agent (Clio)", "Clio, the agent", "Clio is our agent", "Clio agent"]
)
def test_the_noun_that_explains_a_name_counts_on_either_side(text: str) -> None:
    place = around(text, "Clio")
    assert "agent" in place.before | place.after


def test_what_is_far_away_or_speaks_of_many_does_not_count() -> None:
    assert "agent" not in around("ask the agent whether Clio is in", "Clio").before
    assert "skill" not in around("which skills Ruby has", "Ruby").before


def test_a_new_one_and_an_article_are_seen() -> None:
    assert around("Betty, a new agent please", "Betty").new
    assert around("pause the Clio", "Clio").article
    assert not around("pause Clio", "Clio").article


def test_the_nearest_noun_says_of_what_a_name_is() -> None:
    text = "a bot with a skill called Zebra"
    words = read(text)
    assert Landmarks(words, PHRASES.things.hits(words.words), PHRASES).kind_near(text.index("Zebra"), len(text)) == "skill"
