"""A replay's heart as text: which decisions became which, and the changed turns side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from omniforge_cli.core.report import ArmReport, Report
from omniforge_cli.reporting import numbers, view
from omniforge_cli.reporting.view import Outcome

NO_ANSWER: Final = "no answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One decision about a turn: its action type, how sure it was, and why."""

    action: str
    confidence: str
    reasoning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A turn that is decided otherwise than it was."""

    id: str
    message: str
    then: Side
    now: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipRow:
    """One line of the flip table."""

    then: str
    now: str
    n: int
    share: float


def flip_rows(arm: ArmReport) -> list[FlipRow]:
    """The flip table that the run measured, the most frequent first."""
    return [FlipRow(then=one["then"], now=one["now"] or NO_ANSWER, n=one["n"], share=one["share"]) for one in arm.extra.get("flips") or ()]


def changed_turns(cases: Iterable[Mapping[str, Any]], most: int) -> tuple[list[Turn], int]:
    """The first `most` of the turns that changed (of repeats the first that did), and how many changed in all."""
    shown: list[Turn] = []
    seen: set[str] = set()
    for case in cases:
        if view.outcome(case) in (Outcome.RIGHT, Outcome.UNLABELLED) or case["id"] in seen:
            continue
        seen.add(case["id"])
        if len(shown) < most:
            shown.append(_turn(case))
    return shown, len(seen)


def turns_of(report: Report, arm: ArmReport, most: int) -> tuple[list[Turn], int]:
    """The changed turns of an arm; none in a run that is no replay, or whose samples the report does not hold."""
    return changed_turns(arm.cases or (), most) if report.command == "replay" else ([], 0)


def side(decision: Mapping[str, Any], action: Any) -> Side:
    """A decision as it is shown; what is missing stays empty."""
    confidence = decision.get("confidence")
    known = isinstance(confidence, int | float) and numbers.known(confidence)
    return Side(
        action=numbers.one_line(str(action or NO_ANSWER)),
        confidence=numbers.score(confidence) if known else "",
        reasoning=numbers.one_line(str(decision.get("reasoning") or "")),
    )


def sides(turn: Turn) -> Sequence[tuple[str, Side]]:
    """Both decisions with their names."""
    return (("then", turn.then), ("now", turn.now))


def _turn(case: Mapping[str, Any]) -> Turn:
    reason = view.failure_reason(case)
    now = side(case, None if reason else case.get("predicted"))
    if reason:
        now = Side(action=NO_ANSWER, confidence="", reasoning=reason)
    return Turn(
        id=numbers.one_line(str(case["id"])),
        message=numbers.one_line(str(case.get("message") or "")),
        then=side(case.get("decided_then") or {}, case.get("expected")),
        now=now,
    )
