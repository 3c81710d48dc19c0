"""Conversations and messages as rows: find, read and insert them within one session. Every statement names the tenant.

A message's `slot` is its conversation's number and its position in it (see `migrations`): pages and recent messages are short ranges of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omniforge_cli.adapters.duckdb.connection import Session
from omniforge_cli.adapters.duckdb.rows import from_utc, to_json, to_utc
from omniforge_cli.conversations.repository import no_such_conversation
from omniforge_cli.core.conversation import Conversation, Message

SLOTS: Final = 2**32
HEAD: Final = "number, n_messages, id, tenant_id, user_id, title, created_at, updated_at, metadata"
_MESSAGE: Final = "conversation_id, id, role, content, created_at, metadata"
_INSERTED_AT_ONCE: Final = 20_000
"""Rows in one statement. Row by row an insert costs 0.4 ms; as lists that are unnested, 0.008 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A conversation's head, with where its messages stand: slots `first` to `first + n_messages - 1`."""

    number: int
    n_messages: int
    head: Conversation

    @property
    def first(self) -> int:
        """The slot of its first message."""
        return self.number * SLOTS


def place_from(session: Session, row: Sequence[Any]) -> Place:
    """A row of the columns `HEAD`."""
    number, n_messages, conversation_id, tenant_id, user_id, title, created_at, updated_at, metadata = row
    head = Conversation(
        id=conversation_id,
        tenant_id=tenant_id,
        user_id=user_id,
        title=session.cipher.open(title, owner=tenant_id),
        created_at=from_utc(created_at),
        updated_at=from_utc(updated_at),
        metadata=json.loads(session.cipher.open(metadata, owner=tenant_id)),
    )
    return Place(number=number, n_messages=n_messages, head=head)


def find(session: Session, conversation_id: str, tenant_id: str, user_id: str | None) -> Place:
    """A conversation's place.

    DuckDB uses an index only for a filter that stands alone, hence the materialized step.

    Raises:
        NotFound: missing or not yours; both take the same path.
    """
    sql = f"""
        with same_id as materialized (select {HEAD} from conversations where id = ?)
        select {HEAD} from same_id where tenant_id = ? and (?::varchar is null or user_id = ?)
    """
    row = session.connection.execute(sql, [conversation_id, tenant_id, user_id, user_id]).fetchone()
    if row is None:
        raise no_such_conversation(conversation_id)
    return place_from(session, row)


def find_all(session: Session, ids: Iterable[str], tenant_id: str) -> dict[str, Place]:
    """The places of those conversations that the tenant has, by id."""
    sql = f"select {HEAD} from conversations where tenant_id = ? and id in (select unnest(?::varchar[]))"
    rows = session.connection.execute(sql, [tenant_id, list(ids)]).fetchall()
    return {place.head.id: place for place in (place_from(session, row) for row in rows)}


def next_number(session: Session) -> int:
    """A number that no conversation has."""
    row = session.connection.execute("select coalesce(max(number), 0) + 1 from conversations").fetchone()
    assert row is not None  # an aggregate has one row
    return int(row[0])


def read_messages(session: Session, place: Place, start: int, stop: int) -> list[Message]:
    """The messages at positions `start` to `stop - 1`, oldest first."""
    tenant_id = place.head.tenant_id
    sql = f"select {_MESSAGE} from messages where slot between ? and ? and tenant_id = ? order by slot"
    span = [place.first + max(0, start), place.first + min(stop, place.n_messages) - 1]
    rows = session.connection.execute(sql, [*span, tenant_id]).fetchall() if span[0] <= span[1] else []
    return [_message(session, row, tenant_id) for row in rows]


def read_known(session: Session, place: Place, ids: Sequence[str]) -> dict[str | None, Message]:
    """Those messages of a conversation that have one of these ids, by id."""
    tenant_id = place.head.tenant_id
    sql = f"select {_MESSAGE} from messages where slot between ? and ? and tenant_id = ? and id in (select unnest(?::varchar[]))"
    span = [place.first, place.first + place.n_messages]
    rows = session.connection.execute(sql, [*span, tenant_id, ids]).fetchall() if ids else []
    return {message.id: message for message in (_message(session, row, tenant_id) for row in rows)}


def read_all_messages(session: Session, places: Sequence[Place], tenant_id: str) -> dict[str, list[Message]]:
    """All messages of these conversations of the tenant, by conversation id, oldest first."""
    found: dict[str, list[Message]] = {place.head.id: [] for place in places}
    if places:
        sql = f"""
            select {_MESSAGE} from messages
            where slot between ? and ? and tenant_id = ? and conversation_id in (select unnest(?::varchar[])) order by slot
        """
        last = places[-1]
        span = [places[0].first, last.first + last.n_messages]
        for row in session.connection.execute(sql, [*span, tenant_id, list(found)]).fetchall():
            found[row[0]].append(_message(session, row, tenant_id))
    return found


def insert_heads(session: Session, places: Sequence[Place]) -> None:
    """Store new conversations."""
    seal = session.cipher.seal
    rows = [
        (
            place.head.tenant_id,
            place.head.id,
            place.head.user_id,
            place.number,
            seal(place.head.title, owner=place.head.tenant_id),
            seal(to_json(place.head.metadata), owner=place.head.tenant_id),
            place.n_messages,
            to_utc(place.head.created_at),
            to_utc(place.head.updated_at),
        )
        for place in places
    ]
    _insert(
        session,
        "conversations",
        ("varchar", "varchar", "varchar", "bigint", "varchar", "varchar", "bigint", "timestamp", "timestamp"),
        rows,
    )


def update_head(session: Session, place: Place) -> None:
    """Store what may change in a head: title, metadata, number of messages, `updated_at`."""
    head = place.head
    seal = session.cipher.seal
    session.connection.execute(
        "update conversations set title = ?, metadata = ?, n_messages = ?, updated_at = ? where number = ? and tenant_id = ?",
        [
            seal(head.title, owner=head.tenant_id),
            seal(to_json(head.metadata), owner=head.tenant_id),
            place.n_messages,
            to_utc(head.updated_at),
            place.number,
            head.tenant_id,
        ],
    )


def insert_messages(session: Session, placed: Iterable[tuple[Place, int, Message]]) -> None:
    """Store messages, in stored form, each at its position in its conversation."""
    seal = session.cipher.seal
    rows = []
    for place, position, message in placed:
        tenant_id = place.head.tenant_id
        assert message.created_at is not None  # stored form
        content, metadata = seal(message.content, owner=tenant_id), seal(to_json(message.metadata), owner=tenant_id)
        at = to_utc(message.created_at)
        rows.append((place.first + position, tenant_id, place.head.id, message.id, message.role, content, metadata, at))
    _insert(session, "messages", ("bigint", "varchar", "varchar", "varchar", "varchar", "varchar", "varchar", "timestamp"), rows)


def _insert(session: Session, table: str, types: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    columns = ", ".join(f"unnest(?::{kind}[])" for kind in types)
    for begin in range(0, len(rows), _INSERTED_AT_ONCE):
        lists = [list(column) for column in zip(*rows[begin : begin + _INSERTED_AT_ONCE], strict=True)]
        session.connection.execute(f"insert into {table} select {columns}", lists)


def _message(session: Session, row: Sequence[Any], tenant_id: str) -> Message:
    _, message_id, role, content, created_at, metadata = row
    return Message(
        id=message_id,
        role=role,
        content=session.cipher.open(content, owner=tenant_id),
        created_at=from_utc(created_at),
        metadata=json.loads(session.cipher.open(metadata, owner=tenant_id)),
    )
