"""Times at which something is to happen again, as they are written: "every Monday at 9", "täglich um 8 Uhr", 每周一早上9点, a cron line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from omniforge_cli.routing.phrases import Hit, Phrases, Words

_CRON: Final = re.compile(r"(?<![\w*/])(?:(?:\*(?:/\d+)?|\d+(?:[-,/]\d+)*)\s+){4}(?:\*|[\w,-]+)(?![\w*/])")
_AGAIN: Final = frozenset({"time_every", "time_often"})
_TIMED: Final = _AGAIN | {"time_unit", "time_joins", "time_count", "time_nth"}
_CLOCK: Final = re.compile(
    r"(?:\bto|\buntil|\bauf|\ba las|\bà|\bpara as|\bat(?=[^,;]{3,14} (?:instead|rather)\b))\s"
    r"(\d{1,2}(?:[:.h]\d\d\s?(?:[ap]\.m\.|[ap]m\b|uhr\b)?|\s?(?:[ap]\.m\.|[ap]m\b|uhr\b|h\b)))",
    re.IGNORECASE,
)
"""The time to which a run is moved; a time of day that is not moved to happens once."""
_DIGIT: Final = re.compile(r"\d")
_DENIED: Final = (" not", "instead of", "rather than", " statt", "anstatt", "au lieu de", "en vez de", "em vez de", "invece di")
"""What is said before a schedule that is given up."""
_OWNED: Final = frozenset({"the", "our", "my", "this", "last", "that", "its", "his", "her", "their", "your"})
"""Before "weekly" they make it the name of a thing that is there: "the weekly digest"."""
_GAP: Final = 4
"""Characters that may stand between two words of one schedule: a comma, a space."""


def schedules(words: Words, hits: Sequence[Hit], spoken: frozenset[str], phrases: Phrases) -> list[str]:
    """The schedules that a text names, as written; `hits` are those of `phrases.things`, `spoken` all their classes."""
    text = words.text
    if "*" in text and (lines := [match.group() for match in _CRON.finditer(text) if "*" in match.group()]):
        return lines
    if not text.isascii() and (unspaced := [match.group() for match in re.finditer(phrases.schedules, text)]):
        return unspaced
    if _AGAIN.isdisjoint(spoken) and ("time_nth" not in spoken or "time_unit" not in spoken):
        return _CLOCK.findall(text) if "agent_part" in spoken and _DIGIT.search(text) else []
    found = []
    parts = _parts(words, hits, phrases)
    at = 0
    while at < len(parts):
        end = at
        while end + 1 < len(parts) and parts[end + 1][0] - parts[end][1] <= _GAP and _continues(text[parts[end][1] : parts[end + 1][0]]):
            end += 1
        group = _trimmed(parts[at : end + 1])
        if group and text[: group[0][0]].rstrip().casefold().endswith(_DENIED):
            group = []
        if _recurs({kind for part in group for kind in part[2]}, group):
            found.append(text[group[0][0] : group[-1][1]])
        at = end + 1
    return found


Part = tuple[int, int, frozenset[str]]


def _parts(words: Words, hits: Sequence[Hit], phrases: Phrases) -> list[Part]:
    """Words of time and times of day, in their order: start, end, classes."""
    parts = [(words.spans[hit.start][0], words.spans[hit.end - 1][1], hit.classes & _TIMED) for hit in hits if hit.classes & _TIMED]
    parts = [part for part in parts if "time_often" not in part[2] or not _is_a_name(words, part)]
    if not _DIGIT.search(words.text):  # noon and midnight are words of time by themselves
        return parts
    clocks = [(match.start(), match.end(), frozenset({"clock"})) for match in re.finditer(phrases.clock, words.text, re.IGNORECASE)]
    covered = {position for start, end, _ in clocks for position in range(start, end)}
    return sorted([part for part in parts if part[0] not in covered] + clocks)


def _is_a_name(words: Words, part: Part) -> bool:
    """Whether "weekly" is part of a word ("create-weekly-menu") or of the name of something that is there ("the weekly digest")."""
    text, (start, end, _) = words.text, part
    if text[start - 1 : start] in ("-", "_") or text[end : end + 1] in ("-", "_"):
        return True
    if start and text[start].isupper() and text[start:end].endswith("ly") and text[:start].rstrip()[-1:] not in ".!?:\n":
        return True
    before = text[:start].rstrip().rpartition(" ")[2].casefold()
    return before in _OWNED and text[end : end + 1] == " " and text[end + 1 : end + 2].isalpha()


def _continues(between: str) -> bool:
    return not between.strip(" ,-–")


def _trimmed(parts: list[Part]) -> list[Part]:
    """Without joining words ("at", "and") at its end, or before it begins with a time; "hours every Monday" begins with "every"."""
    while parts and parts[-1][2] == {"time_joins"}:
        parts = parts[:-1]
    starts = [index for index, part in enumerate(parts) if part[2] & {"time_every", "time_often", "clock", "time_unit", "time_nth"}]
    parts = parts[starts[0] :] if starts else parts[:0]
    while len(parts) > 1 and "time_nth" in parts[0][2] and "time_nth" in parts[1][2]:
        parts = parts[1:]
    if parts and "time_nth" in parts[0][2] and (len(parts) < 2 or "clock" in parts[1][2]):
        parts = parts[1:]
    every = next((index for index, part in enumerate(parts) if "time_every" in part[2]), 0)
    return parts[every:] if all(part[2] <= {"time_unit", "time_count"} for part in parts[:every]) else parts


def _recurs(kinds: set[str], group: list[Part]) -> bool:
    """Whether it says that something happens again: "every" with a unit or a time, or "daily" and the like."""
    if "time_often" in kinds:
        return True
    if group and "time_nth" in group[0][2] and sum("time_unit" in part[2] for part in group) > 1:  # "first Monday of the month"
        return True
    return "time_every" in kinds and bool({"time_unit", "clock"} & kinds) and len(group) > 1
