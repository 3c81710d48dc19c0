"""Diagrams as inline SVG: the numbers come measured, only their place on the paper is worked out here. Colors are the page's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from omniforge_cli.core.report import Estimate, ReliabilityBin
from omniforge_cli.reporting import numbers

_WIDTH, _HEIGHT = 320, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 12, 40


def strip(estimate: Estimate, low: float, threshold: float | None = None) -> str:
    """A dot with its interval on a line from `low` to 1, and a tick where a gate's threshold stands."""
    if estimate.value is None or not numbers.known(estimate.value):
        return ""

    def at(share: float) -> str:
        return f"{2 + 96 * (min(max(share, low), 1) - low) / (1 - low):.2f}%"

    parts = ['<line class="axis" x1="2%" x2="98%" y1="10" y2="10"/>']
    if threshold is not None and low <= threshold <= 1:
        parts.append(f'<line class="gate" x1="{at(threshold)}" x2="{at(threshold)}" y1="1" y2="19"/>')
    if estimate.ci_low is not None and estimate.ci_high is not None:
        parts.append(f'<line class="interval" x1="{at(estimate.ci_low)}" x2="{at(estimate.ci_high)}" y1="10" y2="10"/>')
    parts.append(f'<circle class="dot" cx="{at(estimate.value)}" cy="10" r="4.5"/>')
    return f'<svg class="strip" aria-hidden="true">{"".join(parts)}</svg>'


def difference(delta: Estimate) -> str:
    """A difference with its interval about the line where there is none."""
    bounds = (delta.ci_low, delta.value, delta.ci_high)
    if any(one is None or not numbers.known(one) for one in bounds):
        return ""
    low, value, high = (one or 0.0 for one in bounds)
    widest = max(abs(low), abs(high), 0.01) * 1.1
    at = [f"{50 + 48 * one / widest:.2f}%" for one in (low, value, high)]
    return (
        '<svg class="strip" aria-hidden="true"><line class="axis" x1="2%" x2="98%" y1="10" y2="10"/>'
        '<line class="gate" x1="50%" x2="50%" y1="1" y2="19"/>'
        f'<line class="interval" x1="{at[0]}" x2="{at[2]}" y1="10" y2="10"/><circle class="dot" cx="{at[1]}" cy="10" r="4.5"/></svg>'
    )


def reliability(bins: Sequence[ReliabilityBin]) -> str:
    """How often answers were right against how sure they were; on the dashed line the two agree."""
    filled = [one for one in bins if one.n and one.confidence is not None and one.accuracy is not None]
    if not filled:
        return ""
    most = max(one.n for one in filled)
    parts = [
        _frame(_shares(), _shares(), "confidence", "right"),
        f'<line class="ideal" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>',
    ]
    for one in filled:
        confidence, accuracy = one.confidence or 0.0, one.accuracy or 0.0
        told = f"confidence {one.low:.2g} to {one.high:.2g}: {numbers.counted(one.n, 'sample')}, {numbers.percent(accuracy)} right"
        parts.append(f'<line class="gap" x1="{_x(confidence)}" x2="{_x(confidence)}" y1="{_y(confidence)}" y2="{_y(accuracy)}"/>')
        radius = 3 + 8 * (one.n / most) ** 0.5
        parts.append(
            f'<circle class="dot" cx="{_x(confidence)}" cy="{_y(accuracy)}" r="{radius:.1f}"><title>{escape(told)}</title></circle>'
        )
    return _svg("Reliability: how often answers were right against how sure they were.", parts)


def risk_coverage(points: Sequence[Sequence[float]]) -> str:
    """The share of wrong answers if only the surest part of them were used."""
    places = sorted((one[0], one[1]) for one in points if len(one) == 2 and numbers.known(one[0]) and numbers.known(one[1]))
    if len(places) < 2:
        return ""
    top = next((step for step in (0.04, 0.08, 0.12, 0.2, 0.4, 0.6, 0.8) if step >= max(risk for _, risk in places)), 1.0)
    line = " ".join(f"{_x(coverage)},{_y(risk / top)}" for coverage, risk in places)
    area = f"{_x(places[0][0])},{_y(0)} {line} {_x(places[-1][0])},{_y(0)}"
    parts = [_frame(_shares(), _shares(top), "answered, the surest first", "wrong"), f'<polygon class="area" points="{area}"/>']
    return _svg(
        "Risk and coverage: the share of wrong answers if only the surest were used.", [*parts, f'<polyline class="line" points="{line}"/>']
    )


def tradeoff(points: Sequence[tuple[float, float, float]]) -> str:
    """A cascade's accuracy against the share of messages that it asks the LLM about; each point is (share, accuracy, threshold)."""
    places = sorted(one for one in points if all(map(numbers.known, one)))
    if len(places) < 2:
        return ""
    low = min(accuracy for _, accuracy, _ in places)
    base = max(0.0, math.floor((low - 0.02) * 20) / 20)
    ticks = [(i / 4, f"{base + (1 - base) * i / 4:.0%}") for i in range(5)]
    at = [(_x(share), _y((accuracy - base) / (1 - base))) for share, accuracy, _ in places]
    parts = [_frame(_shares(), ticks, "messages that go to the LLM", "right")]
    parts.append(f'<polyline class="line" points="{" ".join(f"{x},{y}" for x, y in at)}"/>')
    for (x, y), (share, accuracy, threshold) in zip(at, places, strict=True):
        told = f"under {threshold:.2f}: {numbers.percent(share)} asked, {numbers.percent(accuracy)} right"
        parts.append(f'<circle class="dot" cx="{x}" cy="{y}" r="3"><title>{escape(told)}</title></circle>')
    return _svg("Cascade: accuracy against the share of messages that go to the LLM.", parts)


