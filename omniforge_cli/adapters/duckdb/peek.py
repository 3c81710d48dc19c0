"""Looks at a database file and leaves it as it is: no upgrade, no waiting."""

from __future__ import annotations

from pathlib import Path

import duckdb

from omniforge_cli.adapters.duckdb.migrations import MIGRATIONS, schema_version

NEWEST_SCHEMA = len(MIGRATIONS)


def outdated_schema(path: Path) -> int | None:
    """The file's schema where it is an older one that the next command would upgrade; None where it is not, or cannot be read."""
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            version = schema_version(connection)
    except duckdb.Error:
        return None
    return version if version is not None and version < NEWEST_SCHEMA else None
