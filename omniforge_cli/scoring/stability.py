"""What repeats of the same case tell: does the answer hold, or does it change from one try to the next?

Outages are left out: that the provider was away says nothing about the answer. A case needs two tries to count.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LISTED: Final = 500
"""Case ids a report names in each list; the counts are always whole."""

NO_ANSWER: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """The tries of one case: the answers (as numbers; -1 for none) and how many were right."""

    case_id: str
    answers: Sequence[int]
    right: int

    @property
    def n(self) -> int:
        """How often it was tried."""
        return len(self.answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceSplit:
    """Variance of being right, between cases and within a case, and the share that is within (noise of the analyzer)."""

    between: float
    within: float
    within_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """`pass_hat_k` maps k to the odds that k tries of a case are all right. `flaky` maps a case to its share of right tries."""

    n_cases: int
    repeats: int
    flip_rate: float
    pass_hat_k: Mapping[str, float]
    n_always_right: int
    n_always_wrong: int
    n_flaky: int
    always_wrong: tuple[str, ...]
    flaky: Mapping[str, float]
    variance: VarianceSplit | None


def flip_rate(cases: Sequence[Tries]) -> float | None:
    """The share of cases whose tries did not all give the same answer."""
    return sum(len(set(case.answers)) > 1 for case in cases) / len(cases) if cases else None


def pass_hat_k(cases: Sequence[Tries], k: int) -> float | None:
    """The odds that k tries drawn from a case's own are all right, averaged over the cases tried at least k times."""
    tried = [case for case in cases if case.n >= k]
    return math.fsum(math.comb(case.right, k) / math.comb(case.n, k) for case in tried) / len(tried) if tried else None


def variance_split(cases: Sequence[Tries]) -> VarianceSplit | None:
    """One-way analysis of variance of being right; None with fewer than two cases or no case tried twice."""
    groups, n = len(cases), sum(case.n for case in cases)
    if groups < 2 or n == groups:
        return None
    mean = sum(case.right for case in cases) / n
    within = math.fsum(case.right * (1 - case.right / case.n) for case in cases) / (n - groups)
    between_square = math.fsum(case.n * (case.right / case.n - mean) ** 2 for case in cases) / (groups - 1)
    typical_size = (n - sum(case.n**2 for case in cases) / n) / (groups - 1)
    between = max(0.0, (between_square - within) / typical_size)
    total = between + within
    return VarianceSplit(between=between, within=within, within_share=within / total if total else None)


def stability(cases: Sequence[Tries]) -> Stability | None:
    """Everything above over the cases tried at least twice; None if there is none."""
    repeated = sorted((case for case in cases if case.n > 1), key=lambda case: case.case_id)
    flips = flip_rate(repeated)
    if flips is None:
        return None
    repeats = Counter(case.n for case in repeated).most_common(1)[0][0]
    wrong = [case.case_id for case in repeated if case.right == 0]
    flaky = {case.case_id: case.right / case.n for case in repeated if 0 < case.right < case.n}
    passes = {str(k): pass_hat_k(repeated, k) for k in range(1, repeats + 1)}
    return Stability(
        n_cases=len(repeated),
        repeats=repeats,
        flip_rate=flips,
        pass_hat_k={k: value for k, value in passes.items() if value is not None},
        n_always_right=len(repeated) - len(wrong) - len(flaky),
        n_always_wrong=len(wrong),
        n_flaky=len(flaky),
        always_wrong=tuple(wrong[:LISTED]),
        flaky=dict(list(flaky.items())[:LISTED]),
        variance=variance_split(repeated),
    )
