"""Whether confidence means what it says, and from which confidence on an answer can be trusted."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from omniforge_cli.core.report import Estimate, ReliabilityBin
from omniforge_cli.scoring.statistics import proportion

BINS: Final = 10
CURVE_POINTS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPoint:
    """Answering only from this confidence on: the share of samples answered, and the share of those that is wrong."""

    threshold: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdFit:
    """The lowest confidence from which a wanted precision is reached on one half, and what it gives on the other.

    `threshold` is None where no confidence reaches it; the rest is then None, too.
    """

    wanted: float
    threshold: float | None
    coverage: float | None
    precision: Estimate


def reliability_bins(confidences: Sequence[float], correct: Sequence[bool | int], *, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """Bins of equal width, (low, high]; 0 belongs to the first."""
    edges = [index / bins for index in range(1, bins)]
    inside = [array("d") for _ in range(bins)]
    hits = [0] * bins
    for confidence, right in zip(confidences, correct, strict=True):
        index = bisect_left(edges, confidence)
        inside[index].append(confidence)
        hits[index] += bool(right)
    return tuple(
        ReliabilityBin(
            low=index / bins,
            high=(index + 1) / bins,
            n=len(values),
            confidence=math.fsum(values) / len(values) if values else None,
            accuracy=hits[index] / len(values) if values else None,
        )
        for index, values in enumerate(inside)
    )


def ece(bins: Sequence[ReliabilityBin]) -> float | None:
    """Expected calibration error: the gap between confidence and accuracy, averaged over the bins by their size."""
    n = sum(one.n for one in bins)
    if n == 0:
        return None
    return (
        math.fsum(one.n * abs(one.confidence - one.accuracy) for one in bins if one.confidence is not None and one.accuracy is not None) / n
    )


def brier(confidences: Sequence[float], correct: Sequence[bool | int]) -> float | None:
    """The mean squared distance between confidence and having been right."""
    if not confidences:
        return None
    return math.fsum((confidence - bool(right)) ** 2 for confidence, right in zip(confidences, correct, strict=True)) / len(confidences)


def _cuts(confidences: Sequence[float], correct: Sequence[bool | int]) -> Iterator[tuple[float, int, int]]:
    """(confidence, samples at it or above, right ones among them) for each confidence that occurs, downwards.

    The sign says whether a sample was right, so that a million of them are sorted as plain numbers, not as pairs.
    """
    signed = [math.copysign(confidence, 1 if right else -1) for confidence, right in zip(confidences, correct, strict=True)]
    signed.sort(key=abs, reverse=True)
    n = n_right = 0
    for confidence, group in groupby(signed, key=abs):
        for value in group:
            n += 1
            n_right += math.copysign(1, value) > 0
        yield confidence, n, n_right


def risk_coverage(confidences: Sequence[float], correct: Sequence[bool | int], *, points: int = CURVE_POINTS) -> tuple[RiskPoint, ...]:
    """The curve of risk over coverage, thinned to about that many points; its last one answers everything."""
    total = len(confidences)
    kept: list[RiskPoint] = []
    for confidence, n, right in _cuts(confidences, correct):
        if n == total or n * points >= (len(kept) + 1) * total:
            kept.append(RiskPoint(threshold=confidence, coverage=n / total, risk=1 - right / n))
    return tuple(kept)


def threshold_for_precision(confidences: Sequence[float], correct: Sequence[bool | int], wanted: float) -> float | None:
    """The lowest confidence from which on at least that share is right; None where there is none."""
    lowest = None
    for confidence, n, right in _cuts(confidences, correct):
        if right >= wanted * n:
            lowest = confidence
    return lowest


def fit_threshold(
    fit: tuple[Sequence[float], Sequence[bool | int]], test: tuple[Sequence[float], Sequence[bool | int]], wanted: float
) -> ThresholdFit:
    """Fit on one half, report on the other: each half is (confidences, correct)."""
    threshold = threshold_for_precision(*fit, wanted)
    if threshold is None or not test[0]:
        return ThresholdFit(wanted=wanted, threshold=threshold, coverage=None, precision=Estimate(value=None))
    kept = [bool(right) for confidence, right in zip(*test, strict=True) if confidence >= threshold]
    return ThresholdFit(wanted=wanted, threshold=threshold, coverage=len(kept) / len(test[0]), precision=proportion(sum(kept), len(kept)))
