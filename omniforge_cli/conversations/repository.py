"""Where conversations are kept, and the rules that every implementation shares: titles, what text can be stored, what an import adds.

A conversation of another tenant (or, where a user is named, of another user) does not exist: same words, same error.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from uuid import uuid4

from omniforge_cli.core.conversation import Conversation, Message, Transcript
from omniforge_cli.core.errors import ConversationFileError, NotFound

TITLE_LENGTH: Final = 80
_SENTENCE_END: Final = re.compile(r"[.!?](?=\s)|[。！？]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import added: conversations that were new, and messages (also those new to a conversation that was there)."""

    conversations: int
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """Where times and ids come from."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    new_id: Callable[[], str] = lambda: uuid4().hex


class ConversationRepository(Protocol):
    """Keeps conversations and their messages, each tenant's apart. Where `user_id` is given, only that user's exist.

    Every method raises StorageError when the store cannot be used.
    """

    async def create(
        self,
        *,
        tenant_id: str,
        user_id: str,
        title: str = "",
        metadata: Mapping[str, Any] | None = None,
        conversation_id: str | None = None,
    ) -> Conversation:
        """A new conversation. Creating the same id again for the same user changes nothing and gives what is there.

        Raises:
            NotFound: the id is taken by another user of the tenant.
        """
        ...

    async def get(self, conversation_id: str, *, tenant_id: str, user_id: str | None = None) -> Conversation:
        """The head of a conversation.

        Raises:
            NotFound: missing or not yours.
        """
        ...

    async def list(self, *, tenant_id: str, user_id: str | None = None, limit: int = 50, offset: int = 0) -> list[Conversation]:
        """Conversations, the one that moved last first."""
        ...

    async def update(
        self,
        conversation_id: str,
        *,
        tenant_id: str,
        user_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Conversation:
        """Set title or metadata (None leaves it as it is).

        Raises:
            NotFound: missing or not yours.
        """
        ...

    async def delete(self, conversation_id: str, *, tenant_id: str, user_id: str | None = None) -> None:
        """Remove a conversation with its messages, so that no trace of the text is left in the store.

        Raises:
            NotFound: missing or not yours.
        """
        ...

    async def prune(self, *, tenant_id: str, older_than: datetime, user_id: str | None = None) -> int:
        """Remove, in the same way, every conversation that has not moved since `older_than`; how many there were."""
        ...

    async def add(
        self, conversation_id: str, messages: Sequence[Message], *, tenant_id: str, user_id: str | None = None
    ) -> Sequence[Message]:
        """Store messages at the end of a conversation, all or none, and move its `updated_at` in the same transaction.

        A message without id or time gets one; one whose id is in the conversation already is not stored again, so a retry is safe.

        Returns:
            The messages as stored.

        Raises:
            NotFound: missing or not yours.
        """
        ...

    async def messages(
        self, conversation_id: str, *, tenant_id: str, user_id: str | None = None, limit: int = 100, offset: int = 0
    ) -> Sequence[Message]:
        """A page of messages, oldest first.

        Raises:
            NotFound: missing or not yours.
        """
        ...

    async def recent_messages(
        self, conversation_id: str, *, tenant_id: str, user_id: str | None = None, limit: int = 20
    ) -> Sequence[Message]:
        """The last `limit` messages, oldest first.

        Raises:
            NotFound: missing or not yours.
        """
        ...

    async def import_conversations(self, transcripts: Sequence[Transcript], *, tenant_id: str) -> Imported:
        """Store whole conversations, all or none. What is there already stays as it is; only missing messages are added.

        Raises:
            ConversationFileError: one names another tenant; nothing was written.
        """
        ...

    def transcripts(
        self,
        *,
        tenant_id: str,
        user_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        conversation_id: str | None = None,
    ) -> AsyncIterator[Transcript]:
        """Whole conversations in the order in which they were stored, read in chunks.

        `since` and `until` choose those with a message at or after the one and before the other. A conversation that is named and is not
        yours raises NotFound.
        """
        ...


def no_such_conversation(conversation_id: str) -> NotFound:
    """The one wording for a conversation that is missing and for one that is somebody else's."""
    return NotFound(f"there is no conversation {conversation_id!r} here; `omniforge conversations list` shows those there are")


