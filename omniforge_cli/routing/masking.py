"""Takes out of a message what is not its wording: names, quotes, code, addresses. Words inside them must not decide the act."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
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
_WORD = re.compile(
    rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:[\u0300-\u036f\u064b-\u065f\u0900-\u0d7f\u200c\u200d]|[^\W_{_UNSPACED}])*(?:'[^\W_]+)?|[?]"
)


def words(text: str, names: Sequence[str] = ()) -> list[str]:
    """The words of a message in order, folded in case, with placeholders for what was masked; "?" counts as a word.

    Scripts without spaces give one word a run. Of a very long message its beginning and end are read.
    """
    return _WORD.findall(mask(text, names).casefold())


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
