"""Values as DuckDB stores them, and back: JSON as text, times as UTC without a zone, text without lone surrogates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime


def to_json(value: Mapping[str, object]) -> str:
    """Compact JSON, readable in SQL; what UTF-8 cannot hold (lone surrogates) stays escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), default=_plain)
    return text


def to_utc(moment: datetime) -> datetime:
    """An aware time as the UTC clock shows it, without its zone: what a TIMESTAMP column holds."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def from_utc(moment: datetime) -> datetime:
    """The aware time that a TIMESTAMP column holds."""
    return moment.replace(tzinfo=UTC)


def _plain(value: object) -> dict[object, object]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")
