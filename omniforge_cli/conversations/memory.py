"""Conversations in memory: for tests, and for sessions that nobody wants to keep."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from omniforge_cli.conversations.repository import (
    Imported,
    Origins,
    grown,
    missing_messages,
    no_such_conversation,
    plain_metadata,
    refuse_foreign,
    storable,
    stored_head,
    to_store,
)
from omniforge_cli.core.conversation import Conversation, Message, Transcript


@dataclass(slots=True)
class _Kept:
    head: Conversation
    messages: list[Message] = field(default_factory=list)


class InMemoryConversationRepository:
    """A `ConversationRepository` that lives and dies with the process."""

    def __init__(self, origins: Origins | None = None) -> None:
        self._origins = origins or Origins()
        self._kept: dict[tuple[str, str], _Kept] = {}

    async def create(
        self,
        *,
        tenant_id: str,
        user_id: str,
        title: str = "",
        metadata: Mapping[str, Any] | None = None,
        conversation_id: str | None = None,
    ) -> Conversation:
        """A new conversation, or the one of that id that this user has."""
        conversation_id = conversation_id or self._origins.new_id()
        if (tenant_id, conversation_id) in self._kept:
            return self._find(conversation_id, tenant_id, user_id).head
        now = self._origins.now()
        head = Conversation(
            id=conversation_id,
            tenant_id=tenant_id,
            user_id=user_id,
            title=storable(title),
            created_at=now,
            updated_at=now,
            metadata=plain_metadata(metadata),
        )
        self._kept[tenant_id, conversation_id] = _Kept(head)
        return head

    async def get(self, conversation_id: str, *, tenant_id: str, user_id: str | None = None) -> Conversation:
        """The head of a conversation; NotFound if missing or not yours."""
        return self._find(conversation_id, tenant_id, user_id).head

    async def list(self, *, tenant_id: str, user_id: str | None = None, limit: int = 50, offset: int = 0) -> list[Conversation]:
        """Conversations, the one that moved last first."""
        heads = [kept.head for kept in self._of(tenant_id, user_id)]
        newest_first = sorted(reversed(heads), key=lambda head: head.updated_at, reverse=True)
        return newest_first[offset : offset + limit]

    async def update(
        self,
        conversation_id: str,
        *,
        tenant_id: str,
        user_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Conversation:
        """Set title or metadata; NotFound if missing or not yours."""
        kept = self._find(conversation_id, tenant_id, user_id)
        kept.head = replace(
            kept.head,
            title=kept.head.title if title is None else storable(title),
            metadata=kept.head.metadata if metadata is None else plain_metadata(metadata),
            updated_at=max(kept.head.updated_at, self._origins.now()),
        )
        return kept.head

    async def delete(self, conversation_id: str, *, tenant_id: str, user_id: str | None = None) -> None:
        """Remove a conversation with its messages; NotFound if missing or not yours."""
        self._find(conversation_id, tenant_id, user_id)
        del self._kept[tenant_id, conversation_id]

    async def prune(self, *, tenant_id: str, older_than: datetime, user_id: str | None = None) -> int:
        """Remove every conversation that has not moved since `older_than`; how many there were."""
        old = [kept.head.id for kept in self._of(tenant_id, user_id) if kept.head.updated_at < older_than]
        for conversation_id in old:
            del self._kept[tenant_id, conversation_id]
        return len(old)

    async def add(
        self, conversation_id: str, messages: Sequence[Message], *, tenant_id: str, user_id: str | None = None
    ) -> Sequence[Message]:
        """Store messages at the end of a conversation; NotFound if missing or not yours."""
        return self._add(self._find(conversation_id, tenant_id, user_id), messages, at=self._origins.now())

    async def messages(
        self, conversation_id: str, *, tenant_id: str, user_id: str | None = None, limit: int = 100, offset: int = 0
    ) -> Sequence[Message]:
        """A page of messages, oldest first; NotFound if missing or not yours."""
        return self._find(conversation_id, tenant_id, user_id).messages[offset : offset + limit]

    async def recent_messages(
        self, conversation_id: str, *, tenant_id: str, user_id: str | None = None, limit: int = 20
    ) -> Sequence[Message]:
        """The last `limit` messages, oldest first; NotFound if missing or not yours."""
        messages = self._find(conversation_id, tenant_id, user_id).messages
        return messages[max(0, len(messages) - limit) :]

    async def import_conversations(self, transcripts: Sequence[Transcript], *, tenant_id: str) -> Imported:
        """Store whole conversations, all or none; ConversationFileError if one names another tenant."""
        refuse_foreign(transcripts, tenant_id)
        n_conversations = n_messages = 0
        for transcript in transcripts:
            head = transcript.conversation
            kept = self._kept.get((tenant_id, head.id))
            if kept is None:
                n_conversations += 1
                kept = self._kept[tenant_id, head.id] = _Kept(stored_head(head))
            missing = missing_messages(kept.messages, transcript.messages)
            n_messages += len(self._add(kept, missing, at=head.created_at))
        return Imported(conversations=n_conversations, messages=n_messages)

    async def transcripts(
        self,
        *,
        tenant_id: str,
        user_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        conversation_id: str | None = None,
    ) -> AsyncIterator[Transcript]:
        """Whole conversations in the order in which they were stored; NotFound if the one named is not yours."""
        chosen = self._of(tenant_id, user_id) if conversation_id is None else [self._find(conversation_id, tenant_id, user_id)]
        for kept in chosen:
            if (since is None and until is None) or any(_is_between(message, since, until) for message in kept.messages):
                yield Transcript(conversation=kept.head, messages=tuple(kept.messages))

    def _find(self, conversation_id: str, tenant_id: str, user_id: str | None) -> _Kept:
        kept = self._kept.get((tenant_id, conversation_id))
        if kept is None or (user_id is not None and kept.head.user_id != user_id):
            raise no_such_conversation(conversation_id)
        return kept

    def _of(self, tenant_id: str, user_id: str | None) -> builtins.list[_Kept]:
        return [
            kept for kept in self._kept.values() if kept.head.tenant_id == tenant_id and (user_id is None or kept.head.user_id == user_id)
        ]

    def _add(self, kept: _Kept, messages: Sequence[Message], *, at: datetime) -> Sequence[Message]:
        there = {message.id: message for message in kept.messages}
        stored, new = to_store(messages, there, at=at, new_id=self._origins.new_id)
        kept.messages.extend(new)
        kept.head = grown(kept.head, new)
        return stored


def _is_between(message: Message, since: datetime | None, until: datetime | None) -> bool:
    assert message.created_at is not None  # every stored message has a time
    return (since is None or message.created_at >= since) and (until is None or message.created_at < until)
