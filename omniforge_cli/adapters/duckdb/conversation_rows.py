"""Conversations and messages as rows: find, read and insert them within one session. Every statement names the tenant.

A message's `slot` is its conversation's number and its position in it (see `migrations`): pages and recent messages are short ranges of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from omniforge_cli.adapters.duckdb.connection import Session
from omniforge_cli.adapters.duckdb.rows import from_utc, to_json, to_utc
from omniforge_cli.conversations.repository import no_such_conversation
from omniforge_cli.core.conversation import Conversation, Message

SLOTS: Final = 2**32
HEAD: Final = "number, n_messages, id, tenant_id, user_id, title, created_at, updated_at, metadata"
_MESSAGE: Final = "id, role, content, created_at, metadata"
_INSERTED_AT_ONCE: Final = 20_000
"""Rows in one statement. Row by row an insert costs 0.4 ms; as lists that are unnested, 0.008 ms."""
_ALONE: Final = f"limit {SLOTS}"
"""Ends a step whose filter must stand alone, as DuckDB uses an index for no other; it is quicker than a materialized step."""
_FEW: Final = 4
"""Rows up to which a plain list of values is the quicker statement."""
_LOOKED_UP: Final = 32
"""Messages up to which it pays to look each up by its slot: far quicker where they lie scattered, 1 ms slower where they do not."""


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

    Raises:
        NotFound: missing or not yours; both take the same path.
    """
    sql = f"""
        select {HEAD} from (select {HEAD} from conversations where id = ? {_ALONE})
        where tenant_id = ? and (?::varchar is null or user_id = ?)
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
    return [_message(session, row, tenant_id) for row in _rows(session, place, range(max(0, start), min(stop, place.n_messages)), _MESSAGE)]


def read_known(session: Session, place: Place, ids: Sequence[str]) -> dict[str | None, Message]:
    """Those messages of a conversation that have one of these ids, by id."""
    if not ids:
        return {}
    wanted = set(ids)
    positions = [at for at, (found,) in enumerate(_rows(session, place, range(place.n_messages), "id")) if found in wanted]
    messages = [message for at in positions for message in read_messages(session, place, at, at + 1)]
    return {message.id: message for message in messages}


def _rows(session: Session, place: Place, positions: range, columns: str) -> list[Any]:
    """These columns of the messages at these positions, oldest first.

    DuckDB reads the slots of a range in every block of rows that may hold one: in a file where conversations lie scattered, in all of them.
    It looks up a list in the index, unless the list has no gaps and so is a range: hence the slot -1, which no message has.
    """
    if not positions:
        return []
    slots = range(place.first + positions.start, place.first + positions.stop)
    chosen = f"slot in (-1, {', '.join(map(str, slots))})" if len(slots) <= _LOOKED_UP else f"slot between {slots[0]} and {slots[-1]}"
    sql = f"""
        select slot, {columns} from (select slot, tenant_id, {columns} from messages where {chosen} {_ALONE}) where tenant_id = ?
    """
    rows = session.connection.execute(sql, [place.head.tenant_id]).fetchall()
    return [row[1:] for row in sorted(rows, key=itemgetter(0))]


def read_all_messages(session: Session, places: Sequence[Place], tenant_id: str) -> dict[str, list[Message]]:
    """All messages of these conversations of the tenant, by conversation id, oldest first."""
    found: dict[str, list[Message]] = {place.head.id: [] for place in places}
    if places:
        sql = f"""
            select conversation_id, {_MESSAGE} from messages
            where slot between ? and ? and tenant_id = ? and conversation_id in (select unnest(?::varchar[])) order by slot
        """
        last = places[-1]
        span = [places[0].first, last.first + last.n_messages]
        for row in session.connection.execute(sql, [*span, tenant_id, list(found)]).fetchall():
            found[row[0]].append(_message(session, row[1:], tenant_id))
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
    if len(rows) <= _FEW:
        places = ", ".join(f"({', '.join('?' * len(types))})" for _ in rows)
        if rows:
            session.connection.execute(f"insert into {table} values {places}", [value for row in rows for value in row])
        return
    columns = ", ".join(f"unnest(?::{kind}[])" for kind in types)
    for begin in range(0, len(rows), _INSERTED_AT_ONCE):
        lists = [list(column) for column in zip(*rows[begin : begin + _INSERTED_AT_ONCE], strict=True)]
        session.connection.execute(f"insert into {table} select {columns}", lists)


def _message(session: Session, row: Sequence[Any], tenant_id: str) -> Message:
    message_id, role, content, created_at, metadata = row
    return Message(
        id=message_id,
        role=role,
        content=session.cipher.open(content, owner=tenant_id),
        created_at=from_utc(created_at),
        metadata=_metadata(session.cipher.open(metadata, owner=tenant_id)),
    )


def _metadata(text: str) -> dict[str, Any]:
    """What half of all messages have none of."""
    plain: dict[str, Any] = {} if text == "{}" else json.loads(text)
    return plain
