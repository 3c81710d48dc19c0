"""The database file: opened for one unit of work, on one worker thread, and closed again.

Nothing holds the file between units, so other processes get their turn; waiting for them is bounded. A file that is not ours, is damaged or
is of a newer schema is refused and never changed.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import random
import re
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import duckdb

from omniforge_cli.adapters.duckdb.migrations import MIGRATIONS, Migration, migrate, schema_version
from omniforge_cli.adapters.encryption import PlainTexts, SealedTexts, TextCipher
from omniforge_cli.adapters.processes import command_line
from omniforge_cli.core.errors import SchemaTooNew, StorageError, StorageKeyError, StorageLocked
from omniforge_cli.core.redaction import redact

LOCK_TIMEOUT_S: Final = 5.0
_FIRST_PAUSE_S: Final = 0.01
_LONGEST_PAUSE_S: Final = 0.25
_KEY_CHECK: Final = "omniforge"
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": min(4, os.cpu_count() or 1),
    "autoinstall_known_extensions": False,  # never a download
    "autoload_known_extensions": False,
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a unit of work gets: the open connection, and the cipher for what people wrote."""

    connection: duckdb.DuckDBPyConnection
    cipher: TextCipher


Work = Callable[[Session], T]


class _Busy(Exception):
    """Somebody else holds the file or changed the same rows; waiting may help."""


class _Outdated(Exception):
    """The file is of an older schema and was opened for reading."""


