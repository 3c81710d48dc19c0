"""Asking back: does it happen where a message is ambiguous, and only there?"""

from __future__ import annotations

from typing import Final

from omniforge_cli.core.report import PrecisionRecall
from omniforge_cli.core.run import Sample

AMBIGUOUS_TAG: Final = "ambiguous"


def expects_question(sample: Sample) -> bool:
    """Whether asking back is the right thing: as the case states it, else by its tag."""
    if sample.expected_ambiguous is None:
        return AMBIGUOUS_TAG in sample.tags
    return sample.expected_ambiguous


class AmbiguityCount:
    """Counts samples by whether asking back was right and whether it was done. A fallback or an error did not ask: a miss."""

    __slots__ = ("asked_ambiguous", "asked_clear", "n_ambiguous", "n_clear", "outage_ambiguous", "outage_clear")

    def __init__(self) -> None:
        self.n_ambiguous = self.asked_ambiguous = self.n_clear = self.asked_clear = self.outage_ambiguous = self.outage_clear = 0

    def add(self, sample: Sample, *, answered: bool, outage: bool) -> None:
        """Count one sample; of the clear ones only those that were answered as asked."""
        if expects_question(sample):
            self.n_ambiguous += 1
            self.asked_ambiguous += answered and sample.is_ambiguous
            self.outage_ambiguous += outage
        elif answered:
            self.n_clear += 1
            self.asked_clear += sample.is_ambiguous
        else:
            self.outage_clear += outage

    def merge(self, other: AmbiguityCount) -> None:
        """Count another's samples too."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def score(self, *, outages_right: bool = False) -> PrecisionRecall:
        """Precision and recall of asking back; None where no case is ambiguous, because then it cannot be right to ask."""
        if self.n_ambiguous == 0:
            return PrecisionRecall(precision=None, recall=None)
        hits = self.asked_ambiguous + (self.outage_ambiguous if outages_right else 0)
        asked = hits + self.asked_clear
        return PrecisionRecall(
            precision=hits / asked if asked else None,
            recall=hits / self.n_ambiguous,
            f1=2 * hits / (asked + self.n_ambiguous),
            n=self.n_ambiguous,
        )

    def clear_samples(self, *, outages_right: bool = False) -> int:
        """How many samples the clarification rate is over."""
        return self.n_clear + (self.outage_clear if outages_right else 0)

    def clarification_rate(self, *, outages_right: bool = False) -> float | None:
        """How often a clear message was answered with a question."""
        n = self.clear_samples(outages_right=outages_right)
        return self.asked_clear / n if n else None
