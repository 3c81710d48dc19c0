"""Agents, skills and channels that are called by what they do: "the invoice bot", "el bot de facturas", 发票机器人, "our OCR skill".

Such a name is made of ordinary words, so it counts only where its first and last word are certain: a determiner or a verb before it, the
noun that says what it is after it (before it in languages that put the noun first).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from omniforge_cli.routing.phrases import Hit, Phrases, Words

KINDS: Final = frozenset({"agent", "skill", "channel"})
"""Classes of the nouns that such a name is built around."""
_MOST_WORDS: Final = 4
_MOST_CHARACTERS: Final = 8
"""Of a name in a script without spaces, before its noun."""
_HINDI: Final = "\u0900"
_JAPANESE_NAME: Final = re.compile(r"[\u30a0-\u30ff\u4e00-\u9fff々]+$")


class Described(NamedTuple):
    """Such a name: where it stands in the text, as written, and "agent", "skill" or "channel"."""

    start: int
    end: int
    name: str
    kind: str


def described(words: Words, hits: Sequence[Hit], phrases: Phrases) -> list[Described]:
    """The names of this form that a text holds; `hits` are those of `phrases.things`. Call it only where one has a class of `KINDS`."""
    found: list[Described] = []
    loose, many = phrases.lists["loose"], phrases.affixes["many"]  # a "function" is a skill here and many other things elsewhere
    for index, hit in enumerate(hits):
        kinds = hit.classes & KINDS
        if kinds and hit.phrase not in loose and not hit.phrase.endswith(many):
            kind = min(kinds)
            place = _place(words, hits, index, kind, phrases)
            if place is not None:
                start, end = place
                found.append(Described(start, end, words.text[start:end], kind))
    return found


def _place(words: Words, hits: Sequence[Hit], index: int, kind: str, phrases: Phrases) -> tuple[int, int] | None:
    hit = hits[index]
    noun_start, noun_end = words.spans[hit.start][0], words.spans[hit.end - 1][1]
    noun = words.text[noun_start]
    if noun >= "\u3040":
        start = _unspaced_start(words.text, noun_start, phrases)
        end = noun_end if kind == "agent" else noun_start
    elif "\u0600" <= noun < "\u0700":
        return _arabic(words, hit, kind, phrases)
    else:
        first = _first_word(words, hits, index, kind, phrases)
        if first is None:
            return _noun_first(words, hits, index, kind, phrases)
        start, end = words.spans[first][0], noun_end if kind == "agent" else words.spans[hit.start - 1][1]
    return (start, end) if start is not None and start < end else None


def _first_word(words: Words, hits: Sequence[Hit], index: int, kind: str, phrases: Phrases) -> int | None:
    """The token with which "invoice bot" begins, or None where nothing says that it is one that exists."""
    hit, said, text, lists = hits[index], words.words, words.text, phrases.lists
    definite, indefinite = lists["definite"], lists["indefinite"]
    breaks = lists["breaks"]  # they stand in no such name: the words before them belong to something else
    at = hit.start
    while at and hit.start - at <= _MOST_WORDS:
        gap = text[words.spans[at - 1][1] : words.spans[at][0]]
        word = said[at - 1]
        if gap not in (" ", "-") or word in definite or word in breaks or word in indefinite or word in lists["definite_before_nouns"]:
            break
        at -= 1
    if kind == "channel" and not (at > 1 and said[at - 2] in lists["into"]):  # something is posted there
        return None
    bounded = at > 0 and said[at - 1] in definite and text[words.spans[at - 1][1] : words.spans[at][0]] == " "
    if not bounded:
        at = _bare_start(words, hits, index, at, phrases)
    while at < hit.start and said[at] in lists["generic"]:
        at += 1
    if at >= hit.start or said[at].isdecimal() or hit.start - at > _MOST_WORDS:
        return None
    capitals = all([text[words.spans[token][0]].isupper() for token in range(at, hit.start)])
    return None if capitals and "agent" in hit.classes else at


def _bare_start(words: Words, hits: Sequence[Hit], index: int, at: int, phrases: Phrases) -> int:
    """Without a determiner: what follows "pause" or "to", or opens the text; the noun's own place if there is none."""
    hit = hits[index]
    if at and words.words[at - 1] in phrases.lists["indefinite"]:
        return hit.start
    after_subject = phrases.lists["after_subject"]
    after = hits[index + 1] if index + 1 < len(hits) and hits[index + 1].start == hit.end else None
    for earlier in reversed(hits[:index]):
        if earlier.end <= hit.start and earlier.end >= at and "operate" in earlier.classes:
            return earlier.end
        if earlier.end == at and "onto" in earlier.classes and hit.start - at <= 2:
            return at if _plain(words, at, hit.end, phrases) else hit.start
    if at == 0 and hit.start > 0:
        said = words.words[hit.end] if hit.end < len(words.words) else ""
        if (after is not None and "aux" in after.classes and _plain(words, at, hit.start, phrases)) or said in after_subject:
            return 0
    if at > 0 and words.words[at - 1] in after_subject and words.text[words.spans[at][0]] >= _HINDI:
        return at
    return hit.start


