"""Phrases of many languages are found in one pass, whatever their case, accents and stretched letters."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.files.phrases import load_phrases
from omniforge_cli.files.resources import weights
from omniforge_cli.routing.phrases import TEXT_LIMIT, fold, read, table

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
    assert [PHRASES.ordinals[phrase] for phrase in ("first", "zweite", " ".join(read("третий").words), "最 後", "middle")] == [
        1,
        2,
        3,
        -1,
        0,
    ]


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


def test_every_listed_phrase_is_in_the_form_in_which_texts_are_compared() -> None:
    plain = json.loads((weights() / "phrases.json").read_text(encoding="utf-8"))
    lists = [listed for languages in plain["classes"].values() for listed in languages.values()]
    lists += [*plain["words"].values(), *plain["ordinals"].values(), *plain["cardinals"].values()]
    odd = [phrase for listed in lists for phrase in listed.split("|") if " ".join(read(phrase).words) != phrase]
    assert odd == []
