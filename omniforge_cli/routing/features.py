"""The features that a classifier learns from, by name: word n-grams, character n-grams inside words, and what word classes say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from omniforge_cli.routing.lexicon import Lexicon
from omniforge_cli.routing.masking import is_unspaced

_NEAR: Final = 6
"""Words apart, at most, that make a pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The features of a message by group. A feature may stand in a list several times."""

    grams: list[str]
    pairs: list[str]
    characters: list[str]
    classes: list[str]


def features(text: str, lexicon: Lexicon, names: Sequence[str] = ()) -> Features:
    """The features of a message; `names` are agents' names, to be masked. Its cost is bounded for any length."""
    sentence, structure = lexicon.read(text, names), lexicon.structure
    grams = word_grams(sentence.words)
    return Features(
        grams=[*sentence.words, *grams, *longer_grams(grams, sentence.words)],
        pairs=word_pairs(sentence.words),
        characters=[gram for word in sentence.words for gram in character_grams(word)],
        classes=[name for kind, pieces in structure.pieces(sentence) for piece in pieces for name in structure.features(kind, piece)],
    )


def word_grams(words: Sequence[str]) -> list[str]:
    """Runs of two words, with marks for the beginning and the end."""
    return [f"{a} {b}" for a, b in pairwise(["^", *words, "$"])]


def longer_grams(grams: Sequence[str], words: Sequence[str]) -> list[str]:
    """Runs of three words, from those of two."""
    return [f"{gram} {word}" for gram, word in zip(grams, [*words[1:], "$"], strict=False)] if words else []


def word_pairs(words: Sequence[str]) -> list[str]:
    """Two words that stand near each other in either order."""
    return [f"{min(a, b)}&{max(a, b)}" for at, a in enumerate(words) for b in words[at + 1 : at + 1 + _NEAR] if a != b]


def character_grams(word: str) -> list[str]:
    """Runs of three and four characters of a word with its edges; one to four in a script without spaces."""
    if is_unspaced(word):
        return [word[at : at + size] for size in (1, 2, 3, 4) for at in range(len(word) - size + 1)]
    if len(word) < 3:
        return []
    edged = f"<{word}>"
    return [edged[at : at + size] for size in (3, 4) for at in range(len(edged) - size + 1)]
