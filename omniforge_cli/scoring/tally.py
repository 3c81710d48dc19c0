"""Which samples of which case were right, in nine bytes a sample, so that intervals can account for repeats of a case."""

from __future__ import annotations

from array import array
from collections import Counter
from hashlib import blake2b
from typing import Final

from omniforge_cli.core.report import Estimate
from omniforge_cli.core.run import Sample
from omniforge_cli.scoring.statistics import clustered_proportion, proportion

RIGHT: Final = 1
"""Right by the analyzer that was asked."""
SYSTEM_RIGHT: Final = 2
"""Right for the user, whoever answered."""
ANSWERED: Final = 4
FELL_BACK: Final = 8
OUTAGE: Final = 16


def case_key(case_id: str) -> int:
    """64 bits that stand for a case, the same in every process."""
    return int.from_bytes(blake2b(case_id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), signed=True)


def sample_flags(sample: Sample) -> int:
    """What a tally remembers of a sample."""
    correct = sample.correct
    if sample.error is None and sample.predicted is not None:
        return ANSWERED | RIGHT | SYSTEM_RIGHT if correct else ANSWERED
    outage = OUTAGE if sample.is_outage else 0
    if sample.predicted is None:
        return outage
    return FELL_BACK | outage | (SYSTEM_RIGHT if correct else 0)


class Tally:
    """A growing list of (case, flags)."""

    __slots__ = ("flags", "keys")

    def __init__(self) -> None:
        self.keys = array("q")
        self.flags = array("B")

    def add(self, key: int, flags: int) -> None:
        """Count one sample."""
        self.keys.append(key)
        self.flags.append(flags)

    def merge(self, other: Tally) -> None:
        """Count another tally's samples too."""
        self.keys.extend(other.keys)
        self.flags.extend(other.flags)

    def count(self, flag: int) -> int:
        """How many samples carry that flag."""
        return sum(n for flags, n in Counter(self.flags).items() if flags & flag)

    def estimate(self, wanted: int, *, among: int = 0, outages_right: bool = False, clustered: bool = False) -> Estimate:
        """The share of samples with the flag `wanted`, `among` those with that flag (0: all), with its interval.

        `outages_right` counts every outage as a hit; `clustered` widens the interval for repeats of the same case.
        """
        hits = wanted | OUTAGE if outages_right else wanted
        if not clustered:
            counts = {flags: n for flags, n in Counter(self.flags).items() if not among or flags & among}
            return proportion(sum(n for flags, n in counts.items() if flags & hits), sum(counts.values()))
        right: dict[int, int] = {}
        tried: dict[int, int] = {}
        for key, flags in zip(self.keys, self.flags, strict=True):
            if not among or flags & among:
                tried[key] = tried.get(key, 0) + 1
                right[key] = right.get(key, 0) + bool(flags & hits)
        return clustered_proportion(list(right.values()), list(tried.values()))
