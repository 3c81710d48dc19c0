"""A forecast -> text for a terminal, or a plain JSON object."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from omniforge_cli.core.report import REPORT_SCHEMA_VERSION
from omniforge_cli.evals.forecast import Forecast, Spread
from omniforge_cli.reporting import numbers
from omniforge_cli.reporting.plaintext import aligned, encodable, wrapped


def render_text(forecast: Forecast, *, width: int = 80, encoding: str = "utf-8") -> str:
    """What the run would take: a row an arm, the sum, the time, and what the numbers rest on."""
    times = f", {forecast.repeats} times each" if forecast.repeats > 1 else ""
    lines = [
        f"Dry run: nothing was sent and nothing written. {numbers.counted(forecast.n_cases, 'case')} of {forecast.evalset}{times}.",
        "",
        *(_table(forecast, width) if forecast.calls else ()),
    ]
    offline = [arm.name for arm in forecast.arms if not arm.calls]
    if offline:
        lines += wrapped(f"{', '.join(offline)}: no call is made and nothing is paid.", width)
    lines += [line for note in forecast.notes for line in wrapped(f"{note}.", width)]
    return encodable("\n".join(lines) + "\n", encoding)


def plain(forecast: Forecast) -> dict[str, Any]:
    """The JSON object of `--dry-run --format json`."""
    return {
        "schema_version": REPORT_SCHEMA_VERSION,
        "dry_run": True,
        **asdict(forecast),
        "calls": forecast.calls,
        "prompt_tokens": forecast.prompt_tokens,
        "completion_tokens": asdict(forecast.completion_tokens),
        "cost_usd": asdict(forecast.cost_usd) if forecast.cost_usd else None,
        "seconds": asdict(forecast.seconds),
    }


def _table(forecast: Forecast, width: int) -> list[str]:
    asked = [arm for arm in forecast.arms if arm.calls]
    rows = [["", "calls", "tokens in", "tokens out", "USD"]]
    for arm in asked:
        counts = numbers.count(arm.calls), numbers.count(arm.prompt_tokens)
        rows.append([arm.name, *counts, _tokens(arm.completion_tokens), _usd(arm.cost_usd)])
    if len(asked) > 1:
        tokens = numbers.count(forecast.prompt_tokens)
        rows.append(["in all", numbers.count(forecast.calls), tokens, _tokens(forecast.completion_tokens), _usd(forecast.cost_usd)])
    pace, seconds = forecast.pace, forecast.seconds
    limits = [f"{numbers.count(pace.concurrency)} at once"]
    limits += [f"{limit:g} {what} a minute" for limit, what in ((pace.rpm, "requests"), (pace.tpm, "tokens")) if limit]
    took = f"Time: likely {_duration(seconds.likely)}, from {_duration(seconds.low)} to {_duration(seconds.high)}, {', '.join(limits)}."
    return [*aligned(rows, right=(1, 2)), "", *wrapped(f"USD and tokens out: likely (least to most). {took}", width)]


def _tokens(spread: Spread) -> str:
    low, likely, high = (numbers.count(round(one)) for one in (spread.low, spread.likely, spread.high))
    return f"{likely} ({low} to {high})"


def _usd(spread: Spread | None) -> str:
    if spread is None:
        return "price not known"
    return f"{numbers.usd(spread.likely)} ({numbers.usd(spread.low)} to {numbers.usd(spread.high)})"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "under 1 s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"
