"""The database file: opened for one unit of work, on one worker thread, and closed again.

Nothing holds the file between units, so other processes get their turn; waiting for them is bounded. A file that is not ours, is damaged or
is of a newer schema is refused and never changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import glob
import os
import random
import re
import secrets
import shutil
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final, TypeVar

import duckdb

from omniforge_cli.adapters.duckdb.engine import Busy, Engine, copy_all, log_of
from omniforge_cli.adapters.duckdb.keys import Keyring
from omniforge_cli.adapters.duckdb.migrations import MIGRATIONS, ORDERED_BY, Migration, migrate, read_settings
from omniforge_cli.adapters.encryption import TextCipher
from omniforge_cli.adapters.processes import command_line
from omniforge_cli.core.errors import SchemaTooNew, StorageError, StorageLocked
from omniforge_cli.core.redaction import redact

LOCK_TIMEOUT_S: Final = 5.0
_FIRST_PAUSE_S: Final = 0.005
_LONGEST_PAUSE_S: Final = 0.05  # an attempt costs 1 ms, and the file is free for moments only while another process is busy with it

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a unit of work gets: the open connection, and the cipher for what people wrote."""

    connection: duckdb.DuckDBPyConnection
    cipher: TextCipher


Work = Callable[[Session], T]


class _Mode(Enum):
    """What a unit of work does with the file."""

    READ = "read"
    WRITE = "write"
    WRITE_MUCH = "write much"
    ERASE = "erase"


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
        self._keyring = Keyring(key)
        self._lock_timeout_s = lock_timeout_s
        self._migrations = tuple(migrations)
        self._rng = rng or random.Random()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="omniforge-db")
        self._engine = Engine()
        self._finish = weakref.finalize(self, self._engine.finish)  # when it is closed, forgotten, or the process ends

    async def read(self, work: Work[T]) -> T:
        """Run a unit that only reads; the file is opened read-only, and a missing file reads as an empty one.

        Raises:
            StorageError: the file cannot be used (locked, unreadable, wrong key, newer schema).
        """
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._run, work, _Mode.READ)

    async def write(self, work: Work[T]) -> T:
        """Run a unit in one transaction. When this returns, what it wrote outlives a crash.

        Raises:
            StorageError: the file cannot be used; nothing of the unit was written.
        """
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._run, work, _Mode.WRITE)

    async def write_much(self, work: Work[T]) -> T:
        """Like `write`, for one of many large pieces: DuckDB keeps no more memory than a piece needs.

        Raises:
            StorageError: the file cannot be used; nothing of the unit was written.
        """
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._run, work, _Mode.WRITE_MUCH)

    async def erase(self, work: Work[T]) -> T:
        """Like `write`, and then write the whole file anew, so that nothing that the unit deleted is left in its bytes.

        Raises:
            StorageError: the file cannot be used.
        """
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._run, work, _Mode.ERASE)

    async def close(self) -> None:
        """Wait for the work that was begun, fold the log into the file and let the thread go. Safe to call twice."""
        await asyncio.to_thread(self._worker.shutdown)
        await asyncio.to_thread(self._finish)

    def _run(self, work: Work[T], mode: _Mode) -> T:
        deadline = time.monotonic() + self._lock_timeout_s
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return self._attempt(work, mode)
            except _Outdated:
                self._run(_nothing, _Mode.WRITE)
            except Busy as exc:
                if time.monotonic() >= deadline:
                    raise StorageLocked(self._locked_message(str(exc))) from exc
                time.sleep(self._rng.uniform(pause_s / 2, pause_s))
                pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)
            except duckdb.Error as exc:
                self._engine.drop()  # after a fatal error it would refuse everything
                raise StorageError(self._unusable_message(_first_line(exc))) from exc
            except OSError as exc:
                raise StorageError(f"{self.path}: {exc.strerror or exc}; choose a place that can be written with --db") from exc

    def _attempt(self, work: Work[T], mode: _Mode) -> T:
        if mode is not _Mode.READ and not self.path.exists():
            self._create()
        with self._engine.opened(self.path, writable=mode is not _Mode.READ, frugal=mode is _Mode.WRITE_MUCH) as connection:
            session = Session(connection=connection, cipher=self._admitted(connection, mode))
            if mode is _Mode.READ:
                return work(session)
            result = _in_transaction(work, session)
            if mode is _Mode.ERASE:
                self._replace(connection)
            return result

    def _admitted(self, connection: duckdb.DuckDBPyConnection, mode: _Mode) -> TextCipher:
        """The cipher for this file, once schema and key are found right; an older schema is upgraded first."""
        version, settings = read_settings(connection)
        newest = len(self._migrations)
        if version is None:
            raise StorageError(f"{self.path} is a DuckDB file of something else; choose another file with --db")
        if version > newest:
            raise SchemaTooNew(
                f"{self.path} was written by a newer omniforge (schema {version}, this one knows {newest}); upgrade omniforge"
            )
        if version < newest:
            if mode is _Mode.READ and (version > 0 or self.path.exists()):
                raise _Outdated
            if version > 0:
                self._keyring.cipher(settings, self.path)
                self._back_up(connection, version)
            migrate(connection, version=version, migrations=self._migrations)
            if version == 0:
                self._keyring.enrol(connection)
            connection.execute("checkpoint")  # a new or an upgraded file is whole without its log
            _, settings = read_settings(connection)
        return self._keyring.cipher(settings, self.path)

    def _create(self) -> None:
        """Make the file complete under another name first, so that a process killed here leaves no half-made one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._draft(self.path.name) as draft:
            with self._engine.opened(draft, writable=True) as connection:
                self._admitted(connection, _Mode.WRITE)
            with contextlib.suppress(FileExistsError, FileNotFoundError):  # another process was first, and may have cleaned up already
                os.link(draft, self.path)

    def _back_up(self, connection: duckdb.DuckDBPyConnection, version: int) -> None:
        """Copy the whole database beside the file, from inside: the lock stays ours and the copy is consistent."""
        backup = self.path.with_name(f"{self.path.name}.schema{version}.bak")
        with self._draft(backup.name) as draft:
            copy_all(connection, draft, ordered_by={})
            draft.replace(backup)

    def _replace(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Put an orderly copy of what is left in the file's place. The lock is on the old file until it is detached.

        What a process that was killed here left behind goes too: it holds what somebody deletes now.
        """
        for left in self.path.parent.glob(f".{glob.escape(self.path.name)}.????????.new*"):
            left.unlink(missing_ok=True)
        with self._draft(self.path.name) as draft:
            connection.execute("checkpoint")  # no log may be left beside the new file
            copy_all(connection, draft, ordered_by=ORDERED_BY)
            shutil.copymode(self.path, draft)
            draft.replace(self.path)

    @contextlib.contextmanager
    def _draft(self, name: str) -> Iterator[Path]:
        """Where a file is made under another name; nothing is left there, whatever goes wrong."""
        draft = self.path.with_name(f".{name}.{secrets.token_hex(4)}.new")
        try:
            yield draft
        finally:
            draft.unlink(missing_ok=True)
            log_of(draft).unlink(missing_ok=True)

    def _unusable_message(self, told: str) -> str:
        if "WAL" in told and "not match" in told:
            return f"{self.path}.wal is the log of another file; put that file back in its place, or move the log away"
        return f"{self.path}: {told}"

    def _locked_message(self, told: str) -> str:
        found = re.search(r"PID (\d+)", told)
        who = "another part of this process"
        if found:
            command = command_line(int(found[1]))
            who = f"process {found[1]}" + (f" ({redact(command)[:200]})" if command else "")
        waited = f"{self.path} is in use by {who}; waited {self._lock_timeout_s:g} s"
        return f"{waited}. Try again once it is done, or choose another file with --db"


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
