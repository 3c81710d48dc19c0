"""Phrases of many languages are found in one pass, whatever their case, accents and stretched letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.files.phrases import load_phrases
from omniforge_cli.routing.phrases import TEXT_LIMIT, fold, read, split, table

PHRASES = load_phrases()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Yesss!", "consent"),
        ("sí, dale", "consent"),
        ("d'accord", "consent"),
        ("na klar", "consent"),
        ("हाँ", "consent"),
        ("好的", "consent"),
        ("お願いします", "consent"),
        ("نعم", "consent"),
        ("네", "consent"),
        ("конечно", "consent"),
        ("no thanks", "refusal"),
        ("laisse tomber", "refusal"),
        ("रहने दो", "refusal"),
        ("算了", "refusal"),
        ("vazgeçtim", "refusal"),
        ("grazie mille", "thanks"),
        ("obrigadão", "thanks"),
        ("助かりました", "thanks"),
        ("не уверен", "hesitation"),
        ("ich meinte", "correction"),
        ("第三个", "ordinal"),
        ("👍", "consent"),
    ],
)
def test_a_closed_class_word_is_known_in_its_language(text: str, kind: str) -> None:
    hits = PHRASES.talk.hits(read(text).words)
    assert any(kind in hit.classes for hit in hits)


def test_the_longest_phrase_wins_and_takes_its_words_with_it() -> None:
    (hit,) = PHRASES.talk.hits(read("not sure").words)
    assert hit.phrase == "not sure"
    assert "consent" not in hit.classes


def test_a_position_has_its_number() -> None:
    assert [PHRASES.ordinals[split(phrase)[0]] for phrase in ("first", "zweite", "третий", "最後", "middle")] == [1, 2, 3, -1, 0]


def test_a_phrase_of_two_classes_has_both() -> None:
    found = table({"one": ["ja|nein"], "two": ["ja"]})
    assert found.classes["ja"] == {"one", "two"}


def test_between_gives_the_text_as_it_was_written() -> None:
    words = read("Meet ÉLODIE at   Noon")
    assert words.words == ("meet", "elodie", "at", "noon")
    assert words.between(1, 3) == "ÉLODIE at"


def test_only_the_beginning_and_the_end_of_a_long_text_are_read() -> None:
    words = read("alpha " + "x " * 500_000 + "omega").words
    assert words[0] == "alpha"
    assert words[-1] == "omega"
    assert len(words) <= TEXT_LIMIT


@given(st.text(max_size=200))
def test_every_token_stands_where_its_span_says(text: str) -> None:
    words = read(text)
    assert [fold(words.text[start:end]) for start, end in words.spans] == list(words.words)


@given(st.text(max_size=200))
def test_hits_never_overlap(text: str) -> None:
    words = read(text).words
    reach = 0
    for hit in PHRASES.talk.hits(words):
        assert reach <= hit.start < hit.end <= len(words)
        reach = hit.end


def test_every_listed_phrase_is_one_that_a_text_can_hold() -> None:
    tables = (PHRASES.talk, PHRASES.things, PHRASES.services)
    listed = [phrase for found in tables for phrase in found.classes]
    odd = [phrase for phrase in listed if " ".join(read(phrase.replace(" ", "")).words if ord(phrase[0]) >= 0x3040 and len(phrase.split()[0]) == 1 else read(phrase).words) != phrase]
    assert odd == []
