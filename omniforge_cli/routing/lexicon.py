"""Word classes in many languages (verbs of making, nouns for agents, determiners…): the structure that the classifier sees."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from omniforge_cli.routing.masking import CODE, EMAIL, NAME, QUOTED_NAME, QUOTED_TEXT, URL, Reading, is_unspaced

_PLACEHOLDERS: Final = {
    QUOTED_NAME: "x.name",
    NAME: "x.name",
    QUOTED_TEXT: "x.quote",
    CODE: "x.code",
    URL: "x.url",
    EMAIL: "x.mail",
    "?": "?",
}
_MEMO_SIZE: Final = 50_000
_SHORTEST_STEM: Final = 3
_SHORTEST_MISSPELT: Final = 4
_LONGEST_MISSPELT: Final = 20
_LONG: Final = 7
"""Letters above which a slip leaves three letters as they were at the beginning or at the end; else two."""
_COMMON: Final = "common"
"""The class of words that say nothing about structure: they are known, so they are neither names nor misspelt."""


class Lexicon:
    """Finds the class of each word or phrase.

    An entry is a word, a `stem*`, an `*ending` or a phrase; where two classes claim an entry, the first has it.
    """

    def __init__(self, classes: Mapping[str, str]) -> None:
        self._words: dict[str, str] = {}
        self._stems: dict[str, str] = {}
        self._endings: dict[str, str] = {}
        self._phrases: dict[str, str] = {}
        self._longest: dict[str, int] = {}
        for name, text in reversed(list(classes.items())):  # thousands of entries at every start: whole lists at a time where it can be
            entries = text.split(", ")
            self._words.update(dict.fromkeys([entry for entry in entries if " " not in entry and "*" not in entry], name))
            self._phrases.update(dict.fromkeys([entry for entry in entries if " " in entry], name))
            self._stems.update(dict.fromkeys([entry[:-1] for entry in entries if entry[-1] == "*"], name))
            self._endings.update(dict.fromkeys([entry[1:] for entry in entries if entry[0] == "*"], name))
        for phrase in self._phrases:
            first = phrase[: phrase.index(" ")]
            self._longest[first] = max(self._longest.get(first, 0), phrase.count(" ") + 1)
        self._unspaced: re.Pattern[str] | None = None
        self._memo: dict[str, str | None] = {}
        self._spelt: dict[str, str] = {}
        self._by_edge: dict[str, list[str]] | None = None

    def spelling(self, word: str) -> str:
        """The word itself, or the known word that one slip of the fingers makes of it."""
        known = self._spelt.get(word)
        if known is None:
            could_slip = _SHORTEST_MISSPELT <= len(word) <= _LONGEST_MISSPELT and word.isascii() and word.isalpha()
            known = word if not could_slip or self._look_up(word) else self._nearest(word)
            if len(self._spelt) < _MEMO_SIZE:
                self._spelt[word] = known
        return known

    def _nearest(self, word: str) -> str:
        """The entry that is one slip away: rather with the same first letter, then of the same length, then longer, then the first."""
        if self._by_edge is None:
            self._by_edge = {}
            for entry in filter(str.isascii, self._words):
                if len(entry) >= _SHORTEST_MISSPELT:
                    for edge in {*_edges(entry, 2), *_edges(entry, 3)}:
                        self._by_edge.setdefault(edge, []).append(entry)
        nearest = None
        for edge in _edges(word, 3 if len(word) > _LONG else 2):
            for entry in self._by_edge.get(edge, ()):
                if entry[0] in word[:2] and -2 < len(entry) - len(word) < 2 and _one_slip(word, entry):
                    rank = (entry[0] != word[0], (len(entry) - len(word)) % 3, entry)
                    if nearest is None or rank < nearest:
                        nearest = rank
        return word if nearest is None else nearest[2]

    def classes(self, words: Sequence[str], named: Sequence[bool]) -> list[str | None]:
        """The class of each word or phrase in order, None where there is none; `named` marks words that look like names."""
        found: list[str | None] = []
        at = 0
        while at < len(words):
            word = words[at]
            if word in self._longest:
                phrase, n_words = self._phrase(words, at)
                if phrase is not None:
                    found.append(phrase)
                    at += n_words
                    continue
            if word[0] > "\u0dff" and is_unspaced(word):
                self._segment(word, found)
            else:
                name = self._memo[word] if word in self._memo else self._look_up(word)
                if named[at] and (name is None or name[:2] != "n."):
                    name = "x.cap"
                found.append(None if name == _COMMON else name)
            at += 1
        return found

    def named(self, reading: Reading) -> list[bool]:
        """Which words are names: those that look like it, and those that open a sentence with a capital and are in no class."""
        if True not in reading.opening:
            return reading.named
        places = zip(reading.words, reading.named, reading.opening, strict=True)
        return [sure or (maybe and self._is_strange(word)) for word, sure, maybe in places]

    def n_strange(self, words: Sequence[str], named: Sequence[bool]) -> int:
        """How many of the words that are no names are in no class, of those in Latin letters without accents."""
        memo = self._memo
        unsure = [word for word, name in zip(words, named, strict=True) if not name and memo.get(word) is None]
        return sum(map(self._is_strange, unsure)) if unsure else 0

    def _is_strange(self, word: str) -> bool:
        return word.isascii() and (self._memo[word] if word in self._memo else self._look_up(word)) is None

    def _phrase(self, words: Sequence[str], at: int) -> tuple[str | None, int]:
        """The class of the longest phrase that begins there, and its number of words."""
        for n_words in range(min(self._longest[words[at]], len(words) - at), 1, -1):
            name = self._phrases.get(" ".join(words[at : at + n_words]))
            if name is not None:
                return name, n_words
        return None, 0

    def _segment(self, run: str, found: list[str | None]) -> None:
        if self._unspaced is None:  # takes longer than all the rest, and most messages do not need it
            entries = sorted(filter(is_unspaced, self._words), key=lambda entry: (-len(entry), entry))
            self._unspaced = re.compile("|".join(map(re.escape, entries)) or r"(?!)")
        end = 0
        for match in self._unspaced.finditer(run):
            if match.start() > end:
                found.append(None)
            found.append(self._words[match.group()])
            end = match.end()
        if end < len(run):
            found.append(None)

    def _look_up(self, word: str) -> str | None:
        name = _PLACEHOLDERS.get(word) or self._words.get(word) or self._words.get(word.removesuffix("'s"))
        if name is None:
            shortest = _SHORTEST_STEM if word[0] < "\u0600" else 2
            stems = self._stems
            name = next((stems[word[:end]] for end in range(len(word), shortest - 1, -1) if word[:end] in stems), None)
        if name is None and word.endswith(tuple(self._endings)):
            name = next(of for ending, of in self._endings.items() if word.endswith(ending))
        if len(self._memo) < _MEMO_SIZE:
            self._memo[word] = name
        return name


def _edges(word: str, size: int) -> tuple[str, ...]:
    """Beginning and end, one of which a single slip leaves as it was; of four letters also the first with the last."""
    ends = (f"{word[:size]}-", f"-{word[-size:]}")
    return ends if len(word) > _SHORTEST_MISSPELT else (*ends, f"{word[0]}-{word[-1]}")


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


def class_features(classes: Sequence[str | None]) -> list[str]:
    """What the order of the classes says: n-grams with and without gaps, first verb and noun, the determiner between them."""
    known = [name for name in classes if name]
    found = [f"1 {name}" for name in dict.fromkeys(known)]
    dense = ["^", *known, "$"]
    found += [f"2 {a} {b}" for a, b in pairwise(dense)]
    found += [f"3 {a} {b} {c}" for a, b, c in zip(dense, dense[1:], dense[2:], strict=False)]
    gapped = ["^", *(name or "_" for name in classes)]
    found += [f"g {a} {b} {c}" for a, b, c in zip(gapped, gapped[1:], gapped[2:], strict=False)]
    found += [f"h {a} {b} {c} {d}" for a, b, c, d in zip(gapped, gapped[1:], gapped[2:], gapped[3:], strict=False)]
    found += _heads(known)
    found += _frames(known)
    found.append(f"length {min(5, len(classes).bit_length())}")
    found.append(f"first {(classes[0] or '_') if classes else '-'}")
    found.append(f"known {min(4, 5 * len(known) // max(1, len(classes)))}")
    return found


def topic_features(classes: Sequence[str | None], n_strange: int) -> list[str]:
    """Whether the message is about things of the platform at all: its nouns against the world's and against words that are not known."""
    kinds = {name[:2] for name in classes if name}
    asks = any(name and (name[:2] == "q." or name == "?") for name in classes)
    about = ("noun " if "n." in kinds else "") + ("name " if "x." in kinds else "") + ("world " if "w." in kinds else "")
    strange = min(n_strange, 4)
    return [
        f"strange {strange}",
        f"about {about}",
        f"about {about}{'asks ' if asks else ''}{'acts ' if 'v.' in kinds else ''}",
        f"{about}{asks} {min(strange, 2)}",
    ]


