"""What a cascade saved against asking the LLM about every message, and how right each of its halves was."""

from __future__ import annotations

from dataclasses import dataclass

from omniforge_cli.core.decision import Source
from omniforge_cli.core.report import Estimate
from omniforge_cli.core.run import Sample
from omniforge_cli.scoring.statistics import proportion


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeScore:
    """Of the messages that needed an analysis, `avoided` is the share that the LLM was not asked about.

    What that saved a message, in USD and milliseconds, is reckoned from what the asked ones cost and took (None: not known).
    Accuracy of the LLM half counts its failures as misses.
    """

    n_local: int
    n_llm: int
    avoided: float | None
    saved_usd: float | None
    saved_ms: float | None
    local_accuracy: Estimate
    llm_accuracy: Estimate


class CascadeCount:
    """Counts a cascade's samples by which half decided; an override is neither's."""

    __slots__ = ("n_llm", "n_local", "right_llm", "right_local")

    def __init__(self) -> None:
        self.n_local = self.right_local = self.n_llm = self.right_llm = 0

    def add(self, sample: Sample) -> None:
        """Count one labelled sample."""
        if sample.source is Source.OVERRIDE:
            return
        if sample.error is None and sample.source in (Source.LOCAL, Source.KEYWORD):
            self.n_local += 1
            self.right_local += sample.correct
        else:
            self.n_llm += 1
            self.right_llm += sample.asked_correct

    def merge(self, other: CascadeCount) -> None:
        """Count another's samples too."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def score(self, *, cost_usd: float | None, latency_ms: float | None) -> CascadeScore:
        """The score; `cost_usd` is what the whole arm cost, `latency_ms` the mean of its calls."""
        n = self.n_local + self.n_llm
        avoided = self.n_local / n if n else None
        saved_usd = None if avoided is None or cost_usd is None or not self.n_llm else avoided * cost_usd / self.n_llm
        return CascadeScore(
            n_local=self.n_local,
            n_llm=self.n_llm,
            avoided=avoided,
            saved_usd=saved_usd,
            saved_ms=None if avoided is None or latency_ms is None else avoided * latency_ms,
            local_accuracy=proportion(self.right_local, self.n_local),
            llm_accuracy=proportion(self.right_llm, self.n_llm),
        )
