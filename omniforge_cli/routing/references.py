"""Which agents a message means without naming them: an option of the last list, "the other one", "both", "it"; and names that it gives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from omniforge_cli.core.decision import RoutingRequest
from omniforge_cli.routing.mentions import agents_named, known_agents
from omniforge_cli.routing.names import Written
from omniforge_cli.routing.phrases import Hit, Phrases, classes_of, fold, read
from omniforge_cli.routing.replies import Option, read_reply
from omniforge_cli.routing.situation import HISTORY_LIMIT, Situation

_LONGEST_NAME: Final = 6
_SHORT_ANSWER: Final = 5
"""Words up to which a message without a name still speaks of the agent spoken of before ("go ahead", "at nine")."""
_LONGEST_CHOICE: Final = 10
"""Words up to which "the other one" and "both" choose from what was named."""
_OF_AGENTS: Final = frozenset({"agent", "operate"})
_OTHER_CHOICES: Final = frozenset({"skill", "role", "invite", "connect"})
_POINTING: Final = frozenset({"pronoun", "consent", "ordinal"})
_NO_NAMES: Final = frozenset({"consent", "refusal", "thanks", "hesitation", "question", "whole", "pronoun", "shift", "wish", "act", "time"})
"""Classes of words that make an answer something else than a name."""
_LONGEST_ANSWER: Final = 4
_ANSWER_FORM: Final = re.compile(r"[^\W\d_][\w-]*(?:[ -][^\W_][\w-]*){0,3}")
_EDGES: Final = " \t\n*_`\"'“”„«»‘’「」『』.。!！"


def agents_meant(
    request: RoutingRequest, named: Sequence[str], situation: Situation | None, hits: Sequence[Hit], phrases: Phrases
) -> list[str]:
    """The ids of the agents that are meant; without known agents their names as written.

    `named` is what `agents_named` says of the message, `situation` what it follows (None without a history), `hits` are those of
    `phrases.things` in the message.
    """
    if named or situation is None:
        return list(named)
    said, lists = situation.words.words, phrases.lists
    kinds = classes_of([hit for hit in hits if hit.phrase not in lists["other"] or said[hit.start - 1] in lists["the"]])
    if not lists["all"].isdisjoint(said[:1]):  # too frequent elsewhere to be looked for in every message
        kinds |= {"several"}
    if not kinds.isdisjoint({"other", "several"}) and situation.words.length() <= _LONGEST_CHOICE:
        chosen = chosen_agents(request, situation, kinds, phrases)
        if chosen or "other" in kinds or situation.words.length() <= _LONGEST_ANSWER:
            return chosen
    if situation.picked is not None:
        picked = agent_of_option(situation.picked, request, speaks_of_agents(request, situation, phrases), phrases)
        if picked is not None or not request.agents:
            return [picked] if picked is not None else []
    return last_spoken_of(request, phrases) if _points(situation, phrases) else []


def _points(situation: Situation, phrases: Phrases) -> bool:
    """Whether a message without a name still speaks of the agent spoken of before."""
    said = classes_of(situation.hits)
    if "thanks" in said and said.isdisjoint({"act", "wish"}):
        return False
    if not _POINTING.isdisjoint(said) or not phrases.lists["pronouns"].isdisjoint(situation.words.words):  # "does it" is a phrase
        return True
    if situation.words.length() > _SHORT_ANSWER:
        return False
    text = situation.words.text
    return "question" not in said or not any([text[start].isupper() for start, _ in situation.words.spans[1:]])


def chosen_agents(request: RoutingRequest, situation: Situation, kinds: frozenset[str], phrases: Phrases) -> list[str]:
    """What "both", "the other one" and "the other two" choose of the agents that were named together last."""
    history = request.history[-HISTORY_LIMIT:]
    of_agents = speaks_of_agents(request, situation, phrases)
    groups = [_named_together(message.content, message.role, request, of_agents, phrases) for message in history]
    at = next((index for index in range(len(groups) - 1, -1, -1) if len(groups[index]) > 1), None)
    if at is None:
        group = [agent.id for agent in request.agents] if len(request.agents) == 2 else []
        order = list(range(len(history) - 1, -1, -1))
    else:
        group, order = groups[at], [*range(len(history) - 1, at, -1), *range(at - 1, -1, -1)]
    if "other" not in kinds:
        return group if at is not None else []
    names = {agent.id: agent.name for agent in request.agents}
    for index in order:
        text = fold(history[index].content)
        spoken_of = [agent for agent in group if fold(names.get(agent, agent)) in text]
        if len(spoken_of) == 1:
            rest = [agent for agent in group if agent not in spoken_of]
            return rest if len(rest) == 1 or "several" in kinds else []
    return []


def _named_together(text: str, role: str, request: RoutingRequest, of_agents: bool, phrases: Phrases) -> list[str]:
    """The agents that a message names or lists."""
    if role == "assistant":
        options = [agent_of_option(option, request, of_agents, phrases) for option in read_reply(text, phrases).options]
        listed = list(dict.fromkeys(agent for agent in options if agent is not None))
        if len(listed) > 1:
            return listed
    named = agents_named(text, request.agents, phrases)
    if len(named) > 1 or request.agents:
        return named
    pair = re.search(phrases.patterns["pair"], text) if of_agents else None
    return list(pair.groups()) if pair else named


def name_given(situation: Situation, phrases: Phrases) -> Written | None:
    """The name that a short message gives when the assistant asked what something new should be called."""
    if not situation.reply.asks or situation.words.length() > _LONGEST_ANSWER or situation.picked is not None:
        return None
    name = situation.message.strip(_EDGES)
    if not _ANSWER_FORM.fullmatch(name) or not _NO_NAMES.isdisjoint(classes_of(situation.hits)):
        return None
    asked = classes_of(phrases.things.hits(read(situation.reply.question).words))
    if "named" not in asked:
        return None
    kinds = classes_of(phrases.things.hits(read(situation.request).words)) | asked
    kind = "skill" if "skill" in asked or ("skill" in kinds and "agent" not in kinds) else "agent" if "agent" in kinds else None
    return None if kind is None else Written(name=name, kind=kind, new=True)


def speaks_of_agents(request: RoutingRequest, situation: Situation, phrases: Phrases) -> bool:
    """Whether what is chosen from are agents: the question or a request before says so, and speaks of nothing else that is chosen."""
    asked = classes_of(phrases.things.hits(read(f"{situation.reply.question} {situation.request}").words))
    if not asked.isdisjoint(_OTHER_CHOICES):
        return False
    if not asked.isdisjoint(_OF_AGENTS):
        return True
    said = [message.content for message in request.history[-HISTORY_LIMIT:] if message.role == "user"]
    return any(not classes_of(phrases.things.hits(read(text).words)).isdisjoint(_OF_AGENTS) for text in said)


def agent_of_option(option: Option, request: RoutingRequest, agents_listed: bool, phrases: Phrases) -> str | None:
    """The id of the agent that an option names; without known agents its name, if it has the form of one."""
    name = option.name.partition(", ")[0]  # "Lupin, answers mails"
    if request.agents:
        picked = known_agents(name, request.agents)
        return picked[0].id if len(picked) == 1 else None
    words = read(name).words
    acts = any("act" in hit.classes or "ask" in hit.classes for hit in phrases.talk.hits(words))
    like_a_name = (name[:1].isupper() or not name.isascii() or "-" in name or "_" in name) and len(words) <= _LONGEST_NAME
    return name if like_a_name and not acts and agents_listed else None


def last_spoken_of(request: RoutingRequest, phrases: Phrases) -> list[str]:
    """The agent that was named last; none where several were named at once."""
    for message in reversed(request.history[-HISTORY_LIMIT:]):
        named = agents_named(message.content, request.agents, phrases)
        if named:
            return named if len(named) == 1 else []
    return []
