"""Closed-class words (consent, refusal, ordinals, times ...) found in a text of any language, by one pass over its tokens.

The words are data (`weights/phrases.json`); nothing here knows a language or a label.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

TEXT_LIMIT: Final = 2000
"""Characters of one message that are read; the rest cannot change what a follow-up means."""
_TOKEN: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9d]"  # scripts without spaces: one character each
    r"|[^\W_](?:[\u0300-\u036f\u0900-\u0dff\u0e00-\u0e7f'’]?[^\W_]|[\u0900-\u0dff\u0e00-\u0e7f]+)*(?<!['’])"
    r"|[\u2190-\u2bff\U0001f300-\U0001faff]"
)
_PLAIN: Final = re.compile(r"[a-z]+(?: [a-z]+)*")
_STRETCHED: Final = re.compile(r"([^\W\d_])\1{2,}")
_COMBINING: Final = re.compile(r"[\u0300-\u036f\u064b-\u0652\u0640\ufe0f\u200d]")


def fold(text: str) -> str:
    """The text as it is compared: case, accents, Arabic vowel signs, full width and stretched letters are gone."""
    return _fold(text[:TEXT_LIMIT])


def _fold(text: str) -> str:
    text = text.casefold().replace("’", "'")
    if not text.isascii():
        text = _COMBINING.sub("", unicodedata.normalize("NFKD", text))
        text = unicodedata.normalize("NFC", text)
    return _STRETCHED.sub(r"\1", text)


def tokens(text: str) -> list[str]:
    """Words, single characters of scripts without spaces, and pictographs, in order; punctuation is left out."""
    return _TOKEN.findall(fold(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A phrase that was found: the classes it belongs to and where it stands, in tokens."""

    classes: frozenset[str]
    phrase: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """The phrases by their tokens.

    `ordinals` and `cardinals` give a phrase's position: 1 first, -1 last, 0 the middle. `opener` finds what opens an assistant's
    offer ("shall I", "I could"): the act follows it.
    """

    classes: Mapping[str, frozenset[str]]
    ordinals: Mapping[str, int]
    cardinals: Mapping[str, int]
    opener: re.Pattern[str]
    longest: int

    def hits(self, words: list[str]) -> list[Hit]:
        """The longest phrases from left to right; none overlaps another."""
        return list(self._hits(words))

    def _hits(self, words: list[str]) -> Iterator[Hit]:
        at, known = 0, self.classes
        while at < len(words):
            for end in range(min(len(words), at + self.longest), at, -1):
                phrase = words[at] if end == at + 1 else " ".join(words[at:end])
                classes = known.get(phrase)
                if classes is not None:
                    yield Hit(classes=classes, phrase=phrase, start=at, end=end)
                    at = end
                    break
            else:
                at += 1


def build(
    classes: Mapping[str, Mapping[str, str]],
    ordinals: Mapping[str, str],
    cardinals: Mapping[str, str],
) -> Phrases:
    """Phrases from class -> language -> `a|b|c`, and position -> `a|b|c`."""
    table: dict[str, set[str]] = {}
    for name, languages in classes.items():
        for listed in languages.values():
            for phrase in _split(listed):
                table.setdefault(phrase, set()).add(name)
    positions = {name: _positions(listed) for name, listed in (("ordinal", ordinals), ("cardinal", cardinals))}
    for name, known in positions.items():
        for phrase in known:
            table.setdefault(phrase, set()).add(name)
    shared: dict[frozenset[str], frozenset[str]] = {}
    return Phrases(
        classes={phrase: shared.setdefault(frozenset(names), frozenset(names)) for phrase, names in table.items()},
        ordinals=positions["ordinal"],
        cardinals=positions["cardinal"],
        opener=_alternation(classes.get("opener", {}).values()),
        longest=max(phrase.count(" ") for phrase in table) + 1,
    )


def _alternation(listed: Iterable[str]) -> re.Pattern[str]:
    phrases = sorted({phrase for text in listed for phrase in text.casefold().split("|")}, key=len, reverse=True)
    spaced = [re.escape(phrase) + (r"(?!\w)" if phrase < "\u3040" else "") for phrase in phrases]
    return re.compile(rf"(?<![^\W\u3040-\u9fff])(?:{'|'.join(spaced)})" if spaced else r"(?!)", re.IGNORECASE)


def _positions(listed: Mapping[str, str]) -> dict[str, int]:
    return {phrase: int(position) for position, phrases in listed.items() for phrase in _split(phrases)}


def _split(listed: str) -> Iterable[str]:
    for phrase in _fold(listed).split("|"):
        yield phrase if _PLAIN.fullmatch(phrase) else " ".join(_TOKEN.findall(phrase))
