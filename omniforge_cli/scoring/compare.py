"""Two arms or runs, paired case by case: what was fixed, what broke, and whether that is more than noise.

Repeats of a case are averaged within the case, so the case is what is counted. Provider outages are left out: a case without an answer
on one side says nothing about the prompt.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from omniforge_cli.core.report import Comparison, Estimate, Verdict
from omniforge_cli.scoring.explain import cases
from omniforge_cli.scoring.outcome import Outcome
from omniforge_cli.scoring.resampling import bootstrap_macro_f1, bootstrap_mean, bootstrap_share_change, sign_flip_p
from omniforge_cli.scoring.statistics import ALPHA, detectable_delta, holm, mcnemar_exact, pairs_needed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    case_id: str
    a: Sequence[Outcome]
    b: Sequence[Outcome]

    @property
    def right_a(self) -> int:
        return sum(one.correct for one in self.a)

    @property
    def right_b(self) -> int:
        return sum(one.correct for one in self.b)

    @property
    def delta(self) -> float:
        return self.right_b / len(self.b) - self.right_a / len(self.a)

    @property
    def move(self) -> int:
        """1 if b gets it right (more often than not) and a does not, -1 the other way round, else 0."""
        return (2 * self.right_b > len(self.b)) - (2 * self.right_a > len(self.a))


def compare_samples(
    a: Iterable[Outcome], b: Iterable[Outcome], *, name_a: str, name_b: str, seed: int = 0, outages_right: bool | None = None
) -> Comparison:
    """B against a, over the cases that both have with the same id and content.

    `outages_right` counts outages as right or wrong instead of leaving them out (a gate must hold either way). The verdict is `better` or
    `worse` only where the exact test (adjusted later by `adjusted`) and the bootstrap interval of the accuracy both say so.
    """
    cases_a, cases_b = (_by_case(side, outages_right) for side in (a, b))
    pairs = [_Pair(case_id=key[0], a=tries, b=cases_b[key]) for key, tries in cases_a.items() if tries and cases_b.get(key)]
    deltas = [pair.delta for pair in pairs]
    delta = bootstrap_share_change(deltas, seed=seed)
    square = math.fsum(value * value for value in deltas) / len(deltas) if deltas else 0.0
    p = _exact_p(pairs) if pairs else None
    return Comparison(
        a=name_a,
        b=name_b,
        n=len(pairs),
        fixed=tuple(pair.case_id for pair in pairs if pair.move > 0),
        broken=tuple(pair.case_id for pair in pairs if pair.move < 0),
        delta=delta,
        mcnemar_p=p,
        p_adjusted=p,
        verdict=_verdict(p, delta),
        detectable_delta=detectable_delta(len(pairs), square),
        needed_n=pairs_needed(delta.value or 0.0, square),
        delta_macro_f1=bootstrap_macro_f1(Counter(_kind(pair) for pair in pairs), seed=seed) if pairs else None,
        delta_latency_ms=_change(pairs, lambda one: one.latency_ms, seed=seed),
        delta_cost_usd=_change(pairs, lambda one: one.cost_usd, seed=seed),
        note=_note(cases_a, cases_b),
    )


def adjusted(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The comparisons of one run together: p values adjusted by Holm over all of them, verdicts accordingly."""
    measured = [comparison.mcnemar_p for comparison in comparisons if comparison.mcnemar_p is not None]
    ps = iter(holm(measured))
    return tuple(
        comparison
        if comparison.mcnemar_p is None
        else replace(comparison, p_adjusted=(p := next(ps)), verdict=_verdict(p, comparison.delta))
        for comparison in comparisons
    )


_Cases = dict[tuple[str, str], list[Outcome]]


def _by_case(outcomes: Iterable[Outcome], outages_right: bool | None) -> _Cases:
    """Tries by (id, hash); a case whose tries are all left out stays, empty."""
    cases: _Cases = {}
    for one in outcomes:
        if one.expected is None:
            continue
        tries = cases.setdefault((one.case_id, one.case_hash), [])
        if not one.outage:
            tries.append(one)
        elif outages_right is not None:
            tries.append(replace(one, correct=outages_right))
    return cases


def _verdict(p: float | None, delta: Estimate) -> Verdict:
    if p is None or p > ALPHA or delta.ci_low is None or delta.ci_high is None:
        return Verdict.CANNOT_TELL
    return Verdict.BETTER if delta.ci_low > 0 else Verdict.WORSE if delta.ci_high < 0 else Verdict.CANNOT_TELL


def _exact_p(pairs: Sequence[_Pair]) -> float:
    if all(len(pair.a) == len(pair.b) == 1 for pair in pairs):
        return mcnemar_exact(sum(pair.move > 0 for pair in pairs), sum(pair.move < 0 for pair in pairs))
    step = math.lcm(*{len(side) for pair in pairs for side in (pair.a, pair.b)})
    return sign_flip_p([pair.right_b * (step // len(pair.b)) - pair.right_a * (step // len(pair.a)) for pair in pairs])


def _kind(pair: _Pair) -> tuple[str, tuple[str | None, ...], tuple[str | None, ...]]:
    """What macro-F1 needs to know of a case; an acceptable answer counts as the expected one."""
    of_a, of_b = (tuple(sorted((one.expected if one.correct else one.predicted for one in side), key=str)) for side in (pair.a, pair.b))
    return str(pair.a[0].expected), of_a, of_b


def _change(pairs: Sequence[_Pair], measure: Callable[[Outcome], float | None], *, seed: int) -> Estimate | None:
    """The mean change of a measure per case, over the cases where both sides have it; None where no case has."""
    changes = []
    for pair in pairs:
        of_a, of_b = ([value for one in side if (value := measure(one)) is not None] for side in (pair.a, pair.b))
        if of_a and of_b:
            changes.append(math.fsum(of_b) / len(of_b) - math.fsum(of_a) / len(of_a))
    return bootstrap_mean(changes, seed=seed) if changes else None


def _note(cases_a: _Cases, cases_b: _Cases) -> str:
    """Which cases were left out, and why; empty where none was."""
    hashes_a, hashes_b = dict(cases_a.keys()), dict(cases_b.keys())
    changed = sum(hashes_b.get(case, seen) != seen for case, seen in hashes_a.items())
    alone = len(hashes_a.keys() ^ hashes_b.keys())
    silent = sum(not tries or not cases_b[key] for key, tries in cases_a.items() if key in cases_b)
    parts = [
        f"{cases(alone)} in only one of the two" if alone else "",
        f"{cases(changed)} whose content changed" if changed else "",
        f"{cases(silent)} without an answer because the provider was away" if silent else "",
    ]
    said = [part for part in parts if part]
    return f"Left out: {', '.join(said)}." if said else ""
