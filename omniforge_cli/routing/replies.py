"""What the assistant said last: what it offers or asks, and the options it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from omniforge_cli.routing.phrases import Phrases, bounded, read

_REMEMBERED: Final = 512
"""Replies that are kept as read: each stands in the history of several messages."""
_SENTENCE: Final = re.compile(r"(?<=[.!?。！？؟।])(?<!\b\d\.)(?:\s+|(?<=[。！？]))|\n+")
_MARKER: Final = re.compile(r"(?:(?<=[\s(:：、])|^)\(?(?:([1-9]\d?)|([A-Ha-h]))(?:[).:：、]|(?= \())[ \t]*", re.MULTILINE)
_LINE_NUMBER: Final = re.compile(r"^[1-9]\d? (?=\S)", re.MULTILINE)
_BULLET: Final = re.compile(r"^[ \t]*[-*•·・–][ \t]*(\S.*)$", re.MULTILINE)
_QUOTED: Final = re.compile(r"[\"“”„«「『]([^\"“”„«»「」『』\n]{1,60})[\"“”»」』]")
_TAIL: Final = re.compile(r"(?:\s*[(（\[]|\s+[-–—·]\s|:\s|[。！？!?;；]|\.(?:\s|$)).*$", re.DOTALL)
_EDGES: Final = " \t\n*_`\"'“”„«»‚‘’「」『』()（）?？！!¿¡.。,،、，;；:："
_CLOSING: Final = " )）\"'”»」』*_"
QUESTION_MARKS: Final = ("?", "？", "؟")
_COMMA: Final = re.compile(r"\s*[,،、，;]\s*")
_EMPTY: Final = frozenset({"offer", "filler", "ask"})
"""Classes of words that offer or ask without saying what."""
_SHORTEST_ACT: Final = 5
"""Characters that must follow "shall I" for them to be an act."""
_NAME_WORDS: Final = 4
"""Words of one item of a list in running text ("A, B and C"), at most; an alternative after "or" may be longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of the things listed: `text` as written, `name` without decoration and without what explains it."""

    text: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The assistant's message, read.

    `question` is the last thing it asks or says. `context` are the acts in that and in the sentences before it, worded as requests ("Shall
    I pause it?" is "pause it"), `offer` the question's alone, or all where it holds none. `asks`: it ends with the question; `offers`: that
    is worded as an offer.
    """

    text: str = ""
    question: str = ""
    offer: str = ""
    context: tuple[str, ...] = ()
    asks: bool = False
    offers: bool = False
    options: tuple[Option, ...] = ()
    lettered: bool = False

    @property
    def waits(self) -> bool:
        """Whether the assistant waits for an answer: it asks, offers, or lists options."""
        return self.asks or self.offers or bool(self.options)


def read_reply(text: str, phrases: Phrases) -> Reply:
    """What an assistant's message offers, asks and lists. Linear in the length, which is bounded."""
    return _read_reply(bounded(text.strip()), phrases)


@lru_cache(_REMEMBERED)
def _read_reply(text: str, phrases: Phrases) -> Reply:
    sentences = [sentence.strip() for sentence in _SENTENCE.split(text) if sentence.strip()]
    options, lettered = _options(text, sentences, phrases)
    asked = [index for index, sentence in enumerate(sentences) if sentence.rstrip(_CLOSING).endswith(QUESTION_MARKS)]
    at = asked[-1] if asked else len(sentences) - 1
    question = sentences[at] if sentences else ""
    asks = bool(asked) and (bool(options) or at >= len(sentences) - 2)
    offer = _request(question, phrases)
    context = tuple(filter(None, [_request(sentence, phrases) for sentence in sentences[max(0, at - 2) : at + 1]]))
    offers = any("offer" in hit.classes for hit in phrases.talk.hits(read(question).words))
    return Reply(
        text=text,
        question=question,
        offer=offer or " ".join(context),
        context=context,
        asks=asks,
        offers=offers,
        options=options,
        lettered=lettered,
    )


def _request(sentence: str, phrases: Phrases) -> str:
    """The act that a sentence offers, worded as the user would: what follows "shall I", without the question mark."""
    said = read(sentence)
    hits = phrases.talk.hits(said.words)
    if sum(hit.end - hit.start for hit in hits if hit.classes & _EMPTY) >= len(said.words):
        return ""
    openings = (said.spans[hit.end - 1][1] for hit in hits if "opener" in hit.classes)
    end = max((end for end in openings if len(sentence) - end > _SHORTEST_ACT), default=0)
    return sentence[end:].strip(_EDGES)


