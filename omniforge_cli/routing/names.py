"""Names of agents and skills as people write them, where the agents are not known: quoted, compound, or capitalised in a telling place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple

from omniforge_cli.routing.described import KINDS, compounds, described
from omniforge_cli.routing.phrases import Hit, Phrases, Words, fold
from omniforge_cli.routing.places import Landmarks, Place

_QUOTED: Final = re.compile(
    r"\"([^\"\n]{2,60})\"|“([^”\n]{2,60})”|„([^“”\"\n]{2,60})[“”\"]|«\s*([^»\n]{2,60}?)\s*»|「([^」\n]{1,40})」|『([^』\n]{1,40})』"
    r"|(?<!\w)['‘]([^'’\n]{2,60})['’](?!\w)|`([^`\n]{2,60})`"
)
_QUOTE_MARK: Final = re.compile("[\"“„«「『‘`]|(?<!\\w)'")
"""What stands in every text with a quotation, and is found sooner."""
_COMPOUND: Final = re.compile(r"(?<![\w./@#:$-])(?:[^\W_]+(?:[-_][^\W_]+)+|[^\W\d_]{2,}[Bb]ot\d*)(?![\w/@(-]|\.\w)")
_LETTER: Final = r"[A-Za-z0-9À-ɏА-я]"
_CAPITAL: Final = "[A-ZÀ-ÖØ-ÞА-Я]"
_REST: Final = rf"(?:(?:{_LETTER}|['’])*{_LETTER})?"
_CAPITALISED: Final = re.compile(rf"{_CAPITAL}(?<![\w@#./'’-].){_REST}(?:[ -](?:{_CAPITAL}{_REST}|\d+\b))*")
"""Begins with the letter itself, before what must not stand before it: so it is found twice as fast."""
_SENTENCE_ENDS: Final = frozenset(".!?…:;\n")
_DASHES: Final = ("- ", "– ", "— ")
_ENGLISH_COMPOUND: Final = 1
"""Hyphens of a word such as "follow-up" that is no name by its form alone."""
_APPOSED_GAP: Final = 3
"""Characters between a noun and the name that explains it, at most."""
_MOST_SPACES: Final = 5
_FIRST_UNSURE: Final = "\u0400"
"""From this script on a capital before "bot" opens a sentence as often as a name."""
_TELLING: Final = KINDS | {"named", "equip"}
"""Classes of words beside which even a language that writes all nouns with capitals names an agent."""
_PERSONAL: Final = frozenset({"role", "right", "person_part", "tenant"})
"""Classes of words that are said of people, not of agents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A name as written. `kind` is "agent", "skill" or "person"; `new` says that the message gives this name rather than uses it.

    `start` and `end` are its place in the text.
    """

    name: str
    kind: str
    new: bool
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


class Candidate(NamedTuple):
    """A piece of text that has the form of a name: "quoted", "compound", "capitalised" or "called"."""

    start: int
    end: int
    name: str
    form: str


def written_names(words: Words, hits: Sequence[Hit], spoken: frozenset[str], phrases: Phrases) -> list[Written]:
    """The names that a text writes plainly, in its order. Precision goes before recall: a name must stand where names stand.

    `hits` are those of `phrases.things`, `spoken` all their classes.
    """
    candidates = sorted(_candidates(words, hits, spoken, phrases))
    found: dict[str, Written] = {}
    if spoken.isdisjoint(_TELLING):  # then an ordinary word is no name wherever it stands
        candidates = [candidate for candidate in candidates if candidate.form != "capitalised" or not _is_common(candidate.name, phrases)]
    if candidates:
        landmarks = Landmarks(words, hits, phrases)
        before = _Before(0, "", False)
        for candidate in candidates:
            if candidate.start < before.end:
                continue
            place = landmarks.around(candidate.start, candidate.end)
            kind = _kind_in_row(candidate, place, before, words, spoken, phrases) or _kind(candidate, place, landmarks, spoken, phrases)
            if kind is None:
                if candidate.form == "quoted":  # nor does anything in it name somebody
                    before = before._replace(end=candidate.end)
                continue
            before = _Before(candidate.end, kind, "equip" in place.before)
            spoken = spoken | {kind} if kind == "skill" else spoken
            name = _written(candidate, kind, place)
            found.setdefault(name.name, name)
    if not spoken.isdisjoint(KINDS):
        _add_described(words, hits, found, phrases)
    return list(found.values())


class _Before(NamedTuple):
    """The name before: where it ends, of what it is, and whether something is given to it."""

    end: int
    kind: str
    given: bool


def _written(candidate: Candidate, kind: str, place: Place) -> Written:
    name, end = candidate.name, candidate.end
    if place.noun and candidate.form == "capitalised" and " " not in name:  # "Jira helper" is a name, "the Daily Sales bot" holds one
        name, end = f"{name} {place.noun}", end + 1 + len(place.noun)
    return Written(name=name, kind=kind, new="named" in place.before or place.new, start=candidate.start, end=end)


def _kind_in_row(candidate: Candidate, place: Place, before: _Before, words: Words, spoken: frozenset[str], phrases: Phrases) -> str | None:
    """A compound's kind by the name before it ("give Iris tax-lookup and date-picker"), or by what is done with it."""
    if candidate.form == "quoted" and "attach" in place.before:
        return _skill_by_act(words, candidate, place, spoken, phrases)
    if candidate.form != "compound":
        return None
    gap, joins = words.text[before.end : candidate.start], phrases.lists["joins"]
    if (before.given and before.kind == "agent" and gap == " ") or (before.kind == "skill" and gap in joins):
        return "skill"
    if before.kind == "agent" and gap in joins:
        return "agent"
    return _skill_by_act(words, candidate, place, spoken, phrases) if place.before and "skill" not in place.after else None


