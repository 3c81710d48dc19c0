"""What a worker process hands back of the attempts that it has carried out: texts to be kept as they are, and counters to be merged.

The parent neither parses nor judges; so it keeps up with as many workers as there are cores.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from omniforge_cli.core.run import Sample, SampleRow, sample_row
from omniforge_cli.core.taxonomy import Taxonomy
from omniforge_cli.evals.packing import unpack
from omniforge_cli.evals.plan import Attempt
from omniforge_cli.scoring.outcome import Outcome, outcome
from omniforge_cli.scoring.summary import ArmAccumulator


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Packed cases, the first of which is at a place in its set, and whether each has been decided before (empty: none has)."""

    packed: str
    first: int
    repeat: int
    done: bytes = b""

    def attempts(self) -> Iterable[Attempt]:
        """What is to be carried out, for the only arm."""
        for place, case in enumerate(unpack(self.packed)):
            if not (self.done and self.done[place]):
                yield Attempt(arm=0, case=case, repeat=self.repeat, position=self.first + place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Finished samples of an offline arm. `samples` and `outcomes` are there where somebody wants them."""

    rows: Sequence[SampleRow]
    counted: ArmAccumulator
    n_right: int
    n_failed: int
    samples: Sequence[Sample] = ()
    outcomes: Sequence[Outcome] = ()


def batch_of(samples: Sequence[Sample], taxonomy: Taxonomy, *, inline: bool, paired: bool) -> Batch:
    """The samples counted and made ready to be kept."""
    counted = ArmAccumulator(taxonomy)
    for sample in samples:
        counted.add(sample)
    return Batch(
        rows=[sample_row(sample) for sample in samples],
        counted=counted,
        n_right=sum(sample.asked_correct for sample in samples),
        n_failed=sum(sample.error is not None for sample in samples),
        samples=samples if inline else (),
        outcomes=[outcome(sample) for sample in samples] if paired else (),
    )
