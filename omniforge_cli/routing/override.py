"""Decisions that need no analysis: a blank message, and a message that begins with `@agent-name`."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from omniforge_cli.core.conversation import Agent
from omniforge_cli.core.decision import RoutingDecision, RoutingRequest, Source
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.routing.analyzer import clarifying_question

_MENTION: Final = re.compile(r"\s*@(\w(?:[\w.\-]*\w)?)")
_SEPARATOR: Final = r"[\s_\-]+"
_NAME_ENDS: Final = r"(?!\w|[\-.]\w)"
"""`@willow-bot` does not address Willow; `@willow, please` and `@willow's report` do."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp", "Cs"})
"""Unicode categories that show nothing: controls (NUL too), zero-width marks, spaces, lone surrogates."""


def is_blank(message: str) -> bool:
    """Whether nothing visible stands in the message."""
    return all(unicodedata.category(character) in _INVISIBLE for character in message)


def addressed_agent(message: str, agents: tuple[Agent, ...]) -> str | None:
    """The id of the agent that a leading `@name` addresses, or None.

    Where the user's agents are known only their names count (longest first, spaces or hyphens alike); otherwise any name does.
    """
    if not agents:
        mention = _MENTION.match(message)
        return mention.group(1) if mention else None
    sign, spoken = message.lstrip()[:1], message.lstrip()[1:].casefold()
    if sign != "@":
        return None
    names = ((words, agent.id) for agent in agents for name in (agent.id, agent.name) if (words := _words(name)))
    for words, agent_id in sorted(names, key=lambda pair: -sum(map(len, pair[0]))):
        if re.match(_SEPARATOR.join(map(re.escape, words)) + _NAME_ENDS, spoken):
            return agent_id
    return None


def override(taxonomy: Taxonomy, request: RoutingRequest) -> RoutingDecision | None:
    """The decision that the message's form alone settles, or None when it has to be analyzed."""
    if is_blank(request.message):
        action = taxonomy.none_of_these
        if action is not None:
            return RoutingDecision(action_type=action, confidence=1.0, source=Source.OVERRIDE, reasoning="the message is empty")
        first = taxonomy.names[0]  # a taxonomy without "none of these" cannot say nothing: ask back
        question = clarifying_question(taxonomy, first, None)
        return RoutingDecision(
            action_type=first,
            confidence=0.0,
            source=Source.OVERRIDE,
            reasoning="the message is empty",
            is_ambiguous=True,
            clarifying_question=question,
        )
    if taxonomy.addressed_to_agent is None:
        return None
    agent_id = addressed_agent(request.message, request.agents)
    if agent_id is None:
        return None
    return RoutingDecision(
        action_type=taxonomy.addressed_to_agent,
        confidence=1.0,
        source=Source.OVERRIDE,
        target_agent_id=agent_id,
        reasoning=f"the message is addressed to @{agent_id}",
    )


def _words(name: str) -> list[str]:
    return [word for word in re.split(_SEPARATOR, name.casefold()) if word]
