"""An earlier run to hold a new one against: what each of its arms answered, case by case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from omniforge_cli.core.identity import nearest
from omniforge_cli.core.report import Comparison
from omniforge_cli.core.run import Arm
from omniforge_cli.scoring.compare import Outcome, compare_samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """One earlier run. `prompts` maps an arm's name to its prompt's SHA-256; `labels` are its taxonomy's."""

    ref: str
    labels: tuple[str, ...]
    arms: Mapping[str, Sequence[Outcome]]
    prompts: Mapping[str, str | None]


def against(baseline: Baseline, arm: Arm, outcomes: Sequence[Outcome], *, labels: tuple[str, ...], seed: int) -> Sequence[Comparison] | str:
    """The comparisons of an arm (as b) with the baseline, outages counted wrong first and right last; or why there is none."""
    theirs = _same_arm(baseline, arm)
    if theirs is None:
        return f"it has several arms and none is called {arm.name}{nearest(arm.name, baseline.arms)}"
    if set(baseline.labels) != set(labels):
        return "its taxonomy has other labels"
    prompt_then = baseline.prompts.get(theirs)
    if theirs == arm.name and prompt_then and arm.prompt_sha256 and prompt_then != arm.prompt_sha256:
        return f"prompt {arm.prompt} was changed since, without a new version"
    return [
        compare_samples(
            baseline.arms[theirs], outcomes, name_a=f"{baseline.ref}:{theirs}", name_b=arm.name, seed=seed, outages_right=outages_right
        )
        for outages_right in (False, True)
    ]


def _same_arm(baseline: Baseline, arm: Arm) -> str | None:
    """The arm of that name; else the only one there is (a new prompt is held against the old one)."""
    if arm.name in baseline.arms:
        return arm.name
    of_kind = [name for name in baseline.arms if name.split(":")[0] == arm.analyzer.value]
    if len(of_kind) == 1:
        return of_kind[0]
    return next(iter(baseline.arms)) if len(baseline.arms) == 1 else None
