"""DuckDB in memory, and the file that is attached to it for a moment: 2 ms, where connecting to the file takes 20.

What is committed stands in the file's log (`….duckdb.wal`), synced, and stays there while the log is short: to fold it into the file (a
checkpoint) costs more than all the rest of adding a message, to replay it 0.1-0.2 ms a message. See docs/decisions/0003.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb

LONGEST_LOG: Final = 4_096
"""Bytes of log that are left beside the file: some five messages, which the next to open it replays in 1 ms."""
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": 1,  # a unit is over in milliseconds, and to share it out would take longer
    "autoinstall_known_extensions": False,  # never a download
    "autoload_known_extensions": False,
    "checkpoint_on_detach": "DISABLED",
}
_BUSY: Final = ("lock on file", "already attached")
"""What DuckDB says when another process, or another `Engine` of this one, has the file open."""
_LITTLE: Final = "200MB"
"""What DuckDB may keep where much is written piece by piece; left alone, it keeps half a gigabyte of blocks that nobody reads again."""
_NOT_FOLDED: Final = "but CHECKPOINT during DETACH failed"
"""What DuckDB says when it has detached a file, and its log stays beside it."""


class Busy(Exception):
    """Somebody else holds the file; waiting may help."""


class Engine:
    """Attaches a file, for one thread at a time. Made when it is first needed."""

    def __init__(self) -> None:
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._with_log: Path | None = None

    @contextlib.contextmanager
    def opened(self, path: Path, *, writable: bool, frugal: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file as the database in use, called `store`; a file to be read that is not there is an empty one.

        `frugal` limits DuckDB's memory until the file is closed. Setting it back costs as much as opening the file, so not always.

        Raises:
            Busy: somebody else holds the file.
            duckdb.Error: it cannot be used.
        """
        if self._connection is None:
            self._connection = duckdb.connect(":memory:", config=_CONFIG)
        if frugal:
            self._connection.execute(f"set memory_limit = '{_LITTLE}'")
        try:
            _attach(self._connection, path, writable=writable)
            try:
                yield self._connection
            finally:
                self._detach(self._connection, path, writable=writable)
        except duckdb.Error as exc:
            if any(words in str(exc) for words in _BUSY):
                raise Busy(str(exc)) from exc
            raise
        finally:
            if frugal:
                with contextlib.suppress(duckdb.Error):  # after a fatal error it refuses everything, and is dropped
                    self._connection.execute("reset memory_limit")

    def drop(self) -> None:
        """Let DuckDB go; the next use makes it anew."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def finish(self) -> None:
        """Fold the log that was left beside the file into it, unless somebody else is at it, and let DuckDB go."""
        path, self._with_log = self._with_log, None
        if path is not None and path.exists() and log_of(path).exists():
            with contextlib.suppress(Busy, duckdb.Error), self.opened(path, writable=True) as connection:
                connection.execute("checkpoint")
        self.drop()

    def _detach(self, connection: duckdb.DuckDBPyConnection, path: Path, *, writable: bool) -> None:
        """Nothing that goes wrong with folding the log (a full disk) undoes what was committed: DuckDB keeps the log then."""
        log_bytes = _size(log_of(path)) if writable else 0
        if writable:
            self._with_log = path if log_bytes else None
        if log_bytes <= LONGEST_LOG:
            connection.execute("use memory; detach store")
            return
        connection.execute("set checkpoint_on_detach = 'ENABLED'")
        try:
            connection.execute("use memory; detach store")
        except duckdb.IOException as exc:
            if _NOT_FOLDED not in str(exc):
                raise
        finally:
            connection.execute("set checkpoint_on_detach = 'DISABLED'")


def copy_all(connection: duckdb.DuckDBPyConnection, target: Path, *, ordered_by: dict[str, str]) -> None:
    """Write everything in the open file into a new one, the tables that are named in this order; nothing deleted comes along."""
    connection.execute(f"attach {_quoted(target)} as copied")
    connection.execute(f"set threads = {min(4, os.cpu_count() or 1)}")
    try:
        connection.execute("copy from database store to copied (schema)")
        tables = connection.execute("select table_name from duckdb_tables() where database_name = 'store'").fetchall()
        for (table,) in tables:
            order = f" order by {ordered_by[table]}" if table in ordered_by else ""
            connection.execute(f"insert into copied.{table} select * from store.{table}{order}")
        connection.execute("checkpoint copied")
    finally:
        connection.execute("set threads = 1")
        connection.execute("detach copied")


def log_of(path: Path) -> Path:
    """Where DuckDB keeps the log of a file."""
    return path.with_name(path.name + ".wal")


def identity(path: Path) -> int | None:
    """Which file stands at this path; None for none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, *, writable: bool) -> None:
    while True:
        before = identity(path)
        if before is None and not writable:
            connection.execute("attach ':memory:' as store; use store")
            return
        connection.execute(f"attach {_quoted(path)} as store ({'read_write' if writable else 'read_only'}); use store")
        if before is None or identity(path) == before:
            return
        connection.execute("use memory; detach store")  # another process replaced the file (`erase`) while we opened the old one


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
