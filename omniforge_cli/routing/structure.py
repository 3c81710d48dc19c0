"""What the order of word classes says: n-grams with and without gaps, first verb and noun, the determiner between them.

The classes of a message are a string, one symbol a word, so that its pieces are cheap to cut and to remember. A piece of some kind stands
for a few features of the model; `Structure.features` names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any, Final, NamedTuple

GAP: Final = "_"
"""The symbol of a word that is in no class."""
_START: Final = "^"
_END: Final = "$"
_NOTHING: Final = "\0"
_FIRST_SYMBOL: Final = 0xA1
_MOST_CONTENT: Final = 7
"""Classes of a message of which each pair counts, in either order."""
_VERB_REACH: Final = 4
_PREPOSITION_REACH: Final = 2
"""Classes after it in which the noun of a verb or of a preposition is looked for."""
_MOST_STRANGE: Final = 4

Piece = Sequence[Any]
Pieces = Iterable[tuple[str, Iterable[Piece]]]


class Sentence(NamedTuple):
    """A message as it is scored: its words, mended and with placeholders for names; their classes, a symbol each; how many are strange."""

    words: Sequence[str]
    classes: str
    n_strange: int


class Structure:
    """The pieces of a string of classes and the names of their features.

    A class begins with its kind: `v.create` is a verb, `n.agent` a noun, `x.name` a name, `d.def` a determiner, `p.to` a preposition.
    """

    def __init__(self, classes: Iterable[str]) -> None:
        self.symbols: Mapping[str, str] = {name: chr(_FIRST_SYMBOL + at) for at, name in enumerate(classes)}
        self._names: dict[Any, str] = {symbol: name for name, symbol in self.symbols.items()} | {
            GAP: GAP,
            _START: _START,
            _END: _END,
            _NOTHING: "",
        }
        kinds = {symbol: name.partition(".")[0] for name, symbol in self.symbols.items()}
        self._verbs = frozenset(symbol for symbol, kind in kinds.items() if kind == "v")
        self._nouns = frozenset(symbol for symbol, kind in kinds.items() if kind in ("n", "x"))
        self._determiners = frozenset(symbol for symbol, kind in kinds.items() if kind == "d")
        self._prepositions = frozenset(symbol for symbol, kind in kinds.items() if kind == "p")
        self._content = frozenset(kinds) - self._determiners - self._prepositions
        topics = (("n",), ("x",), ("w",), ("q", "?"), ("v",))
        self._topics = tuple(frozenset(symbol for symbol, kind in kinds.items() if kind in of) for of in topics)
        self._question = self.symbols.get("?", _NOTHING)

    def pieces(self, sentence: Sentence) -> Pieces:
        """The pieces of a message by kind."""
        classes = sentence.classes
        known = classes.replace(GAP, "")
        unique = dict.fromkeys(known)
        dense = f"{_START}{known}{_END}"
        gapped = f"{_START}{classes}"
        content = [symbol for symbol in unique if symbol in self._content][:_MOST_CONTENT]
        return (
            ("one", unique),
            ("dense", pairwise(dense)),
            ("gapped", zip(gapped, gapped[1:], gapped[2:], strict=False)),
            ("both", combinations(content, 2)),
            ("heads", (self._heads(known),)),
            ("frames", self._frames(known) if known else ()),
            ("whole", (self._whole(sentence, known, unique),)),
        )

    def features(self, kind: str, piece: Piece) -> list[str]:
        """The names of the features that a piece stands for."""
        return _FEATURES[kind]([self._names.get(part, part) for part in piece])

    def _heads(self, known: str) -> tuple[str, ...]:
        """First and second verb, first and last noun, and whether a question mark ends it."""
        verbs = [symbol for symbol in known if symbol in self._verbs]
        nouns = [symbol for symbol in known if symbol in self._nouns]
        return (
            verbs[0] if verbs else _NOTHING,
            verbs[1] if len(verbs) > 1 else _NOTHING,
            nouns[0] if nouns else _NOTHING,
            nouns[-1] if nouns else _NOTHING,
            self._question if known[-1:] == self._question else _NOTHING,
        )

    def _frames(self, known: str) -> list[tuple[str, ...]]:
        """Each verb with its determiner and noun, each preposition with its noun."""
        found: list[tuple[str, ...]] = []
        verbs, nouns, determiners, prepositions = self._verbs, self._nouns, self._determiners, self._prepositions
        for at, symbol in enumerate(known, start=1):
            if symbol in verbs:
                determiner = _NOTHING
                for after in known[at : at + _VERB_REACH]:
                    if after in determiners and determiner == _NOTHING:
                        determiner = after
                    elif after in nouns:
                        found.append((symbol, determiner, after))
                        break
            elif symbol in prepositions:
                for after in known[at : at + _PREPOSITION_REACH]:
                    if after in nouns:
                        found.append((symbol, after))
                        break
        return found

    def _whole(self, sentence: Sentence, known: str, unique: Mapping[str, None]) -> tuple[object, ...]:
        """Length, first class, how much is known, whether it is about nouns, names, the world, asks and acts, how much is strange."""
        classes = sentence.classes
        first = classes[0] if classes else "-"
        about = [not of.isdisjoint(unique) for of in self._topics]
        share = min(4, 5 * len(known) // max(1, len(classes)))
        return (min(5, len(classes).bit_length()), first, share, *about, min(sentence.n_strange, _MOST_STRANGE))


def _heads_features(names: Sequence[str]) -> list[str]:
    verb, second, noun, last, question = names
    found = [f"verb {verb}" if verb else "no verb", f"noun {noun}" if noun else "no noun"]
    if noun:
        found.append(f"last {last}")
    if verb and noun:
        found.append(f"head {verb} {noun}")
    if second:
        found.append(f"verbs {verb} {second}")
    if question:
        found.append("asks")
    return found


def _frames_features(names: Sequence[str]) -> list[str]:
    if len(names) == 2:
        return [f"pn {names[0]} {names[1]}"]
    verb, determiner, noun = names
    return [f"vn {verb} {noun}", f"vdn {verb} {determiner} {noun}"]


def _whole_features(told: Sequence[Any]) -> list[str]:
    """Also whether the message is about things of the platform at all: its nouns against the world's and against unknown words."""
    length, first, share, nouns, names, world, asks, acts, strange = told
    about = ("noun " if nouns else "") + ("name " if names else "") + ("world " if world else "")
    return [
        f"length {length}",
        f"first {first}",
        f"known {share}",
        f"strange {strange}",
        f"about {about}",
        f"about {about}{'asks ' if asks else ''}{'acts ' if acts else ''}",
        f"{about}{asks} {min(strange, 2)}",
    ]


_FEATURES: Final[Mapping[str, Callable[[Sequence[Any]], list[str]]]] = {
    "one": lambda names: [f"1 {names[0]}"],
    "dense": lambda names: [f"2 {names[0]} {names[1]}"],
    "gapped": lambda names: [f"g {names[0]} {names[1]} {names[2]}"],
    "both": lambda names: [f"& {names[0]} {names[1]}"],
    "heads": _heads_features,
    "frames": _frames_features,
    "whole": _whole_features,
}
KINDS: Final = tuple(_FEATURES)
"""The kinds of pieces."""
