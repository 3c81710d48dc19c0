"""A comparison in plain words, for somebody who does not know statistics. Apart from `compare`, whose resampling a report never needs."""

from __future__ import annotations

from typing import Final

from omniforge_cli.core.report import Comparison, Verdict

_CLOSER: Final = {Verdict.BETTER: "closer to what was decided then", Verdict.WORSE: "further from what was decided then"}


def explain(comparison: Comparison, measure: str = "accuracy") -> str:
    """The comparison in plain words, for somebody who does not know statistics.

    `measure` is what being right means: `accuracy`, or in a replay `agreement`, where nobody knows which decision was right.
    """
    a, b, delta = comparison.a, comparison.b, comparison.delta
    if delta.value is None or delta.ci_low is None or delta.ci_high is None:
        return f"{a} and {b} share no case that can be compared, so nothing can be said. {comparison.note}".rstrip()
    n = comparison.n
    seen = (
        f"On {cases(n)} of both, {b} fixed {len(comparison.fixed)} and broke {len(comparison.broken)} against {a}: "
        f"{measure} changed by {_points(delta.value)} (95% interval {_points(delta.ci_low)} to {_points(delta.ci_high)})."
    )
    if comparison.verdict is Verdict.CANNOT_TELL:
        judged = f"Whether one is better cannot be told from that: luck alone could have done it. {_reach(comparison)}"
    else:
        odds = comparison.p_adjusted or 0.0
        often = "less than once in 1,000" if odds < 0.001 else f"about {odds * 1000:.0f} times in 1,000"
        judged = f"{b} is {grade(comparison.verdict, measure)} than {a}: if they were equal, a change this large would be seen {often}."
    return " ".join(part for part in (seen, judged, comparison.note) if part)


def grade(verdict: Verdict, measure: str) -> str:
    """`better`, or of an agreement `closer to what was decided then`."""
    return verdict.value if measure == "accuracy" else _CLOSER.get(verdict, verdict.value)


def _reach(comparison: Comparison) -> str:
    parts = []
    if comparison.detectable_delta is not None:
        points = comparison.detectable_delta * 100
        parts.append(f"This many cases show a true difference of {points:.1f} points 4 times in 5, a smaller one less often.")
    if comparison.needed_n is not None and comparison.needed_n > comparison.n:
        parts.append(f"For the difference seen it would take about {comparison.needed_n:,} cases.")
    return " ".join(parts)


def _points(share: float) -> str:
    return f"{share * 100:+.1f} points"


def cases(n: int) -> str:
    """A number of cases in words."""
    return f"{n:,} case" if n == 1 else f"{n:,} cases"
