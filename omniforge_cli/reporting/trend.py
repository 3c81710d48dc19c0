"""Runs over time: accuracy, p95 and cost of each arm on each eval set, for a terminal and as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from omniforge_cli.core.report import ArmReport, Estimate, Report
from omniforge_cli.reporting import charts, numbers, view
from omniforge_cli.reporting.html import fill
from omniforge_cli.reporting.plaintext import aligned, encodable, fitted

_BARS: Final = "▁▂▃▄▅▆▇█"
MOST_RUNS: Final = 200
"""Runs of an arm that a page draws."""
_ROOMY: Final = 100
"""Columns from which on a line has room for intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """One arm of one run. `changed` names what is not as in the run before it; p95 in ms, cost in USD a message."""

    run_id: str
    created_at: str
    status: str
    accuracy: Estimate
    p95_ms: float | None
    cost_usd: float | None
    changed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The runs of one arm on one eval set, the oldest first. `measure` is what their accuracy means."""

    evalset: str
    arm: str
    measure: str
    points: tuple[TrendPoint, ...]


def trends(reports: Iterable[Report]) -> list[Trend]:
    """The runs sorted into arms; arms in the order in which they were last measured, the newest first."""
    groups: dict[tuple[str, str], list[tuple[Report, ArmReport]]] = {}
    for report in sorted(reports, key=lambda one: (one.created_at, one.run_id)):
        for arm in report.arms:
            key = (view.evalset_name(report), arm.name)
            groups[key] = [*groups.pop(key, []), (report, arm)]  # popped and put back: the latest arm stands last
    return [
        Trend(evalset=key[0], arm=numbers.one_line(key[1]), measure=runs[-1][0].measure, points=_points(runs))
        for key, runs in reversed(groups.items())
    ]


def render_text(reports: Iterable[Report], *, width: int = 80, encoding: str = "utf-8", last: int = 20) -> str:
    """A table and sparklines for each arm on each eval set, of its `last` runs."""
    blocks = [_block(trend, width, last) for trend in trends(reports)]
    text = "\n\n".join("\n".join(block) for block in blocks) or "There is no finished run yet."
    return encodable(text + "\n", encoding)


def render_html(reports: Iterable[Report], *, last: int = MOST_RUNS) -> str:
    """The same as one self-contained page, with a diagram for each measure."""
    return fill("trend.html.j2", {"trends": [_section(trend, last) for trend in trends(reports)], "most": last})


def sparkline(values: Sequence[float | None]) -> str:
    """A bar for each value between the smallest and the largest; `·` where nothing was measured."""
    there = [value for value in values if value is not None and numbers.known(value)]
    low, high = min(there, default=0.0), max(there, default=0.0)
    return "".join(
        "·" if value is None or not numbers.known(value) else _BARS[round(7 * (value - low) / (high - low))] if high > low else _BARS[3]
        for value in values
    )


_MEASURES: Final[tuple[tuple[str, Callable[[TrendPoint], float | None], Callable[[float | None], str]], ...]] = (
    ("accuracy", lambda point: point.accuracy.value, numbers.percent),
    ("latency p95", lambda point: point.p95_ms, numbers.milliseconds),
    ("cost a message", lambda point: point.cost_usd, numbers.usd),
)


def _points(runs: Sequence[tuple[Report, ArmReport]]) -> tuple[TrendPoint, ...]:
    return tuple(
        TrendPoint(
            run_id=numbers.one_line(report.run_id),
            created_at=numbers.one_line(report.created_at)[:16].replace("T", " "),
            status=report.status.replace("_", " "),
            accuracy=arm.accuracy,
            p95_ms=arm.latency_ms.p95,
            cost_usd=arm.cost_usd.mean,
            changed=_changes(runs[i - 1], runs[i]) if i else "",
        )
        for i, (report, arm) in enumerate(runs)
    )


def _changes(before: tuple[Report, ArmReport], after: tuple[Report, ArmReport]) -> str:
    """What makes two neighbours not comparable, so that no step in a line is read for more than it is."""
    (report_a, arm_a), (report_b, arm_b) = before, after
    parts = [
        ("cases", report_a.evalset.get("sha256") != report_b.evalset.get("sha256") or arm_a.n != arm_b.n),
        ("prompt", arm_a.prompt_sha256 != arm_b.prompt_sha256),
    ]
    return ", ".join(name for name, differs in parts if differs)


def _block(trend: Trend, width: int, last: int) -> list[str]:
    points = trend.points[-last:]
    lines = [["", "first", "last", "lowest", "highest", ""]]
    for name, value_of, text in _MEASURES:
        values = [value_of(point) for point in points]
        there = [value for value in values if value is not None and numbers.known(value)]
        if there:
            lines.append(
                [
                    trend.measure if name == _MEASURES[0][0] else name,
                    text(values[0]),
                    text(values[-1]),
                    text(min(there)),
                    text(max(there)),
                    sparkline(values),
                ]
            )
    rows = [["run", "made", trend.measure, "p95", "cost", "status", "changed"]]
    rows += [
        [
            point.run_id,
            point.created_at,
            numbers.share_with_interval(point.accuracy) if width >= _ROOMY else numbers.percent(point.accuracy.value),
            numbers.milliseconds(point.p95_ms),
            numbers.usd(point.cost_usd),
            point.status,
            point.changed,
        ]
        for point in points
    ]
    title = fitted(f"{trend.evalset} · {trend.arm} · {numbers.counted(len(trend.points), 'run')}", width)
    return [title, "", *aligned(lines, right=(1, 2, 3, 4)), "", *aligned(rows, right=(3, 4))]


def _section(trend: Trend, last: int) -> dict[str, Any]:
    points = trend.points[-last:]
    accuracy = charts.timeline([point.accuracy for point in points], numbers.percent, most=1.0)
    others = [(name, [Estimate(value=value_of(point)) for point in points], text) for name, value_of, text in _MEASURES[1:]]
    drawn = [(trend.measure, accuracy), *((name, charts.timeline(values, text)) for name, values, text in others)]
    rows = [
        (
            point,
            numbers.percent(point.accuracy.value),
            numbers.interval(point.accuracy),
            numbers.milliseconds(point.p95_ms),
            numbers.usd(point.cost_usd),
        )
        for point in reversed(points)
    ]
    return {
        "trend": trend,
        "charts": [(name, Markup(chart)) for name, chart in drawn if chart],
        "rows": rows,
        "n": len(trend.points),
        "runs": numbers.counted(len(trend.points), "run"),
    }