def title_from(content: str) -> str:
    """A title from a user's message: its first sentence, at most 80 characters; blank for a blank message."""
    text = " ".join(content[: TITLE_LENGTH * 20].split())
    end = _SENTENCE_END.search(text)
    sentence = text[: end.end()] if end else text
    return sentence if len(sentence) <= TITLE_LENGTH else sentence[: TITLE_LENGTH - 1].rstrip() + "…"


def title_after(title: str, messages: Sequence[Message]) -> str:
    """The title of a conversation once these messages are in it: the one it has, else one from the first user message."""
    if title:
        return title
    return next((found for message in messages if message.role == "user" and (found := title_from(message.content))), "")


def storable(text: str) -> str:
    """The text as a store can hold it: lone surrogates, which are no characters, become U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def plain_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Metadata as it comes back from a store: plain JSON values."""
    plain: dict[str, Any] = json.loads(storable(json.dumps(dict(metadata or {}), ensure_ascii=False)))
    return plain


def to_store(
    messages: Sequence[Message], there: Mapping[str | None, Message], *, at: datetime, new_id: Callable[[], str]
) -> tuple[list[Message], list[Message]]:
    """All messages in stored form, and of these the new ones: those whose id is not in `there` (by id, stored already).

    In stored form a message has an id, a time in UTC (`at` where it had none) and plain metadata.
    """
    known = dict(there)
    stored, new = [], []
    for message in messages:
        form = known.get(message.id)
        if form is None or message.id is None:
            form = replace(
                message,
                content=storable(message.content),
                id=message.id or new_id(),
                created_at=(message.created_at or at).astimezone(UTC),
                metadata=plain_metadata(message.metadata),
            )
            known[form.id] = form
            new.append(form)
        stored.append(form)
    return stored, new


def stored_head(head: Conversation) -> Conversation:
    """The head of an imported conversation as it is stored: times in UTC, plain metadata."""
    return replace(
        head,
        title=storable(head.title),
        created_at=head.created_at.astimezone(UTC),
        updated_at=head.updated_at.astimezone(UTC),
        metadata=plain_metadata(head.metadata),
    )


def grown(head: Conversation, messages: Sequence[Message]) -> Conversation:
    """The head once these messages, in stored form, are at its end: it has moved, and has a title if one can be made."""
    moved_at = [message.created_at for message in messages if message.created_at is not None]
    return replace(head, title=title_after(head.title, messages), updated_at=max([head.updated_at, *moved_at]))


def missing_messages(stored: Sequence[Message], incoming: Sequence[Message]) -> Sequence[Message]:
    """The incoming messages, without ids, that are not among the stored ones: same role, content and, where it is given, time."""
    unmatched: defaultdict[tuple[str, str], list[datetime | None]] = defaultdict(list)
    for message in stored:
        unmatched[message.role, message.content].append(message.created_at)
    missing = []
    for message in incoming:
        times = unmatched[message.role, storable(message.content)]
        if message.created_at is None and times:
            times.pop(0)
        elif message.created_at in times:
            times.remove(message.created_at)
        else:
            missing.append(replace(message, id=None))
    return missing


def refuse_foreign(transcripts: Sequence[Transcript], tenant_id: str) -> None:
    """Refuse a whole import for one conversation of another tenant.

    Raises:
        ConversationFileError: the message names the conversation, not the tenant.
    """
    for number, transcript in enumerate(transcripts, start=1):
        if transcript.conversation.tenant_id != tenant_id:
            which = f"conversation {number} ({transcript.conversation.id!r})"
            raise ConversationFileError(
                f"{which} belongs to another tenant than {tenant_id!r}; nothing was imported. Name its tenant with --tenant"
            )
