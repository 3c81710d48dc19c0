"""Samples -> `cases.parquet` (DuckDB) and `cases.csv`, one at a time, so that a million take no more memory than a thousand.

DuckDB is loaded anyway, for the run store; pyarrow and pandas would cost half a second of an eval.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from csv import writer
from pathlib import Path
from typing import Any, Final, TextIO

import duckdb

_TEXT, _NUMBER, _FLAG, _COUNT = "varchar", "double", "boolean", "bigint"

SCHEMA: Final[Mapping[str, str]] = {
    "run_id": _TEXT,
    "arm": _TEXT,
    "id": _TEXT,
    "repeat": _COUNT,
    "expected": _TEXT,
    "predicted": _TEXT,
    "correct": _FLAG,
    "confidence": _NUMBER,
    "source": _TEXT,
    "fallback_reason": _TEXT,
    "error_reason": _TEXT,
    "error_message": _TEXT,
    "error_attempts": _COUNT,
    "injected": _TEXT,
    "latency_ms": _NUMBER,
    "calls": _COUNT,
    "cached": _FLAG,
    "is_ambiguous": _FLAG,
    "alternative_action": _TEXT,
    "clarifying_question": _TEXT,
    "target_agent_id": _TEXT,
    "entities": _TEXT,
    "expected_entities": _TEXT,
    "reasoning": _TEXT,
    "message": _TEXT,
    "tags": _TEXT,
    "prompt_tokens": _COUNT,
    "completion_tokens": _COUNT,
    "cost_usd": _NUMBER,
    "case_hash": _TEXT,
    "more": _TEXT,
}
"""The columns of both files, and their types in DuckDB. Entities, `tags` and `more` (whatever else a sample holds) are JSON.

`run_id` is for exports of several runs.
"""

_USAGE: Final = ("prompt_tokens", "completion_tokens", "cost_usd")
_ERROR: Final = ("reason", "message", "attempts")
_JSON: Final = ("entities", "expected_entities", "tags")
_MADE: Final = frozenset({"more", *_USAGE, *_JSON, *(f"error_{key}" for key in _ERROR)})
_IS_NUMBER: Final = tuple(kind == _NUMBER for kind in SCHEMA.values())
_LINE: Final = json.JSONEncoder(ensure_ascii=False)
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "threads": 1,
}
"""Never a download; and one thread, because more take as long here and a hundred megabytes each."""

CHUNK: Final = 5_000
"""Rows in memory at once where a file is read."""


def write(cases: Iterable[Mapping[str, Any]], *, parquet: Path | None = None, csv: Path | None = None) -> int:
    """Write each case as a row of the files named, and return how many there were.

    A case is a mapping as in `report.json`, with the arm's name under `arm`. A file takes its name only once it is whole. Text
    must be redacted by the caller.

    Raises:
        OSError: a file cannot be written.
    """
    wanted = [path for path in (parquet, csv) if path is not None]
    total, longest = 0, 0
    try:
        with ExitStack() as files:
            spool = files.enter_context(_spool(parquet).open("w", encoding="utf-8", newline="")) if parquet else None
            lines = files.enter_context(_partial(csv).open("w", encoding="utf-8", newline="")) if csv else None
            rows = writer(_Lines(lines)) if lines is not None else None
            if rows is not None:
                rows.writerow(SCHEMA)
            for row in map(_row, cases):
                total += 1
                if spool is not None:
                    told = {name: value for name, value in zip(SCHEMA, row, strict=True) if value is not None}
                    longest = max(longest, spool.write(_LINE.encode(told) + "\n"))
                if rows is not None:
                    rows.writerow(row)
        if parquet is not None:
            _to_parquet(_spool(parquet), _partial(parquet), longest)
        for path in wanted:
            _partial(path).replace(path)
    finally:
        for path in wanted:
            _partial(path).unlink(missing_ok=True)
            _spool(path).unlink(missing_ok=True)
    return total


def read(parquet: Path, *, arm: str | None = None) -> Iterator[dict[str, Any]]:
    """The cases of a Parquet file, as they were given to `write`, of one arm or of all.

    Raises:
        OSError: the file cannot be read.
    """
    chosen = "" if arm is None else f" where arm = {_quoted(arm)}"
    with _engine() as engine:
        found = engine.execute(f"select * from read_parquet({_quoted(parquet)}){chosen}")
        names = [column[0] for column in found.description]
        while rows := found.fetchmany(CHUNK):
            yield from (_case(dict(zip(names, row, strict=True))) for row in rows)


class _Lines:
    """What a `csv.writer` writes to, with a newline at each row's end: its own CRLF makes it quote a text that holds a lone CR."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, row: str) -> int:
        return self._file.write(row.removesuffix("\r\n") + "\n")


def _to_parquet(spool: Path, target: Path, longest: int) -> None:
    """Turn rows as JSON lines, none with more characters than `longest`, into a Parquet file."""
    columns = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in SCHEMA.items())
    options = f"format = 'newline_delimited', columns = {{{columns}}}, maximum_object_size = {max(4 * longest, 1 << 20)}"
    with _engine() as engine:
        engine.execute(
            f"copy (select * from read_json({_quoted(spool)}, {options})) to {_quoted(target)} (format parquet, compression zstd)"
        )


@contextmanager
def _engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that reads and writes files."""
    try:
        with duckdb.connect(":memory:", config=_CONFIG) as engine:
            yield engine
    except duckdb.Error as exc:
        raise OSError(str(exc).partition("\n")[0]) from exc


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def _spool(path: Path) -> Path:
    return path.with_name(path.name + ".rows")


def _row(case: Mapping[str, Any]) -> list[Any]:
    """A case as one flat row; what has no column of its own goes into `more`."""
    rest = dict(case)
    error, usage = rest.pop("error", None) or {}, rest.pop("usage", None) or {}
    made = {f"error_{key}": error.get(key) for key in _ERROR} | {key: usage.get(key) for key in _USAGE}
    made |= {name: _json(value) for name in _JSON if (value := rest.pop(name, None)) is not None}
    told = [made.get(name) if name in _MADE else rest.pop(name, None) for name in SCHEMA]
    told[-1] = _json(rest) if rest else None
    return [_storable(value, is_number) for value, is_number in zip(told, _IS_NUMBER, strict=True)]


def _case(row: dict[str, Any]) -> dict[str, Any]:
    error = {key: row.pop(f"error_{key}") for key in _ERROR}
    usage = {key: row.pop(key) for key in _USAGE}
    more = row.pop("more")
    row.update({name: json.loads(row[name]) for name in _JSON if row[name] is not None})
    if row["run_id"] is None:
        del row["run_id"]
    row["error"] = error if error["reason"] is not None else None
    row["usage"] = usage if usage["prompt_tokens"] is not None else None
    return row | (json.loads(more) if more else {})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _storable(value: Any, is_number: bool) -> Any:
    """Text without half surrogate pairs, which neither file can hold; a finite number or nothing."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else str(value)
    if not is_number or value is None:
        return value
    return float(value) if math.isfinite(value) else None