def latency_histogram(bins: Sequence[Sequence[float | None]], p50: float | None, p95: float | None) -> str:
    """How many calls took how long; each bin is named by its upper bound in milliseconds (None or infinite: all above)."""
    bars = [(one[0], int(one[1] or 0)) for one in bins if len(one) == 2]
    if not any(n for _, n in bars):
        return ""
    most, each = max(n for _, n in bars), 1 / len(bars)
    stride = -(-len(bars) // 6)
    ticks = [
        (each * (i + 1), numbers.milliseconds(upper).removesuffix(" ms")) for i, (upper, _) in enumerate(bars) if i % stride == stride - 1
    ]
    parts = [_frame(ticks, [(0, "0"), (1, numbers.count(most))], "milliseconds", "calls")]
    below = 0.0
    for i, (upper, n) in enumerate(bars):
        told = f"{_bin_name(below, upper)}: {numbers.counted(n, 'call')}"
        x, y = _x(each * i), _y(n / most)
        width = max(_x(each * (i + 1)) - x - 1, 1)
        parts.append(f'<rect class="bar" x="{x}" y="{y}" width="{width:.1f}" height="{_y(0) - y:.1f}"><title>{escape(told)}</title></rect>')
        below = upper or below
    parts += [_marker(name, value, bars) for name, value in (("p50", p50), ("p95", p95))]
    return _svg("Latency: how many calls took how long.", parts)


def timeline(estimates: Sequence[Estimate], text: Callable[[float | None], str], *, most: float = math.inf) -> str:
    """A measure (of at most `most`) from run to run, with a band where intervals are known; nothing where all are nothing."""
    ends = [one for each in estimates for one in (each.ci_low, each.value, each.ci_high) if one is not None and numbers.known(one)]
    if not any(ends):
        return ""
    low, high = min(ends), max(ends)
    air = (high - low) * 0.1 or abs(high) * 0.1
    low, high = (low if low == 0 else low - air), min(high + air, most)

    def at(i: int, value: float) -> str:
        return f"{_x((i + 0.5) / len(estimates))},{_y((value - low) / (high - low))}"

    there = [(i, one) for i, one in enumerate(estimates) if numbers.known(one.value)]
    upper = [at(i, one.ci_high) for i, one in there if one.ci_low is not None and one.ci_high is not None]
    lower = [at(i, one.ci_low) for i, one in there if one.ci_low is not None and one.ci_high is not None]
    line = [at(i, one.value) for i, one in there if one.value is not None]
    ticks = [(i / 2, text(low + (high - low) * i / 2)) for i in range(3)]
    parts = [_frame([], ticks, "runs, the latest on the right", "")]
    if len(upper) > 1:
        parts.append(f'<polygon class="area" points="{" ".join([*upper, *reversed(lower)])}"/>')
    parts.append(f'<polyline class="line" points="{" ".join(line)}"/>')
    for (_, one), place in zip(there, line, strict=True):
        x, y = place.split(",")
        parts.append(f'<circle class="dot" cx="{x}" cy="{y}" r="2.5"><title>{escape(text(one.value))}</title></circle>')
    return _svg("A measure from run to run.", parts)


def _marker(name: str, value: float | None, bars: Sequence[tuple[float | None, int]]) -> str:
    """A dashed line where a percentile lies, inside the bin that holds it."""
    below = 0.0
    for i, (upper, _) in enumerate(bars):
        if value is None or upper is None or not numbers.known(upper):
            return ""
        if value <= upper:
            inside = (value - below) / (upper - below) if upper > below else 1.0
            x = _x((i + max(inside, 0.0)) / len(bars))
            return f'<line class="ideal" x1="{x}" x2="{x}" y1="{_y(0)}" y2="{_y(1)}"/><text x="{x + 3}" y="{_TOP + 8}">{name}</text>'
        below = upper
    return ""


def _bin_name(below: float, upper: float | None) -> str:
    if upper is None or not numbers.known(upper):
        return f"over {numbers.milliseconds(below)}"
    return f"{numbers.milliseconds(below).removesuffix(' ms')} to {numbers.milliseconds(upper)}"


def _shares(top: float = 1.0) -> list[tuple[float, str]]:
    return [(i / 4, f"{top * i / 4:.0%}") for i in range(5)]


def _frame(x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]], x_name: str, y_name: str) -> str:
    parts = []
    for place, name in y_ticks:
        parts.append(f'<line class="grid" x1="{_x(0)}" x2="{_x(1)}" y1="{_y(place)}" y2="{_y(place)}"/>')
        parts.append(f'<text class="end" x="{_LEFT - 6}" y="{_y(place) + 3.5:.1f}">{escape(name)}</text>')
    for place, name in x_ticks:
        parts.append(f'<text class="middle" x="{_x(place)}" y="{_HEIGHT - _BOTTOM + 15}">{escape(name)}</text>')
    parts.append(f'<text class="middle name" x="{_x(0.5)}" y="{_HEIGHT - 6}">{escape(x_name)}</text>')
    parts.append(f'<text class="middle name" transform="translate(8 {_y(0.5)}) rotate(-90)">{escape(y_name)}</text>')
    return "".join(parts)


def _svg(title: str, parts: Sequence[str]) -> str:
    return f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


def _x(share: float) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * share, 1)


def _y(share: float) -> float:
    return round(_HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * share, 1)