def _add_described(words: Words, hits: Sequence[Hit], found: dict[str, Written], phrases: Phrases) -> None:
    """Names made of ordinary words, but not those that stand in a name or are explained by one ("our triage agent, Kestrel")."""
    taken = [(name.start, name.end) for name in found.values()]
    for start, end, name, kind in described(words, hits, phrases):
        if not any(start < upto and end >= since - _APPOSED_GAP for since, upto in taken):
            found.setdefault(name, Written(name=name, kind=kind, new=False, start=start, end=end))


def _candidates(words: Words, hits: Sequence[Hit], spoken: frozenset[str], phrases: Phrases) -> list[Candidate]:
    text = words.text
    found: list[Candidate] = []
    if '"' in text or (("'" in text or not text.isascii() or "`" in text) and _QUOTE_MARK.search(text)):
        found += [
            Candidate(match.start(), match.end(), match.group(match.lastindex or 0).strip(), "quoted") for match in _QUOTED.finditer(text)
        ]
    if "-" in text or "_" in text or "bot" in text or "Bot" in text:
        found += [Candidate(match.start(), match.end(), match.group(), "compound") for match in _COMPOUND.finditer(text)]
    if "named" in spoken and not spoken.isdisjoint(KINDS):
        found += _called(words, hits, phrases)
    first, rest = words.words[0] if words.words else "", text[1:]
    if rest == rest.lower() and (not text[:1].isupper() or ("'" not in first and _is_common(first, phrases))):
        return found  # no capital but that of an ordinary word which opens the text
    # Words of a language that writes every noun with a capital: there a capital is no sign of a name.
    if phrases.lists["noun_capitals"].isdisjoint(words.words):
        return [*found, *_capitalised(text, "capitalised", phrases)]
    found += [Candidate(start, end, text[start:end], "compound") for start, end in compounds(words, phrases)]
    telling = not spoken.isdisjoint(_TELLING)
    return [*found, *(noun for noun in _capitalised(text, "noun", phrases) if telling or noun.form == "opening noun")]


def _capitalised(text: str, form: str, phrases: Phrases) -> Iterator[Candidate]:
    """Runs of words with a capital. At the beginning of a sentence an ordinary word is none of the name: "Give Willow"."""
    possessive = phrases.affixes["possessive"]
    for match in _CAPITALISED.finditer(text):
        start, end, name = match.start(), match.end(), match.group()
        name = name[:-2] if name.endswith(possessive) else name
        gap = _gap_before(text, start)
        opens = len(gap) == start or not _SENTENCE_ENDS.isdisjoint(gap) or any(map(gap.__contains__, _DASHES))
        first, _, rest = name.partition(" ")
        if opens:
            if not rest and len(gap) == start and _is_common(first, phrases):
                continue
            while rest and _is_common(first, phrases) and not rest[0].isdecimal():
                start, name = start + len(first) + 1, rest
                first, _, rest = name.partition(" ")
        if form == "noun" and rest and not KINDS.isdisjoint(phrases.things.classes.get(fold(first), ())):  # "Agenten Lotse"
            start, name = start + len(first) + 1, rest
        yield Candidate(start, end, name, f"opening {form}" if opens and form == "noun" else form)


def _called(words: Words, hits: Sequence[Hit], phrases: Phrases) -> list[Candidate]:
    """Names without a capital: "a bot called zorro"."""
    found = []
    for before, hit in pairwise(hits):
        if "named" in hit.classes and before.classes & KINDS and hit.start - before.end <= 1 and hit.end < len(words.words):
            start, end = words.spans[hit.end]
            name = words.text[start:end]
            if name.islower() and name.isascii() and not _is_common(name, phrases) and words.text[end : end + 1] not in ("-", "_"):
                found.append(Candidate(start, end, name, "called"))
    return found


def _gap_before(text: str, start: int) -> str:
    """What stands between a place and the last letter or digit before it."""
    at = start
    while at and not (text[at - 1].isalnum() or text[at - 1] == "_"):
        at -= 1
    return text[at:start]


