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
MASKS: Final = frozenset({NAME, QUOTED_NAME, QUOTED_TEXT, CODE, URL, EMAIL})
"""Words that stand in a text for what was taken out."""

_HEAD: Final = 2000
_TAIL: Final = 1000
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
    text = mask(text, names)
    tokens: list[str] = (_ASCII_TOKEN if text.isascii() else _TOKEN).findall(text)[:_MOST_WORDS]
    tokens = [token if token[0] not in _ENDS else "?" if token[0] in _QUESTIONS else "." for token in tokens]
    if tokens and tokens[-1] == ".":
        tokens.pop()
    words = [token.casefold() for token in tokens]
    reading = Reading(words=words, named=[False] * len(tokens), opening=[False] * len(tokens))
    if words == tokens:
        return reading
    capitals = [at for at, token in enumerate(tokens) if token[0].isupper() and token not in _CAPITAL_WORDS]
    if len(capitals) > _MOST_CAPITALS * len(tokens) and len(tokens) > 3:
        capitals = []
    for run in reversed(_runs(capitals)):
        _mark(reading, tokens, run)
    return reading


def _runs(places: Sequence[int]) -> list[range]:
    """Neighbouring places as ranges."""
    runs: list[range] = []
    for place in places:
        if runs and runs[-1].stop == place:
            runs[-1] = range(runs[-1].start, place + 1)
        else:
            runs.append(range(place, place + 1))
    return runs


def _mark(reading: Reading, tokens: Sequence[str], run: range) -> None:
    """Marks a run of capitals as a name, or puts one placeholder in its place. To be called from the last run to the first."""
    opens = run.start == 0 or tokens[run.start - 1] in ("?", ".")
    if len(run) > 1 and (not opens or _is_subject(tokens, run.start, run.stop)):
        reading.words[run.start : run.stop] = [NAME]
        reading.named[run.start : run.stop] = [True]
        reading.opening[run.start : run.stop] = [False]
        return
    for place in run:
        first = opens and place == run.start
        reading.named[place] = not first or _is_camel(tokens[place])
        reading.opening[place] = first


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
    for name in names:
        if len(name) > 2:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", f" {NAME} ", text, flags=re.I)
    if _ANY_MARK.search(text):
        for marks, pattern, mask_of in _MASKED:
            if any(map(text.__contains__, marks)):
                text = re.sub(pattern, mask_of, text)
    return text


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
