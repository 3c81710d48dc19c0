"""Takes out of a message what is not its wording: names, quotes, code, addresses. Words inside them must not decide the act."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

NAME: Final = "ccname"
QUOTED_NAME: Final = "qqname"
QUOTED_TEXT: Final = "qqtext"
CODE: Final = "cccode"
URL: Final = "ccurl"
EMAIL: Final = "ccmail"
MASKS: Final = frozenset({NAME, QUOTED_NAME, QUOTED_TEXT, CODE, URL, EMAIL})
"""Words that stand in a text for what was taken out."""

_HEAD: Final = 2000
_TAIL: Final = 1000
_REMEMBERED: Final = 64
"""Lists of agents' names whose pattern is kept."""
_SHORT_QUOTE: Final = 30
"""Characters up to which a quotation is taken for a name."""

_UNSPACED: Final = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_FENCE: Final = r"(?s)```.*?(?:```|\Z)"
_URL: Final = r"(?i)(?:https?|s3|ftp|wss?)://\S+|www\.\S+"
_EMAIL: Final = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_JSON: Final = r"[\[{][^\[\]{}]*[\"':=][^{}]*[\]}]+"
_MARKS: Final = '"“”„«»「」『』'
_QUOTE: Final = rf"[{_MARKS}]([^{_MARKS}]{{1,2000}})[{_MARKS}]|(?<!\w)['‘]([^'’\n]{{2,300}}?)['’](?!\w)|`([^`\n]{{1,300}})`"
_MENTION: Final = r"(?<!\S)@[\w.-]+"
_COMPOUND: Final = r"(?<![\w-])(?:[^\W_]+(?:_[^\W_]+)+|[^\W_]+(?:-[^\W_]+)+)(?![\w-])"
_MASKED: Final = (
    ("`", _FENCE, f" {CODE} "),
    (("://", "www.", "Www.", "WWW."), _URL, f" {URL} "),
    ("@", _EMAIL, f" {EMAIL} "),
    (f"{_MARKS}'‘`", _QUOTE, lambda match: _quotation(match)),
    ("{[", _JSON, f" {CODE} "),
    ("@", _MENTION, f" {NAME} "),
    ("-_", _COMPOUND, lambda match: _compound(match)),
)
"""What is looked for, only in a message that holds one of those marks: compiling a pattern costs more than routing a message."""
_ANY_MARK: Final = re.compile(rf"[:@`'‘{_MARKS}{{\[_-]|[wW]\w\w\.")
_NAMELIKE_END: Final = r"(?:bot|agent|assistant|helper|\d)$"
_TOKEN = re.compile(
    rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:[\u0300-\u036f\u064b-\u065f\u0900-\u0d7f\u200c\u200d]|[^\W_{_UNSPACED}])*(?:'[^\W_]+)?"
    r"|[?？؟]+|[.!。！।;:](?=\s|$)|\n+"
)
_ASCII_TOKEN = re.compile(r"[A-Za-z0-9]+(?:'[A-Za-z0-9]+)?|\?+|[.!;:](?=\s|$)|\n+")
"""The same for ASCII, twice as fast."""
_ENDS: Final = ".!。！।;:\n?？؟"
_QUESTIONS: Final = "?？؟"
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


def tokens(text: str, names: Sequence[str] = ()) -> list[str]:
    """The words of a message in order, with placeholders for what was masked; `names` are agents' names.

    A sentence's end is one too; a script without spaces gives one word a run. Of a very long message its beginning and end are read.
    """
    text = mask(text, names)
    return (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)[:_MOST_WORDS]


def folded(token: str) -> str:
    """A token without its case; a sentence's end is "." or "?"."""
    return token.casefold() if token[0] not in _ENDS else "?" if token[0] in _QUESTIONS else "."


def is_capitalised(token: str) -> bool:
    """Whether its capital may make it a name."""
    return token[0].isupper() and token not in _CAPITAL_WORDS


class Capitals(NamedTuple):
    """Places of capitalised words that are one name together, and of single ones, with whether it is sure that these are names."""

    joined: list[range]
    single: dict[int, bool]


def capitals(found: Sequence[str], places: Sequence[int]) -> Capitals:
    """What the capitals at some places of a message's tokens say.

    A capital inside a sentence, where not all words have one, makes a name; one that opens a sentence may. Several in a row are one
    name, so that the verb in "Create Report is late" does not count.
    """
    joined: list[range] = []
    single: dict[int, bool] = {}
    if len(places) > _MOST_CAPITALS * len(found) and len(found) > 3:
        places = ()
    for run in _runs(places):
        opens = run.start == 0 or found[run.start - 1][0] in _ENDS
        if len(run) > 1 and (not opens or _is_subject(found, run.start, run.stop)):
            joined.append(run)
        else:
            single.update({place: not (opens and place == run.start) or _is_camel(found[place]) for place in run})
    return Capitals(joined, single)


def _runs(places: Sequence[int]) -> list[range]:
    """Neighbouring places as ranges."""
    runs: list[range] = []
    for place in places:
        if runs and runs[-1].stop == place:
            runs[-1] = range(runs[-1].start, place + 1)
        else:
            runs.append(range(place, place + 1))
    return runs


def _is_camel(token: str) -> bool:
    """`RateHound`: a name wherever it stands."""
    return not token.isupper() and any(map(str.isupper, token[1:]))


def _is_subject(tokens: Sequence[str], start: int, end: int) -> bool:
    """Whether a run of capitals that opens a sentence does something: "Daily Digest keeps…", not "Pause Willow"."""
    if end == len(tokens):
        return False
    after = tokens[end]
    return after in _AUXILIARIES or (len(after) > 3 and after[-1] == "s" and after.islower()) or tokens[end - 1].endswith("'s")


def shortened(text: str) -> str:
    """The beginning and the end of a very long text: all that is read of it."""
    return text if len(text) <= _HEAD + _TAIL + 1 else f"{text[:_HEAD]}\n{text[-_TAIL:]}"


def mask(text: str, names: Sequence[str] = ()) -> str:
    """The message with code, quotes, addresses and agents' names (known, @mentioned, kebab-case or snake_case) replaced."""
    text = shortened(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("’", "'")
    if names and (known := _any_of(tuple(names))) is not None:
        text = known.sub(f" {NAME} ", text)
    if _ANY_MARK.search(text):
        for marks, pattern, mask_of in _MASKED:
            if any(map(text.__contains__, marks)):
                text = re.sub(pattern, mask_of, text)
    return text


@lru_cache(_REMEMBERED)
def _any_of(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """Finds any of the names, the longest that fits."""
    long = sorted({name for name in names if len(name) > 2}, key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, long))})(?!\w)", re.IGNORECASE) if long else None


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
    if "_" in text or text.count("-") > 1 or re.search(_NAMELIKE_END, text.casefold()):
        return f" {NAME} "
    return text.replace("-", " ")
