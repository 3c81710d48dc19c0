"""Which texts are nearly the same, without comparing all with all.

Texts are sets of character trigrams, alike where the sets' Jaccard similarity is high. Two such sets share some of their rarest trigrams
(prefix filtering), so only texts that stand together under several of those in an inverted index are compared.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain
from typing import Final

ALIKE: Final = 0.7
"""Similarity from which two messages count as nearly the same."""
_SHARED: Final = 3
"""Rare trigrams that two texts must share before they are compared."""
_MOST_FOLLOWED: Final = 512
_MOST_COMPARED: Final = 24
"""Texts listed under one trigram, and texts compared with one: a set made from a template costs linear time too."""
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
    if not any(map(str.isalnum, folded)):
        return " ".join(folded.split())
    return " ".join("".join(char if char.isalnum() or unicodedata.category(char)[0] == "M" else " " for char in folded).split())


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
        for gram in grams.ranked[: self._prefix(grams)]:
            entry = self._entries.setdefault(gram, [])
            if len(entry) < _MOST_FOLLOWED:
                entry.append(number)

    def most_like(self, grams: _Grams) -> tuple[int, float] | None:
        entries = self._entries
        shared = Counter(chain.from_iterable(entries.get(gram, ()) for gram in grams.ranked[: self._prefix(grams)]))
        enough = min(_SHARED, self._least(grams))
        candidates = [(n_shared, -number) for number, n_shared in shared.items() if n_shared >= enough]
        best: tuple[int, float] | None = None
        for _, negative in nlargest(_MOST_COMPARED, candidates):
            number = -negative
            similarity = _similarity(grams, self._sets[number])
            if similarity >= self._alike and (best is None or similarity > best[1]):
                best = (number, similarity)
        return best

    def _least(self, grams: _Grams) -> int:
        """Trigrams that a set as like as wanted has in common with this one, at least."""
        return math.ceil(self._alike * len(grams.ranked) - 1e-9)

    def _prefix(self, grams: _Grams) -> int:
        """How many of the rarest must be looked at: two sets that are alike share `_SHARED` of these."""
        return len(grams.ranked) - self._least(grams) + _SHARED


def _similarity(a: _Grams, b: _Grams) -> float:
    return min(_jaccard(a.message, b.message), _jaccard(a.history, b.history))


def _jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared) if a or b else 1.0
