"""Cases as compact text, to wait on disk and to cross to another process: what neighbours share is there once.

A replayed conversation is the history of each of its turns, so that messages, not histories, are written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.evalset import Case

_TEXT: Final = json.JSONEncoder(separators=(",", ":"))
"""ASCII alone, so that it holds lone surrogates."""


def pack(cases: Sequence[Case]) -> str:
    """The cases as text. Of a history's messages role and content are kept: nobody is shown more of them."""
    numbers: dict[int, int] = {}
    messages: list[tuple[str, str]] = []

    def number(message: Message) -> int:
        found = numbers.get(id(message))
        if found is None:
            found = numbers[id(message)] = len(messages)
            messages.append((message.role, message.content))
        return found

    rows = [
        (case.id, case.message, case.expected_action, case.origin, case.decided_then, list(map(number, case.history)), _rest(case))
        for case in cases
    ]
    return _TEXT.encode((messages, rows))


def unpack(text: str) -> list[Case]:
    """The cases that were packed."""
    told, rows = json.loads(text)
    messages = [Message(role=role, content=content) for role, content in told]
    return [
        Case(
            id=case_id,
            message=message,
            expected_action=expected,
            origin=origin,
            decided_then=decided,
            history=tuple([messages[number] for number in history]),
            **(_restored(rest) if rest else {}),
        )
        for case_id, message, expected, origin, decided, history, rest in rows
    ]


def _rest(case: Case) -> Sequence[Any]:
    """What a replayed turn has nothing of, and a written case may have."""
    rest = (
        case.acceptable_actions,
        case.expected_entities,
        case.expected_ambiguous,
        [(agent.id, agent.name, agent.description, agent.skills) for agent in case.agents],
        case.tags,
        case.note,
        case.description,
    )
    return rest if any(rest) or case.expected_ambiguous is not None else ()


def _restored(rest: Sequence[Any]) -> Mapping[str, Any]:
    acceptable, entities, ambiguous, agents, tags, note, description = rest
    return {
        "acceptable_actions": tuple(acceptable),
        "expected_entities": entities,
        "expected_ambiguous": ambiguous,
        "agents": tuple(Agent(id=id_, name=name, description=said, skills=tuple(skills)) for id_, name, said, skills in agents),
        "tags": tuple(tags),
        "note": note,
        "description": description,
    }
