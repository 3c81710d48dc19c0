"""What a replay changed: which decisions of then became which of now, and how much of the traffic that is."""

from __future__ import annotations

from dataclasses import dataclass

from omniforge_cli.core.report import ArmReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """`n` turns decided as `then` are decided as `now` (None: no answer of the analyzer that was asked); `share` of all labelled turns."""

    then: str
    now: str | None
    n: int
    share: float


def flips(report: ArmReport) -> tuple[Flip, ...]:
    """Every change, the most frequent first, equals in the taxonomy's order; with the agreement they make up all labelled samples."""
    found = []
    for row, then in zip(report.confusion.matrix, report.confusion.labels, strict=True):
        unanswered = report.per_class[then].support - sum(row)
        changed = [(now, n) for now, n in zip(report.confusion.labels, row, strict=True) if now != then]
        found += [Flip(then=then, now=now, n=n, share=n / report.n) for now, n in (*changed, (None, unanswered)) if n]
    return tuple(sorted(found, key=lambda flip: -flip.n))
