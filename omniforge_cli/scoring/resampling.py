"""What needs many draws or long sums: bootstrap intervals and the exact sign-flip test. Imported only where two arms are compared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np  # noqa: TID253 - resampling; a run of one arm does not import this module
import numpy.typing as npt  # noqa: TID253

from omniforge_cli.core.report import Estimate
from omniforge_cli.scoring.statistics import ALPHA, Z

Floats = npt.NDArray[np.float64]

RESAMPLES: Final = 2000
BOOTSTRAP_LIMIT: Final = 20_000
"""Distinct values up to which a mean is resampled; beyond, the normal interval is the same to the digits that are shown."""
EXACT_LIMIT: Final = 4_000_000
"""Largest sum of steps for which the sign-flip distribution is computed exactly."""
_CELLS: Final = 4_000_000
"""Numbers in memory at once."""


def bootstrap_share_change(changes: Sequence[float], *, seed: int) -> Estimate:
    """The mean change of a share (each case's between -1 and 1) with its interval.

    If no case changed there is nothing to draw from; the interval is then Tango's score interval for that table.
    """
    n = len(changes)
    if n == 0 or any(changes):
        return bootstrap_mean(changes, seed=seed)
    half = Z * Z / (n + Z * Z)
    return Estimate(value=0.0, ci_low=-half, ci_high=half)


def bootstrap_mean(values: Sequence[float], *, seed: int) -> Estimate:
    """The mean, in the values' own unit, with its percentile bootstrap interval (2,000 draws of whole cases).

    Values that are all the same have no spread to draw from: the interval is that value.
    """
    n = len(values)
    if n == 0:
        return Estimate(value=None)
    mean = math.fsum(values) / n
    distinct, counts = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
    if len(distinct) == 1:
        only = float(distinct[0])
        return Estimate(value=only, ci_low=only, ci_high=only)
    if len(distinct) > BOOTSTRAP_LIMIT:
        half = Z * float(np.std(values, ddof=1)) / math.sqrt(n)
        return Estimate(value=mean, ci_low=mean - half, ci_high=mean + half)
    draws = [weights @ distinct / n for weights in resampled_counts(counts, seed=seed)]
    return _estimate(mean, np.concatenate(draws))


def resampled_counts(counts: Sequence[int] | npt.NDArray[np.int64], *, seed: int) -> list[Floats]:
    """How often each distinct kind of case occurs in each of 2,000 resampled sets, in blocks of draws × kinds."""
    rng, total = np.random.default_rng(seed), int(np.sum(counts))
    shares = np.asarray(counts, dtype=np.float64) / total
    block = max(1, _CELLS // len(shares))
    sizes = [min(block, RESAMPLES - start) for start in range(0, RESAMPLES, block)]
    return [rng.multinomial(total, shares, size=size).astype(np.float64) for size in sizes]


def bootstrap_macro_f1(kinds: Counter[tuple[str, tuple[str | None, ...], tuple[str | None, ...]]], *, seed: int) -> Estimate:
    """Macro-F1 of b minus that of a, with its interval; a kind is (expected, answers of a, answers of b) and how many cases are so."""
    if not kinds:
        return Estimate(value=None)
    ordered = sorted(kinds, key=repr)
    labels = sorted({label for expected, of_a, of_b in ordered for label in (expected, *of_a, *of_b) if label is not None})
    number = {label: index for index, label in enumerate(labels)}
    support = np.zeros((len(ordered), len(labels)))
    for row, (expected, _, _) in enumerate(ordered):
        support[row, number[expected]] = 1.0
    side_a = _answer_shares([(expected, answers) for expected, answers, _ in ordered], number)
    side_b = _answer_shares([(expected, answers) for expected, _, answers in ordered], number)
    counts = np.asarray([kinds[kind] for kind in ordered])

    def delta(weights: Floats) -> Floats:
        return _macro_f1(weights, support, *side_b) - _macro_f1(weights, support, *side_a)

    observed = float(delta(counts[np.newaxis, :].astype(np.float64))[0])
    return _estimate(observed, np.concatenate([delta(weights) for weights in resampled_counts(counts, seed=seed)]))


def _answer_shares(kinds: Sequence[tuple[str, tuple[str | None, ...]]], number: dict[str, int]) -> tuple[Floats, Floats]:
    hits, answers = np.zeros((len(kinds), len(number))), np.zeros((len(kinds), len(number)))
    for row, (expected, given) in enumerate(kinds):
        for answer in given:
            if answer is not None:
                answers[row, number[answer]] += 1 / len(given)
                hits[row, number[answer]] += (answer == expected) / len(given)
    return hits, answers


def _macro_f1(weights: Floats, support: Floats, hits: Floats, answers: Floats) -> Floats:
    supported = weights @ support
    f1 = np.divide(2 * (weights @ hits), supported + weights @ answers, out=np.zeros_like(supported), where=supported > 0)
    means: Floats = f1.sum(axis=1) / (supported > 0).sum(axis=1)
    return means


def _estimate(value: float, draws: Floats) -> Estimate:
    low, high = np.quantile(draws, [ALPHA / 2, 1 - ALPHA / 2])
    return Estimate(value=value, ci_low=float(low), ci_high=float(high))


def sign_flip_p(differences: Sequence[int]) -> float:
    """Two-sided p of the sign-flip test on whole-number differences per case: exact, by the characteristic function.

    If neither arm were better, each difference were as likely with the other sign. For differences of -1, 0 and 1 this is
    McNemar's exact test.
    """
    sizes = Counter(abs(step) for step in differences if step)
    total, observed = sum(size * count for size, count in sizes.items()), abs(sum(differences))
    if total == 0:
        return 1.0
    if total > EXACT_LIMIT:
        deviation = math.sqrt(sum(size * size * count for size, count in sizes.items()))
        return math.erfc(observed / deviation / math.sqrt(2))
    angles = 2 * np.pi * np.arange(2 * total + 1) / (2 * total + 1)
    wave = np.ones_like(angles)
    for size, count in sizes.items():
        wave *= np.cos(size * angles) ** count
    odds = np.fft.fft(wave).real / len(wave)  # odds[s] of the sum s; negative sums wrap round
    return float(min(1.0, max(0.0, odds[observed] + 2 * odds[observed + 1 : total + 1].sum() + (odds[observed] if observed else 0.0))))
