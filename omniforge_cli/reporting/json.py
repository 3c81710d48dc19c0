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
_COMPACT: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def render(report: Report) -> str:
    """The contract's JSON object with a final newline; a case, or whatever else is short, stands on one line.

    Not-a-number and infinity become null, half a surrogate pair becomes U+FFFD. Text must be redacted by the caller.
    """
    told = report.to_dict()
    cases = [arm.pop("cases", None) for arm in told["arms"]]
    whole = plain(told)
    for arm, of_arm in zip(whole["arms"], cases, strict=True):
        if of_arm is not None:
            arm["cases"] = [_line(case) for case in of_arm]
    return _layout(whole, "") + "\n"


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
        lines = ",\n".join(f"{pad}  {case if isinstance(case, _Line) else _flat(case)}" for case in value)
        return f"[\n{lines}\n{pad}]"
    return _layout(value, pad, one_line=_is_short(value))


def _is_short(value: Any) -> bool:
    return not isinstance(value, dict | list) or (len(value) <= _LINE // 4 and _is_small(value) and len(_flat(value)) <= _LINE)


def _is_small(value: dict[str, Any] | list[Any]) -> bool:
    """Whether nothing in it has more members than a line has room for; asked first, as the text of a whole run is long in the making."""
    members = value.values() if isinstance(value, dict) else value
    return len(members) <= _LINE // 3 and all(_is_small(member) for member in members if isinstance(member, dict | list))


class _Line(str):
    """JSON text, ready to be a line of its own."""


def _line(case: Mapping[str, Any]) -> _Line:
    """A case as text. All but a few are plain already, and there are thousands."""
    try:
        return _Line(readable(_flat(case)))
    except (TypeError, ValueError):
        return _Line(_flat(plain(case)))


def _flat(value: Any) -> str:
    return _COMPACT.encode(value)