def _options(text: str, sentences: list[str], phrases: Phrases) -> tuple[tuple[Option, ...], bool]:
    marked, lettered = _marked(text, phrases)
    if marked:
        return marked, lettered
    for items in (_BULLET.findall(text), _LINE_NUMBER.split(text)[1:]):
        if len(items) >= 2:
            return tuple(_option(item.partition("\n")[0], phrases) for item in items), False
    for sentence in reversed(sentences[-3:]):
        found = _alternatives(sentence, phrases)
        if len(found) >= 2:
            return _named(found, phrases), False
    quoted = dict.fromkeys(_QUOTED.findall(text))
    return (tuple(_option(item, phrases) for item in quoted) if len(quoted) >= 2 else ()), False


def _marked(text: str, phrases: Phrases) -> tuple[tuple[Option, ...], bool]:
    """Options behind or before `1.`, `(2)`, `A)` ... that count up from the first."""
    markers = list(_MARKER.finditer(text))
    for group in (1, 2):
        kept: list[re.Match[str]] = []
        for found in markers:
            mark = found[group]
            if mark and (int(mark) if group == 1 else ord(mark.casefold()) - 96) == len(kept) + 1:
                kept.append(found)
        if len(kept) >= 2:
            return tuple(_option(item, phrases) for item in _between(text, kept)), group == 2
    return (), False


def _between(text: str, markers: list[re.Match[str]]) -> list[str]:
    if not text[markers[-1].end() :].strip(_EDGES):  # "do this (A) or that (B)?": the marker follows
        starts = [0] + [found.end() for found in markers[:-1]]
        return [text[start : found.start()] for start, found in zip(starts, markers, strict=True)]
    ends = [found.start() for found in markers[1:]] + [len(text)]
    return [text[found.end() : end].partition("\n")[0] for found, end in zip(markers, ends, strict=True)]


def _alternatives(sentence: str, phrases: Phrases) -> list[str]:
    """`A, B or C` in running text; `A, B and C` when it is plainly a list."""
    head, colon, listed = sentence.rpartition(": ")
    body = (listed if colon else sentence).strip(_EDGES)
    pieces = _COMMA.split(body)
    for kind, words in (("or", 20), ("or_weak", _NAME_WORDS), ("and", _NAME_WORDS)):
        if (kind == "and" and len(pieces) < 2 and not colon) or (kind == "or_weak" and not sentence.endswith(QUESTION_MARKS)):
            continue
        parts, joined = _split(pieces, kind, phrases)
        if joined and len(parts) >= 2 and all(read(part).length() <= words for part in parts[:1] if kind != "or"):
            return parts
    short = all(read(piece).length() <= _NAME_WORDS for piece in pieces)
    return pieces if short and len(pieces) >= (2 if colon and head else 3) else []


def _split(pieces: list[str], kind: str, phrases: Phrases) -> tuple[list[str], bool]:
    """The pieces, cut again at joining words of that kind; whether there was one."""
    parts: list[str] = []
    joined = False
    for piece in pieces:
        words: list[str] = []
        for word in piece.split():
            if kind in phrases.talk.classes.get(word.casefold(), ()):
                joined = True
                parts.append(" ".join(words))
                words = []
            else:
                words.append(word)
        parts.append(" ".join(words))
    return [part for part in parts if part.strip(_EDGES)], joined


def _named(parts: list[str], phrases: Phrases) -> tuple[Option, ...]:
    """Options of a sentence: the first one carries its opening ("Should it be called Bard or Quill"), which is no part of the name."""
    options = [_option(part, phrases) for part in parts]
    length = len(options[1].name.split())
    opening = options[0].name.split()
    quoted = _QUOTED.search(parts[0] + '"')
    if quoted:
        options[0] = Option(text=options[0].text, name=quoted[1])
    elif len(opening) > length + 1:
        options[0] = Option(text=options[0].text, name=" ".join(opening[-length:]))
    return tuple(options)


def _option(text: str, phrases: Phrases) -> Option:
    """An item without the marks around it, and without the "or" that joined it to its neighbours."""
    words = text.strip(_EDGES).split(" ")
    while len(words) > 1 and (_joins(words[-1], phrases) or "and" in phrases.talk.classes.get(words[-1].casefold(), ())):
        words.pop()
    while len(words) > 1 and _joins(words[0], phrases):
        words.pop(0)
    text = " ".join(words).strip(_EDGES)
    return Option(text=text, name=_TAIL.sub("", text, count=1).strip(_EDGES) or text)


def _joins(word: str, phrases: Phrases) -> bool:
    return "or" in phrases.talk.classes.get(word.casefold(), ())
