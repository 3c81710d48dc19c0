"""An earlier run to hold a new one against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from omniforge_cli.scoring.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What each arm of one earlier run answered, case by case.

    `prompts` maps an arm's name to its prompt's SHA-256; `labels` are its taxonomy's. `measure` is what being right means in it:
    `accuracy`, or in a replay `agreement`.
    """

    ref: str
    labels: tuple[str, ...]
    arms: Mapping[str, Sequence[Outcome]]
    prompts: Mapping[str, str | None]
    measure: str = "accuracy"
