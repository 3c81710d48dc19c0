"""How often `omniforge compare --fail-on-regression` cries wolf on equal arms, and how often it catches a real drop.

Run from the checkout: `.venv/bin/python -m benchmarks.false_alarms [--trials 1000] [--seed 1]`. It prints the table of
docs/statistics.md and exits 1 if equal arms raise more than 5% alarms or a drop of 12 points is caught in less than 90%.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass

import numpy as np

from omniforge_cli.core.report import Verdict
from omniforge_cli.scoring.compare import adjusted, compare_samples
from omniforge_cli.scoring.outcome import Outcome

LABELS = tuple("abcdefgh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Two arms of true accuracies `a` and `b`. `hard` makes cases differ: their own odds are drawn around the accuracy (0: all alike)."""

    title: str
    a: float
    b: float
    n: int = 260
    repeats: int = 1
    hard: float = 0.0


SCENARIOS = (
    Scenario(title="equal, independent", a=0.92, b=0.92),
    Scenario(title="12 points worse, independent", a=0.92, b=0.80),
    Scenario(title="equal, some cases hard", a=0.92, b=0.92, hard=0.7),
    Scenario(title="6 points worse, some cases hard", a=0.92, b=0.86, hard=0.7),
    Scenario(title="6 points worse, independent", a=0.92, b=0.86),
    Scenario(title="equal, 5 repeats", a=0.92, b=0.92, hard=0.7, repeats=5),
    Scenario(title="6 points worse, 5 repeats", a=0.92, b=0.86, hard=0.7, repeats=5),
    Scenario(title="equal, 50 cases", a=0.90, b=0.90, n=50),
    Scenario(title="12 points worse, 50 cases", a=0.92, b=0.80, n=50),
)


def draw(rng: np.random.Generator, accuracy: float, difficulty: np.ndarray, scenario: Scenario) -> list[Outcome]:
    """One run of an arm: each case is answered rightly at its own odds, whose mean is the accuracy."""
    odds = np.full(scenario.n, accuracy)
    if scenario.hard:
        odds = np.where(difficulty < 1 - accuracy, 1 - scenario.hard, 1 - (1 - scenario.hard) * (1 - accuracy) / accuracy)
    outcomes = []
    for _ in range(scenario.repeats):
        right = (rng.random(scenario.n) < odds).tolist()
        wrong = rng.integers(1, len(LABELS), scenario.n).tolist()
        for case, hit in enumerate(right):
            expected = LABELS[case % len(LABELS)]
            predicted = expected if hit else LABELS[(case + wrong[case]) % len(LABELS)]
            outcomes.append(Outcome(case_id=f"case-{case}", case_hash="", expected=expected, predicted=predicted, correct=hit))
    return outcomes


def verdicts(scenario: Scenario, *, trials: int, seed: int) -> Counter[Verdict]:
    """What the comparison said over many pairs of runs."""
    rng = np.random.default_rng(seed)
    said: Counter[Verdict] = Counter()
    for trial in range(trials):
        difficulty = rng.permutation(scenario.n) / scenario.n
        a, b = (draw(rng, accuracy, difficulty, scenario) for accuracy in (scenario.a, scenario.b))
        (comparison,) = adjusted([compare_samples(a, b, name_a="a", name_b="b", seed=trial)])
        said[comparison.verdict] += 1
    return said


def main() -> int:
    """Print the table; say with the exit code whether the promises hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    print("| scenario | true a | true b | cases | repeats | worse | better | cannot tell |")
    print("|---|---|---|---|---|---|---|---|")
    worse = []
    for scenario in SCENARIOS:
        said = verdicts(scenario, trials=arguments.trials, seed=arguments.seed)
        shares = [said[verdict] / arguments.trials for verdict in (Verdict.WORSE, Verdict.BETTER, Verdict.CANNOT_TELL)]
        worse.append(shares[0])
        numbers = " | ".join(f"{share:.1%}" for share in shares)
        print(f"| {scenario.title} | {scenario.a:.2f} | {scenario.b:.2f} | {scenario.n} | {scenario.repeats} | {numbers} |", flush=True)
    return int(worse[0] > 0.05 or worse[1] < 0.90)


if __name__ == "__main__":
    sys.exit(main())
