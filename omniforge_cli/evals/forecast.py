"""What a run would take, worked out before anything is sent: calls, tokens, USD and time, each as low, likely and high."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

FASTEST_CALL_S: Final = 0.3
LIKELY_CALL_S: Final = 1.0
"""Seconds of a call: what a quick and what a usual endpoint needs for a short answer. The slowest is the run's own timeout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The least, the likely and the most that something may come to."""

    low: float
    likely: float
    high: float

    def __add__(self, other: Spread) -> Spread:
        """The spread of both together."""
        return Spread(low=self.low + other.low, likely=self.likely + other.likely, high=self.high + other.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmForecast:
    """What one arm would take. `cost_usd` is None where the price is not known; an offline arm calls nobody."""

    name: str
    n: int
    calls: int
    prompt_tokens: int
    completion_tokens: Spread
    cost_usd: Spread | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast calls may go: attempts at once, requests and tokens a minute (None: no limit), seconds an attempt may take."""

    concurrency: int
    timeout_s: float
    rpm: float | None = None
    tpm: float | None = None

    def seconds(self, calls: int, tokens: float) -> Spread:
        """How long so many calls with so many tokens take."""
        limits = (calls / self.rpm if self.rpm else 0.0, tokens / self.tpm if self.tpm else 0.0)
        least = 60 * max(limits)
        rounds = -(-calls // self.concurrency)
        quick, usual = min(FASTEST_CALL_S, self.timeout_s), min(LIKELY_CALL_S, self.timeout_s)
        return Spread(low=max(rounds * quick, least), likely=max(rounds * usual, least), high=max(rounds * self.timeout_s, least))


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a whole run would take. `notes` say what the numbers rest on."""

    command: str
    evalset: str
    n_cases: int
    repeats: int
    arms: tuple[ArmForecast, ...]
    pace: Pace
    notes: tuple[str, ...] = ()

    @property
    def calls(self) -> int:
        """Calls of all arms, retries left out."""
        return sum(arm.calls for arm in self.arms)

    @property
    def prompt_tokens(self) -> int:
        """Prompt tokens of all arms."""
        return sum(arm.prompt_tokens for arm in self.arms)

    @property
    def completion_tokens(self) -> Spread:
        """Completion tokens of all arms."""
        return _total([arm.completion_tokens for arm in self.arms])

    @property
    def cost_usd(self) -> Spread | None:
        """USD of all arms; None if any price is not known."""
        known = [arm.cost_usd for arm in self.arms if arm.cost_usd is not None]
        return _total(known) if len(known) == len(self.arms) else None

    @property
    def seconds(self) -> Spread:
        """How long the run takes at its pace."""
        return self.pace.seconds(self.calls, self.prompt_tokens + self.completion_tokens.likely)


def _total(spreads: Sequence[Spread]) -> Spread:
    return sum(spreads, start=Spread(low=0, likely=0, high=0))
