"""What a message names, found offline: agents, skills, schedules, data sources, integrations, users, roles and channels.

Precision goes before recall, and of a long message only the beginning and the end are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.routing.mentions import agents_of_a_kind, existing_agents, known_agents
from omniforge_cli.routing.names import Written, written_names
from omniforge_cli.routing.phrases import Hit, Phrases, Words, classes_of, read
from omniforge_cli.routing.references import agents_meant, name_given
from omniforge_cli.routing.schedules import schedules
from omniforge_cli.routing.situation import Situation

_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HANDLE: Final = re.compile(r"(?<![\w.@/])@([^\W\d_](?:[\w.-]*\w)?)")
_CHANNEL: Final = re.compile(r"(?<![\w/&#])#(?=[\w-]*[^\W\d_])[\w-]{2,40}")
_BUCKET: Final = r"(?i)\b(?:https?|s3|gs|postgres(?:ql)?|mysql|sftp|ftp|snowflake|bigquery)://[^\s,;)]+"
_PERSON: Final = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Dr|Prof|Herr|Frau|Sr|Sra|Mme)\.? )?[^\W\d_a-zà-ÿ][\w'’-]*(?: (?:[^\W\d_a-zà-ÿ]\.? )?[^\W\d_a-zà-ÿ][\w'’-]+)?"
)
_PEOPLE_JOIN: Final = re.compile(r"\s*(?:,|&|\band\b|\by\b|\bund\b|\bet\b|\be\b|\ben\b)\s*")
_LONGEST_PLACE: Final = 3
"""Words before "folder", "sheet" ... that belong to a place's name, at most."""
_OWN: Final = frozenset({"the", "our", "my", "their", "el", "la", "le", "nuestro", "notre", "unserem", "dem", "nosso"})
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
    known = known_agents(request.message, request.agents, phrases)
    if request.agents:
        known = known or agents_of_a_kind(written, request.agents, phrases)
        meant = agents_meant(request, [agent.id for agent in known], situation, hits, phrases)
    else:
        meant = agents_meant(request, existing_agents(written), situation, hits, phrases)
    if situation is not None and not written and not known:
        given = name_given(situation, phrases)
        written, meant = ([given], []) if given is not None else (written, meant)
    services = _services(words, written, phrases)
    sources = [] if _PLACES.isdisjoint(spoken) else _sources(words, hits, services, phrases, linked="connect" in spoken)
    files = [
        *(re.findall(_BUCKET, words.text) if "://" in words.text else ()),
        *(re.findall(phrases.file, words.text) if "." in words.text and "://" not in words.text else ()),
    ]
    found: dict[str, Sequence[str]] = {
        "agent_name": [agent.name for agent in known] or _agents(request, written, meant),
        "skill_name": _skills(request, words, written),
        "schedule": schedules(words, hits, spoken, phrases),
        "data_source": [*files, *sources],
        "integration": [name for name, _ in services if name not in sources],
        "user": _users(request, words, hits if "invite" in spoken else (), [name.name for name in written if name.kind == "person"]),
        "role": _roles(words, hits) if "role" in spoken else (),
        "channel": _channels(words, written),
    }
    return Extracted(entities=_plain(found), target_agent_id=meant[0] if len(meant) == 1 else None)


def _plain(found: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    unique = [(name, list(dict.fromkeys(values))) for name, values in found.items() if values]
    return {name: values[0] if len(values) == 1 else values for name, values in unique}


def _agents(request: RoutingRequest, written: Sequence[Written], meant: Sequence[str]) -> list[str]:
    """Names that are written plainly (where the agents are known, new ones only), else the names of the agents that are meant."""
    plain = [name.name for name in written if name.kind == "agent" and (name.new or not request.agents)]
    names = {agent.id: agent.name for agent in request.agents}
    return plain or [names.get(agent, agent) for agent in meant]


def _skills(request: RoutingRequest, words: Words, written: Sequence[Written]) -> list[str]:
    said = f" {' '.join(words.words)} " if request.agents else ""
    known = [skill for skill in request.skills if f" {' '.join(read(skill).words)} " in said] if request.agents else []
    return known or [name.name for name in written if name.kind == "skill" and not known_agents(name.name, request.agents)]


def _services(words: Words, written: Sequence[Written], phrases: Phrases) -> list[tuple[str, Hit]]:
    """Services by their names, and where; one that is a common word too ("Teams") counts with a capital only, and none in another name."""
    found: list[tuple[str, Hit]] = []
    for hit in phrases.services.hits(words.words):
        at = words.spans[hit.start][0]
        if words.text[at - 1 : at] not in ("/", ".") and not any(name.start <= at < name.end for name in written):
            found += [(name, hit) for name in hit.classes if words.text[at].isupper() or name not in phrases.capitalised]
    return found


def _sources(words: Words, hits: Sequence[Hit], services: Sequence[tuple[str, Hit]], phrases: Phrases, *, linked: bool) -> list[str]:
    """A service that something is read from, and a place with a name of its own: "from Notion", "our Airtable base", "the Q3 folder"."""
    after = {hit.end for hit in hits if "source" in hit.classes}
    after |= {end + 1 for end in after if words.words[end : end + 1] and words.words[end] in _OWN}
    places = {hit.start for hit in hits if "place" in hit.classes}
    found = [name for name, hit in services if not linked and (hit.start in after or hit.end in places)]
    for hit in hits:
        if "place" not in hit.classes or any(service.start <= hit.start <= service.end for _, service in services):
            continue
        start = hit.start
        while start and words.text[words.spans[start - 1][0]].isupper() and hit.start - start < _LONGEST_PLACE:
            start -= 1
        plain = words.words[start] in phrases.talk.classes or words.words[start] in phrases.things.classes
        if 0 < start < hit.start and not plain:  # a capital at the very beginning says nothing
            found.append(words.between(start, hit.end))
    return found


def _channels(words: Words, written: Sequence[Written]) -> list[str]:
    tags = [tag for tag in _CHANNEL.findall(words.text) if not _HEX_COLOUR.fullmatch(tag)] if "#" in words.text else []
    return tags or [name.name for name in written if name.kind == "channel"]


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
