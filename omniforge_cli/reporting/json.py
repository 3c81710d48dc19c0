"""A report -> `report.json`: exact numbers, keys in the contract's order, valid JSON whatever was measured."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from omniforge_cli.core.report import Report
from omniforge_cli.reporting.numbers import readable

_LINE: Final = 120


def render(report: Report) -> str:
    """The contract's JSON object with a final newline; a case, or whatever else is short, stands on one line.

    Not-a-number and infinity become null, half a surrogate pair becomes U+FFFD. Text must be redacted by the caller.
    """
    return _layout(plain(report.to_dict()), "") + "\n"


def plain(value: Any) -> Any:
    """The same value of JSON's own types only."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return str(readable(value))
    if isinstance(value, Mapping):
        return {readable(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def _layout(value: Any, pad: str, *, one_line: bool = False) -> str:
    if one_line or not isinstance(value, dict | list):
        return _flat(value)
    inner = pad + "  "
    if isinstance(value, dict):
        parts = [f"{_flat(key)}: {_member(key, item, inner)}" for key, item in value.items()]
        opening, closing = "{}"
    else:
        parts = [_layout(item, inner, one_line=_is_short(item)) for item in value]
        opening, closing = "[]"
    if not parts:
        return opening + closing
    return opening + "\n" + ",\n".join(inner + part for part in parts) + "\n" + pad + closing


def _member(key: str, value: Any, pad: str) -> str:
    if key == "cases" and isinstance(value, list) and value:
        lines = ",\n".join(f"{pad}  {_flat(case)}" for case in value)
        return f"[\n{lines}\n{pad}]"
    return _layout(value, pad, one_line=_is_short(value))


def _is_short(value: Any) -> bool:
    return not isinstance(value, dict | list) or (len(value) <= _LINE // 4 and len(_flat(value)) <= _LINE)


def _flat(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
