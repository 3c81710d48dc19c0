from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from omniforge_cli.adapters.duckdb.connection import Database, Session
from omniforge_cli.adapters.duckdb.migrations import MIGRATIONS, migrate, schema_version
from omniforge_cli.core.errors import StorageError, StorageKeyError


def _add_colour(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("alter table settings add column colour varchar")
    connection.execute("update settings set colour = 'red'")


def _fail_halfway(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table half (x integer)")
    raise duckdb.InvalidInputException("no")


def write_one(session: Session) -> None:
    session.connection.execute("insert into settings (name, value) values ('a', '1')")


def rows(session: Session) -> list[tuple[object, ...]]:
    return session.connection.execute("select * from settings where name = 'a'").fetchall()


async def older_file(path: Path, key: str | None = None) -> None:
    database = Database(path, key=key)
    await database.write(write_one)
    await database.close()


def test_every_table_of_the_contract_is_made() -> None:
    with duckdb.connect(":memory:") as connection:
        assert schema_version(connection) == 0
        migrate(connection, version=0)
        assert schema_version(connection) == len(MIGRATIONS)
        tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert tables >= {"conversations", "messages", "runs", "run_cases", "llm_cache", "schema_migrations"}


def test_each_step_is_recorded_with_its_number() -> None:
    with duckdb.connect(":memory:") as connection:
        migrate(connection, version=0, migrations=(*MIGRATIONS, _add_colour))
        found = connection.execute("select version, name from schema_migrations order by version").fetchall()
    assert found[0] == (1, "first_tables")
    assert found[-1] == (len(MIGRATIONS) + 1, "add_colour")


@pytest.mark.parametrize("reading", [True, False])
async def test_an_older_file_is_upgraded_once_with_a_backup_beside_it(tmp_path: Path, reading: bool) -> None:
    path = tmp_path / "x.duckdb"
    await older_file(path)
    database = Database(path, migrations=(*MIGRATIONS, _add_colour))
    found = await (database.read(rows) if reading else database.write(rows))
    assert found == [("a", "1", "red")]
    backup = tmp_path / f"x.duckdb.schema{len(MIGRATIONS)}.bak"
    written_at = backup.stat().st_mtime_ns
    assert await database.read(rows) == [("a", "1", "red")]
    await database.close()
    assert backup.stat().st_mtime_ns == written_at
    assert sorted(found.name for found in tmp_path.iterdir()) == ["x.duckdb", backup.name]
    before = Database(backup)
    assert await before.read(rows) == [("a", "1")]
    await before.close()


async def test_a_step_that_fails_leaves_the_file_at_its_old_schema(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    await older_file(path)
    broken = Database(path, migrations=(*MIGRATIONS, _fail_halfway))
    with pytest.raises(StorageError):
        await broken.read(rows)
    await broken.close()
    database = Database(path)
    assert await database.read(rows) == [("a", "1")]
    assert await database.read(lambda session: schema_version(session.connection)) == len(MIGRATIONS)
    tables = await database.read(lambda session: session.connection.execute("select table_name from duckdb_tables()").fetchall())
    assert ("half",) not in tables
    await database.close()


async def test_an_older_encrypted_file_is_not_upgraded_with_a_wrong_key(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    await older_file(path, key="right")
    database = Database(path, key="wrong", migrations=(*MIGRATIONS, _add_colour))
    with pytest.raises(StorageKeyError):
        await database.write(rows)
    await database.close()
    assert [found.name for found in tmp_path.iterdir()] == ["x.duckdb"]
