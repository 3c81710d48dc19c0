"""Messages, conversations and the agents a user has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One stored line. In a bare history only `role` and `content` are set."""

    role: str
    content: str
    id: str | None = None
    created_at: datetime | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The head of a conversation: whose it is and when it moved last (UTC). Its messages are read apart."""

    id: str
    tenant_id: str
    user_id: str
    title: str
    created_at: datetime
    updated_at: datetime
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """A whole conversation: its head and all its messages, oldest first. One line of the interchange form."""

    conversation: Conversation
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An agent of the user. `id` is what `target_agent_id` may hold; a bare name serves as both."""

    id: str
    name: str
    description: str = ""
    skills: tuple[str, ...] = ()
