"""What a comparison needs to know of a sample. Apart from `compare`, whose resampling a run with one arm never loads."""

from __future__ import annotations

from dataclasses import dataclass

from omniforge_cli.core.run import Sample
from omniforge_cli.scoring.cost import sample_cost_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One sample as a comparison sees it. `predicted` is None where nobody answered as asked; latency None where no call was made."""

    case_id: str
    case_hash: str
    expected: str | None
    predicted: str | None
    correct: bool
    latency_ms: float | None = None
    cost_usd: float | None = None
    outage: bool = False


def outcome(sample: Sample) -> Outcome:
    """A sample as a comparison sees it: a fallback's answer is a miss."""
    return Outcome(
        case_id=sample.case_id,
        case_hash=sample.case_hash,
        expected=sample.expected,
        predicted=sample.predicted if sample.answered else None,
        correct=sample.asked_correct,
        latency_ms=sample.latency_ms if sample.calls and not sample.cached else None,
        cost_usd=sample_cost_usd(sample),
        outage=sample.is_outage,
    )
