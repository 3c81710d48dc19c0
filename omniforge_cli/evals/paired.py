"""Arms held against each other, and against an earlier run. Loaded only where there is something to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from omniforge_cli.core.identity import nearest
from omniforge_cli.core.report import Comparison
from omniforge_cli.core.run import Arm
from omniforge_cli.evals.baseline import Baseline
from omniforge_cli.evals.plan import Plan
from omniforge_cli.scoring.compare import adjusted, compare_samples
from omniforge_cli.scoring.outcome import Outcome


def pairwise(plan: Plan, outcomes: Sequence[Sequence[Outcome]]) -> tuple[Comparison, ...]:
    """Every pair of arms, the earlier one as a; p values adjusted over all pairs."""
    arms = [(arm.name, answers) for arm, answers in zip(plan.arms, outcomes, strict=True)]
    return adjusted(
        [
            compare_samples(answers_a, answers_b, name_a=name_a, name_b=name_b, seed=plan.settings.seed)
            for (name_a, answers_a), (name_b, answers_b) in combinations(arms, 2)
        ]
    )


def against(baseline: Baseline, plan: Plan, number: int, outcomes: Sequence[Outcome]) -> Sequence[Comparison] | str:
    """The comparisons of the arm of that number (as b) with the baseline, or why there is none.

    Outages count as wrong in the first and as right in the last.
    """
    arm = plan.arms[number]
    theirs = _same_arm(baseline, arm)
    if theirs is None:
        return f"it has several arms and none is called {arm.name}{nearest(arm.name, baseline.arms)}"
    if set(baseline.labels) != set(plan.taxonomy.names):
        return "its taxonomy has other labels"
    prompt_then = baseline.prompts.get(theirs)
    if theirs == arm.name and prompt_then and arm.prompt_sha256 and prompt_then != arm.prompt_sha256:
        return f"prompt {arm.prompt} was changed since, without a new version"
    return [
        compare_samples(
            baseline.arms[theirs],
            outcomes,
            name_a=f"{baseline.ref}:{theirs}",
            name_b=arm.name,
            seed=plan.settings.seed,
            outages_right=outages_right,
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
