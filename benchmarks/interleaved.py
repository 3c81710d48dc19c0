"""Measures commands in turn, round after round, so that a disturbance hits all of them alike."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from time import monotonic

from benchmarks.child import Cost, Failed, Medians, medians

Measure = Callable[[], Cost]


def interleaved(measures: Mapping[str, Measure], *, rounds: int, box_s: float = float("inf"), least: int = 3) -> dict[str, Medians]:
    """The medians of each, in the given order. One that has taken `box_s` seconds and run `least` times is not run again.

    One that fails is told on stderr and left out.
    """
    left = dict(measures)
    costs: dict[str, list[Cost]] = {name: [] for name in measures}
    spent = dict.fromkeys(measures, 0.0)
    for turn in range(rounds):
        names = list(left)
        for name in names[turn % len(names) :] + names[: turn % len(names)] if names else ():
            if len(costs[name]) >= least and spent[name] > box_s:
                continue
            began = monotonic()
            try:
                costs[name].append(left[name]())
            except Failed as exc:
                tell(f"{name} failed: {exc}")
                del left[name]
            spent[name] += monotonic() - began
        tell(f"  round {turn + 1} of {rounds}")
    return {name: medians(costs[name]) for name in left if costs[name]}


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
