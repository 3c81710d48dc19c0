"""How much may be under way: calls in flight, a pace per minute, a cost. Nothing is called here."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

from omniforge_cli.core.errors import CostLimitReached

_START: Final = 4
_LONGEST_PAUSE_S: Final = 60.0
_HISTORY: Final = 1000
"""Changes of the limit that are remembered: a run of days must not grow a list without end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """One step of an adaptive limit: when (seconds since it was made), to how many calls, and why."""

    at_s: float
    limit: int
    why: str


class InFlightLimit:
    """At most so many calls at once.

    Fixed, or adaptive: it starts low, doubles with each round of successes, halves when the provider answers 429, and from then
    on grows by one a round. A Retry-After holds new calls back. Other errors say nothing about load and change nothing.
    """

    def __init__(
        self,
        ceiling: int,
        *,
        adaptive: bool = False,
        clock: Callable[[], float] = monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ceiling = ceiling
        self._adaptive = adaptive
        self._clock = clock
        self._sleep = sleep
        self._limit = float(min(_START, ceiling) if adaptive else ceiling)
        self._doubling = True
        self._resume_at_s = 0.0
        self._began_s = clock()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._history = deque([LimitChange(at_s=0.0, limit=self.limit, why="start")], maxlen=_HISTORY)
        self.in_flight = 0
        self.cuts = 0

    @property
    def limit(self) -> int:
        """How many calls may be under way now."""
        return int(self._limit)

    @property
    def history(self) -> tuple[LimitChange, ...]:
        """Every change so far, the start included."""
        return tuple(self._history)

    async def acquire(self) -> int:
        """Wait for a turn, first come first served. What it gives, the number of cuts so far, goes into `throttled`."""
        if self.in_flight >= self.limit or any(not turn.cancelled() for turn in self._waiting):
            await self._granted()
        else:
            self.in_flight += 1
        while (pause_s := self._resume_at_s - self._clock()) > 0:
            await self._paused(pause_s)
        return self.cuts

    def release(self) -> None:
        """The call has ended, however it did."""
        self.in_flight -= 1
        self._grant()

    def succeeded(self) -> None:
        """A call under way was answered. A limit that is not half used does not grow: nothing was learned about it."""
        if not self._adaptive or 2 * self.in_flight < self.limit:
            return
        before = self.limit
        self._limit = min(float(self._ceiling), self._limit + (1.0 if self._doubling else 1.0 / self._limit))
        if self.limit != before:
            self._remember("success")

    def throttled(self, retry_after_s: float | None, *, cuts_then: int) -> None:
        """A call was refused with 429. Calls that began before the last cut say nothing new, so one burst cuts once."""
        if not self._adaptive:
            return
        if retry_after_s is not None:
            self._resume_at_s = max(self._resume_at_s, self._clock() + min(retry_after_s, _LONGEST_PAUSE_S))
        if cuts_then == self.cuts:
            self.cuts += 1
            self._doubling = False
            self._limit = max(1.0, self._limit / 2.0)
            self._remember("429" if retry_after_s is None else f"429, retry after {retry_after_s:g} s")

    async def _granted(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was given the turn before it was cancelled
                self.release()
            raise

    def _grant(self) -> None:
        while self._waiting and self.in_flight < self.limit:
            turn = self._waiting.popleft()
            if not turn.cancelled():
                self.in_flight += 1
                turn.set_result(None)

    async def _paused(self, seconds: float) -> None:
        try:
            await self._sleep(seconds)
        except asyncio.CancelledError:
            self.release()
            raise

    def _remember(self, why: str) -> None:
        self._history.append(LimitChange(at_s=round(self._clock() - self._began_s, 3), limit=self.limit, why=why))


class Pacer:
    """Spreads amounts (calls, tokens) evenly over the minute: a bucket of size one, as providers themselves enforce their limits."""

    def __init__(self, per_minute: float, *, clock: Callable[[], float] = monotonic) -> None:
        self._seconds_each = 60.0 / per_minute
        self._clock = clock
        self._free_at_s = 0.0

    def reserve(self, amount: float = 1.0) -> float:
        """Take `amount`; the seconds to wait before using it."""
        now = self._clock()
        start = max(now, self._free_at_s)
        self._free_at_s = start + amount * self._seconds_each
        return start - now

    def correct(self, amount: float) -> None:
        """What was taken was too little (positive) or too much (negative) by this much."""
        self._free_at_s += amount * self._seconds_each


class CostLimit:
    """USD that calls may cost together. Each call reserves the most it can cost, so the limit is never passed.

    `spent_usd` is what ended calls cost, those with an unknown cost at what was reserved for them.
    """

    def __init__(self, max_usd: float) -> None:
        self._max_usd = max_usd
        self._reserved_usd = 0.0
        self._settled = asyncio.Event()
        self.spent_usd = 0.0

    async def reserve(self, usd: float) -> None:
        """Set aside the most that a call can cost; waits while calls under way may still turn out cheaper.

        Raises:
            CostLimitReached: what is left is not enough, and nothing is under way.
        """
        while self.spent_usd + self._reserved_usd + usd > self._max_usd:
            if not self._reserved_usd:
                raise CostLimitReached(
                    f"stopped at {self.spent_usd:.4f} USD: the next call may cost {usd:.4f} USD and pass --max-cost-usd {self._max_usd:g}"
                )
            self._settled.clear()
            await self._settled.wait()
        self._reserved_usd += usd

    def settle(self, reserved_usd: float, cost_usd: float | None) -> None:
        """A call has ended. None: nobody knows what it cost."""
        left_usd = self._reserved_usd - reserved_usd
        self._reserved_usd = left_usd if left_usd > 1e-12 else 0.0  # sums of floats do not come back to zero
        self.spent_usd += reserved_usd if cost_usd is None else cost_usd
        self._settled.set()
