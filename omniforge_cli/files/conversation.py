"""History files, agents files and the interchange form of conversations. Light on imports: `route` reads these on its way to an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from omniforge_cli.core.conversation import Agent, Message
from omniforge_cli.core.errors import ConversationFileError

ROLES: Final = frozenset({"user", "assistant", "system"})


def history_from(value: object, where: str) -> tuple[Message, ...]:
    """Messages from a list of `{role, content}`.

    Raises:
        ConversationFileError: it is none; the message names the entry.
    """
    if not isinstance(value, list):
        raise ConversationFileError(f"{where}: a history is a list of {{role, content}}")
    messages = []
    for number, entry in enumerate(value, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("content"), str):
            raise ConversationFileError(f"{where}: history entry {number} is not {{role, content}} with a text content")
        role = entry.get("role")
        if not isinstance(role, str) or role not in ROLES:
            raise ConversationFileError(f"{where}: history entry {number} has role {role!r}; it is one of {', '.join(sorted(ROLES))}")
        messages.append(Message(role=role, content=_writable(entry["content"])))
    return tuple(messages)


def agents_from(value: object, where: str) -> tuple[Agent, ...]:
    """Agents from names or `{id, name, description, skills}`, in a list or under the key `agents`.

    Raises:
        ConversationFileError: it is none; the message names the entry.
    """
    if isinstance(value, dict) and set(value) == {"agents"}:
        value = value["agents"]
    if not isinstance(value, list):
        raise ConversationFileError(f"{where}: agents are a list of names or of {{id, name, description, skills}}")
    agents = [_agent(entry, f"{where}: agent {number}") for number, entry in enumerate(value, start=1)]
    ids = [agent.id for agent in agents]
    if len(set(ids)) != len(ids):
        raise ConversationFileError(f"{where}: the agent id {next(one for one in ids if ids.count(one) > 1)!r} stands twice")
    return tuple(agents)


def _agent(entry: object, where: str) -> Agent:
    if isinstance(entry, str) and entry.strip():
        return Agent(id=_writable(entry.strip()), name=_writable(entry.strip()))
    if not isinstance(entry, dict):
        raise ConversationFileError(f"{where} is neither a name nor {{id, name, description, skills}}")
    unknown = set(entry) - {"id", "name", "description", "skills"}
    if unknown:
        raise ConversationFileError(f"{where}: unknown key {sorted(map(str, unknown))[0]!r}")
    given = [value for value in (entry.get("id"), entry.get("name")) if value is not None]
    if not given or not all(isinstance(value, str | int) and str(value).strip() for value in given):
        raise ConversationFileError(f"{where}: it has no name, or its id or name is no text")
    skills, description = entry.get("skills") or [], entry.get("description") or ""
    if not isinstance(skills, list) or not all(isinstance(skill, str) for skill in skills):
        raise ConversationFileError(f"{where}: skills is a list of names")
    if not isinstance(description, str):
        raise ConversationFileError(f"{where}: its description is no text")
    agent_id, name = (_writable(str(value).strip()) for value in (given[0], given[-1]))
    return Agent(id=agent_id, name=name, description=_writable(description), skills=tuple(map(_writable, skills)))


def _writable(text: str) -> str:
    """The text with halves of surrogate pairs replaced: JSON's escapes can bring them, and nothing can send or store them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def parse_json(text: str, where: str | Path) -> Any:
    """The JSON value of a text; raises ConversationFileError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ConversationFileError(f"{where}: broken JSON: {exc}") from exc
