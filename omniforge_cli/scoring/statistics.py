"""Intervals, tests and power in closed form, on the standard library alone. Formulas and sources: docs/statistics.md.

What needs resampling is in `resampling` (numpy), so that a run of one arm never pays for that import.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Final

from omniforge_cli.core.report import Estimate

ALPHA: Final = 0.05
"""Two-sided error of every interval and test."""
POWER: Final = 0.80
"""The odds at which a difference counts as one that could have been seen."""
Z: Final = NormalDist().inv_cdf(1 - ALPHA / 2)
Z_POWER: Final = NormalDist().inv_cdf(POWER)


def wilson(right: float, n: float) -> tuple[float, float]:
    """The 95% Wilson score interval of `right` successes in `n` > 0 tries; both may be fractional (effective sizes)."""
    share, z2 = right / n, Z * Z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def proportion(right: int, n: int) -> Estimate:
    """A share with its Wilson interval; all None for no tries."""
    if n == 0:
        return Estimate(value=None)
    low, high = wilson(right, n)
    return Estimate(value=right / n, ci_low=low, ci_high=high)


def effective_n(right: Sequence[int], tried: Sequence[int]) -> float:
    """How many independent tries the clustered ones are worth: `right[i]` of `tried[i]` > 0 were right in case i.

    It is p(1-p) over the cluster-robust variance of the ratio, never more than the tries; where all tries agree, and the variance
    says nothing, the number of cases.
    """
    n, total = sum(tried), sum(right)
    if total in (0, n):
        return float(len(tried))
    share = total / n
    variance = math.fsum((k - share * m) ** 2 for k, m in zip(right, tried, strict=True)) / (n * n)
    return min(float(n), share * (1 - share) / variance) if variance > 0 else float(n)


def clustered_proportion(right: Sequence[int], tried: Sequence[int]) -> Estimate:
    """A share over repeated tries of the same cases; its interval is Wilson's at the effective size."""
    n = sum(tried)
    if n == 0:
        return Estimate(value=None)
    share, worth = sum(right) / n, effective_n(right, tried)
    low, high = wilson(share * worth, worth)
    return Estimate(value=share, ci_low=min(low, share), ci_high=max(high, share))


def percentile(ascending: Sequence[float], percent: float) -> float | None:
    """The nearest-rank percentile of values sorted upwards: a value that was measured, never one in between."""
    if not ascending:
        return None
    return ascending[max(1, math.ceil(percent * len(ascending) / 100)) - 1]


def binomial_cdf(k: int, n: int, p: float) -> float:
    """P(X <= k) for X ~ Binomial(n, p), summed from the nearer tail."""
    if k < 0 or k >= n:
        return 0.0 if k < 0 else 1.0
    if p <= 0.0 or p >= 1.0:
        return 1.0 if p <= 0.0 else 0.0
    if k > n * p:
        return 1.0 - binomial_cdf(n - k - 1, n, 1 - p)
    log_pmf = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * math.log(p) + (n - k) * math.log1p(-p)
    term, terms, odds = 1.0, [1.0], (1 - p) / p
    for i in range(k, 0, -1):
        term *= odds * i / (n - i + 1)
        if term < 1e-18:
            break
        terms.append(term)
    return min(1.0, math.exp(log_pmf) * math.fsum(terms))


def mcnemar_exact(fixed: int, broken: int) -> float:
    """Two-sided exact p of McNemar's test: how often a fair coin splits the discordant cases at least as unevenly."""
    return min(1.0, 2 * binomial_cdf(min(fixed, broken), fixed + broken, 0.5))


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment of p values, in the order they came."""
    adjusted, worst = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        worst = max(worst, min(1.0, ps[index] * (len(ps) - rank)))
        adjusted[index] = worst
    return adjusted


def pairs_needed(delta: float, mean_square: float) -> int | None:
    """Pairs that show a true paired difference of `delta` with 80% power; None for no difference.

    `mean_square` is the mean of the squared differences per case: for single tries the share of discordant cases.
    """
    if delta == 0:
        return None
    return math.ceil(_pairs(abs(delta), mean_square) - 1e-9)


def detectable_delta(n: int, mean_square: float) -> float | None:
    """The smallest paired difference that `n` pairs show with 80% power; None where not even 100 points would show."""
    if n == 0 or _pairs(1.0, 1.0) > n:
        return None
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _pairs(middle, mean_square) > n else (low, middle)
    return high


def _pairs(delta: float, mean_square: float) -> float:
    square = max(mean_square, delta)  # a difference of delta needs at least that many discordant cases
    return ((Z * math.sqrt(square) + Z_POWER * math.sqrt(max(0.0, square - delta * delta))) / delta) ** 2


def failure_odds(n: int, true_share: float, passes: Callable[[int], bool], *, at_least: bool) -> float:
    """How often a gate on a share fails at this true share, over `n` independent cases.

    `passes` says whether a count of hits passes and is monotone: from some count on for `at_least`, else up to one.
    """
    low, high = 0, n + 1  # the first count at which the answer of `passes` changes
    while low < high:
        middle = (low + high) // 2
        if middle <= n and passes(middle) != at_least:
            low = middle + 1
        else:
            high = middle
    below = binomial_cdf(low - 1, n, true_share)
    return below if at_least else 1.0 - below
