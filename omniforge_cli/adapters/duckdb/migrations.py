"""The schema of the file, as a numbered list of steps. A step that was released is never edited: a change is a new step at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import duckdb

Migration = Callable[[duckdb.DuckDBPyConnection], None]


def _first_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Conversations, messages, runs with their samples, and recorded answers.

    `number` and `slot` are there for speed alone: a message's slot is its conversation's number times 2**32 plus its position, so that the
    newest of ten million messages are one short range, which DuckDB finds by the smallest and largest slot of each block of rows.
    """
    connection.execute("""
        create table settings (name varchar primary key, value varchar not null);
        create table conversations (
            tenant_id varchar not null, id varchar not null, user_id varchar not null, number bigint not null unique,
            title varchar not null, metadata varchar not null, n_messages bigint not null,
            created_at timestamp not null, updated_at timestamp not null, primary key (tenant_id, id));
        create index conversations_by_id on conversations (id);
        create table messages (
            slot bigint primary key, tenant_id varchar not null, conversation_id varchar not null, id varchar not null,
            role varchar not null, content varchar not null, metadata varchar not null, created_at timestamp not null);
        create table runs (
            tenant_id varchar not null, id varchar not null, created_at timestamp not null, ended_at timestamp,
            status varchar not null, head varchar not null, summary varchar not null, n_arrived bigint not null,
            pid bigint not null, host varchar not null, process_started bigint, primary key (tenant_id, id));
        create table run_cases (
            tenant_id varchar not null, run_id varchar not null, arm integer not null, case_id varchar not null, repeat integer not null,
            position bigint not null, sample varchar not null, primary key (tenant_id, run_id, arm, case_id, repeat));
        create table llm_cache (
            tenant_id varchar not null, id varchar not null, created_at timestamp not null,
            request varchar not null, completion varchar not null, primary key (tenant_id, id));
    """)


def _signs_of_life(connection: duckdb.DuckDBPyConnection) -> None:
    """When a run's process last wrote: of a process on another host nothing else can tell that it is gone."""
    connection.execute("alter table runs add column alive_at timestamp")


MIGRATIONS: Final[tuple[Migration, ...]] = (_first_tables, _signs_of_life)
ORDERED_BY: Final = {"messages": "slot"}
"""How tables are ordered when the file is written anew: a conversation's messages together, however scattered they arrived."""


def schema_version(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The number of the newest step in the file: 0 for an empty database, None for a database that is not ours."""
    try:
        row = connection.execute("select max(version) from schema_migrations").fetchone()
    except duckdb.CatalogException:
        tables = connection.execute("select count(*) from duckdb_tables() where database_name = current_database()").fetchone()
        return 0 if tables == (0,) else None
    return int(row[0]) if row and row[0] is not None else 0


def read_settings(connection: duckdb.DuckDBPyConnection) -> tuple[int | None, dict[str, str]]:
    """The schema version, as `schema_version` says it, and the file's settings: one statement, as each unit of work begins with it."""
    sql = "select '', max(version)::varchar from schema_migrations union all select name, value from settings"
    try:
        settings = dict(connection.execute(sql).fetchall())
    except duckdb.CatalogException:
        return schema_version(connection), {}
    return int(settings.pop("") or 0), settings


def migrate(connection: duckdb.DuckDBPyConnection, *, version: int, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Apply every step after `version`, each in its own transaction together with the record of it."""
    for number, step in enumerate(migrations[version:], start=version + 1):
        connection.begin()
        try:
            if number == 1:
                connection.execute("create table schema_migrations (version integer primary key, name varchar, applied_at timestamp)")
            step(connection)
            applied_at = datetime.now(UTC).replace(tzinfo=None)
            connection.execute("insert into schema_migrations values (?, ?, ?)", [number, step.__name__.strip("_"), applied_at])
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
