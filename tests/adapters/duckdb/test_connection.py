from __future__ import annotations

import asyncio
import hashlib
import secrets
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import duckdb
import pytest

from omniforge_cli.adapters.duckdb.connection import Database, Session
from omniforge_cli.core.errors import SchemaTooNew, StorageError, StorageKeyError, StorageLocked
from tests.limits import no_file_longer_than

HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
async def open_database() -> AsyncIterator[Callable[..., Database]]:
    opened: list[Database] = []

    def build(*args: object, **kwargs: object) -> Database:
        opened.append(Database(*args, **kwargs))  # type: ignore[arg-type]
        return opened[-1]

    yield build
    for database in opened:
        await database.close()


def put(name: str, value: str) -> Callable[[Session], None]:
    def work(session: Session) -> None:
        session.connection.execute("insert into settings values (?, ?)", [name, value])

    return work


def names(session: Session) -> list[str]:
    rows = session.connection.execute("select name from settings where name not in ('salt', 'key_check') order by name").fetchall()
    return [name for (name,) in rows]


def digest(path: Path) -> dict[str, str]:
    return {found.name: hashlib.sha256(found.read_bytes()).hexdigest() for found in path.parent.iterdir() if found.is_file()}


async def test_what_was_written_is_read_by_another_database_object(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    path = tmp_path / "new" / "folder" / "o'clock.duckdb"
    await open_database(path).write(put("a", "1"))
    assert await open_database(str(path)).read(names) == ["a"]


async def test_reading_a_missing_file_finds_nothing_and_makes_nothing(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    assert await open_database(tmp_path / "none" / "x.duckdb").read(names) == []
    assert list(tmp_path.iterdir()) == []


async def test_reading_an_empty_duckdb_file_finds_nothing(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    duckdb.connect(tmp_path / "x.duckdb").close()
    assert await open_database(tmp_path / "x.duckdb").read(names) == []


async def test_creating_leaves_nothing_but_the_file(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    database = open_database(tmp_path / "x.duckdb")
    await database.write(put("a", "1"))
    await database.close()
    assert [found.name for found in tmp_path.iterdir()] == ["x.duckdb"]


@pytest.mark.parametrize("mode", ["write", "erase"])
async def test_a_full_disk_leaves_no_half_made_file_behind(mode: str, tmp_path: Path, open_database: Callable[..., Database]) -> None:
    path = tmp_path / "x.duckdb"
    database = open_database(path)
    if mode == "erase":
        for number in range(20):
            await database.write(put(str(number), secrets.token_hex(100_000)))
    with no_file_longer_than(300_000), pytest.raises(StorageError):
        await getattr(database, mode)(put("a", "1"))
    assert not list(tmp_path.glob(".*"))
    await database.write(put("b", "1"))
    assert "b" in await open_database(path).read(names)


async def test_erasing_takes_what_a_killed_one_left_behind_with_it(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    database = open_database(tmp_path / "x.duckdb")
    await database.write(put("a", "1"))
    for name in (".x.duckdb.0123abcd.new", ".x.duckdb.0123abcd.new.wal", ".x.duckdb.y.0123abcd.new"):
        (tmp_path / name).touch()
    await database.erase(put("b", "2"))
    assert [found.name for found in tmp_path.glob(".*")] == [".x.duckdb.y.0123abcd.new"]
    assert await database.read(names) == ["a", "b"]


async def test_work_runs_on_one_thread_that_is_not_the_event_loops(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    database = open_database(tmp_path / "x.duckdb")
    found = await asyncio.gather(*(database.write(lambda _: threading.get_ident()) for _ in range(3)))
    assert len(set(found)) == 1
    assert threading.get_ident() not in found


async def test_a_unit_that_fails_leaves_nothing_behind(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    database = open_database(tmp_path / "x.duckdb")

    def work(session: Session) -> None:
        put("a", "1")(session)
        raise KeyError("stop")

    with pytest.raises(KeyError):
        await database.write(work)
    assert await database.read(names) == []


async def test_two_objects_in_one_process_write_in_turn(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    first, second = (open_database(tmp_path / "x.duckdb") for _ in range(2))
    wanted = [f"{number:02}" for number in range(12)]
    await asyncio.gather(*((first if int(name) % 2 else second).write(put(name, "")) for name in wanted), second.read(names))
    assert await first.read(names) == wanted


async def test_a_held_file_is_waited_for_and_then_the_holder_is_named(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    path = tmp_path / "x.duckdb"
    await open_database(path).write(put("a", "1"))
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    holder.stdout.readline()
    hasty = open_database(path, lock_timeout_s=0.1)
    for method, work in ((hasty.write, put("b", "1")), (hasty.read, names)):
        with pytest.raises(StorageLocked, match=rf"process {holder.pid} \(.*python.*\); waited 0\.1 s") as caught:
            await method(work)
        assert "\n" not in str(caught.value)
    patient = asyncio.create_task(open_database(path, lock_timeout_s=60).read(names))
    await asyncio.sleep(0.05)
    assert not patient.done()
    holder.communicate("")
    assert await patient == ["a"]


@pytest.mark.parametrize("content", [b"", b"abc", b"not a database\n" * 2000], ids=["empty", "short", "text"])
async def test_a_file_that_is_no_database_is_refused_untouched(
    tmp_path: Path, content: bytes, open_database: Callable[..., Database]
) -> None:
    path = tmp_path / "x.duckdb"
    path.write_bytes(content)
    for attempt in (open_database(path).write(put("a", "1")), open_database(path).read(names)):
        with pytest.raises(StorageError, match=r"x\.duckdb"):
            await attempt
    assert path.read_bytes() == content
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("keep", [0.3, 0.9])
async def test_a_damaged_database_is_a_storage_error_and_untouched(
    tmp_path: Path, keep: float, open_database: Callable[..., Database]
) -> None:
    path = tmp_path / "x.duckdb"
    database = open_database(path)
    await database.write(put("a", "1"))
    await database.close()
    whole = path.read_bytes()
    size = int(len(whole) * keep)
    path.write_bytes(whole[:size] + b"\xa5" * (len(whole) - size) if keep > 0.5 else whole[:size])
    before = digest(path)
    with pytest.raises(StorageError, match=r"x\.duckdb"):
        await open_database(path).write(put("b", "1"))
    assert digest(path) == before


async def test_a_duckdb_file_of_something_else_is_refused_untouched(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table theirs (x integer)")
    before = digest(path)
    with pytest.raises(StorageError, match="something else"):
        await open_database(path).write(put("a", "1"))
    assert digest(path) == before


async def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="--db"):
        await open_database(tmp_path / "file" / "x.duckdb").write(put("a", "1"))


async def test_a_database_path_that_is_a_folder_is_a_storage_error(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    with pytest.raises(StorageError):
        await open_database(tmp_path).read(names)


@pytest.mark.parametrize("killed", [False, True], ids=["closed", "with a log left by a killed process"])
async def test_a_newer_schema_is_refused_untouched(tmp_path: Path, killed: bool, open_database: Callable[..., Database]) -> None:
    path = tmp_path / "x.duckdb"
    await open_database(path).write(put("a", "1"))
    newer = f"""
import duckdb, os
c = duckdb.connect({str(path)!r})
c.execute("insert into schema_migrations values (99, 'x', now()::timestamp)")
c.execute("checkpoint")
c.execute("insert into settings values ('z', '')")
{"os._exit(0)" if killed else "c.close()"}
"""
    subprocess.run([sys.executable, "-c", newer], check=True)
    before = digest(path)
    assert len(before) == 1 + killed
    for attempt in (open_database(path).write(put("b", "1")), open_database(path).read(names)):
        with pytest.raises(SchemaTooNew, match="schema 99"):
            await attempt
    assert digest(path) == before


async def test_the_right_key_opens_and_every_other_is_refused(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    path = tmp_path / "x.duckdb"
    await open_database(path, key="right").write(put("a", "1"))
    assert await open_database(path, key="right").read(names) == ["a"]
    before = digest(path)
    for key in ("wrong", None, ""):
        for attempt in (open_database(path, key=key).read(names), open_database(path, key=key).write(put("b", "1"))):
            with pytest.raises(StorageKeyError, match="OMNIFORGE_DB_KEY"):
                await attempt
    assert digest(path) == before


async def test_a_key_for_a_plain_file_is_refused(tmp_path: Path, open_database: Callable[..., Database]) -> None:
    path = tmp_path / "x.duckdb"
    await open_database(path).write(put("a", "1"))
    with pytest.raises(StorageKeyError, match="not encrypted"):
        await open_database(path, key="k").read(names)
