from __future__ import annotations

import cProfile
import pstats
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.files.similar import ALIKE, Match, Text, near_duplicates, nearest_known, plain

WORDS = ["pause", "the", "invoice", "bot", "until", "monday", "please", "run", "report", "now", "again", "for", "rosa", "and", "ben"]


def texts(*messages: str) -> list[Text]:
    return [Text(message=message) for message in messages]


def trigrams(text: str) -> set[str]:
    padded = f" {plain(text)} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def test_a_text_with_one_small_change_is_found_and_a_different_one_is_not():
    found = list(near_duplicates(texts("What is the balance of my account?", "Pause Willow", "what is the balance of my bank account")))
    assert [(match.of, match.other) for match in found] == [(2, 0)]
    assert ALIKE <= found[0].similarity < 1


def test_case_spaces_and_punctuation_make_no_difference():
    (match,) = near_duplicates(texts("Run  the report, now!", "run the report now"))
    assert match == Match(of=1, other=0, similarity=1.0)


@pytest.mark.parametrize(
    ("a", "b"), [("Naïve Café", "naïve café"), ("ＲＵＮ it", "run it"), ("...", "..."), ("👍", "👍"), ("कैसे हो", "कैसे हो!")]
)
def test_these_are_the_same(a: str, b: str):
    assert plain(a) == plain(b) != ""


def test_signs_alone_are_told_apart():
    assert list(near_duplicates(texts("🦔🦔🌧️", "❤️🌹", "...", "???"))) == []


def test_the_same_words_after_another_history_are_another_text():
    yes = [Text(message="yes, please", history=said) for said in ("Shall I pause Willow?", "Shall I invite Rosa as an editor?")]
    assert list(near_duplicates(yes)) == []
    again = Text(message="yes please", history="Shall I pause Willow? ")
    assert [(match.of, match.other) for match in nearest_known([again], yes)] == [(0, 0)]


def test_the_known_text_that_is_most_alike_is_named():
    known = texts("pause the invoice bot until next monday", "pause the invoice bot until monday")
    (match,) = nearest_known(texts("Pause the invoice bot until Monday."), known)
    assert (match.of, match.other, match.similarity) == (0, 1, 1.0)


def test_nothing_is_like_anything_where_there_is_nothing():
    assert list(near_duplicates([])) == []
    assert list(nearest_known(texts("a"), [])) == []
    assert list(nearest_known([], texts("a"))) == []


@given(st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join), max_size=25))
def test_what_brute_force_finds_is_found(messages: list[str]):
    expected = {}
    for number, message in enumerate(messages):
        similarities = []
        for other in messages[:number]:
            a, b = trigrams(message), trigrams(other)
            similarities.append(len(a & b) / len(a | b))
        if similarities and max(similarities) >= ALIKE:
            expected[number] = max(similarities)
    found = {match.of: match.similarity for match in near_duplicates(texts(*messages))}
    assert found == pytest.approx(expected)


def test_thousands_of_texts_of_one_template_are_not_compared_all_with_all():
    numbers = random.Random(7).sample(range(10_000, 99_999), 1_500)
    made = texts(*(f"please pay the invoice with number {number} from our supplier today" for number in numbers))
    profile = cProfile.Profile()
    found = profile.runcall(list, near_duplicates(made))
    calls = {name: count for (_, _, name), (count, *_) in pstats.Stats(profile).stats.items()}  # type: ignore[attr-defined]
    assert len(found) == 1_499
    assert calls["_similarity"] <= 1_500 * 24
