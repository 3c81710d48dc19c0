"""What decisions cost, in USD: an unknown price is None, never 0."""

from __future__ import annotations

import math
from collections.abc import Sequence

from omniforge_cli.core.decision import Source
from omniforge_cli.core.report import Cost
from omniforge_cli.core.run import Sample
from omniforge_cli.scoring.statistics import percentile


def sample_cost_usd(sample: Sample) -> float | None:
    """What one sample cost, calls whose answer was not used included; None where that is not known.

    Without usage it cost nothing if no reply came (offline, or an outage), and nobody knows what if one did.
    """
    if sample.usage is not None:
        return sample.usage.cost_usd
    replied = sample.source is Source.LLM if sample.error is None else not sample.is_outage
    return None if replied else 0.0


def cost(usd: Sequence[float], *, n_unknown: int = 0) -> Cost:
    """Total, mean and nearest-rank p95 of what each sample cost; all None if any sample's price is unknown."""
    if n_unknown or not usd:
        return Cost(total=None, mean=None, p95=None)
    total = math.fsum(usd)
    return Cost(total=total, mean=total / len(usd), p95=percentile(sorted(usd), 95))
