"""Settings -> what is stored and how it is kept private; and the two things no pure code may invent: the time and new ids."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from omniforge_cli.core.settings import Settings
from omniforge_cli.evals.journal import Seal, plain
from omniforge_cli.evals.store import RunStore

if TYPE_CHECKING:
    from omniforge_cli.adapters.duckdb.connection import Database
    from omniforge_cli.evals.spool import SpooledCases
    from omniforge_cli.providers.answers import AnswerStore


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A new random identifier."""
    return uuid.uuid4().hex


def database(settings: Settings) -> Database:
    """The database of this invocation; the file is opened only for each piece of work."""
    return _database(Path(settings.db).expanduser().resolve(), settings.db_key)


@lru_cache(maxsize=4)
def _database(path: Path, key: str | None) -> Database:
    """One object a file, so that the parts of one process take turns instead of waiting for each other's lock."""
    from omniforge_cli.adapters.duckdb.connection import Database

    return Database(path, key=key)


def run_store(settings: Settings) -> RunStore:
    """Where runs are kept."""
    from omniforge_cli.adapters.duckdb.runs import DuckDBRunStore

    return DuckDBRunStore(database(settings))


def seals(settings: Settings, owner: str) -> tuple[Seal, Seal]:
    """How a file beside the database is written and read: sealed for its owner where the database is encrypted, else plain."""
    if settings.db_key is None:
        return plain, plain
    from omniforge_cli.adapters.encryption import SealedTexts

    cipher = SealedTexts(settings.db_key, owner.encode())
    return (lambda text: cipher.seal(text, owner=owner)), (lambda text: cipher.open(text, owner=owner))


def case_spool(settings: Settings) -> SpooledCases:
    """Where the cases of a replay are kept while it runs."""
    from omniforge_cli.evals.spool import SpooledCases

    seal, unseal = seals(settings, new_id())
    return SpooledCases(seal=seal, unseal=unseal)


def redactor() -> Callable[[str], str]:
    """What masks secrets in reports, exports and logs."""
    from omniforge_cli.core.redaction import redact

    return redact


def answer_store(settings: Settings) -> AnswerStore:
    """Where providers' answers are kept."""
    from omniforge_cli.adapters.duckdb.answers import DuckDBAnswerStore

    return DuckDBAnswerStore(database(settings))
