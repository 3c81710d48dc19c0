"""Fakes we ship, for tests of code that uses this package: a provider, an analyzer and a clock, without any network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, TypeVar

from omniforge_cli.core.decision import RoutingDecision, RoutingRequest, Usage
from omniforge_cli.core.errors import IntentAnalysisError
from omniforge_cli.routing.provider import Completion, ProviderRequest

Answer: TypeAlias = "str | Completion | IntentAnalysisError"
"""What a fake provider gives: a reply's text, a whole completion, or an error to raise."""
_Value = TypeVar("_Value")


def reply(action_type: str, **fields: Any) -> str:
    """The text of a well-formed reply with that label."""
    return json.dumps({"action_type": action_type, "confidence": 0.9, **fields}, ensure_ascii=False)


class FakeProvider:
    """A working provider in memory. Answers from a function of the request, or from a list, whose last entry repeats.

    `requests` and `timeouts` hold what was asked, in order; `delay_s` is slept before each answer, for tests of concurrency.
    """

    def __init__(self, answers: Callable[[ProviderRequest], Answer] | Iterable[Answer], *, delay_s: float = 0.0) -> None:
        self._answer = answers if callable(answers) else _in_turn(answers)
        self._delay_s = delay_s
        self.requests: list[ProviderRequest] = []
        self.timeouts: list[float] = []
        self.in_flight = 0
        self.max_in_flight = 0
        self.closed = False

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        """The next answer; a text becomes a completion of 10 prompt and 5 completion tokens that cost nothing."""
        self.requests.append(request)
        self.timeouts.append(timeout_s)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self._delay_s)
        finally:
            self.in_flight -= 1
        answer = self._answer(request)
        if isinstance(answer, IntentAnalysisError):
            raise answer
        if isinstance(answer, Completion):
            return answer
        usage = Usage(prompt_tokens=10, completion_tokens=5, cost_usd=0.0)
        return Completion(text=answer, finish_reason="stop", usage=usage, model=request.model, latency_ms=1.0, adapter="fake")

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class ScriptedAnalyzer:
    """Replays decisions, or raises errors, in the order given; the last one repeats. `requests` holds what was asked."""

    def __init__(self, outcomes: Iterable[RoutingDecision | IntentAnalysisError]) -> None:
        self._next = _in_turn(outcomes)
        self.requests: list[RoutingRequest] = []

    async def analyze(self, request: RoutingRequest) -> RoutingDecision:
        """The next decision; raises the next error."""
        self.requests.append(request)
        outcome = self._next(request)
        if isinstance(outcome, IntentAnalysisError):
            raise outcome
        return outcome


class FrozenClock:
    """Time that moves only when told to: call it for seconds, `now()` for an aware UTC time, and sleep on it for nothing.

    `slept` holds every wait asked for, in seconds.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        """Seconds since the start."""
        return self._elapsed_s

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def advance(self, seconds: float) -> None:
        """Move on."""
        self._elapsed_s += seconds

    async def sleep(self, seconds: float) -> None:
        """Move on at once, letting other tasks run."""
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)


def _in_turn(values: Iterable[_Value]) -> Callable[[object], _Value]:
    """A function that gives the values in turn and then the last one for ever."""
    remaining = list(values)

    def take(_asked: object) -> _Value:
        return remaining.pop(0) if len(remaining) > 1 else remaining[0]

    return take
