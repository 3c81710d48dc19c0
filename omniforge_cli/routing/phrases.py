"""Closed-class words of many languages (consent, refusal, ordinals, times ...), found in one pass over a text's tokens.

The words are data (`weights/phrases.json`); nothing here knows a language or a label.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

_REMEMBERED: Final = 1_024
"""Texts whose tokens and phrases are kept: several things are looked for in a message, and it is the next one's history."""
_FOLDED: Final = 20_000
"""Words whose folded form is kept."""
TEXT_LIMIT: Final = 2000
"""Characters that are read of a text: its first and last thousand."""
_MARKS: Final = "\u0300-\u036f\u064b-\u0652\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
_TOKEN: Final = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}]|['’](?=[^\W\d_]))*|[\u2190-\u2bff\U0001f300-\U0001faff]")
_ASCII_TOKEN: Final = re.compile(r"[a-z0-9]+(?:'[a-z][a-z0-9]*)*")
"""The same for lower-case ASCII, twice as fast."""
_FIRST_UNSPACED: Final = "\u3040"
_STRETCHED: Final = re.compile(r"([^\W\d_])\1{2,}")
_TRIPLED: Final = re.compile(r"(.)\1\1")
"""What a text with a stretched word holds at least; several times quicker to look for."""
_COMBINING: Final = re.compile(r"[\u0300-\u036f\u064b-\u0652\u0640\ufe0f\u200d]")


def bounded(text: str) -> str:
    """The beginning and the end of a long text: the rest cannot change what it answers."""
    return text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT // 2]}\n{text[-TEXT_LIMIT // 2 :]}"


@lru_cache(_FOLDED)
def fold(text: str) -> str:
    """The text as it is compared: case, accents, Arabic vowel signs, full width and stretched letters are gone."""
    text = text.casefold().replace("’", "'")
    if not text.isascii():
        text = unicodedata.normalize("NFC", _COMBINING.sub("", unicodedata.normalize("NFKD", text)))
    return _STRETCHED.sub(r"\1", text)


class Words:
    """The tokens of a text, folded, and where each stands in it: words, single characters of scripts without spaces, pictographs."""

    __slots__ = ("_spans", "text", "words")

    def __init__(self, text: str, words: tuple[str, ...], spans: tuple[tuple[int, int], ...] | None = None) -> None:
        self.text = text
        self.words = words
        self._spans = spans

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """Start and end of each token. Found when first asked for: most texts name nothing, and only a name has a place."""
        if self._spans is None:
            self._spans = tuple([match.span() for match in _ASCII_TOKEN.finditer(self.text.lower())])
        return self._spans

    def length(self, start: int = 0, end: int | None = None) -> float:
        """Words from token `start` up to `end`; a character of a script without spaces counts as half a word."""
        words = self.words[start:end]
        if self.text.isascii():
            return float(len(words))
        return sum([0.5 if len(word) == 1 and word >= _FIRST_UNSPACED else 1.0 for word in words])

    def between(self, start: int, end: int) -> str:
        """The text of the tokens from `start` up to `end`, as written."""
        return self.text[self.spans[start][0] : self.spans[end - 1][1]]


def read(text: str) -> Words:
    """The tokens of a text of any length; only its beginning and end are read."""
    return _read(bounded(text))


@lru_cache(_REMEMBERED)
def _read(text: str) -> Words:
    if text.isascii():
        folded = text.lower()
        words = _ASCII_TOKEN.findall(folded)
        if _TRIPLED.search(folded):
            words = [_STRETCHED.sub(r"\1", word) for word in words]
        return Words(text, tuple(words))
    spans = [match.span() for match in _TOKEN.finditer(text)]
    if max(text) >= _FIRST_UNSPACED:
        spans = [piece for start, end in spans for piece in _pieces(text, start, end)]
    return Words(text, tuple([fold(text[start:end]) for start, end in spans]), tuple(spans))


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A run of letters, cut into the characters of scripts without spaces and what stands between them."""
    begin = start
    for at in range(start, end):
        if _is_unspaced(text[at]):
            if begin < at:
                yield begin, at
            yield at, at + 1
            begin = at + 1
    if begin < end:
        yield begin, end


def _is_unspaced(character: str) -> bool:
    """Whether it is kana or a Chinese character; as a set in a pattern these would take milliseconds to compile."""
    return "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or "\uff66" <= character <= "\uff9d"


class Hit(NamedTuple):
    """A phrase that was found: its classes, and where it stands, in tokens."""

    classes: frozenset[str]
    phrase: str
    start: int
    end: int


def classes_of(hits: Iterable[Hit]) -> frozenset[str]:
    """All the classes of what was found."""
    return frozenset[str]().union(*[hit.classes for hit in hits])


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Phrases (tokens joined by spaces) with their classes, compared by identity.

    `longest` maps a first token to the length of its longest phrase.
    """

    classes: Mapping[str, frozenset[str]]
    longest: Mapping[str, int]

    def hits(self, words: tuple[str, ...]) -> tuple[Hit, ...]:
        """The longest phrases from left to right; none overlaps another."""
        return () if self.longest.keys().isdisjoint(words) else _hits(self, words)


@lru_cache(_REMEMBERED)
def _hits(phrases: Table, words: tuple[str, ...]) -> tuple[Hit, ...]:
    found: list[Hit] = []
    starts, known = phrases.longest, phrases.classes
    reach = 0
    for at in [at for at, word in enumerate(words) if word in starts]:
        if at < reach:
            continue
        word = words[at]
        if starts[word] == 1:
            found.append(Hit(known[word], word, at, at + 1))
            continue
        for end in range(min(len(words), at + starts[word]), at, -1):
            phrase = word if end == at + 1 else " ".join(words[at:end])
            classes = known.get(phrase)
            if classes is not None:
                found.append(Hit(classes, phrase, at, end))
                reach = end
                break
    return tuple(found)


def table(classes: Mapping[str, Iterable[str]]) -> Table:
    """A table from class -> `a|b|c`, several times. The phrases are in the form of `read`: at every start there are seven thousand."""
    found: dict[str, frozenset[str]] = {}
    longest: dict[str, int] = {}
    for name, lists in classes.items():
        alone = frozenset({name})
        for phrase in "|".join(lists).split("|"):
            before = found.get(phrase)
            found[phrase] = alone if before is None else before | alone
            if " " in phrase:
                first, _, rest = phrase.partition(" ")
                length = rest.count(" ") + 2
                if longest.get(first, 0) < length:
                    longest[first] = length
            elif phrase not in longest:
                longest[phrase] = 1
    return Table(found, longest)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Phrases:
    """All phrases, compared by identity. `talk` are those of conversation, `things` those around entities.

    A position is 1 first, -1 last, 0 the middle. The classes of `services` are their names as spelt; those in `capitalised` are common
    words too and count only with a capital. `clock` is a pattern for times of day, `schedules` for schedules in scripts without spaces,
    `file` for names of files; they are compiled when they are first used, like those in `patterns`. `lists` are words
    that matter in one place alone, `affixes` how words begin or end: each by its name in the file.
    """

    talk: Table
    things: Table
    ordinals: Mapping[str, int]
    cardinals: Mapping[str, int]
    services: Table
    capitalised: frozenset[str]
    clock: str
    schedules: str
    file: str
    lists: Mapping[str, frozenset[str]]
    affixes: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, str]
