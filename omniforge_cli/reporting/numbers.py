"""Numbers and text as people read them: the one place where anything is rounded, so that terminal, files and pages agree."""

from __future__ import annotations

import math
import re
from typing import Final

from omniforge_cli.core.report import Estimate

MISSING: Final = "–"
"""What stands where nothing was measured."""

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def known(value: float | None) -> bool:
    """Whether there is a number to show."""
    return value is not None and math.isfinite(value)


def percent(share: float | None) -> str:
    """0.923 -> `92.3%`; only exactly 1 and 0 read 100% and 0%."""
    if share is None or not known(share):
        return MISSING
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    if 0 < share < 0.0005:
        return "<0.1%"
    if 0.9995 <= share < 1:
        return ">99.9%"
    return signless(f"{share:.1%}")


def interval(estimate: Estimate) -> str:
    """`88.1–95.0%`, or nothing where no interval is known."""
    if not (known(estimate.ci_low) and known(estimate.ci_high)):
        return ""
    return f"{percent(estimate.ci_low).removesuffix('%')}–{percent(estimate.ci_high)}"


def share_with_interval(estimate: Estimate) -> str:
    """`92.3% (88.1–95.0%)`."""
    bounds = interval(estimate)
    return f"{percent(estimate.value)} ({bounds})" if bounds else percent(estimate.value)


def score(value: float | None) -> str:
    """A number between 0 and 1 that is no share, such as an F1: three decimals."""
    return MISSING if value is None or not known(value) else signless(f"{value:.3f}")


def milliseconds(value: float | None) -> str:
    """`0.42 ms`, `12.3 ms`, `1,940 ms`."""
    if value is None or not known(value):
        return MISSING
    size = abs(value)
    digits = 0 if size >= 100 or value == 0 else 1 if size >= 10 else 2
    return f"{signless(f'{value:,.{digits}f}')} ms"


def usd(value: float | None) -> str:
    """`$12.40`, `$0.0312`, `$0.00043`; `$0` for nothing."""
    if value is None or not known(value):
        return MISSING
    if value == 0:
        return "$0"
    size = abs(value)
    digits = 2 if size >= 1 else 4 if size >= 0.01 else min(1 - math.floor(math.log10(size)), 9)
    return ("−" if value < 0 else "") + f"${size:,.{digits}f}"


def count(value: int) -> str:
    """`12,400`."""
    return f"{value:,}"


def counted(n: int, noun: str) -> str:
    """`1 run`, `12,400 runs`."""
    return f"{count(n)} {noun}" if n == 1 else f"{count(n)} {noun}s"


def count_of(part: int, whole: int) -> str:
    """`4 (1.7%)`; `0` for none."""
    return f"{count(part)} ({percent(part / whole)})" if part and whole else count(part)


def points(delta: float | None) -> str:
    """A difference of two shares in percentage points, signed: `+3.4`."""
    return MISSING if delta is None or not known(delta) else signless(f"{delta * 100:+.1f}")


def p_value(p: float | None) -> str:
    """`p = 0.012`, `p < 0.001`."""
    if p is None or not known(p):
        return f"p {MISSING}"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def signed(text: str) -> str:
    """The text of a difference with its sign: `12 ms` -> `+12 ms`."""
    return text if text.startswith(("−", MISSING)) or text in {"$0", "0 ms", "0.000"} else f"+{text}"


def gate_numbers(observed: float | str | None, threshold: float | str | None) -> tuple[str, str]:
    """Both as text, with as many digits as it takes to see that they differ."""
    for digits in (4, 6, 9, 17):
        pair = (_significant(observed, digits), _significant(threshold, digits))
        if pair[0] != pair[1] or observed == threshold:
            break
    return pair


def readable(text: str) -> str:
    """The text without half surrogate pairs, which no file can hold."""
    return _HALF_PAIR.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The text on one line, without control characters: safe in a terminal, a table, a workflow command."""
    return _CONTROL.sub(" ", readable(text)).strip()


def clipped(text: str, limit: int) -> str:
    """At most `limit` characters, the last an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def signless(text: str) -> str:
    """A true minus sign, and none before a zero."""
    return text.lstrip("-+") if text.strip("+-%0., ") == "" else text.replace("-", "−")


def _significant(value: float | str | None, digits: int) -> str:
    if value is None:
        return MISSING
    if isinstance(value, str):
        return one_line(value)
    return MISSING if not known(value) else f"{value:.{digits}g}" if abs(value) < 10_000 or digits > 6 else f"{value:.0f}"
