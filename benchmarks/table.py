"""Turns what was measured into Markdown tables and one plain SVG; ratios first, because they travel better than seconds."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.child import Medians
from benchmarks.startup import UNIT
from benchmarks.throughput import Setting

BEGIN, END = "<!-- measured by make bench: begin -->", "<!-- measured by make bench: end -->"
GOALS = {"omniforge --help": 2.5, "omniforge route --analyzer local": 5.0, "omniforge route, LLM on loopback": 12.0}
"""Issue 6: the most that a command may take, in times of `import click`."""

_LEFT, _WIDTH, _ROW = 260, 420, 24


def _table(head: str, rows: Sequence[Sequence[str]]) -> str:
    columns = head.split(" | ")
    rule = ["---", *["--:"] * (len(columns) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [columns, rule, *rows])


def startup_table(found: Mapping[str, Medians]) -> str:
    unit = found[UNIT]
    rows = [
        [
            f"`{name}`",
            f"{told.wall_s / unit.wall_s:.2f}",
            f"{GOALS[name]:g}" if name in GOALS else "",
            f"{told.wall_s * 1000:.0f}",
            f"{told.quickest_s * 1000:.0f}–{told.slowest_s * 1000:.0f}",
            f"{told.memory_mb:.0f}",
            str(told.runs),
        ]
        for name, told in found.items()
    ]
    return _table("command | × import click | goal ≤ | median ms | quickest–slowest | MB | runs", rows)


def throughput_table(found: Mapping[str, Medians], setting: Setting) -> str:
    ours = found.get("omniforge")
    rows = [
        [
            name,
            f"{told.wall_s / setting.limit_s:.2f}",
            f"{told.wall_s / ours.wall_s:.1f}" if ours else "",
            f"{told.wall_s:.2f}",
            f"{told.quickest_s:.2f}–{told.slowest_s:.2f}",
            f"{told.cpu_s * 1000 / setting.n:.2f}",
            f"{told.memory_mb:.0f}",
            str(told.runs),
        ]
        for name, told in sorted(found.items(), key=lambda entry: entry[1].wall_s)
    ]
    head = "harness | × the limit | × omniforge | median s | quickest–slowest | CPU ms a case | MB | runs"
    shape = f"{setting.n:,} cases, {setting.wide} at a time, {setting.latency_s * 1000:g} ms a call: the limit is {setting.limit_s:.2f} s."
    return f"{shape}\n\n{_table(head, rows)}"


def batch_table(found: Mapping[int, Medians]) -> str:
    return _table("lines | messages a second | a second of one core | median s | MB | runs", _rates(found))


def replay_table(found: Mapping[int, Medians]) -> str:
    return _table("turns | turns a second | a second of one core | median s | MB | runs", _rates(found))


def _rates(found: Mapping[int, Medians]) -> list[list[str]]:
    return [
        [f"{n:,}", f"{n / told.wall_s:,.0f}", f"{n / told.cpu_s:,.0f}", f"{told.wall_s:.2f}", f"{told.memory_mb:.0f}", str(told.runs)]
        for n, told in found.items()
    ]


def plot(startup: Mapping[str, Medians], throughput: Mapping[str, Medians], setting: Setting) -> str:
    """Two groups of bars: start-up in times of `import click`, the eval in times of the limit."""
    unit = startup[UNIT].wall_s
    starts = {name: told.wall_s / unit for name, told in startup.items()}
    evals = {name: told.wall_s / setting.limit_s for name, told in sorted(throughput.items(), key=lambda entry: entry[1].wall_s)}
    title = f"Eval of {setting.n:,} cases, {setting.wide} at a time, in times of the limit"
    first, height = _bars("Start-up, in times of python importing click", starts, 0)
    second, height = _bars(title, evals, height)
    size = f'width="{_LEFT + _WIDTH + 80}" height="{height}" viewBox="0 0 {_LEFT + _WIDTH + 80} {height}"'
    style = "text{font:13px sans-serif;fill:#222}.t{font-weight:bold}rect{fill:#9aa5b1}.o{fill:#1f6feb}"
    ground = '<path d="M0 0h2000v2000H0z" fill="#fff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}><style>{style}</style>{ground}{first}{second}</svg>\n'


def _bars(title: str, values: Mapping[str, float], top: int) -> tuple[str, int]:
    longest = max(values.values(), default=1.0)
    drawn = [f'<text class="t" x="10" y="{top + 24}">{html.escape(title)}</text>']
    for number, (name, value) in enumerate(values.items()):
        y, long = top + 36 + number * _ROW, max(1.0, value / longest * _WIDTH)
        ours = ' class="o"' if name.startswith("omniforge") else ""
        drawn.append(f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{html.escape(name)}</text>')
        drawn.append(f'<rect{ours} x="{_LEFT}" y="{y + 2}" width="{long:.1f}" height="16"/>')
        drawn.append(f'<text x="{_LEFT + long + 6:.1f}" y="{y + 14}">{value:.2f}</text>')
    return "".join(drawn), top + 36 + len(values) * _ROW + 16


def write_between(path: Path, text: str) -> None:
    """Put the text between the page's two markers.

    Raises:
        ValueError: the page has no markers.
    """
    page = path.read_text(encoding="utf-8")
    changed, n = re.subn(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n\n{text.strip()}\n\n{END}", page, flags=re.DOTALL)
    if n != 1:
        raise ValueError(f"{path}: the lines {BEGIN} and {END} must stand in it, once")
    path.write_text(changed, encoding="utf-8")
