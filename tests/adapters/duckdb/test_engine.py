from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from omniforge_cli.adapters.duckdb.connection import Database, Session
from omniforge_cli.adapters.duckdb.engine import LONGEST_LOG, Busy, Engine
from omniforge_cli.core.errors import StorageError
from tests.limits import no_file_longer_than

WRITER = """
import asyncio, os, sys
from omniforge_cli.adapters.duckdb.connection import Database

path, n, is_killed = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "killed"

async def main():
    database = Database(path)
    for number in range(n):
        await database.write(lambda session: session.connection.execute("insert into settings values (?, ?)", [f"w{number}", "x"]))
    if is_killed:
        os._exit(9)

asyncio.run(main())
"""


def put(name: str, value: str = "x") -> Callable[[Session], None]:
    def work(session: Session) -> None:
        session.connection.execute("insert into settings values (?, ?)", [name, value])

    return work


def names(session: Session) -> list[str]:
    return [name for (name,) in session.connection.execute("select name from settings order by name").fetchall()]


def files(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


def write_elsewhere(path: Path, n: int, how: str) -> None:
    subprocess.run([sys.executable, "-c", WRITER, str(path), str(n), how], cwd=Path(__file__).parents[3], check=how != "killed")


async def test_a_short_log_stays_beside_the_file_and_others_read_it(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    writer, reader = Database(path), Database(path)
    await writer.write(put("a"))
    assert files(tmp_path) == ["x.duckdb", "x.duckdb.wal"]
    assert await reader.read(names) == ["a"]
    await reader.close()
    assert files(tmp_path) == ["x.duckdb", "x.duckdb.wal"]
    await writer.close()
    assert files(tmp_path) == ["x.duckdb"]
    assert await Database(path).read(names) == ["a"]


async def test_a_log_that_has_grown_long_is_folded_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    database = Database(path)
    sizes = []
    for number in range(60):
        await database.write(put(f"{number:02}", "x" * 100))
        sizes.append(path.with_name("x.duckdb.wal").stat().st_size if len(files(tmp_path)) > 1 else 0)
    assert 0 < max(sizes) <= LONGEST_LOG
    assert sizes.count(0) < 20
    await database.write(put("long", "x" * LONGEST_LOG))
    assert files(tmp_path) == ["x.duckdb"]
    assert len(await database.read(names)) == 61
    await database.close()


async def test_a_log_that_a_full_disk_cannot_fold_stays_and_what_it_holds_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    database = Database(path)
    await database.write(put("a"))
    with no_file_longer_than(path.stat().st_size):
        for name in ("b", "c"):
            await database.write(put(name, "x" * LONGEST_LOG))
        assert files(tmp_path) == ["x.duckdb", "x.duckdb.wal"]
        assert await database.read(names) == ["a", "b", "c"]
    await database.write(put("d"))
    assert files(tmp_path) == ["x.duckdb"]
    assert await Database(path).read(names) == ["a", "b", "c", "d"]
    await database.close()


async def test_a_full_disk_is_told_as_one_at_once_and_what_was_written_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    database = Database(path, lock_timeout_s=60)
    await database.write(put("a"))
    with no_file_longer_than(1_000), pytest.raises(StorageError, match="Could not write file"):
        await database.write(put("b", "x" * 5_000))
    await database.write(put("c"))
    assert await Database(path).read(names) == ["a", "c"]
    await database.close()


def test_a_process_that_ends_without_closing_leaves_no_log(tmp_path: Path) -> None:
    write_elsewhere(tmp_path / "x.duckdb", 2, "ends")
    assert files(tmp_path) == ["x.duckdb"]


@pytest.mark.parametrize("torn", [0, 7, 40])
async def test_what_a_killed_process_was_writing_is_whole_or_not_there(tmp_path: Path, torn: int) -> None:
    path = tmp_path / "x.duckdb"
    write_elsewhere(path, 3, "killed")
    log = path.with_name("x.duckdb.wal")
    os.truncate(log, log.stat().st_size - torn)
    survivors = ["w0", "w1", "w2"] if not torn else ["w0", "w1"]
    database = Database(path)
    assert await database.read(names) == survivors
    for name in ("x", "y"):
        await database.write(put(name))
    assert await Database(path).read(names) == [*survivors, "x", "y"]
    await database.close()
    assert files(tmp_path) == ["x.duckdb"]
    assert await Database(path).read(names) == [*survivors, "x", "y"]


async def test_closing_while_another_has_the_file_leaves_the_log_to_it(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    database, other = Database(path), Engine()
    await database.write(put("a"))
    with other.opened(path, writable=True):
        await database.close()
    assert files(tmp_path) == ["x.duckdb", "x.duckdb.wal"]
    other.finish()
    assert files(tmp_path) == ["x.duckdb"]


async def test_closing_after_the_file_was_deleted_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    database = Database(path)
    await database.write(put("a"))
    path.unlink()
    await database.close()
    assert files(tmp_path) == ["x.duckdb.wal"]


async def test_the_log_of_another_file_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    write_elsewhere(path, 1, "killed")
    path.unlink()
    log = path.with_name("x.duckdb.wal")
    before = hashlib.sha256(log.read_bytes()).digest()
    with pytest.raises(StorageError, match=r"x\.duckdb\.wal is the log of another file; put that file back"):
        await Database(path).write(put("a"))
    assert hashlib.sha256(log.read_bytes()).digest() == before


def test_an_engine_says_that_a_file_is_in_use(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    first, second = Engine(), Engine()
    with first.opened(path, writable=True) as connection:
        connection.execute("create table t (x integer)")
        with pytest.raises(Busy), second.opened(path, writable=False):
            pass
    with second.opened(path, writable=False) as connection, pytest.raises(duckdb.Error):
        connection.execute("insert into t values (1)")
    first.drop()
    second.drop()
