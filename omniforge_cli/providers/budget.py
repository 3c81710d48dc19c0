"""Keeps calls inside limits: in flight, per minute, in cost. Waiting here is no part of a call's timeout."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from omniforge_cli.core.decision import FallbackReason, Usage
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.providers.limits import CostLimit, InFlightLimit, Pacer
from omniforge_cli.routing.provider import Completion, Provider, ProviderRequest

_QUEUED_S: Final[ContextVar[float]] = ContextVar("queued_s", default=0.0)
_MAYBE_CHARGED: Final = frozenset({FallbackReason.TIMEOUT, FallbackReason.CONNECTION})
"""Faults after which the provider may have answered all the same, and charge for it."""


class QueueClock:
    """Seconds that stand still for a task while it waits in a queue of ours: a latency measured with it is the provider's."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock

    def __call__(self) -> float:
        """Seconds, less what the running task has queued for."""
        return self._clock() - _QUEUED_S.get()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Time spent inside does not count."""
        began = self._clock()
        try:
            yield
        finally:
            _QUEUED_S.set(_QUEUED_S.get() + self._clock() - began)


def estimated_tokens(request: ProviderRequest) -> int:
    """A rough count from UTF-8 bytes, prompt and the longest reply together; rather too many than too few."""
    said = sum(len(message.content.encode("utf-8", "replace")) + 12 for message in request.messages)
    return said // 3 + (request.max_tokens or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The limits that hold; None where there is none. `most_usd` is the most that one call of a request can cost."""

    in_flight: InFlightLimit | None = None
    requests: Pacer | None = None
    tokens: Pacer | None = None
    cost: CostLimit | None = None
    most_usd: Callable[[ProviderRequest], float] = lambda _request: 0.0
    tokens_of: Callable[[ProviderRequest], int] = estimated_tokens


class BudgetedProvider:
    """Lets calls to the inner provider through as the budget allows. `sleep` is in seconds."""

    def __init__(
        self,
        inner: Provider,
        *,
        budget: Budget,
        clock: QueueClock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._inner = inner
        self._budget = budget
        self._clock = clock or QueueClock()
        self._sleep = sleep

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        """The inner provider's completion, once the budget has room for it.

        Raises:
            ProviderError: the call failed.
            CostLimitReached: it might cost more than what is left, and was not made.
        """
        limit = self._budget.in_flight
        if limit is None:
            return await self._paced(request, timeout_s)
        with self._clock.stopped():
            cuts = await limit.acquire()
        try:
            completion = await self._paced(request, timeout_s)
        except ProviderError as error:
            if error.reason is FallbackReason.RATE_LIMITED:
                limit.throttled(error.retry_after_s, cuts_then=cuts)
            raise
        else:
            limit.succeeded()
            return completion
        finally:
            limit.release()

    async def close(self) -> None:
        """Release the inner provider."""
        await self._inner.close()

    async def _paced(self, request: ProviderRequest, timeout_s: float) -> Completion:
        requests, tokens = self._budget.requests, self._budget.tokens
        if requests is None and tokens is None:
            return await self._charged(request, timeout_s)
        expected = self._budget.tokens_of(request)
        wait_s = max(requests.reserve() if requests else 0.0, tokens.reserve(expected) if tokens else 0.0)
        if wait_s > 0:
            with self._clock.stopped():
                await self._sleep(wait_s)
        completion = await self._charged(request, timeout_s)
        if tokens is not None and completion.usage is not None:
            tokens.correct(completion.usage.prompt_tokens + completion.usage.completion_tokens - expected)
        return completion

    async def _charged(self, request: ProviderRequest, timeout_s: float) -> Completion:
        cost = self._budget.cost
        if cost is None:
            return await self._inner.complete(request, timeout_s=timeout_s)
        most_usd = self._budget.most_usd(request)
        with self._clock.stopped():
            await cost.reserve(most_usd)
        cost_usd: float | None = None
        try:
            completion = await self._inner.complete(request, timeout_s=timeout_s)
            cost_usd = _cost_usd(completion.usage)
        except ProviderError as error:
            cost_usd = _cost_usd(error.usage) if error.usage or error.reason in _MAYBE_CHARGED else 0.0
            raise
        else:
            return completion
        finally:
            cost.settle(most_usd, cost_usd)


def _cost_usd(usage: Usage | None) -> float | None:
    return None if usage is None else usage.cost_usd
