"""Conversations in the DuckDB file: each method opens it, works and closes it. Nothing of one tenant is seen by another."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from omniforge_cli.adapters.duckdb.connection import Database, Session
from omniforge_cli.adapters.duckdb.conversation_rows import (
    HEAD,
    Place,
    find,
    find_all,
    insert_heads,
    insert_messages,
    next_number,
    place_from,
    read_all_messages,
    read_known,
    read_messages,
    update_head,
)
from omniforge_cli.adapters.duckdb.rows import to_utc
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

_CHUNK_MESSAGES: Final = 5_000
_CHUNK_CONVERSATIONS: Final = 500


class DuckDBConversationRepository:
    """A `ConversationRepository` in a DuckDB file, given as a `Database` or as its path."""

    def __init__(self, database: Database | str | Path, origins: Origins | None = None) -> None:
        self._database = database if isinstance(database, Database) else Database(database)
        self._origins = origins or Origins()

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
        now = self._origins.now()
        head = Conversation(
            id=conversation_id or self._origins.new_id(),
            tenant_id=tenant_id,
            user_id=user_id,
            title=storable(title),
            created_at=now,
            updated_at=now,
            metadata=plain_metadata(metadata),
        )

        def work(session: Session) -> Conversation:
            there = find_all(session, [head.id], tenant_id).get(head.id)
            if there is None:
                insert_heads(session, [Place(number=next_number(session), n_messages=0, head=head)])
                return head
            if there.head.user_id != user_id:
                raise no_such_conversation(head.id)
            return there.head

        return await self._database.write(work)

    async def get(self, conversation_id: str, *, tenant_id: str, user_id: str | None = None) -> Conversation:
        """The head of a conversation; NotFound if missing or not yours."""
        return await self._database.read(lambda session: find(session, conversation_id, tenant_id, user_id).head)

    async def list(self, *, tenant_id: str, user_id: str | None = None, limit: int = 50, offset: int = 0) -> list[Conversation]:
        """Conversations, the one that moved last first."""
        sql = f"""
            select {HEAD} from conversations where tenant_id = ? and (?::varchar is null or user_id = ?)
            order by updated_at desc, number desc limit ? offset ?
        """

        def work(session: Session) -> list[Conversation]:
            rows = session.connection.execute(sql, [tenant_id, user_id, user_id, limit, offset]).fetchall()
            return [place_from(session, row).head for row in rows]

        return await self._database.read(work)

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
        now = self._origins.now()

        def work(session: Session) -> Conversation:
            place = find(session, conversation_id, tenant_id, user_id)
            head = replace(
                place.head,
                title=place.head.title if title is None else storable(title),
                metadata=place.head.metadata if metadata is None else plain_metadata(metadata),
                updated_at=max(place.head.updated_at, now),
            )
            update_head(session, replace(place, head=head))
            return head

        return await self._database.write(work)

    async def delete(self, conversation_id: str, *, tenant_id: str, user_id: str | None = None) -> None:
        """Remove a conversation with its messages, and every trace of them in the file; NotFound if missing or not yours."""
        await self.get(conversation_id, tenant_id=tenant_id, user_id=user_id)  # what is not there costs no rewriting of the file

        def work(session: Session) -> None:
            find(session, conversation_id, tenant_id, user_id)
            _remove(session, [conversation_id], tenant_id)

        await self._database.erase(work)

    async def prune(self, *, tenant_id: str, older_than: datetime, user_id: str | None = None) -> int:
        """Remove in the same way every conversation that has not moved since `older_than`; how many there were."""
        sql = "select id from conversations where tenant_id = ? and updated_at < ? and (?::varchar is null or user_id = ?)"

        def old(session: Session) -> list[str]:
            rows = session.connection.execute(sql, [tenant_id, to_utc(older_than), user_id, user_id]).fetchall()
            return [conversation_id for (conversation_id,) in rows]

        def work(session: Session) -> int:
            ids = old(session)
            _remove(session, ids, tenant_id)
            return len(ids)

        return await self._database.erase(work) if await self._database.read(old) else 0

    async def add(
        self, conversation_id: str, messages: Sequence[Message], *, tenant_id: str, user_id: str | None = None
    ) -> Sequence[Message]:
        """Store messages at the end of a conversation in one transaction; NotFound if missing or not yours."""
        now = self._origins.now()

        def work(session: Session) -> Sequence[Message]:
            place = find(session, conversation_id, tenant_id, user_id)
            there = read_known(session, place, [message.id for message in messages if message.id])
            stored, new = to_store(messages, there, at=now, new_id=self._origins.new_id)
            _append(session, place, new)
            return stored

        return await self._database.write(work)

    async def messages(
        self, conversation_id: str, *, tenant_id: str, user_id: str | None = None, limit: int = 100, offset: int = 0
    ) -> Sequence[Message]:
        """A page of messages, oldest first; NotFound if missing or not yours."""

        def work(session: Session) -> Sequence[Message]:
            return read_messages(session, find(session, conversation_id, tenant_id, user_id), offset, offset + limit)

        return await self._database.read(work)

    async def recent_messages(
        self, conversation_id: str, *, tenant_id: str, user_id: str | None = None, limit: int = 20
    ) -> Sequence[Message]:
        """The last `limit` messages, oldest first; NotFound if missing or not yours."""

        def work(session: Session) -> Sequence[Message]:
            place = find(session, conversation_id, tenant_id, user_id)
            return read_messages(session, place, place.n_messages - limit, place.n_messages)

        return await self._database.read(work)

    async def import_conversations(self, transcripts: Sequence[Transcript], *, tenant_id: str) -> Imported:
        """Store whole conversations in one transaction; ConversationFileError if one names another tenant."""
        refuse_foreign(transcripts, tenant_id)
        return await self._database.write(lambda session: _import(session, transcripts, tenant_id, self._origins))

    async def transcripts(
        self,
        *,
        tenant_id: str,
        user_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        conversation_id: str | None = None,
    ) -> AsyncIterator[Transcript]:
        """Whole conversations in the order in which they were stored; the file is open, read-only, while a chunk is read."""
        if conversation_id is not None:
            await self.get(conversation_id, tenant_id=tenant_id, user_id=user_id)
        chosen, values = _chosen(tenant_id, user_id, since, until, conversation_id)
        number: int | None = 0
        while True:
            number, chunk = await self._database.read(partial(_chunk, chosen, [*values, number], tenant_id))
            for transcript in chunk:
                yield transcript
            if number is None:
                return


def _remove(session: Session, ids: Sequence[str], tenant_id: str) -> None:
    for table, column in (("messages", "conversation_id"), ("conversations", "id")):
        session.connection.execute(
            f"delete from {table} where tenant_id = ? and {column} in (select unnest(?::varchar[]))", [tenant_id, ids]
        )


def _append(session: Session, place: Place, new: Sequence[Message]) -> None:
    if new:
        update_head(session, replace(place, n_messages=place.n_messages + len(new), head=grown(place.head, new)))
        insert_messages(session, ((place, place.n_messages + offset, message) for offset, message in enumerate(new)))


def _import(session: Session, transcripts: Sequence[Transcript], tenant_id: str, origins: Origins) -> Imported:
    """New conversations are gathered and stored in bulk; those that are there already are grown one by one."""
    there = find_all(session, {transcript.conversation.id for transcript in transcripts}, tenant_id)
    kept = {place.head.id: read_messages(session, place, 0, place.n_messages) for place in there.values()}
    fresh: dict[str, Place] = {}
    number = next_number(session)
    n_messages = 0
    for transcript in transcripts:
        head = transcript.conversation
        if head.id not in there and head.id not in fresh:
            fresh[head.id] = Place(number=number + len(fresh), n_messages=0, head=stored_head(head))
            kept[head.id] = []
        missing = missing_messages(kept[head.id], transcript.messages)
        _, new = to_store(missing, {}, at=head.created_at, new_id=origins.new_id)
        kept[head.id].extend(new)
        n_messages += len(new)
        if head.id in there:
            place = there[head.id]
            _append(session, place, new)
            there[head.id] = replace(place, n_messages=place.n_messages + len(new), head=grown(place.head, new))
    places = [replace(place, n_messages=len(kept[place.head.id]), head=grown(place.head, kept[place.head.id])) for place in fresh.values()]
    insert_heads(session, places)
    insert_messages(session, ((place, at, message) for place in places for at, message in enumerate(kept[place.head.id])))
    return Imported(conversations=len(fresh), messages=n_messages)


def _chosen(
    tenant_id: str, user_id: str | None, since: datetime | None, until: datetime | None, conversation_id: str | None
) -> tuple[str, builtins.list[Any]]:
    """The `where` of the conversations that are asked for, with its values."""
    conditions = ["tenant_id = ?"]
    values: builtins.list[Any] = [tenant_id]
    for column, wanted in (("user_id", user_id), ("id", conversation_id)):
        if wanted is not None:
            conditions.append(f"{column} = ?")
            values.append(wanted)
    times = [(operator, at) for operator, at in ((">=", since), ("<", until)) if at is not None]
    if times:
        within = " and ".join(f"created_at {operator} ?" for operator, _ in times)
        conditions.append(f"id in (select conversation_id from messages where tenant_id = ? and {within})")
        values += [tenant_id, *(to_utc(at) for _, at in times)]
    return " and ".join(conditions), values


def _chunk(chosen: str, values: Sequence[Any], tenant_id: str, session: Session) -> tuple[int | None, builtins.list[Transcript]]:
    """The next conversations, as many as hold some 5,000 messages, and the number after which the rest comes: None if there is none."""
    sql = f"select {HEAD} from conversations where {chosen} and number > ? order by number limit {_CHUNK_CONVERSATIONS}"
    rows = session.connection.execute(sql, values).fetchall()
    places: list[Place] = []
    n_messages = 0
    for row in rows:
        place = place_from(session, row)
        n_messages += place.n_messages
        if places and n_messages > _CHUNK_MESSAGES:
            break
        places.append(place)
    messages = read_all_messages(session, places, tenant_id)
    is_last = len(places) == len(rows) < _CHUNK_CONVERSATIONS
    transcripts = [Transcript(conversation=place.head, messages=tuple(messages[place.head.id])) for place in places]
    return None if is_last or not places else places[-1].number, transcripts
