"""What a classifier sees of a message: word n-grams, character n-grams inside words, and features of word classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from omniforge_cli.routing.lexicon import Lexicon, class_features, topic_features
from omniforge_cli.routing.masking import is_unspaced, read

_NEAR: Final = 6
"""Words apart, at most, that make a pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The groups of features. `pieces` are words: their character n-grams come from `character_grams`, so that they can be remembered."""

    grams: list[str]
    pieces: list[str]
    classes: list[str]

    @property
    def pairs(self) -> list[str]:
        """Two words that stand near each other in either order."""
        words = self.pieces
        return [f"{min(a, b)}&{max(a, b)}" for at, a in enumerate(words) for b in words[at + 1 : at + 1 + _NEAR] if a != b]


def features(text: str, lexicon: Lexicon, names: Sequence[str] = ()) -> Features:
    """The features of a message; `names` are agents' names, to be masked. Its cost is bounded for any length."""
    reading = read(text, names)
    named = lexicon.named(reading)
    found = [word if name else lexicon.spelling(word) for word, name in zip(reading.words, named, strict=True)]
    classes = lexicon.classes(found, named)
    strange = topic_features(classes, lexicon.n_strange(found, named))
    return Features(grams=word_grams(found), pieces=found, classes=[*class_features(classes), *strange])


def word_grams(found: Sequence[str]) -> list[str]:
    """Runs of one to three words, with marks for the beginning and the end."""
    marked = ["^", *found, "$"]
    pairs = [f"{a} {b}" for a, b in pairwise(marked)]
    return [*found, *pairs, *(f"{pair} {c}" for pair, c in zip(pairs, marked[2:], strict=False))]


def character_grams(word: str) -> list[str]:
    """Runs of three to five characters of a word with its edges; one to four in a script without spaces."""
    if is_unspaced(word):
        return [word[at : at + size] for size in (1, 2, 3, 4) for at in range(len(word) - size + 1)]
    if len(word) < 3:
        return []
    edged = f"<{word}>"
    return [edged[at : at + size] for size in (3, 4, 5) for at in range(len(edged) - size + 1)]
