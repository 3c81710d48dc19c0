"""What a message names, found offline: agents, skills, schedules, data sources, integrations, users, roles and channels.

Precision goes before recall, and of a long message only the beginning and the end are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.routing.mentions import agents_named, known_agents, target_agent
from omniforge_cli.routing.names import Written, written_names
from omniforge_cli.routing.phrases import Hit, Phrases, Words, read
from omniforge_cli.routing.schedules import schedules
from omniforge_cli.routing.situation import Situation, read_situation

_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HANDLE: Final = re.compile(r"(?<![\w.@/])@([^\W\d_][\w-]*)")
_CHANNEL: Final = re.compile(r"(?<![\w/&#])#(?=[\w-]*[^\W\d_])[\w-]{2,40}")
_BUCKET: Final = re.compile(r"\b(?:s3|gs|postgres(?:ql)?|mysql|sftp|ftp|snowflake|bigquery)://[^\s,;)]+", re.IGNORECASE)
_PERSON: Final = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Dr|Prof|Herr|Frau|Sr|Sra|Mme)\.? )?[^\W\d_a-zà-ÿ][\w'’-]*(?: (?:[^\W\d_a-zà-ÿ]\.? )?[^\W\d_a-zà-ÿ][\w'’-]+)?"
)
_PEOPLE_JOIN: Final = re.compile(r"\s*(?:,|&|\band\b|\by\b|\bund\b|\bet\b|\be\b|\ben\b)\s*")
_HEX_COLOUR: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """The entities by name (one value as a string, several as a list) and the agent that is meant."""

    entities: dict[str, Any]
    target_agent_id: str | None


def extract(request: RoutingRequest, *, phrases: Phrases) -> Extracted:
    """What the message names. With a history, the agent that it means may be named there."""
    words = read(request.message)
    hits = phrases.things.hits(words.words)
    situation = read_situation(request, phrases) if request.history else None
    target = target_agent(request, situation, phrases)
    written = written_names(words, phrases)
    services = _integrations(words, phrases)
    found: dict[str, Iterable[str]] = {
        "agent_name": _agents(request, written, target, phrases),
        "skill_name": _skills(request, words, written),
        "schedule": schedules(words, hits, phrases),
        "data_source": [*(match.group() for match in phrases.file.finditer(words.text)), *_BUCKET.findall(words.text)],
        "integration": services,
        "user": _users(request, words, hits, services),
        "role": _roles(words, hits),
        "channel": [tag for tag in _CHANNEL.findall(words.text) if not _HEX_COLOUR.fullmatch(tag)],
    }
    return Extracted(entities=_plain(found), target_agent_id=target)


def _plain(found: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    unique = {name: list(dict.fromkeys(values)) for name, values in found.items()}
    return {name: values[0] if len(values) == 1 else values for name, values in unique.items() if values}


def _agents(request: RoutingRequest, written: Sequence[Written], target: str | None, phrases: Phrases) -> list[str]:
    names = {agent.id: agent.name for agent in request.agents}
    known = [agent.name for agent in known_agents(request.message, request.agents)]
    if known:
        return known
    plain = [name.name for name in written if name.kind == "agent" and (name.new or not request.agents)]
    return plain or ([names.get(target, target)] if target is not None else [])


def _skills(request: RoutingRequest, words: Words, written: Sequence[Written]) -> list[str]:
    said = f" {' '.join(words.words)} "
    known = [skill for skill in request.skills if f" {' '.join(read(skill).words)} " in said]
    return known or [name.name for name in written if name.kind == "skill"]


def _integrations(words: Words, phrases: Phrases) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(words.words):
        for end in range(min(len(words.words), at + 3), at, -1):
            phrase = " ".join(words.words[at:end])
            name = phrases.integrations.get(phrase)
            if name is not None and (phrase not in phrases.capitalised or words.text[words.spans[at][0]].isupper()):
                found.append(name)
                at = end - 1
                break
        at += 1
    return found


def _users(request: RoutingRequest, words: Words, hits: Sequence[Hit], services: Sequence[str]) -> list[str]:
    """Addresses, @people, and the capitalised names after "invite", or after "add" where a role follows."""
    found = _EMAIL.findall(words.text)
    agents = {agent.id for agent in known_agents(request.message, request.agents)}
    if not words.text.lstrip().startswith("@"):
        found += [name for name in _HANDLE.findall(words.text) if not known_agents(name, request.agents)]
    about_roles = any(hit.classes & {"role", "right"} for hit in hits)
    for hit in hits:
        if "invite" in hit.classes or ("member" in hit.classes and about_roles):
            found += _people(words.text, words.spans[hit.end - 1][1])
    return [name for name in found if name not in services and name not in agents and not known_agents(name, request.agents)]


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
        before = index > 0 and hits[index - 1].end == hit.start and hits[index - 1].classes & {"as", "member", "onto"}
        after = index + 1 < len(hits) and hits[index + 1].start == hit.end and "right" in hits[index + 1].classes
        if before or after or len(words.words) <= 2:
            found.append(words.between(hit.start, hit.end))
    return found
