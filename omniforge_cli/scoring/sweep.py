"""What a cascade would give at every threshold, computed from samples that have both answers: no call is made for it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

THRESHOLDS: Final = tuple(step / 20 for step in range(21))


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSample:
    """One message answered both ways. Cost in USD and latency in milliseconds of the LLM; None where not known."""

    local_confidence: float
    local_correct: bool
    llm_correct: bool
    llm_cost_usd: float | None = None
    llm_latency_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPoint:
    """A cascade that asks the LLM where the local confidence is under `threshold`. Means are per message; None if any is unknown."""

    threshold: float
    llm_share: float
    accuracy: float
    mean_cost_usd: float | None
    mean_latency_ms: float | None


def sweep(samples: Sequence[SweepSample], thresholds: Sequence[float] = THRESHOLDS) -> tuple[SweepPoint, ...]:
    """One point a threshold, in the order given; no samples, no points. A message that stays local costs and takes nothing."""
    if not samples:
        return ()
    ranked = sorted(samples, key=lambda sample: sample.local_confidence)
    n = len(ranked)
    confidences = [sample.local_confidence for sample in ranked]
    # each list holds, at index i, the sum over the i least confident samples: those that go to the LLM
    llm_right = list(accumulate((sample.llm_correct for sample in ranked), initial=0))
    local_right = list(accumulate((sample.local_correct for sample in ranked), initial=0))
    costs = _running_sum([sample.llm_cost_usd for sample in ranked])
    latencies = _running_sum([sample.llm_latency_ms for sample in ranked])
    points = []
    for threshold in thresholds:
        asked = bisect_left(confidences, threshold)
        right = llm_right[asked] + local_right[n] - local_right[asked]
        cost, latency = costs[asked], latencies[asked]
        points.append(
            SweepPoint(
                threshold=threshold,
                llm_share=asked / n,
                accuracy=right / n,
                mean_cost_usd=None if math.isnan(cost) else cost / n,
                mean_latency_ms=None if math.isnan(latency) else latency / n,
            )
        )
    return tuple(points)


def _running_sum(values: Sequence[float | None]) -> list[float]:
    """Sums of the first i values; NaN from the first unknown one on."""
    return list(accumulate((math.nan if value is None else value for value in values), initial=0.0))
