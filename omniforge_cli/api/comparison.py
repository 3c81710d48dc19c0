"""`compare`: two runs, paired case by case."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from omniforge_cli.core.errors import RunMismatch
from omniforge_cli.core.report import Comparison
from omniforge_cli.core.settings import Settings
from omniforge_cli.evals.baseline import Baseline
from omniforge_cli.files.settings import read_settings
from omniforge_cli.scoring.compare import adjusted, compare_samples
from omniforge_cli.wiring.runs import load_baseline


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two runs compared, arm by arm. `measure` says what being right means in them: `accuracy`, or between replays `agreement`."""

    comparisons: tuple[Comparison, ...]
    measure: str


async def compare(a: str, b: str, *, settings: Settings | None = None, seed: int = 0, **overrides: Any) -> tuple[Comparison, ...]:
    """B against a, for each pair of arms of the same name (or the only ones), over the cases that both have.

    `a` and `b` are run ids, `report.json` files or blessed baselines. P values are adjusted over all pairs.

    Raises:
        RunMismatch: their labels differ, they have no arm in common, or they share no case.
        NotFound: there is no such run for this tenant.
    """
    return (await compared(a, b, settings=settings or read_settings(overrides), seed=seed)).comparisons


async def compared(a: str, b: str, *, settings: Settings, seed: int = 0) -> Compared:
    """What `compare` gives, and what it is about; raises as it does."""
    first, second = await load_baseline(a, settings), await load_baseline(b, settings)
    if set(first.labels) != set(second.labels):
        raise RunMismatch(f"{first.ref} and {second.ref} were measured with other labels; nothing in them can be compared")
    comparisons = adjusted(
        [
            compare_samples(
                first.arms[name_a], second.arms[name_b], name_a=f"{first.ref}:{name_a}", name_b=f"{second.ref}:{name_b}", seed=seed
            )
            for name_a, name_b in _pairs(first, second)
        ]
    )
    if not any(comparison.n for comparison in comparisons):
        raise RunMismatch(f"{first.ref} and {second.ref} share no case with the same id and content; compare runs of one eval set")
    return Compared(comparisons=comparisons, measure=second.measure)


def compare_sync(a: str, b: str, **keywords: Any) -> tuple[Comparison, ...]:
    """`compare` for code without an event loop."""
    return asyncio.run(compare(a, b, **keywords))


def _pairs(first: Baseline, second: Baseline) -> list[tuple[str, str]]:
    if len(first.arms) == 1 and len(second.arms) == 1:
        return [(next(iter(first.arms)), next(iter(second.arms)))]
    if len(first.arms) == 1:
        return [(next(iter(first.arms)), name) for name in second.arms]
    if len(second.arms) == 1:
        return [(name, next(iter(second.arms))) for name in first.arms]
    shared = [(name, name) for name in first.arms if name in second.arms]
    if not shared:
        raise RunMismatch(f"no arm of {first.ref} ({', '.join(first.arms)}) is in {second.ref} ({', '.join(second.arms)})")
    return shared