def _kind(candidate: Candidate, place: Place, landmarks: Landmarks, spoken: frozenset[str], phrases: Phrases) -> str | None:
    start, end, name, form = candidate
    before, after = place.before, place.after
    if "skill" in after or "skill" in before:
        return "skill" if form in ("quoted", "compound", "called") or not _is_common(name, phrases) else None
    if "invite" in before or (form == "quoted" and not any(map(str.isalnum, name))):
        return None
    folded = fold(name).replace("-", " ")
    if "named" in before or form == "called":
        return landmarks.kind_near(start, end) or "agent"
    if ("agent" in before or "agent" in after) and not _is_bare(folded, phrases):
        ordinary = form not in ("quoted", "compound") and (_is_common(name, phrases) or name[0] >= _FIRST_UNSURE)
        return None if ordinary or name.count(" ") > _MOST_SPACES else "agent"
    if folded in phrases.services.classes:
        return None
    if form == "quoted":
        acted_on = "handle" in before or ("handle" in spoken and landmarks.followed_by_particle(end))
        return "agent" if acted_on and _may_be_quoted(name, before, spoken) else None
    if form == "compound" and not _is_bare(folded, phrases):
        strong = name.count("-") + 2 * name.count("_") > _ENGLISH_COMPOUND or _ends_like_an_agent(name, phrases)
        if "_" in name and "label" in spoken and "operate" not in before:  # "the label is ..."
            return None
        return "agent" if strong or "handle" in before else None
    if form == "compound" or _is_common(name, phrases) or (name.isupper() and len(name) < 6):
        return None
    if form != "capitalised":
        certain = (form == "opening noun" and "aux" in after) or "equip" in before
        return "agent" if certain and not place.article else None
    return _kind_by_capitals(candidate, place, spoken, phrases)


def _may_be_quoted(name: str, before: frozenset[str], spoken: frozenset[str]) -> bool:
    """Whether a quotation has the form of a name: short, with a capital if it is of several words, and no label that is dictated."""
    if ("_" in name and "label" in spoken) or name.count(" ") > _MOST_SPACES:
        return False
    return " " not in name or not name.islower() or "operate" in before


def _kind_by_capitals(candidate: Candidate, place: Place, spoken: frozenset[str], phrases: Phrases) -> str | None:
    """Whose name it is that only its capital and its place make a name."""
    before, after, name = place.before, place.after, candidate.name
    possessive = candidate.end - candidate.start > len(name)
    titled = name.startswith(phrases.affixes["title"]) and "operate" not in before
    if titled or (not spoken.isdisjoint(_PERSONAL) and spoken.isdisjoint({"agent", "skill"})):  # "make Petra an editor" is about a person
        told = bool(before & {"handle", "member"} or after & {"aux", "person_part"})
        if told and not spoken.isdisjoint(_PERSONAL):
            return "agent" if "agent_part" in after and not titled else "person"
        return None
    if place.article and not after:
        return None
    owned = possessive and "agent_part" in after
    if "onto" in before and "handle" not in before and not owned and "skill" not in spoken:  # "the plaque for Brendan needs wording"
        return None
    telling = {"foreign", "agent_part"} if possessive else {"foreign", "aux"}
    if before & {"handle", "foreign"} or after & telling:
        return "agent"
    return "agent" if "onto" in before and "skill" in spoken else None


def _skill_by_act(words: Words, candidate: Candidate, place: Place, spoken: frozenset[str], phrases: Phrases) -> str | None:
    """Whether a compound is a skill by what is done with it: it is attached to, used or needed by somebody."""
    name, before, patterns = candidate.name, place.before, phrases.patterns
    if name.casefold() in phrases.lists["ordinary"] or _ends_like_an_agent(name, phrases):
        return None
    if not spoken.isdisjoint({"tenant", "role"}) and "skill" not in spoken:
        return None
    rest = words.text[candidate.end :]  # who gets or gives it up: "... to Iris", "... from the bylaws bot"
    if "attach" in before and "onto" in place.after and ("fit" in before or re.match(patterns["receiver"], rest)):
        return "skill"
    if ("having" in before and place.subject) or ("with" in before and "equip" in spoken):
        return "skill" if re.match(patterns["clause_end"], rest) else None
    return None


def _is_common(name: str, phrases: Phrases) -> bool:
    """Whether it is an ordinary word: in one of the lists, or of no weight."""
    folded = fold(name)
    listed = folded in phrases.talk.classes or folded in phrases.things.classes or folded in phrases.lists["starters"]
    return listed or len(folded) < 2 or folded.endswith(phrases.affixes["contraction"])


def _is_bare(folded: str, phrases: Phrases) -> bool:
    """Whether it says only what something is: "chatbot"; or is an ordinary compound, here without its hyphens."""
    return folded in phrases.lists["bare"] or folded.replace(" ", "-") in phrases.lists["ordinary"]


def _ends_like_an_agent(name: str, phrases: Phrases) -> bool:
    return re.search(phrases.patterns["agent_ending"], fold(name)) is not None
