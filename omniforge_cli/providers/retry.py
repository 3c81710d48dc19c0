"""Another attempt where one may help, and never beyond the time that a caller has."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

from omniforge_cli.core.decision import FallbackReason, Usage
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.routing.provider import Completion, Provider, ProviderRequest

_FIRST_BACKOFF_S: Final = 0.25
_LONGEST_BACKOFF_S: Final = 8.0
LONGEST_RETRY_AFTER_S: Final = 60.0
"""A provider that asks for more is asked again after this long all the same."""
SHORTEST_ATTEMPT_S: Final = 0.05
"""An attempt with less time than this cannot fit: no model answers so fast over a network."""


@dataclass(slots=True, kw_only=True)
class _Spent:
    """What the failed attempts of one completion cost, whether a fault was made on purpose, and the last fault that was given."""

    usage: Usage | None = None
    attempts: int = 0
    injected: str | None = None
    given: ProviderError | None = None

    def add(self, error: ProviderError) -> None:
        """Count one failed attempt."""
        self.attempts += error.attempts
        self.injected = self.injected or error.injected
        if error.usage is not None:
            self.usage = error.usage if self.usage is None else self.usage + error.usage

    def charge(self, error: ProviderError) -> ProviderError:
        """The error to raise, carrying everything that was spent."""
        error.usage = self.usage
        error.attempts = self.attempts
        error.injected = self.injected
        return error

    def added_to(self, completion: Completion) -> Completion:
        """The completion that came in the end, with everything that was spent before it."""
        if self.given is None:
            return completion
        total = completion.with_earlier(self.usage, self.attempts)
        return replace(total, injected=total.injected or self.injected)


class RetryingProvider:
    """Tries again, up to `retries` times, after errors that say they are retryable.

    Waits grow exponentially with full jitter, or are as long as the provider asks. With `whole_deadline`, `timeout_s` bounds
    the attempts and the waits together (route, chat); without, it bounds each attempt (eval, replay).
    `sleep` and `clock` are in seconds.
    """

    def __init__(
        self,
        inner: Provider,
        *,
        retries: int,
        whole_deadline: bool,
        rng: random.Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._inner = inner
        self._retries = retries
        self._whole_deadline = whole_deadline
        self._rng = rng
        self._sleep = sleep
        self._clock = clock

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        """The first completion that succeeds; its usage and attempts include those of the failed ones.

        Raises:
            ProviderError: the last attempt's; when time ran out, the last fault that the provider gave, and `timeout` only if it
                gave none.
        """
        spent = _Spent()
        deadline = self._clock() + timeout_s if self._whole_deadline else None
        attempt = 0
        while True:
            left = timeout_s if deadline is None else deadline - self._clock()
            try:
                completion = await self._attempt(request, left)
            except ProviderError as error:
                spent.add(error)
                if deadline is not None and error.reason is FallbackReason.TIMEOUT and self._clock() >= deadline - SHORTEST_ATTEMPT_S:
                    raise spent.charge(spent.given or error) from None
                spent.given = error
                wait_s = self._wait_s(error, attempt)
                if attempt >= self._retries or not error.retryable or not self._fits(wait_s, deadline):
                    raise spent.charge(error) from error.__cause__
            else:
                return spent.added_to(completion)
            await self._sleep(wait_s)
            attempt += 1

    async def close(self) -> None:
        """Release the inner provider."""
        await self._inner.close()

    async def _attempt(self, request: ProviderRequest, timeout_s: float) -> Completion:
        if not self._whole_deadline:
            return await self._inner.complete(request, timeout_s=timeout_s)
        try:
            async with asyncio.timeout(timeout_s):  # queues below this wrapper do not know the deadline
                return await self._inner.complete(request, timeout_s=timeout_s)
        except TimeoutError as exc:
            message = f"{request.model} did not answer within {timeout_s:g} s; allow more with --timeout"
            raise ProviderError(message, reason=FallbackReason.TIMEOUT, retryable=True) from exc

    def _wait_s(self, error: ProviderError, attempt: int) -> float:
        backoff_s = self._rng.uniform(0.0, min(_LONGEST_BACKOFF_S, _FIRST_BACKOFF_S * 2.0 ** min(attempt, 9)))
        if error.retry_after_s is None:
            return backoff_s
        return max(backoff_s, min(error.retry_after_s, LONGEST_RETRY_AFTER_S))

    def _fits(self, wait_s: float, deadline: float | None) -> bool:
        return deadline is None or self._clock() + wait_s + SHORTEST_ATTEMPT_S <= deadline
