"""What a message names, found offline: agents, skills, schedules, data sources, integrations, users, roles and channels.

Precision goes before recall, and of a long message only the beginning and the end are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.routing.mentions import existing_agents, known_agents, target_agent
from omniforge_cli.routing.names import Written, written_names
from omniforge_cli.routing.phrases import Hit, Phrases, Words, classes_of, read
from omniforge_cli.routing.schedules import schedules
from omniforge_cli.routing.situation import Situation

_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HANDLE: Final = re.compile(r"(?<![\w.@/])@([^\W\d_][\w-]*)")
_CHANNEL: Final = re.compile(r"(?<![\w/&#])#(?=[\w-]*[^\W\d_])[\w-]{2,40}")
_BUCKET: Final = r"(?i)\b(?:s3|gs|postgres(?:ql)?|mysql|sftp|ftp|snowflake|bigquery)://[^\s,;)]+"
_PERSON: Final = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Dr|Prof|Herr|Frau|Sr|Sra|Mme)\.? )?[^\W\d_a-zà-ÿ][\w'’-]*(?: (?:[^\W\d_a-zà-ÿ]\.? )?[^\W\d_a-zà-ÿ][\w'’-]+)?"
)
_PEOPLE_JOIN: Final = re.compile(r"\s*(?:,|&|\band\b|\by\b|\bund\b|\bet\b|\be\b|\ben\b)\s*")
_LONGEST_PLACE: Final = 3
"""Words before "folder", "sheet" ... that belong to a place's name, at most."""
_PLACES: Final = frozenset({"source", "place"})
_HEX_COLOUR: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """The entities by name (one value as a string, several as a list) and the agent that is meant."""

    entities: dict[str, Any]
    target_agent_id: str | None


def extract(request: RoutingRequest, situation: Situation | None, *, phrases: Phrases) -> Extracted:
    """What the message names. With a history (`situation` is what it follows), the agent that it means may be named there."""
    words = read(request.message)
    hits = phrases.things.hits(words.words)
    spoken = classes_of(hits)
    written = written_names(words, hits, spoken, phrases)
    known = known_agents(request.message, request.agents)
    named = [agent.id for agent in known] if request.agents else existing_agents(written)
    target = target_agent(request, named, situation, phrases)
    services = _integrations(words, phrases)
    found: dict[str, Sequence[str]] = {
        "agent_name": [agent.name for agent in known] or _agents(request, written, target),
        "skill_name": _skills(request, words, written),
        "schedule": schedules(words, hits, spoken, phrases),
        "data_source": [
            *(re.findall(phrases.file, words.text) if "." in words.text else ()),
            *(re.findall(_BUCKET, words.text) if "://" in words.text else ()),
            *(_sources(words, hits, services) if not _PLACES.isdisjoint(spoken) else ()),
        ],
        "integration": [name for name, _ in services],
        "user": _users(request, words, hits, [name.name for name in written if name.kind == "person"]),
        "role": _roles(words, hits) if "role" in spoken else (),
        "channel": [tag for tag in _CHANNEL.findall(words.text) if not _HEX_COLOUR.fullmatch(tag)] if "#" in words.text else (),
    }
    return Extracted(entities=_plain(found), target_agent_id=target)


def _plain(found: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    unique = [(name, list(dict.fromkeys(values))) for name, values in found.items() if values]
    return {name: values[0] if len(values) == 1 else values for name, values in unique}


def _agents(request: RoutingRequest, written: Sequence[Written], target: str | None) -> list[str]:
    """Names that are written plainly (where the agents are known, new ones only), else the name of the agent that is meant."""
    plain = [name.name for name in written if name.kind == "agent" and (name.new or not request.agents)]
    return plain or [agent.name for agent in request.agents if agent.id == target] or [target for target in [target] if target is not None]


def _skills(request: RoutingRequest, words: Words, written: Sequence[Written]) -> list[str]:
    said = f" {' '.join(words.words)} " if request.agents else ""
    known = [skill for skill in request.skills if f" {' '.join(read(skill).words)} " in said] if request.agents else []
    return known or [name.name for name in written if name.kind == "skill"]


def _integrations(words: Words, phrases: Phrases) -> list[tuple[str, Hit]]:
    """Services by their names, and where; one that is a common word too ("Teams") counts with a capital only."""
    found: list[tuple[str, Hit]] = []
    for hit in phrases.services.hits(words.words):
        capital = words.text[words.spans[hit.start][0]].isupper()
        found += [(name, hit) for name in hit.classes if capital or name not in phrases.capitalised]
    return found


def _sources(words: Words, hits: Sequence[Hit], services: Sequence[tuple[str, Hit]]) -> list[str]:
    """A service that something is read from, and a place with a name of its own: "from Notion", "the Drafts folder"."""
    after = {hit.end for hit in hits if "source" in hit.classes}
    found = [name for name, hit in services if hit.start in after]
    for hit in hits:
        start = hit.start
        while start and words.text[words.spans[start - 1][0]].isupper() and hit.start - start < _LONGEST_PLACE:
            start -= 1
        if "place" in hit.classes and 0 < start < hit.start:  # a capital at the very beginning says nothing
            found.append(words.between(start, hit.end))
    return found


def _users(request: RoutingRequest, words: Words, hits: Sequence[Hit], people: Sequence[str]) -> list[str]:
    """Addresses, @people, the capitalised names after "invite", and those of people where roles are spoken of."""
    text = words.text
    found = []
    if "@" in text:
        found += _EMAIL.findall(text)
        found += [] if text.lstrip().startswith("@") else _HANDLE.findall(text)
    for hit in hits:
        if "invite" in hit.classes:
            found += _people(text, words.spans[hit.end - 1][1])
    return [name for name in [*found, *people] if not known_agents(name, request.agents)]


def _people(text: str, start: int) -> list[str]:
    found: list[str] = []
    at = start + len(text[start:]) - len(text[start:].lstrip())
    while (match := _PERSON.match(text, at)) is not None:
        found.append(re.sub(r"['’]s$", "", match.group()))
        joined = _PEOPLE_JOIN.match(text, match.end())
        if joined is None or joined.end() == match.end():
            break
        at = joined.end()
    return found


def _roles(words: Words, hits: Sequence[Hit]) -> list[str]:
    """Roles that are given or asked about: "as an editor", "admin rights", or a role as the whole answer."""
    found = []
    for index, hit in enumerate(hits):
        if "role" not in hit.classes:
            continue
        before = index > 0 and hits[index - 1].end == hit.start and hits[index - 1].classes & {"as", "member"}
        after = index + 1 < len(hits) and hits[index + 1].start == hit.end and "right" in hits[index + 1].classes
        if before or after or len(words.words) <= 2:
            found.append(words.between(hit.start, hit.end))
    return found
