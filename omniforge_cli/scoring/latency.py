"""How long decisions took."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from omniforge_cli.core.report import Latency
from omniforge_cli.scoring.statistics import percentile

MOST_BINS: Final = 16


def latency(milliseconds: Sequence[float], *, n_cached: int = 0) -> Latency:
    """Nearest-rank percentiles of the decisions that made a call; `n_cached` others were left out."""
    ascending = sorted(milliseconds)
    n = len(ascending)
    return Latency(
        p50=percentile(ascending, 50),
        p90=percentile(ascending, 90),
        p95=percentile(ascending, 95),
        p99=percentile(ascending, 99),
        max=ascending[-1] if n else None,
        mean=math.fsum(ascending) / n if n else None,
        n=n,
        n_cached=n_cached,
    )


def histogram(milliseconds: Sequence[float]) -> tuple[tuple[float | None, int], ...]:
    """How many decisions took how long: bins of one round width, each as (upper bound, count), about as many as a person reads.

    The bins reach to the 99th percentile; what took longer is in a last one without a bound. Below the first there is nothing.
    """
    ascending = sorted(milliseconds)
    if not ascending:
        return ()
    low, high = ascending[0], percentile(ascending, 99) or 0.0
    step = _round_step((high - low) / (MOST_BINS - 2) or high / (MOST_BINS - 2) or 1.0)
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    uppers = [step * place for place in range(max(first, 1), last + 1)]
    counts, seen = [], 0
    for upper in uppers:
        below = bisect_right(ascending, upper)
        counts.append(below - seen)
        seen = below
    bins: list[tuple[float | None, int]] = [*zip(uppers, counts, strict=True)]
    return (*bins, (None, len(ascending) - seen)) if seen < len(ascending) else tuple(bins)


def _round_step(least: float) -> float:
    """The smallest of 1, 2 or 5 times a power of ten that is not less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))