class Database:
    """One DuckDB file. Units of work are plain functions of a `Session`; they run one after another, off the event loop.

    A unit may be run again when another process got in between, so it must have no effect outside the session.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        key: str | None = None,
        lock_timeout_s: float = LOCK_TIMEOUT_S,
        migrations: Sequence[Migration] = MIGRATIONS,
        rng: random.Random | None = None,
    ) -> None:
        self.path: Final = Path(path).expanduser().resolve()
        self._key = key or None
        self._lock_timeout_s = lock_timeout_s
        self._migrations = tuple(migrations)
        self._rng = rng or random.Random()
        self._ciphers: dict[str, SealedTexts] = {}
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="omniforge-db")

    async def read(self, work: Work[T]) -> T:
        """Run a unit that only reads; the file is opened read-only, and a missing file reads as an empty one.

        Raises:
            StorageError: the file cannot be used (locked, unreadable, wrong key, newer schema).
        """
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._run, work, True)

    async def write(self, work: Work[T]) -> T:
        """Run a unit in one transaction. When this returns, what it wrote outlives a crash.

        Raises:
            StorageError: the file cannot be used; nothing of the unit was written.
        """
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._run, work, False)

    async def close(self) -> None:
        """Wait for the work that was begun and let the thread go. Safe to call twice."""
        await asyncio.to_thread(self._worker.shutdown)

    def _run(self, work: Work[T], read_only: bool) -> T:
        deadline = time.monotonic() + self._lock_timeout_s
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return self._attempt(work, read_only)
            except _Outdated:
                self._run(_nothing, False)
            except _Busy as exc:
                if time.monotonic() >= deadline:
                    raise StorageLocked(self._locked_message(str(exc))) from exc
                time.sleep(self._rng.uniform(pause_s / 2, pause_s))
                pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)
            except duckdb.Error as exc:
                raise StorageError(f"{self.path}: {_first_line(exc)}") from exc
            except OSError as exc:
                raise StorageError(f"{self.path}: {exc.strerror or exc}; choose a place that can be written with --db") from exc

    def _attempt(self, work: Work[T], read_only: bool) -> T:
        if not self.path.exists():
            if read_only:
                return self._work_on_nothing(work)
            self._create()
        if not read_only and self.path.with_name(self.path.name + ".wal").exists():
            self._attempt(_nothing, True)  # opening for writing replays the log into the file: refuse what is not ours before that
        connection = self._connect(read_only)
        try:
            cipher = self._admit(connection, read_only)
            session = Session(connection=connection, cipher=cipher)
            return work(session) if read_only else _in_transaction(work, session)
        except duckdb.TransactionException as exc:
            raise _Busy(str(exc)) from exc
        finally:
            connection.close()

    def _connect(self, read_only: bool) -> duckdb.DuckDBPyConnection:
        try:
            while True:
                before = self.path.stat().st_ino
                connection = duckdb.connect(str(self.path), read_only=read_only, config=_CONFIG)
                if self.path.stat().st_ino == before:
                    return connection
                connection.close()  # the file was replaced (see `compaction`) while we opened the old one
        except duckdb.Error as exc:
            if "lock on file" in str(exc):
                raise _Busy(str(exc)) from exc
            if "already attached" in str(exc) or "different configuration" in str(exc):
                raise _Busy(f"PID {os.getpid()}") from exc  # another `Database` of this process
            raise

    def _admit(self, connection: duckdb.DuckDBPyConnection, read_only: bool) -> TextCipher:
        """The cipher for this file, once schema and key are found right; an older schema is upgraded first."""
        version = schema_version(connection)
        newest = len(self._migrations)
        if version is None:
            raise StorageError(f"{self.path} is a DuckDB file of something else; choose another file with --db")
        if version > newest:
            raise SchemaTooNew(
                f"{self.path} was written by a newer omniforge (schema {version}, this one knows {newest}); upgrade omniforge"
            )
        if version < newest:
            if read_only:
                raise _Outdated
            if version > 0:
                self._cipher(connection)
                self._back_up(connection, version)
            migrate(connection, version=version, migrations=self._migrations)
            if version == 0:
                self._enrol_key(connection)
        return self._cipher(connection)

    def _create(self) -> None:
        """Make the file complete under another name first, so that a process killed here leaves no half-made one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}.new")
        try:
            with duckdb.connect(str(draft), config=_CONFIG) as connection:
                migrate(connection, version=0, migrations=self._migrations)
                self._enrol_key(connection)
            try:
                os.link(draft, self.path)
            except FileExistsError:
                return  # another process was first
        finally:
            draft.unlink(missing_ok=True)

    def _work_on_nothing(self, work: Work[T]) -> T:
        with duckdb.connect(":memory:", config=_CONFIG) as connection:
            migrate(connection, version=0, migrations=self._migrations)
            return work(Session(connection=connection, cipher=PlainTexts()))

    def _back_up(self, connection: duckdb.DuckDBPyConnection, version: int) -> None:
        """Copy the whole database beside the file, from inside: the lock stays ours and the copy is consistent."""
        backup = self.path.with_name(f"{self.path.name}.schema{version}.bak")
        draft = self.path.with_name(f".{backup.name}.{secrets.token_hex(4)}.new")
        copy_database(connection, draft)
        draft.replace(backup)

    def _enrol_key(self, connection: duckdb.DuckDBPyConnection) -> None:
        if self._key is None:
            return
        salt = secrets.token_bytes(16)
        check = SealedTexts(self._key, salt).seal(_KEY_CHECK, owner="")
        rows = [["salt", base64.b64encode(salt).decode("ascii")], ["key_check", check]]
        connection.executemany("insert into settings values (?, ?)", rows)

    def _cipher(self, connection: duckdb.DuckDBPyConnection) -> TextCipher:
        stored = dict(connection.execute("select name, value from settings where name in ('salt', 'key_check')").fetchall())
        if self._key is None:
            if stored:
                raise StorageKeyError(f"{self.path} is encrypted; set OMNIFORGE_DB_KEY to its key")
            return PlainTexts()
        if not stored:
            raise StorageKeyError(
                f"{self.path} is not encrypted, and a key is set; unset OMNIFORGE_DB_KEY or choose another file with --db"
            )
        salt = stored["salt"]
        if salt not in self._ciphers:
            cipher = SealedTexts(self._key, base64.b64decode(salt))
            try:
                cipher.open(stored["key_check"], owner="")
            except StorageKeyError as exc:
                raise StorageKeyError(f"{self.path} is encrypted with another key; check OMNIFORGE_DB_KEY") from exc
            self._ciphers[salt] = cipher
        return self._ciphers[salt]

    def _locked_message(self, told: str) -> str:
        found = re.search(r"PID (\d+)", told)
        who = "another process"
        if found:
            command = command_line(int(found[1]))
            who = f"process {found[1]}" + (f" ({redact(command)[:200]})" if command else "")
        waited = f"{self.path} is in use by {who}; waited {self._lock_timeout_s:g} s"
        return f"{waited}. Try again once it is done, or choose another file with --db"


def copy_database(connection: duckdb.DuckDBPyConnection, target: Path) -> None:
    """Write everything the connection's database holds into a new file; nothing that was deleted comes along."""
    row = connection.execute("select current_database()").fetchone()
    assert row is not None  # a scalar query has one row
    source = str(row[0]).replace('"', '""')
    connection.execute(f"attach '{str(target).replace(chr(39), chr(39) * 2)}' as copied")
    try:
        connection.execute(f'copy from database "{source}" to copied')
    finally:
        connection.execute("detach copied")


def _in_transaction(work: Work[T], session: Session) -> T:
    session.connection.begin()
    try:
        result = work(session)
        session.connection.commit()
    except BaseException:
        with contextlib.suppress(duckdb.Error):  # a failed commit has rolled back already
            session.connection.rollback()
        raise
    return result


def _nothing(session: Session) -> None:
    """Open and close: what opening does (create, upgrade, check) is wanted alone."""


def _first_line(exc: BaseException) -> str:
    return str(exc).splitlines()[0] if str(exc) else type(exc).__name__
