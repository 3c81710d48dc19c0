"""A report -> what GitHub Actions shows: step summary, annotations, one comment that is updated in place.

Text must be redacted by the caller.
"""

from __future__ import annotations

import re
from typing import Final

from omniforge_cli.core.report import ArmReport, ClassScore, GateStatus, Report
from omniforge_cli.reporting import markdown, numbers, view

MOST_ANNOTATIONS: Final = 10
_MOST_GATES: Final = 4
_MARKER: Final = re.compile(r"[^\w.@/]+")


def step_summary(report: Report) -> str:
    """Markdown to append to the file that `GITHUB_STEP_SUMMARY` names."""
    return markdown.render(report)


def comment(report: Report) -> str:
    """`comment.md`: the report behind a hidden marker, the same in every run of this command on this eval set."""
    return f"{marker(report)}\n{markdown.render(report)}"


def marker(report: Report) -> str:
    """The hidden first line by which a workflow finds the comment to update."""
    what = _MARKER.sub("_", f"{report.command} {report.evalset.get('name') or ''}".strip())
    return f"<!-- omniforge {what} -->"


def workflow_commands(report: Report) -> str:
    """Annotations as workflow commands, a line each, to print: failed gates, then the classes missed most, at most ten in all.

    They are errors, or warnings when every gate passed.
    """
    level = "warning" if report.status == "pass" else "error"
    failed = [gate for gate in view.gates_by_urgency(report) if gate.status == GateStatus.FAIL][:_MOST_GATES]
    lines = [_command(level, f"gate {gate.name}", f"{view.gate_rule(gate)} ({gate.arm}). {gate.why}") for gate in failed]
    missed = [(arm, label, one) for arm in report.arms for label, one in view.worst_classes(arm, MOST_ANNOTATIONS)]
    missed.sort(key=lambda each: each[2].recall or 0.0)
    lines += [_command(level, f"{label} ({arm.name})", _told(report, arm, label, one)) for arm, label, one in missed]
    return "".join(f"{line}\n" for line in lines[:MOST_ANNOTATIONS])


def _told(report: Report, arm: ArmReport, label: str, one: ClassScore) -> str:
    instead = next((pair for pair in view.top_confusions(arm) if pair.expected == label), None)
    judged = "are decided as then" if report.command == "replay" else "were routed rightly"
    text = f"{numbers.percent(one.recall)} of {numbers.count(one.support)} samples of {label} {judged}"
    return f"{text}; {numbers.count(instead.n)} went to {instead.predicted}." if instead else f"{text}."


def _command(level: str, title: str, message: str) -> str:
    """One workflow command; what would end it or start another property is encoded as GitHub asks."""
    title, message = (numbers.one_line(text).replace("%", "%25") for text in (title, message))
    title = title.replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={title}::{message}"