def _heads(known: Sequence[str]) -> list[str]:
    """First verb and noun, and which classes come before which."""
    verbs = [name for name in known if name[:2] == "v."]
    nouns = [name for name in known if name[:2] in ("n.", "x.")]
    found = [f"verb {verbs[0]}" if verbs else "no verb", f"noun {nouns[0]}" if nouns else "no noun"]
    if nouns:
        found.append(f"last {nouns[-1]}")
    if verbs and nouns:
        found.append(f"head {verbs[0]} {nouns[0]}")
    if len(verbs) > 1:
        found.append(f"verbs {verbs[0]} {verbs[1]}")
    content = list(dict.fromkeys(name for name in known if name[:2] not in ("d.", "p.")))[:7]
    found += [f"& {a} {b}" for at, a in enumerate(content) for b in content[at + 1 :]]
    if known and known[-1] == "?":
        found.append("asks")
    return found


def _frames(known: Sequence[str]) -> list[str]:
    """Verb > determiner > noun, and preposition > noun."""
    found: list[str] = []
    for at, name in enumerate(known):
        if name[:2] == "v.":
            determiner = ""
            for after in known[at + 1 : at + 5]:
                if after[:2] == "d.":
                    determiner = determiner or after
                elif after[:2] in ("n.", "x."):
                    found += [f"vn {name} {after}", f"vdn {name} {determiner} {after}"]
                    break
        elif name[:2] == "p.":
            for after in known[at + 1 : at + 3]:
                if after[:2] in ("n.", "x."):
                    found.append(f"pn {name} {after}")
                    break
    return found
