"""Names of agents and skills as people write them, where the agents are not known: quoted, compound, or capitalised in a telling place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from omniforge_cli.routing.phrases import Hit, Phrases, Words, fold, read

_QUOTED: Final = re.compile(
    r"\"([^\"\n]{2,60})\"|“([^”\n]{2,60})”|„([^“”\"\n]{2,60})[“”\"]|«\s*([^»\n]{2,60}?)\s*»|「([^」\n]{1,40})」|『([^』\n]{1,40})』"
    r"|(?<!\w)['‘]([^'’\n]{2,60})['’](?!\w)|`([^`\n]{2,60})`"
)
_COMPOUND: Final = re.compile(r"(?<![\w./@#:$-])(?:[^\W_]+(?:[-_][^\W_]+)+|[^\W\d_]{2,}[Bb]ot\d*)(?![\w/@(-]|\.\w)")
_COMPOUNDED: Final = ("-", "_", "bot", "Bot")
"""One of these stands in every compound."""
_LETTER: Final = r"[A-Za-z0-9À-ɏА-я]"
_WORD: Final = rf"(?:[A-ZÀ-ÖØ-ÞА-Я](?:(?:{_LETTER}|['’])*{_LETTER})?)"
_CAPITALISED: Final = re.compile(rf"(?<![\w@#./'’-]){_WORD}(?:[ -](?:{_WORD}|\d+\b))*")
_POSSESSIVE: Final = re.compile(r"['’]s?$")
_CONTRACTION: Final = re.compile(r"'(?:ve|re|ll|d|m|t|s)$")
_FOREIGN: Final = re.compile(r"[^\W\d\u0000-\u03ff]")
"""A letter of another script: a Latin word with a capital beside it is a name."""
_SENTENCE_ENDS: Final = frozenset(".!?…:;\n")
_DASHES: Final = ("- ", "– ", "— ")
_AGENT_ENDING: Final = re.compile(r"(?:bot|agent|helper|assistant|runner)\d*$")
_NOUN_CAPITALS: Final = frozenset(
    {"der", "die", "das", "und", "ein", "eine", "den", "dem", "ist", "nicht", "bitte", "ich", "wir", "mir", "wer"}
)
"""Words of a language that writes every noun with a capital: there a capital is no sign of a name."""
_LINKS: Final = frozenset({"", "the", "my", "our", "el", "la", "le", "der", "die", "den", "dem", "o", "a", "il", "our own"})
"""What may stand between a name and the word that tells what it is."""
_ENGLISH_COMPOUND: Final = 1
"""Hyphens of a word such as "follow-up" that is no name by its form alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A name as written. `kind` is "agent", "skill" or "person"; `new` says that the message gives this name rather than uses it."""

    name: str
    kind: str
    new: bool


def written_names(words: Words, hits: Sequence[Hit], spoken: frozenset[str], phrases: Phrases) -> list[Written]:
    """The names that a text writes plainly, in its order. Precision goes before recall: a name must stand where names stand.

    `hits` are those of `phrases.things`, `spoken` all their classes.
    """
    candidates = sorted(_candidates(words, phrases))
    if not candidates:
        return []
    found: dict[str, Written] = {}
    reach = 0
    for start, end, name, form in candidates:
        if start < reach:
            continue
        before, after, noun = _around(words, hits, start, end)
        kind = _kind(name, form, before, after, spoken, phrases)
        if kind is None:
            continue
        reach = end
        if noun and form == "capitalised" and name.count(" ") == 0:  # "Jira helper" is a name, "the Daily Sales bot" holds one
            name = f"{name} {noun}"
        found.setdefault(name, Written(name=name, kind=kind, new="named" in before))
    return list(found.values())


def _candidates(words: Words, phrases: Phrases) -> list[tuple[int, int, str, str]]:
    text = words.text
    found = [(match.start(), match.end(), match.group(match.lastindex or 0).strip(), "quoted") for match in _QUOTED.finditer(text)]
    if any(map(text.__contains__, _COMPOUNDED)):
        found += [(match.start(), match.end(), match.group(), "compound") for match in _COMPOUND.finditer(text)]
    if text == text.lower() or not _NOUN_CAPITALS.isdisjoint(words.words):
        return found
    for match in _CAPITALISED.finditer(text):
        start, name = match.start(), _POSSESSIVE.sub("", match.group())
        gap = _gap_before(text, start)
        if len(gap) == start or not _SENTENCE_ENDS.isdisjoint(gap) or any(map(gap.__contains__, _DASHES)):
            first, _, rest = name.partition(" ")
            if not rest and len(gap) == start and _is_common(first, phrases):
                continue
            while rest and _is_common(first, phrases):  # "Give Willow": the sentence's first word is no part of the name
                start, name = start + len(first) + 1, rest
                first, _, rest = name.partition(" ")
        found.append((start, match.end(), name, "capitalised"))
    return found


def _gap_before(text: str, start: int) -> str:
    """What stands between a place and the last letter or digit before it."""
    at = start
    while at and not (text[at - 1].isalnum() or text[at - 1] == "_"):
        at -= 1
    return text[at:start]


def _kind(name: str, form: str, before: frozenset[str], after: frozenset[str], spoken: frozenset[str], phrases: Phrases) -> str | None:
    folded = " ".join(read(name).words)
    if "skill" in after or "skill" in before:
        return "skill" if form != "capitalised" or not _is_common(name, phrases) else None
    if "invite" in before or not folded:
        return None
    if "named" in before:
        return "skill" if "skill" in spoken and "agent" not in spoken else "agent"
    if "agent" in before or "agent" in after:
        return None if form == "capitalised" and _is_common(name, phrases) else "agent"
    if folded in phrases.services.classes:
        return None
    if form == "quoted":
        return "agent" if "handle" in before else None
    if form == "compound":
        strong = name.count("-") + 2 * name.count("_") > _ENGLISH_COMPOUND or bool(_AGENT_ENDING.search(fold(name)))
        return "agent" if strong or "handle" in before else None
    if _is_common(name, phrases) or (name.isupper() and len(name) < 6):
        return None
    if spoken & {"role", "right"} and "agent" not in spoken:  # "make Petra an editor" is about a person
        return "person" if before & {"handle", "member"} or "aux" in after else None
    return "agent" if before & {"handle", "foreign"} or after & {"aux", "foreign"} or ("onto" in before and "skill" in spoken) else None


def _is_common(name: str, phrases: Phrases) -> bool:
    """Whether it is an ordinary word: in one of the lists, or of no weight."""
    folded = fold(name)
    listed = folded in phrases.talk.classes or folded in phrases.things.classes or folded in _STARTERS
    return listed or len(folded) < 2 or bool(_CONTRACTION.search(folded))


_STARTERS: Final = frozenset(
    {
        *(
            "there",
            "here",
            "if",
            "since",
            "because",
            "so",
            "every",
            "each",
            "some",
            "somebody",
            "someone",
            "something",
            "nobody",
            "everyone",
        ),
        *(
            "when",
            "while",
            "after",
            "before",
            "as",
            "once",
            "until",
            "dear",
            "team",
            "folks",
            "customers",
            "people",
            "who",
            "all",
            "no",
            "any",
        ),
        *("at", "in", "on", "for", "from", "by", "with", "do", "are", "were", "am", "would", "could", "you", "your", "its", "today", "two"),
        *(
            "half",
            "most",
            "many",
            "instead",
            "meanwhile",
            "somehow",
            "sometimes",
            "again",
            "never",
            "always",
            "also",
            "their",
            "client",
            "enough",
        ),
    }
)


def _around(words: Words, hits: Sequence[Hit], start: int, end: int) -> tuple[frozenset[str], frozenset[str], str]:
    """Classes of the phrases directly before and after a place, and the noun "agent", "bot" ... that follows it, as written."""
    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    noun = ""
    for hit in hits:
        hit_start, hit_end = words.spans[hit.start][0], words.spans[hit.end - 1][1]
        if hit_end <= start and start - hit_end < 8 and words.text[hit_end:start].strip(" \"'‘“„«「`:=").casefold() in _LINKS:
            before |= hit.classes
        elif hit_start >= end and hit_start - end < 4 and not words.text[end:hit_start].strip(" \"'’”“»」`s"):
            after |= hit.classes
            noun = words.text[hit_start:hit_end] if "agent" in hit.classes else noun
    if _FOREIGN.match(words.text[end : end + 2].lstrip()):
        after |= {"foreign"}
    if _FOREIGN.match(words.text[max(0, start - 2) : start].rstrip()[-1:]):
        before |= {"foreign"}
    return before, after, noun
