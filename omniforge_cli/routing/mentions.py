"""Which agents a text names: known ones by any way of writing their names, else those that are written plainly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from omniforge_cli.core.conversation import Agent
from omniforge_cli.routing.names import Written, written_names
from omniforge_cli.routing.phrases import Phrases, Words, bounded, classes_of, read

_REMEMBERED: Final = 512
"""Texts whose names are kept: a message stands in the history of several others."""
_LONGEST_NAME: Final = 6
"""Words of a message that are joined to one name ("invoice bot" is invoice-bot), at most."""
_SHORTEST_PREFIX: Final = 4
_SHORT_TEXT: Final = 5
"""Words up to which the first word of a name needs no capital to stand for it."""
_SHORTEST_MISSPELT: Final = 5
_NOT: Final = frozenset({"not", "nicht", "no", "non", "pas", "nao", "instead", "than"})
_ARTICLES: Final = frozenset({"a", "an", "the", "any", "no", "each", "every", "per"})
_FOLLOWS: Final = frozenset(
    {
        "bot",
        "agent",
        "assistant",
        "helper",
        "is",
        "has",
        "was",
        "should",
        "can",
        "does",
        "did",
        "must",
        "will",
        "to",
        "on",
        "at",
        "and",
        "from",
    }
)
"""Words that may stand after a name with an article: "the willow bot", "the otter is down"."""
_POSSESSIVE: Final = re.compile(r"'s?$")


def known_agents(text: str, agents: Sequence[Agent], phrases: Phrases | None = None) -> list[Agent]:
    """The user's agents that a text names, in its order: case, spaces, hyphens and a possessive do not matter.

    A name's first word is enough where no other agent's name begins with it and it is written like a name. With `phrases`, a name is found
    with one wrong letter too, unless the word is one of them.
    """
    if not agents:
        return []
    words = read(text)
    parts = [_POSSESSIVE.sub("", word) for word in words.words]
    names = {_joined(name): agent for agent in reversed(agents) for name in (agent.name, agent.id) if _joined(name)}
    found: dict[str, Agent] = {}
    denied: dict[str, Agent] = {}
    at = 0
    while at < len(parts):
        for end in range(min(len(parts), at + _LONGEST_NAME), at, -1):
            agent = names.get("".join(parts[at:end]))
            if agent is not None and not _is_a_word(words, at, end):
                (denied if at and parts[at - 1] in _NOT else found).setdefault(agent.id, agent)
                at = end - 1
                break
        at += 1
    found = found or denied  # "Otter, not Sorrel" is about Otter, "not Sorrel" alone about Sorrel
    return list(found.values()) or _unspaced(parts, names) or _by_first_word(words, parts, agents) or _misspelt(parts, names, phrases)


def _is_a_word(words: Words, at: int, end: int) -> bool:
    """Whether a one-word name in lower case is the ordinary word: "the max number", "a max of ten"."""
    if end - at > 1 or not at or words.words[at - 1] not in _ARTICLES or end == len(words.words):
        return False
    start, stop = words.spans[at]
    return words.text[start:stop].islower() and words.text[stop : stop + 1] == " " and words.words[end] not in _FOLLOWS


def _misspelt(parts: Sequence[str], names: dict[str, Agent], phrases: Phrases | None) -> list[Agent]:
    """The one agent whose name is written with one letter too few, too many, wrong or swapped."""
    if phrases is None:
        return []
    found = {
        agent.id: agent
        for part in parts
        if len(part) >= _SHORTEST_MISSPELT and part not in phrases.things.classes and part not in phrases.talk.classes
        for name, agent in names.items()
        if abs(len(name) - len(part)) <= 1 and name[0] == part[0] and name != part and _one_edit(name, part)
    }
    return list(found.values()) if len(found) == 1 else []


def _one_edit(one: str, other: str) -> bool:
    """Whether two words of about the same length differ by one edit."""
    at = next((index for index, (left, right) in enumerate(zip(one, other, strict=False)) if left != right), min(len(one), len(other)))
    swapped = one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    return swapped or one[at + 1 :] == other[at + 1 :] or one[at + 1 :] == other[at:] or one[at:] == other[at + 1 :]


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
        like_a_name = words.text[words.spans[at][0]].isupper() or len(parts) <= _SHORT_TEXT
        if len(named) == 1 and not _is_a_word(words, at, at + 1) and len(part) >= _SHORTEST_PREFIX and like_a_name:
            found.setdefault(named[0].id, named[0])
    return list(found.values())


def agents_of_a_kind(written: Sequence[Written], agents: Sequence[Agent], phrases: Phrases) -> list[Agent]:
    """Known agents that a text describes by other words for the same: "the invoice assistant" is Invoice Bot."""
    described = {_purpose(name.name, phrases) for name in written if name.kind == "agent"}
    found = [agent for agent in agents if _purpose(agent.name, phrases) in described] if described else []
    return found if len(found) == 1 else []


def _purpose(name: str, phrases: Phrases) -> tuple[str, ...]:
    """The words of a name but for "bot", "agent" ... at its end."""
    words = read(name).words
    return words[:-1] if len(words) > 1 and "agent" in phrases.things.classes.get(words[-1], ()) else words


def agents_named(text: str, agents: Sequence[Agent], phrases: Phrases) -> list[str]:
    """Ids of the known agents that a text names; without known agents, the existing agents' names that it writes plainly."""
    if agents:
        return [agent.id for agent in known_agents(text, agents)]
    return list(_plainly_named(bounded(text), phrases))


@lru_cache(_REMEMBERED)
def _plainly_named(text: str, phrases: Phrases) -> tuple[str, ...]:
    words = read(text)
    hits = phrases.things.hits(words.words)
    return tuple(existing_agents(written_names(words, hits, classes_of(hits), phrases)))


def existing_agents(written: Sequence[Written]) -> list[str]:
    """The names of agents that a text uses, not those that it gives to new ones."""
    return [name.name for name in written if name.kind == "agent" and not name.new]


def _joined(name: str) -> str:
    return "".join(read(name).words)
