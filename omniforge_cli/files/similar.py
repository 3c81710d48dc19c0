"""Which texts are nearly the same, without comparing all with all.

Texts are sets of character trigrams, alike where the sets' Jaccard similarity is high. Two such sets share one of their rarest trigrams
(prefix filtering), so only texts under those entries of an inverted index are compared.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

ALIKE: Final = 0.75
"""Similarity from which two messages count as nearly the same."""
_MOST_FOLLOWED: Final = 128
"""Texts compared under one trigram: sets made from a template cost linear time, and still find one of their kind."""
_LONGEST: Final = 2000
"""Characters of a message, and of its history, that are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A message with what was said before it. Two are alike when their messages are and their histories are."""

    message: str
    history: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Equal for texts that differ only in case, spaces and punctuation."""
        return (plain(self.message), plain(self.history))


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Text number `of` is `similarity` (0..1) like number `other`."""

    of: int
    other: int
    similarity: float


def near_duplicates(texts: Sequence[Text], *, alike: float = ALIKE) -> Iterator[Match]:
    """For each text that is nearly an earlier one, the earlier one that is most like it."""
    sets = _trigram_sets([text.key for text in texts])
    index = _Index(alike)
    for number, grams in enumerate(sets):
        found = index.most_like(grams)
        if found is not None:
            yield Match(of=number, other=found[0], similarity=found[1])
        index.add(number, grams)


def nearest_known(texts: Sequence[Text], known: Sequence[Text], *, alike: float = ALIKE) -> Iterator[Match]:
    """For each text that is nearly a known one, the known one that is most like it."""
    sets = _trigram_sets([text.key for text in (*known, *texts)])
    index = _Index(alike)
    for number, grams in enumerate(sets[: len(known)]):
        index.add(number, grams)
    for number, grams in enumerate(sets[len(known) :]):
        found = index.most_like(grams)
        if found is not None:
            yield Match(of=number, other=found[0], similarity=found[1])


def plain(text: str) -> str:
    """The text in lower case with one space for everything that is neither letter nor digit; signs alone stay as they are."""
    folded = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold()
    words = "".join(char if char.isalnum() or unicodedata.category(char).startswith("M") else " " for char in folded)
    return " ".join(words.split()) or " ".join(folded.split())


@dataclass(frozen=True, slots=True)
class _Grams:
    """The trigrams of a message and of its history as numbers, rarer ones lower; `ranked` has both, the rarest first."""

    message: frozenset[int]
    history: frozenset[int]
    ranked: list[int]


def _trigram_sets(keys: Sequence[tuple[str, str]]) -> list[_Grams]:
    raw = [(_trigrams(message), {"\0" + gram for gram in _trigrams(history)}) for message, history in keys]
    counts = Counter(gram for both in raw for grams in both for gram in grams)
    ranks = {gram: rank for rank, gram in enumerate(sorted(counts, key=lambda gram: (counts[gram], gram)))}
    sets = []
    for message, history in raw:
        of_message = frozenset(ranks[gram] for gram in message)
        of_history = frozenset(ranks[gram] for gram in history)
        sets.append(_Grams(of_message, of_history, sorted(of_message | of_history)))
    return sets


def _trigrams(text: str) -> set[str]:
    if not text:
        return set()
    padded = f" {text} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


class _Index:
    """Texts under their rarest trigrams."""

    def __init__(self, alike: float) -> None:
        self._alike = alike
        self._entries: dict[int, list[int]] = {}
        self._sets: dict[int, _Grams] = {}

    def add(self, number: int, grams: _Grams) -> None:
        self._sets[number] = grams
        for gram in self._prefix(grams):
            entry = self._entries.setdefault(gram, [])
            if len(entry) < _MOST_FOLLOWED:
                entry.append(number)

    def most_like(self, grams: _Grams) -> tuple[int, float] | None:
        candidates = {number for gram in self._prefix(grams) for number in self._entries.get(gram, ())}
        best: tuple[int, float] | None = None
        for number in sorted(candidates):
            similarity = self._similarity(grams, self._sets[number])
            if similarity >= self._alike and (best is None or similarity > best[1]):
                best = (number, similarity)
        return best

    def _prefix(self, grams: _Grams) -> list[int]:
        """So many of the rarest that two sets with none of these in common cannot be alike."""
        size = len(grams.ranked)
        return grams.ranked[: size - math.ceil(self._alike * size - 1e-9) + 1]

    def _similarity(self, a: _Grams, b: _Grams) -> float:
        if not self._alike <= len(a.ranked) / len(b.ranked) <= 1 / self._alike:
            return 0.0
        return min(_jaccard(a.message, b.message), _jaccard(a.history, b.history))


def _jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared) if a or b else 1.0
