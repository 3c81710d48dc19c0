"""Which agent a message means: a known one by its name, one written plainly, an option of the last list, or the one last spoken of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from omniforge_cli.core.conversation import Agent
from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.routing.names import Written, written_names
from omniforge_cli.routing.phrases import Phrases, Words, classes_of, read
from omniforge_cli.routing.situation import HISTORY_LIMIT, Situation

_LONGEST_NAME: Final = 6
"""Words of a message that are joined to one name ("invoice bot" is invoice-bot), at most."""
_SHORTEST_PREFIX: Final = 4
_SHORT_ANSWER: Final = 5
"""Words up to which a message without a name still speaks of the agent spoken of before ("go ahead", "at nine")."""
_POINTING: Final = frozenset({"pronoun", "consent", "ordinal"})
_POSSESSIVE: Final = re.compile(r"'s?$")


def known_agents(text: str, agents: Sequence[Agent]) -> list[Agent]:
    """The user's agents that a text names, in its order: case, spaces, hyphens and a possessive do not matter.

    A name's first word is enough where no other agent's name begins with it and it is written like a name.
    """
    if not agents:
        return []
    words = read(text)
    parts = [_POSSESSIVE.sub("", word) for word in words.words]
    names = {_joined(name): agent for agent in reversed(agents) for name in (agent.name, agent.id) if _joined(name)}
    found: dict[str, Agent] = {}
    at = 0
    while at < len(parts):
        for end in range(min(len(parts), at + _LONGEST_NAME), at, -1):
            agent = names.get("".join(parts[at:end]))
            if agent is not None:
                found.setdefault(agent.id, agent)
                at = end - 1
                break
        at += 1
    return list(found.values()) or _unspaced(parts, names) or _by_first_word(words, parts, agents)


def _unspaced(parts: Sequence[str], names: dict[str, Agent]) -> list[Agent]:
    """Agents whose name is written in a script without spaces or with endings: it may stand anywhere in the text."""
    text = "".join(parts)
    found = {agent.id: agent for name, agent in names.items() if not name.isascii() and len(name) > 1 and name in text}
    return list(found.values())


def _by_first_word(words: Words, parts: Sequence[str], agents: Sequence[Agent]) -> list[Agent]:
    owners: dict[str, list[Agent]] = {}
    for agent in agents:
        owners.setdefault("".join(read(agent.name).words[:1]), []).append(agent)
    found: dict[str, Agent] = {}
    for at, part in enumerate(parts):
        named = owners.get(part, ())
        like_a_name = words.text[words.spans[at][0]].isupper() or len(parts) <= _SHORT_ANSWER
        if len(named) == 1 and len(part) >= _SHORTEST_PREFIX and like_a_name:
            found.setdefault(named[0].id, named[0])
    return list(found.values())


def target_agent(request: RoutingRequest, named: Sequence[str], situation: Situation | None, phrases: Phrases) -> str | None:
    """The id of the one agent that is meant; without known agents its name as written. None when it is nobody or several.

    `named` is what `agents_named` says of the message, `situation` what it follows (None without a history).
    """
    if named or situation is None:
        return named[0] if len(named) == 1 else None
    if situation.picked is not None:
        return _picked(situation, request, phrases)
    pointing = any(hit.classes & _POINTING for hit in situation.hits) or situation.words.length() <= _SHORT_ANSWER
    return _last_spoken_of(request, phrases) if pointing else None


def agents_named(text: str, agents: Sequence[Agent], phrases: Phrases) -> list[str]:
    """Ids of the known agents that a text names; without known agents, the existing agents' names that it writes plainly."""
    if agents:
        return [agent.id for agent in known_agents(text, agents)]
    words = read(text)
    hits = phrases.things.hits(words.words)
    return existing_agents(written_names(words, hits, classes_of(hits), phrases))


def existing_agents(written: Sequence[Written]) -> list[str]:
    """The names of agents that a text uses, not those that it gives to new ones."""
    return [name.name for name in written if name.kind == "agent" and not name.new]


def _picked(situation: Situation, request: RoutingRequest, phrases: Phrases) -> str | None:
    assert situation.picked is not None
    name = situation.picked.name
    if request.agents:
        picked = known_agents(name, request.agents)
        return picked[0].id if len(picked) == 1 else _last_spoken_of(request, phrases)
    words = read(name).words
    spoken = {kind for hit in phrases.things.hits(read(f"{situation.reply.question} {situation.request}").words) for kind in hit.classes}
    acts = any("act" in hit.classes or "ask" in hit.classes for hit in phrases.talk.hits(words))
    like_a_name = (name[:1].isupper() or not name.isascii() or "-" in name or "_" in name) and len(words) <= _LONGEST_NAME
    return name if like_a_name and not acts and "agent" in spoken and "skill" not in spoken else None


def _last_spoken_of(request: RoutingRequest, phrases: Phrases) -> str | None:
    for message in reversed(request.history[-HISTORY_LIMIT:]):
        named = agents_named(message.content, request.agents, phrases)
        if named:
            return named[0] if len(named) == 1 else None
    return None


def _joined(name: str) -> str:
    return "".join(read(name).words)
