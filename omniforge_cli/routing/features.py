"""What a classifier sees of a message: word n-grams, character n-grams inside words, and features of word classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from omniforge_cli.routing.lexicon import Lexicon, class_features
from omniforge_cli.routing.masking import is_unspaced, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """The three groups. `pieces` are words: their character n-grams come from `character_grams`, so that they can be remembered."""

    grams: list[str]
    pieces: list[str]
    classes: list[str]


def features(text: str, lexicon: Lexicon, names: Sequence[str] = ()) -> Features:
    """The features of a message; `names` are agents' names, to be masked. Its cost is bounded for any length."""
    reading = read(text, names)
    named = [
        sure or (maybe and word.isascii() and not lexicon.is_known(word))
        for word, sure, maybe in zip(reading.words, reading.named, reading.opening, strict=True)
    ]
    found = [word if name else lexicon.spelling(word) for word, name in zip(reading.words, named, strict=True)]
    return Features(grams=word_grams(found), pieces=found, classes=class_features(lexicon.classes(found, named)))


def word_grams(found: Sequence[str]) -> list[str]:
    """Runs of one to three words, with marks for the beginning and the end."""
    marked = ["^", *found, "$"]
    pairs = [f"{a} {b}" for a, b in zip(marked, marked[1:], strict=False)]
    return [*found, *pairs, *(f"{pair} {c}" for pair, c in zip(pairs, marked[2:], strict=False))]


def character_grams(word: str) -> list[str]:
    """Runs of three to five characters of a word with its edges; one to four in a script without spaces."""
    if is_unspaced(word):
        return [word[at : at + size] for size in (1, 2, 3, 4) for at in range(len(word) - size + 1)]
    if len(word) < 3:
        return []
    edged = f"<{word}>"
    return [edged[at : at + size] for size in (3, 4, 5) for at in range(len(edged) - size + 1)]
