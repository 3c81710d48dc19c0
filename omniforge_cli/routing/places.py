"""What stands around a place in a text: the phrases directly before and after it, and the nouns that tell what a name there would be of."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from omniforge_cli.routing.described import KINDS
from omniforge_cli.routing.phrases import Hit, Phrases, Words

_NEAR: Final = 8
_FAR: Final = 16
"""Characters between a place and the word before it, and the word after it, at most."""
_LINK_EDGES: Final = " \"'‘“„«「`:="
_AFTER_EDGES: Final = " \"'’”“»」`s"
_EXPLAIN_EDGES: Final = " \"'’”“»」`"
_APPOSED: Final = frozenset({", ", " (", ": ", " - ", " – "})
_FOREIGN: Final = re.compile(r"[^\W\d\u0000-\u03ff]")
"""A letter of another script: a Latin word with a capital beside it is a name."""
_FIRST_FOREIGN: Final = "\u0400"


class Place(NamedTuple):
    """Classes of the phrases directly before and after, and the noun "agent", "bot" ... that follows, as written ("" if none does).

    `new` says that what follows calls it new, `article` that an article stands before it, `subject` that the verb before it has one.
    """

    before: frozenset[str]
    after: frozenset[str]
    noun: str
    new: bool
    article: bool
    subject: bool


class Landmarks:
    """The phrases of a text by where they stand in it; `hits` are those of `phrases.things`."""

    __slots__ = ("_ends", "_hits", "_phrases", "_starts", "_text")

    def __init__(self, words: Words, hits: Sequence[Hit], phrases: Phrases) -> None:
        spans = words.spans
        self._text = words.text
        self._hits = hits
        self._phrases = phrases
        self._starts = [spans[hit.start][0] for hit in hits]
        self._ends = [spans[hit.end - 1][1] for hit in hits]

    def around(self, start: int, end: int) -> Place:
        """What stands around a piece of the text."""
        before, article, subject = self._before(start, end)
        after, noun, new = self._after(end)
        text = self._text
        if not text.isascii() and text[start] < _FIRST_FOREIGN:
            if _FOREIGN.match(text[end : end + 2].lstrip()):
                after |= {"foreign"}
            if _FOREIGN.match(text[max(0, start - 2) : start].rstrip()[-1:]):
                before |= {"foreign"}
        return Place(before, after, noun, new, article, subject)

    def followed_by_particle(self, end: int) -> bool:
        """Whether a particle of a language without spaces makes what ends here a part of the sentence: 「さくら」を."""
        return self._text[end : end + 1] in self._phrases.lists["particles"]

    def kind_near(self, start: int, end: int) -> str | None:
        """What the nearest noun before it, else the first after it, says that a name here is of: "agent" or "skill"."""
        upto, since = bisect_right(self._ends, start), bisect_left(self._starts, end)
        for hit in (*reversed(self._hits[:upto]), *self._hits[since:]):
            if hit.classes & KINDS:
                return "skill" if "skill" in hit.classes else "agent"
        return None

    def _before(self, start: int, end: int) -> tuple[frozenset[str], bool, bool]:
        found: frozenset[str] = frozenset()
        article = subject = False
        lists = self._phrases.lists
        for index in range(bisect_right(self._ends, start) - 1, -1, -1):
            hit, gap = self._hits[index], self._text[self._ends[index] : start]
            if len(gap) >= _NEAR:
                break
            link = gap.strip(_LINK_EDGES).casefold()  # "which skills Ruby has": directly before a name, many do not say what it is
            if link in lists["links"] if link else hit.phrase not in lists["many"]:
                found |= hit.classes
                article = article or link in lists["firm_articles"] or hit.phrase in lists["the"]
                subject = subject or ("having" in hit.classes and hit.start > 0)
            if gap in _APPOSED and "agent" in hit.classes and not self._text[end : end + 1].isalnum():
                found |= hit.classes
        return found, article, subject

    def _after(self, end: int) -> tuple[frozenset[str], str, bool]:
        found: frozenset[str] = frozenset()
        noun, new = "", False
        explains = self._phrases.patterns["explains"]
        for index in range(bisect_left(self._starts, end), len(self._hits)):
            hit, gap = self._hits[index], self._text[end : self._starts[index]]
            if len(gap) > _FAR:
                break
            if len(gap) < 4 and not gap.strip(_AFTER_EDGES):
                found |= hit.classes
                noun = self._text[self._starts[index] : self._ends[index]] if "agent" in hit.classes else noun
            elif hit.classes & KINDS and re.fullmatch(explains, explained := gap.strip(_EXPLAIN_EDGES).casefold()):
                found |= hit.classes & KINDS
                new = new or explained.endswith(self._phrases.affixes["new"])
        return found, noun, new
