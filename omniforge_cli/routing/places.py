"""What stands around a place in a text: the phrases directly before and after it, and the nouns that tell what a name there would be of."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from omniforge_cli.routing.described import KINDS, words_of
from omniforge_cli.routing.phrases import Hit, Words

_NEAR: Final = 8
_FAR: Final = 16
"""Characters between a place and the word before it, and the word after it, at most."""
_LINK_EDGES: Final = " \"'‘“„«「`:="
_AFTER_EDGES: Final = " \"'’”“»」`s"
_EXPLAIN_EDGES: Final = " \"'’”“»」`"
_FIRM_ARTICLES: Final = words_of("the el la le der die den dem o il")
_LINKS: Final = _FIRM_ARTICLES | {"", "my", "our", "a", "our own"}
"""What may stand between a name and the word that tells what it is."""
_MANY: Final = words_of("skills tools capabilities agents bots")
"""Directly before a name they do not say what it is: "which skills Ruby has"."""
_APPOSED: Final = frozenset({", ", " (", ": ", " - ", " – "})
_EXPLAINS: Final = frozenset(
    f"{mark}{article}"
    for mark in (", ", "(", "is ", "– ", ": ")
    for article in ("the", "our", "my", "a", "an", "a new", "the new", "der", "unser", "el")
) | {"这个", "这位", "という", "って"}
"""What stands between a name and the noun that explains it."""
_FOREIGN: Final = re.compile(r"[^\W\d\u0000-\u03ff]")
"""A letter of another script: a Latin word with a capital beside it is a name."""
_FIRST_FOREIGN: Final = "\u0400"
_PARTICLES: Final = frozenset("をはがにの吗的")


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

    __slots__ = ("_ends", "_hits", "_starts", "_text")

    def __init__(self, words: Words, hits: Sequence[Hit]) -> None:
        spans = words.spans
        self._text = words.text
        self._hits = hits
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
        return self._text[end : end + 1] in _PARTICLES

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
        for index in range(bisect_right(self._ends, start) - 1, -1, -1):
            hit, gap = self._hits[index], self._text[self._ends[index] : start]
            if len(gap) >= _NEAR:
                break
            link = gap.strip(_LINK_EDGES).casefold()
            if link in _LINKS and (link or hit.phrase not in _MANY):
                found |= hit.classes
                article = article or link in _FIRM_ARTICLES or hit.phrase == "the"
                subject = subject or ("having" in hit.classes and hit.start > 0)
            if gap in _APPOSED and "agent" in hit.classes and not self._text[end : end + 1].isalnum():
                found |= hit.classes
        return found, article, subject

    def _after(self, end: int) -> tuple[frozenset[str], str, bool]:
        found: frozenset[str] = frozenset()
        noun, new = "", False
        for index in range(bisect_left(self._starts, end), len(self._hits)):
            hit, gap = self._hits[index], self._text[end : self._starts[index]]
            if len(gap) > _FAR:
                break
            if len(gap) < 4 and not gap.strip(_AFTER_EDGES):
                found |= hit.classes
                noun = self._text[self._starts[index] : self._ends[index]] if "agent" in hit.classes else noun
            elif hit.classes & KINDS and (explained := gap.strip(_EXPLAIN_EDGES).casefold()) in _EXPLAINS:
                found |= hit.classes & KINDS
                new = new or explained.endswith(" new")
        return found, noun, new