def _plain(words: Words, start: int, end: int, phrases: Phrases) -> bool:
    """Whether none of the words is one of conversation or of acts, or many: bare plurals speak of no one in particular."""
    talk, things, plural = phrases.talk.classes, phrases.things.classes, phrases.affixes["plural"]
    return not any(
        word in talk or (word in things and things[word].isdisjoint(KINDS)) or word.endswith(plural) for word in words.words[start:end]
    )


def _noun_first(words: Words, hits: Sequence[Hit], index: int, kind: str, phrases: Phrases) -> tuple[int, int] | None:
    """The noun, and what it is for: "el bot de facturas", "l'assistant de paie"."""
    hit, said, lists = hits[index], words.words, phrases.lists
    definite, breaks, joins, generic = lists["definite_before_nouns"], lists["breaks"], lists["of"], lists["generic"]
    own = "'" in said[hit.start]
    if (
        kind == "skill"
        and hit.end + 1 < len(said)
        and any(later.start == hit.end + 1 and "onto" in later.classes for later in hits)
        and words.text[words.spans[hit.end - 1][1] : words.spans[hit.end][0]] == " "
    ):
        word = said[hit.end]
        return (
            words.spans[hit.end]
            if hit.start and said[hit.start - 1] in definite and word not in breaks and word not in joins and word not in generic
            else None
        )  # "la compétence traduction à ..."
    if kind == "channel" or not (own or (hit.start and said[hit.start - 1] in definite)):
        return None
    at = opening = hit.end + (kind == "skill" and said[hit.end : hit.end + 1] != () and said[hit.end] in generic)
    while at + 1 < len(said) and said[at] in joins and at - opening < _MOST_WORDS:
        inner = at + 1 + (said[at + 1] in lists["articles"])
        if (
            inner >= len(said)
            or said[inner] in lists["relative"]
            or said[inner] in breaks
            or said[inner].endswith(phrases.affixes["infinitive"])
            or words.text[words.spans[inner][0]].isupper()
        ):
            break
        at = inner + 1
    if at == opening or phrases.things.classes.get(said[opening + 1], frozenset()) & {"agent", "skill", "place", "tenant"}:
        return None
    start = words.spans[hit.start][0] + (words.text[words.spans[hit.start][0] :].find("'") + 1 if own else 0)
    if kind == "skill":
        start = words.spans[opening + 1][0]
    return start, words.spans[at - 1][1]


def _arabic(words: Words, hit: Hit, kind: str, phrases: Phrases) -> tuple[int, int] | None:
    """An indefinite noun with a definite one makes a name: "روبوت الفواتير"."""
    if hit.end >= len(words.words) or hit.phrase.startswith(phrases.affixes["definite"]):
        return None
    start, end = words.spans[hit.end]
    if not re.match(phrases.patterns["definite_noun"], words.text[start:end]):
        return None
    return (words.spans[hit.start][0] if kind == "agent" else start), end


def _unspaced_start(text: str, noun: int, phrases: Phrases) -> int | None:
    created = phrases.patterns["created"]
    head = text[max(0, noun - 2 * _MOST_CHARACTERS) : noun]
    if any("\u3040" <= letter <= "\u30ff" for letter in text):
        match = _JAPANESE_NAME.search(head)
        return None if match is None or re.search(created, match.group()) else noun - len(match.group())
    boundary = re.match(phrases.patterns["before_name"], head, re.DOTALL)
    name = head[boundary.end() :] if boundary else head
    if not name or len(name) > _MOST_CHARACTERS or re.search(created, name) or not name[0].isalnum():
        return None
    return noun - len(name) if boundary or noun == len(name) else None


def compounds(words: Words, phrases: Phrases) -> Iterator[tuple[int, int]]:
    """Agents' names that one word of a language of compounds holds: "den Urlaubsassistenten", "unser Rechnungshelfer"."""
    ends, definite = phrases.affixes["compound"], phrases.lists["definite"]
    for at, word in enumerate(words.words):
        if at and len(word) > 9 and word.endswith(ends) and words.words[at - 1] in definite:
            yield words.spans[at]
