"""Samples -> `cases.parquet` and `cases.csv`, a chunk at a time, so that fifty thousand take no more memory than five thousand."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from omniforge_cli.core.report import Report
from omniforge_cli.core.run import Run

_TEXT, _NUMBER, _FLAG, _COUNT = pa.string(), pa.float64(), pa.bool_(), pa.int64()

SCHEMA: Final = pa.schema(
    [
        ("run_id", _TEXT),
        ("arm", _TEXT),
        ("id", _TEXT),
        ("repeat", _COUNT),
        ("expected", _TEXT),
        ("predicted", _TEXT),
        ("correct", _FLAG),
        ("confidence", _NUMBER),
        ("source", _TEXT),
        ("fallback_reason", _TEXT),
        ("error_reason", _TEXT),
        ("error_message", _TEXT),
        ("error_attempts", _COUNT),
        ("injected", _TEXT),
        ("latency_ms", _NUMBER),
        ("calls", _COUNT),
        ("cached", _FLAG),
        ("is_ambiguous", _FLAG),
        ("alternative_action", _TEXT),
        ("clarifying_question", _TEXT),
        ("target_agent_id", _TEXT),
        ("entities", _TEXT),
        ("expected_entities", _TEXT),
        ("reasoning", _TEXT),
        ("message", _TEXT),
        ("tags", _TEXT),
        ("prompt_tokens", _COUNT),
        ("completion_tokens", _COUNT),
        ("cost_usd", _NUMBER),
        ("case_hash", _TEXT),
        ("more", _TEXT),
    ]
)
"""The columns of both files. Entities, `tags` and `more` (whatever else a sample holds) are JSON.

`run_id` is for exports of several runs.
"""

_USAGE: Final = ("prompt_tokens", "completion_tokens", "cost_usd")
_ERROR: Final = ("reason", "message", "attempts")
_JSON: Final = ("entities", "expected_entities", "tags")
_MADE: Final = frozenset({"more", *_USAGE, *(f"error_{key}" for key in _ERROR)})

CHUNK: Final = 5_000


def write(cases: Iterable[Mapping[str, Any]], *, parquet: Path | None = None, csv: Path | None = None, chunk: int = CHUNK) -> int:
    """Write each case as a row of the files named, and return how many there were.

    A case is a mapping as in `report.json`, with the arm's name under `arm`. A file takes its name only once it is whole. Text
    must be redacted by the caller.

    Raises:
        OSError: a file cannot be written.
    """
    rows = map(_row, cases)
    wanted = [path for path in (parquet, csv) if path is not None]
    total = 0
    try:
        with ExitStack() as files:
            columns = files.enter_context(pq.ParquetWriter(_partial(parquet), SCHEMA, compression="zstd")) if parquet else None
            lines = files.enter_context(_partial(csv).open("w", encoding="utf-8", newline="")) if csv else None
            if lines is not None:
                lines.write(",".join(SCHEMA.names) + "\n")
            while batch := list(islice(rows, chunk)):
                total += len(batch)
                table = pa.Table.from_pylist(batch, schema=SCHEMA)
                if columns is not None:
                    columns.write_table(table)
                if lines is not None:
                    table.to_pandas(types_mapper=pd.ArrowDtype).to_csv(lines, index=False, header=False, lineterminator="\n")
        for path in wanted:
            _partial(path).replace(path)
    finally:
        for path in wanted:
            _partial(path).unlink(missing_ok=True)
    return total


def read(parquet: Path, *, arm: str | None = None, chunk: int = CHUNK) -> Iterator[dict[str, Any]]:
    """The cases of a Parquet file, as they were given to `write`, of one arm or of all.

    Raises:
        OSError: the file cannot be read.
    """
    with pq.ParquetFile(parquet) as file:
        for batch in file.iter_batches(batch_size=chunk):
            yield from (_case(row) for row in batch.to_pylist() if arm is None or row["arm"] == arm)


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def _row(case: Mapping[str, Any]) -> dict[str, Any]:
    """A case as one flat row; what has no column of its own goes into `more`."""
    rest = dict(case)
    row = {name: rest.pop(name, None) for name in SCHEMA.names if name not in _MADE}
    error, usage = rest.pop("error", None) or {}, rest.pop("usage", None) or {}
    row.update({f"error_{key}": error.get(key) for key in _ERROR})
    row.update({key: usage.get(key) for key in _USAGE})
    row.update({name: None if row[name] is None else _json(row[name]) for name in _JSON})
    row["more"] = _json(rest) if rest else None
    return {key: _storable(value) for key, value in row.items()}


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


def _storable(value: Any) -> Any:
    """Text without half surrogate pairs, which neither file can hold; a finite number or nothing."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not value.isascii() else str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_runs(runs: Iterable[tuple[Run, Report]], parquet: Path) -> None:
    """Write a row for each arm of each run, with its main numbers."""
    rows = [
        {
            "run_id": run.run_id,
            "created_at": run.created_at,
            "command": run.command,
            "status": run.status.value,
            "evalset": run.evalset,
            "evalset_sha256": report.evalset.get("sha256"),
            "arm": arm.name,
            "analyzer": arm.analyzer,
            "model": arm.model,
            "prompt": arm.prompt,
            "n": arm.n,
            "n_errors": arm.n_errors,
            "n_fallbacks": arm.n_fallbacks,
            "accuracy": arm.accuracy.value,
            "accuracy_ci_low": arm.accuracy.ci_low,
            "accuracy_ci_high": arm.accuracy.ci_high,
            "macro_f1": arm.macro_f1,
            "latency_p95_ms": arm.latency_ms.p95,
            "cost_mean_usd": arm.cost_usd.mean,
            "cost_total_usd": arm.cost_usd.total,
        }
        for run, report in runs
        for arm in report.arms
    ]
    partial = _partial(parquet)
    pd.DataFrame(rows).to_parquet(partial, index=False)
    partial.replace(parquet)
