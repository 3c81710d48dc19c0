"""Conversations in Parquet: a row each, with the columns of the interchange form; `messages` and `metadata` as structs or JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from omniforge_cli.core.errors import ConversationFileError

_CHUNK: Final = 1_000
_JSON_COLUMNS: Final = ("metadata", "messages")


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file as interchange objects, a chunk in memory at a time.

    Raises:
        ConversationFileError: it is no Parquet file, or a column that should be JSON is none.
    """
    try:
        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches(batch_size=_CHUNK):
                yield from map(_plain, batch.to_pylist())
    except (pa.ArrowInvalid, OSError, ValueError) as exc:
        raise ConversationFileError(f"{path}: cannot be read as Parquet ({exc})") from exc


def write_parquet(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write interchange objects as Parquet; messages and metadata as JSON text. The file takes its name once it is whole."""
    columns = [{**row, **{name: json.dumps(row[name], ensure_ascii=False) for name in _JSON_COLUMNS}} for row in rows]
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(pa.Table.from_pylist(columns), partial)
    partial.replace(path)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {key: json.loads(value) if key in _JSON_COLUMNS and isinstance(value, str) else value for key, value in row.items()}
