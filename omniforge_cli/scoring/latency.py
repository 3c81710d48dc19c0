"""How long decisions took."""

from __future__ import annotations

import math
from collections.abc import Sequence

from omniforge_cli.core.report import Latency
from omniforge_cli.scoring.statistics import percentile


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
