"""Takes out of a message what is not its wording: names, quotes, code, addresses. Words inside them must not decide the act."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NAME: Final = "ccname"
QUOTED_NAME: Final = "qqname"
QUOTED_TEXT: Final = "qqtext"
CODE: Final = "cccode"
URL: Final = "ccurl"
EMAIL: Final = "ccmail"

_HEAD: Final = 2000
_TAIL: Final = 1000
_SHORT_QUOTE: Final = 30
"""Characters up to which a quotation is taken for a name."""

_UNSPACED: Final = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.S)
_URL = re.compile(r"(?:https?|s3|ftp|wss?)://\S+|www\.\S+", re.I)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_JSON = re.compile(r"[\[{][^\[\]{}]*[\"':=][^{}]*[\]}]+")
_QUOTE = re.compile(
    r"\"([^\"]{1,2000})\"|“([^”]{1,2000})”|«([^»]{1,2000})»|「([^」]{1,2000})」|『([^』]{1,2000})』"
    r"|„([^“”\"]{1,2000})[“”\"]|(?<!\w)['‘]([^'’\n]{2,300}?)['’](?!\w)|`([^`\n]{1,300})`"
)
_MENTION = re.compile(r"(?<!\S)@[\w.-]+")
_COMPOUND = re.compile(r"(?<![\w-])(?:[^\W_]+(?:_[^\W_]+)+|[^\W_]+(?:-[^\W_]+)+)(?![\w-])")
_NAMELIKE_END = re.compile(r"(?:bot|agent|assistant|helper|\d)$")
_TOKEN = re.compile(
    rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:[\u0300-\u036f\u064b-\u065f\u0900-\u0d7f\u200c\u200d]|[^\W_{_UNSPACED}])*(?:'[^\W_]+)?"
    r"|[?？؟]+|[.!。！।;:](?=\s|$)|\n+"
)
_ENDS: Final = ".!。！।;:\n?？؟"
_MOST_WORDS: Final = 400
"""Words of a message that are looked at, so that a long paste costs no more than a long letter."""
_MOST_CAPITALS: Final = 0.6
_CAPITAL_WORDS: Final = frozenset({"I", "I'm", "I'd", "I've", "I'll", "OK"})
_AUXILIARIES: Final = frozenset(
    (
        "is",
        "isn't",
        "has",
        "hasn't",
        "should",
        "shouldn't",
        "must",
        "can",
        "can't",
        "cannot",
        "will",
        "won't",
        "was",
        "wasn't",
        "does",
        "doesn't",
        "did",
        "didn't",
        "may",
        "might",
        "ought",
        "and",
        "just",
        "still",
        "also",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The words of a message in order, folded in case, with placeholders for what was masked.

    `named` marks words that look like names, `opening` those that may be: they open a sentence, and with a capital.
    """

    words: list[str]
    named: list[bool]
    opening: list[bool]


def read(text: str, names: Sequence[str] = ()) -> Reading:
    """The message as words. A sentence's end counts as the word "." or "?"; a script without spaces gives one word a run.

    Of a very long message its beginning and end are read. A capital inside a sentence, where not all words have one, makes a name;
    several in a row are one name, so that the verb in "Create Report is late" does not count.
    """
    tokens = [("?" if token[0] in "?？؟" else ".") if token[0] in _ENDS else token for token in _TOKEN.findall(mask(text, names))][
        :_MOST_WORDS
    ]
    if tokens and tokens[-1] == ".":
        tokens.pop()
    capitals = [token[0].isupper() and token not in _CAPITAL_WORDS for token in tokens]
    if sum(capitals) > _MOST_CAPITALS * len(tokens) and len(tokens) > 3:
        capitals = [False] * len(tokens)
    reading = Reading(words=[], named=[], opening=[])
    at = 0
    while at < len(tokens):
        end = at
        while end < len(tokens) and capitals[end]:
            end += 1
        first = at == 0 or tokens[at - 1] in ("?", ".")
        if end - at >= 2 and not (first and not _is_subject(tokens, at, end)):
            reading.words.append(NAME)
            reading.named.append(True)
            reading.opening.append(False)
            at = end
            continue
        end = max(end, at + 1)
        reading.words.extend([token.casefold() for token in tokens[at:end]])
        reading.named.extend(
            [capital and (not (first and place == 0) or _is_camel(tokens[at + place])) for place, capital in enumerate(capitals[at:end])]
        )
        reading.opening.extend([capital and first and place == 0 for place, capital in enumerate(capitals[at:end])])
        at = end
    return reading


def _is_camel(token: str) -> bool:
    """`RateHound`: a name wherever it stands."""
    return not token.isupper() and any(map(str.isupper, token[1:]))


def _is_subject(tokens: Sequence[str], start: int, end: int) -> bool:
    """Whether a run of capitals that opens a sentence does something: "Daily Digest keeps…", not "Pause Willow"."""
    if end == len(tokens):
        return False
    after = tokens[end]
    return after in _AUXILIARIES or (len(after) > 3 and after[-1] == "s" and after.islower()) or tokens[end - 1].endswith("'s")


def mask(text: str, names: Sequence[str] = ()) -> str:
    """The message with code, quotes, addresses and agents' names (known, @mentioned, kebab-case or snake_case) replaced."""
    if len(text) > _HEAD + _TAIL:
        text = f"{text[:_HEAD]}\n{text[-_TAIL:]}"
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    for name in names:
        if len(name) > 2:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", f" {NAME} ", text, flags=re.I)
    text = _FENCE.sub(f" {CODE} ", text)
    text = _URL.sub(f" {URL} ", text)
    text = _EMAIL.sub(f" {EMAIL} ", text)
    text = _QUOTE.sub(_quotation, text)
    text = _JSON.sub(f" {CODE} ", text)
    text = _MENTION.sub(f" {NAME} ", text)
    return _COMPOUND.sub(_compound, text)


def is_unspaced(word: str) -> bool:
    """Whether the word is a run of a script that is written without spaces."""
    return bool(_UNSPACED_RUN.match(word))


_UNSPACED_RUN = re.compile(f"[{_UNSPACED}]")


def _quotation(match: re.Match[str]) -> str:
    inside = match.group(match.lastindex or 0)
    short = len(inside) <= _SHORT_QUOTE and inside.count(" ") < 4
    return f" {QUOTED_NAME if short else QUOTED_TEXT} "


def _compound(match: re.Match[str]) -> str:
    """`create-invoice-bot` and `report_runner` are names; `follow-up` is two words."""
    text = match.group()
    if "_" in text or text.count("-") > 1 or _NAMELIKE_END.search(text.casefold()):
        return f" {NAME} "
    return text.replace("-", " ")
