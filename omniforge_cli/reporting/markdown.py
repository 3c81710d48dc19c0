"""A report -> Markdown short enough for a pull request: verdict, arms, what failed, what changed. Text must be redacted by the caller."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from omniforge_cli.core.report import ArmReport, Comparison, GateResult, GateStatus, Report
from omniforge_cli.reporting import changes, numbers, view

_MARKS = {"pass": "✅", "fail": "❌", "undecided": "⚠️"}
_MOST_ARMS = 20
_MOST_GATES = 20
_MOST_COMPARISONS = 10
_MOST_IDS = 10
_MOST_PAIRS = 5
_MOST_FLIPS = 10
_MOST_TURNS = 10
_MOST_FLIPPED_ARMS = 3
_LONGEST_NAME = 80
_LONGEST_TEXT = 160
_MENTION = re.compile(r"(?<!\w)@")


def render(report: Report) -> str:
    """The report in GitHub's Markdown: a few dozen lines whatever the size of the run."""
    headline = view.headline(report)
    is_replay = report.command == "replay"
    mark = _MARKS.get(headline.status, "ℹ️")
    blocks = [
        [f"## {mark} {headline.title} — {_plain(headline.sentence)}"],
        [_plain(headline.subject)],
        _arms(report),
        _gates(report),
        *(_comparison(comparison, view.accuracy_name(report)) for comparison in report.comparisons[:_MOST_COMPARISONS]),
        _more(len(report.comparisons) - _MOST_COMPARISONS, "comparisons"),
        *((block for arm in report.arms[:_MOST_FLIPPED_ARMS] for block in _changes(report, arm)) if is_replay else [_confusions(report)]),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def code(text: str) -> str:
    """The text as code, in which Markdown, mentions and table bars mean nothing."""
    return "`" + numbers.clipped(numbers.one_line(text), _LONGEST_NAME).replace("`", "'").replace("|", "¦") + "`"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: bool = True) -> list[str]:
    """A Markdown table; every column but the first holds numbers and stands to the right, unless it is not `numeric`."""
    rule = [":--", *["--:" if numeric else ":--"] * (len(header) - 1)]
    return ["| " + " | ".join(row) + " |" for row in (header, rule, *rows)]


def _arms(report: Report) -> list[str]:
    rows = [row for row in view.metric_rows(report) if row.essential]
    if not report.arms:
        return []
    shown = report.arms[:_MOST_ARMS]
    if len(shown) <= 4:
        header = ["", *(code(arm.name) for arm in shown)]
        return table(header, ([row.label, *map(_plain, row.values)] for row in rows))
    lines = table(
        ["arm", *(row.label for row in rows)], ([code(arm.name), *(_plain(row.values[i]) for row in rows)] for i, arm in enumerate(shown))
    )
    return lines + _more(len(report.arms) - _MOST_ARMS, "arms")


def _gates(report: Report) -> list[str]:
    if not report.gates:
        return []
    open_gates = [gate for gate in view.gates_by_urgency(report) if gate.status != GateStatus.PASS]
    passed = len(report.gates) - len(open_gates)
    lines = ["### Gates", "", *(_gate(gate, len(report.arms) > 1) for gate in open_gates[:_MOST_GATES])]
    lines += _more(len(open_gates) - _MOST_GATES, "gates that did not pass")
    return lines + ([f"- ✅ {numbers.count(passed)} passed"] if passed else [])


def _gate(gate: GateResult, many_arms: bool) -> str:
    where = f" on {code(gate.arm)}" if many_arms and gate.arm else ""
    why = f" — {_plain(gate.why)}" if gate.why else ""
    odds = view.gate_odds(gate)
    return f"- {_MARKS[gate.status]} **{_plain(gate.name)}**{where}: {code(view.gate_rule(gate))}{f' ({odds})' if odds else ''}{why}"


def _comparison(comparison: Comparison, measure: str) -> list[str]:
    words = view.comparison_words(comparison, measure)
    lines = [f"### {_plain(words.title)}", "", _plain(words.detail)]
    if words.also:
        lines += ["", f"({_plain(words.also)})"]
    for name, ids in (("Broken", comparison.broken), ("Fixed", comparison.fixed)):
        if ids:
            more = f" and {numbers.count(len(ids) - _MOST_IDS)} more" if len(ids) > _MOST_IDS else ""
            lines += ["", f"{name}: {', '.join(map(code, ids[:_MOST_IDS]))}{more}"]
    return lines


def _changes(report: Report, arm: ArmReport) -> list[list[str]]:
    """The flip table of a replay and the changed turns side by side."""
    where = f" by {code(arm.name)}" if len(report.arms) > 1 else ""
    found = changes.flip_rows(arm)
    if not found:
        return []
    rows = [[f"{code(flip.then)} → {code(flip.now)}", numbers.count(flip.n), numbers.percent(flip.share)] for flip in found[:_MOST_FLIPS]]
    header = ["decided then → now", "turns", "of all"]
    blocks = [[f"### Changed{where}", "", *table(header, rows), *_more(len(found) - _MOST_FLIPS, "kinds of change")]]
    shown, total = changes.turns_of(report, arm, _MOST_TURNS)
    if shown:
        turns = [[f"{code(turn.id)} {_shortened(turn.message)}", *(_side(one) for _, one in changes.sides(turn))] for turn in shown]
        blocks.append([*table(["turn", "then", "now"], turns, numeric=False), *_more(total - len(shown), "changed turns")])
    return blocks


def _side(one: changes.Side) -> str:
    confidence = f" {one.confidence}" if one.confidence else ""
    return f"{code(one.action)}{confidence}{f'<br>{_shortened(one.reasoning)}' if one.reasoning else ''}"


def _shortened(text: str) -> str:
    return _plain(numbers.clipped(text, _LONGEST_TEXT))


def _confusions(report: Report) -> list[str]:
    rows = [
        [
            f"{code(pair.expected)} → {code(pair.predicted)}",
            *([code(arm.name)] if len(report.arms) > 1 else []),
            f"{pair.n} of {pair.answered}",
        ]
        for arm in report.arms
        for pair in view.top_confusions(arm, _MOST_PAIRS if len(report.arms) == 1 else 2)
    ]
    header = ["expected → answered", *(["arm"] if len(report.arms) > 1 else []), "samples"]
    return ["### Confused most", "", *table(header, rows[: 2 * _MOST_PAIRS])] if rows else []


def _more(n: int, what: str) -> list[str]:
    return [f"… and {numbers.count(n)} more {what}."] if n > 0 else []


def _plain(text: str) -> str:
    """Text that Markdown shows as it is; `<` must not open HTML and `@` must not ping anybody."""
    text = numbers.one_line(text)
    for char in "\\`*_[]<|~#":
        text = text.replace(char, "\\" + char)
    return _MENTION.sub("@\u200b", text)
