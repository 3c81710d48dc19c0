"""Closed-class words of many languages (consent, refusal, ordinals, times ...), found in one pass over a text's tokens.

The words are data (`weights/phrases.json`); nothing here knows a language or a label.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

TEXT_LIMIT: Final = 2000
"""Characters that are read of a text: its first and last thousand."""
_UNSPACED: Final = "\u3040-\u30ff\u3400-\u9fff\uff66-\uff9d"
_FIRST_UNSPACED: Final = "\u3040"
_MARKS: Final = "\u0300-\u036f\u064b-\u0652\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
_TOKEN: Final = re.compile(
    rf"[{_UNSPACED}]"  # scripts without spaces: one character each
    rf"|[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|[{_MARKS}]|['’](?=[^\W\d_]))*"
    r"|[\u2190-\u2bff\U0001f300-\U0001faff]"
)
_PLAIN: Final = re.compile(r"[a-zа-я]+(?: [a-zа-я]+)*")
_STRETCHED: Final = re.compile(r"([^\W\d_])\1{2,}")
_COMBINING: Final = re.compile(r"[\u0300-\u036f\u064b-\u0652\u0640\ufe0f\u200d]")


def bounded(text: str) -> str:
    """The beginning and the end of a long text: the rest cannot change what it answers."""
    return text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT // 2]}\n{text[-TEXT_LIMIT // 2 :]}"


def fold(text: str) -> str:
    """The text as it is compared: case, accents, Arabic vowel signs, full width and stretched letters are gone."""
    text = text.casefold().replace("’", "'")
    if not text.isascii():
        text = unicodedata.normalize("NFC", _COMBINING.sub("", unicodedata.normalize("NFKD", text)))
    return _STRETCHED.sub(r"\1", text)


@dataclass(frozen=True, slots=True)
class Words:
    """The tokens of a text, folded, and where each stands in it: words, single characters of scripts without spaces, pictographs."""

    text: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    def length(self, start: int = 0, end: int | None = None) -> float:
        """Words from token `start` up to `end`; a character of a script without spaces counts as half a word."""
        return sum([0.5 if len(word) == 1 and word >= _FIRST_UNSPACED else 1.0 for word in self.words[start:end]])

    def between(self, start: int, end: int) -> str:
        """The text of the tokens from `start` up to `end`, as written."""
        return self.text[self.spans[start][0] : self.spans[end - 1][1]]


def read(text: str) -> Words:
    """The tokens of a text of any length; only its beginning and end are read."""
    text = bounded(text)
    if text.isascii():
        folded = text.lower()
        found = list(_TOKEN.finditer(folded))
        words = [match.group() for match in found]
        if _STRETCHED.search(folded):
            words = [_STRETCHED.sub(r"\1", word) for word in words]
    else:
        found = list(_TOKEN.finditer(text))
        words = [fold(match.group()) for match in found]
    return Words(text, tuple(words), tuple([match.span() for match in found]))


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase that was found: its classes, and where it stands, in tokens."""

    classes: frozenset[str]
    phrase: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """Phrases (tokens joined by spaces) with their classes. `longest` maps a first token to the length of its longest phrase."""

    classes: Mapping[str, frozenset[str]]
    longest: Mapping[str, int]

    def hits(self, words: tuple[str, ...]) -> list[Hit]:
        """The longest phrases from left to right; none overlaps another."""
        found: list[Hit] = []
        reach = 0
        for at, word in enumerate(words):
            longest = self.longest.get(word)
            if longest is None or at < reach:
                continue
            for end in range(min(len(words), at + longest), at, -1):
                phrase = word if end == at + 1 else " ".join(words[at:end])
                classes = self.classes.get(phrase)
                if classes is not None:
                    found.append(Hit(classes, phrase, at, end))
                    reach = end
                    break
        return found


def table(classes: Mapping[str, Iterable[str]]) -> Table:
    """A table from class -> `a|b|c`, several times. Built at every start: some seven thousand phrases in a few milliseconds."""
    found: dict[str, frozenset[str]] = {}
    longest: dict[str, int] = {}
    for name, lists in classes.items():
        alone = frozenset({name})
        for phrase in split("|".join(lists)):
            before = found.get(phrase)
            found[phrase] = alone if before is None else before | alone
            first, blank, rest = phrase.partition(" ")
            length = rest.count(" ") + 2 if blank else 1
            if longest.get(first, 0) < length:
                longest[first] = length
    return Table(found, longest)


def split(listed: str) -> list[str]:
    """The phrases of `a|b|c`, as tables hold them."""
    plain = _PLAIN.fullmatch
    return [phrase if plain(phrase) else " ".join(_TOKEN.findall(phrase)) for phrase in fold(listed).split("|")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """All phrases. `talk` are those of conversation, `things` those around entities; a position is 1 first, -1 last, 0 the middle.

    The classes of `services` are their names as spelt; those in `capitalised` are common words too and count only with a capital.
    `clock` finds times of day, `schedules` schedules in scripts without spaces, `file` names of files.
    """

    talk: Table
    things: Table
    ordinals: Mapping[str, int]
    cardinals: Mapping[str, int]
    services: Table
    capitalised: frozenset[str]
    clock: re.Pattern[str]
    schedules: re.Pattern[str]
    file: re.Pattern[str]
