"""Word classes in many languages (verbs of making, nouns for agents, determiners…), and a message read with them."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from typing import Final, NamedTuple

from omniforge_cli.routing.masking import (
    CODE,
    EMAIL,
    NAME,
    QUOTED_NAME,
    QUOTED_TEXT,
    URL,
    capitals,
    folded,
    is_capitalised,
    is_unspaced,
    tokens,
)
from omniforge_cli.routing.memo import Memo
from omniforge_cli.routing.structure import GAP, Sentence, Structure

_PLACEHOLDERS: Final = {
    QUOTED_NAME: "x.name",
    NAME: "x.name",
    QUOTED_TEXT: "x.quote",
    CODE: "x.code",
    URL: "x.url",
    EMAIL: "x.mail",
    "?": "?",
}
_CAPITAL: Final = "x.cap"
"""The class of a word that looks like a name and is no noun of the platform."""
_COMMON: Final = "common"
"""The class of words that say nothing about structure: they are known, so they are neither names nor misspelt."""
_MEMO_SIZE: Final = 50_000
_SHORTEST_STEM: Final = 3
_SHORTEST_MISSPELT: Final = 4
_LONGEST_MISSPELT: Final = 20
_LONG: Final = 6
"""Letters above which a slip leaves three letters as they were at the beginning or at the end; else two."""
_LONGEST_PHRASE: Final = 12
"""Words that are looked at to find a phrase."""


class _Word(NamedTuple):
    """A token as it is read: folded and mended, the symbols of its classes, and what may follow it in a phrase.

    `is_strange`: it is in no class. `may_be_name`: as written it is in none either, so that with a capital it is a name even where a
    sentence begins.
    """

    mended: str
    symbols: str
    follows: frozenset[str] | None
    is_capitalised: bool
    is_strange: bool
    may_be_name: bool


class Lexicon:
    """Finds the class of each word or phrase.

    An entry is a word, a `stem*`, an `*ending` or a phrase; where two classes claim an entry, the first has it. Words of the `vocabulary`
    are in no class, but known: they are not taken for misspelt ones. Not thread-safe: it remembers the words it has seen (bounded).
    """

    def __init__(self, classes: Mapping[str, str], vocabulary: Container[str] = ()) -> None:
        self._vocabulary = vocabulary
        self.structure = Structure([*classes, *dict.fromkeys(_PLACEHOLDERS.values()), _CAPITAL])
        self._words: dict[str, str] = {}
        self._stems: dict[str, str] = {}
        self._endings: dict[str, str] = {}
        self._phrases: dict[str, str] = {}
        for name, text in reversed(list(classes.items())):  # thousands of entries at every start: whole lists at a time where it can be
            entries = text.split(", ")
            self._words.update(dict.fromkeys([entry for entry in entries if " " not in entry and "*" not in entry], name))
            self._phrases.update(dict.fromkeys([entry for entry in entries if " " in entry], name))
            self._stems.update(dict.fromkeys([entry[:-1] for entry in entries if entry[-1] == "*"], name))
            self._endings.update(dict.fromkeys([entry[1:] for entry in entries if entry[0] == "*"], name))
        self._all_endings = tuple(self._endings)
        self._phrases_of: dict[str, list[str]] = {}
        for phrase in self._phrases:
            self._phrases_of.setdefault(phrase[: phrase.index(" ")], []).append(phrase)
        self._unspaced: re.Pattern[str] | None = None
        self._by_shape: dict[str, list[str]] = {}
        self._known = Memo(self._look_up, _MEMO_SIZE)
        self._names = Memo(self._look_up_name, _MEMO_SIZE)

    def read(self, text: str, names: Sequence[str] = ()) -> Sentence:
        """A message as it is scored; `names` are agents' names, to be masked. Its cost is bounded for any length."""
        found = tokens(text, names)
        known = [*map(self._known.__getitem__, found)]
        if known and known[-1].mended == ".":
            known.pop()
        places = [at for at, word in enumerate(known) if word.is_capitalised]
        if places:
            self._mark_names(known, found[: len(known)], places)
        words = [word.mended for word in known]
        symbols = [word.symbols for word in known]
        reach = 0
        for at in [at for at, word in enumerate(known[:-1]) if word.follows is not None and words[at + 1] in word.follows]:
            if at >= reach:
                phrase, n_words = self._phrase(words, at)
                if phrase is not None:
                    reach = at + n_words
                    symbols[at:reach] = [self._symbol(self._phrases[phrase]), *[""] * (n_words - 1)]
        return Sentence(words, "".join(symbols), sum([word.is_strange for word in known]))

    def _mark_names(self, known: list[_Word], found: Sequence[str], places: Sequence[int]) -> None:
        """Puts names where capitals make them, and one placeholder where several are one name."""
        joined, single = capitals(found, places)
        for place, is_sure in single.items():
            if is_sure or known[place].may_be_name:
                known[place] = self._names[found[place]]
        for run in reversed(joined):
            known[run.start : run.stop] = [self._names[NAME]]

    def _phrase(self, words: Sequence[str], at: int) -> tuple[str | None, int]:
        """The longest phrase that begins there, and its number of words."""
        rest = " ".join(words[at : at + _LONGEST_PHRASE]) + " "
        fitting = [phrase for phrase in self._phrases_of[words[at]] if rest.startswith(f"{phrase} ")]
        longest = max(fitting, key=len, default=None)
        return longest, 0 if longest is None else longest.count(" ") + 1

    def _look_up(self, token: str) -> _Word:
        """A token that is no name."""
        word = folded(token)
        name = self._class_of(word)
        may_be_name = name is None and word.isascii()
        could_slip = may_be_name and _SHORTEST_MISSPELT <= len(word) <= _LONGEST_MISSPELT and word.isalpha()
        mended = self._nearest(word) if could_slip and word not in self._vocabulary else word
        if mended != word:
            name = self._class_of(mended)
        symbols = self._segmented(word) if word[0] > "\u0dff" and is_unspaced(word) else self._symbol(name)
        return _Word(mended, symbols, self._following(mended), is_capitalised(token), name is None and mended.isascii(), may_be_name)

    def _look_up_name(self, token: str) -> _Word:
        """A token that looks like a name: it is one, unless it is a noun of the platform, and is never mended."""
        word = folded(token)
        name = self._class_of(word)
        is_noun = name is not None and name.startswith("n.")
        return _Word(word, self._symbol(name if is_noun else _CAPITAL), self._following(word), True, False, False)

    def _symbol(self, name: str | None) -> str:
        return GAP if name is None or name == _COMMON else self.structure.symbols[name]

    def _following(self, word: str) -> frozenset[str] | None:
        phrases = self._phrases_of.get(word)
        return None if phrases is None else frozenset([phrase.split(" ", 2)[1] for phrase in phrases])

    def _class_of(self, word: str) -> str | None:
        name = _PLACEHOLDERS.get(word) or self._words.get(word) or self._words.get(word.removesuffix("'s"))
        if name is None:
            shortest = _SHORTEST_STEM if word[0] < "\u0600" else 2
            known = [word[:end] for end in range(shortest, len(word) + 1) if word[:end] in self._stems]
            name = self._stems[known[-1]] if known else None
        if name is None and word.endswith(self._all_endings):
            name = next(of for ending, of in self._endings.items() if word.endswith(ending))
        return name

    def _segmented(self, run: str) -> str:
        """The symbols of a run of a script without spaces, cut at the words it holds."""
        if self._unspaced is None:  # takes longer than all the rest, and most messages do not need it
            entries = sorted(filter(is_unspaced, self._words), key=lambda entry: (-len(entry), entry))
            self._unspaced = re.compile("|".join(map(re.escape, entries)) or r"(?!)")
        found: list[str] = []
        end = 0
        for match in self._unspaced.finditer(run):
            if match.start() > end:
                found.append(GAP)
            found.append(self._symbol(self._words[match.group()]))
            end = match.end()
        if end < len(run):
            found.append(GAP)
        return "".join(found)

    def _nearest(self, word: str) -> str:
        """The entry that is one slip away: rather with the same first letter, then of the same length, then longer, then the first."""
        if not self._by_shape:
            for entry in self._words:
                if len(entry) >= _SHORTEST_MISSPELT and entry.isascii():
                    for shape in _shapes(entry, len(entry)):
                        self._by_shape.setdefault(shape, []).append(entry)
        length = len(word)
        likely = {
            entry
            for size in (length - 1, length, length + 1)
            for shape in _shapes(word, size)
            for entry in self._by_shape.get(shape, ())
            if entry[0] in word[:2] and _one_slip(word, entry)
        }
        return min(likely, key=lambda entry: (entry[0] != word[0], (len(entry) - length) % 3, entry), default=word)


def _shapes(word: str, length: int) -> tuple[str, ...]:
    """Beginning or end with a length: one of them a slip leaves as it was; in four letters a swap may leave but the first and the last."""
    size = 3 if length > _LONG else 2
    ends = (f"{word[:size]}{length}", f"{length}{word[-size:]}")
    return ends if length > _SHORTEST_MISSPELT else (*ends, f"{word[0]}{length}{word[-1]}")


def _one_slip(word: str, entry: str) -> bool:
    """Whether one letter was left out, put in, mistaken or swapped with the next."""
    at = 0
    shorter = min(len(word), len(entry))
    while at < shorter and word[at] == entry[at]:
        at += 1
    if len(word) < len(entry):
        return word[at:] == entry[at + 1 :]
    if len(word) > len(entry):
        return word[at + 1 :] == entry[at:]
    return word[at + 1 :] == entry[at + 1 :] or (word[at + 2 :] == entry[at + 2 :] and word[at : at + 2] == entry[at : at + 2][::-1])
