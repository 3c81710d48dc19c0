from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.decision import FallbackReason, Usage
from omniforge_cli.core.errors import ProviderError
from omniforge_cli.providers.retry import LONGEST_RETRY_AFTER_S, RetryingProvider
from omniforge_cli.routing.provider import ChatMessage, Completion, ProviderRequest
from omniforge_cli.testing import Answer, FakeProvider, FrozenClock

REQUEST = ProviderRequest(model="m", messages=(ChatMessage(role="user", content="hi"),))


def fault(reason: FallbackReason = FallbackReason.PROVIDER_ERROR, *, retryable: bool = True, **facts: Any) -> ProviderError:
    return ProviderError(reason.value, reason=reason, retryable=retryable, **facts)


def limited(seconds: float) -> ProviderError:
    return fault(FallbackReason.RATE_LIMITED, retry_after_s=seconds)


class SlowProvider(FakeProvider):
    """Takes `seconds` of the frozen clock for each attempt, and times out by itself."""

    def __init__(self, answers: Iterable[Answer], clock: FrozenClock, seconds: float) -> None:
        super().__init__(answers)
        self._clock = clock
        self._seconds = seconds

    async def complete(self, request: ProviderRequest, *, timeout_s: float) -> Completion:
        self._clock.advance(min(self._seconds, timeout_s))
        if self._seconds >= timeout_s:
            self.timeouts.append(timeout_s)
            raise fault(FallbackReason.TIMEOUT)
        return await super().complete(request, timeout_s=timeout_s)


def retrying(inner: FakeProvider, clock: FrozenClock, *, retries: int = 2, whole_deadline: bool = False) -> RetryingProvider:
    return RetryingProvider(inner, retries=retries, whole_deadline=whole_deadline, rng=random.Random(1), sleep=clock.sleep, clock=clock)


async def failing(provider: RetryingProvider, timeout_s: float = 5.0) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await provider.complete(REQUEST, timeout_s=timeout_s)
    return caught.value


async def test_a_retryable_fault_is_tried_again_and_what_it_cost_is_added() -> None:
    clock = FrozenClock()
    inner = FakeProvider([fault(usage=Usage(prompt_tokens=3, cost_usd=0.5)), "yes"])
    completion = await retrying(inner, clock).complete(REQUEST, timeout_s=5)
    assert (completion.text, completion.attempts) == ("yes", 2)
    assert completion.usage == Usage(prompt_tokens=13, completion_tokens=5, cost_usd=0.5)


async def test_a_fault_that_no_attempt_mends_is_raised_at_once() -> None:
    clock = FrozenClock()
    inner = FakeProvider([fault(FallbackReason.AUTH, retryable=False)])
    error = await failing(retrying(inner, clock))
    assert (error.reason, error.attempts, len(inner.requests), clock.slept) == (FallbackReason.AUTH, 1, 1, [])


async def test_retries_end_and_the_last_fault_carries_all_attempts() -> None:
    inner = FakeProvider([fault(), limited(0), fault(FallbackReason.TIMEOUT, usage=Usage(prompt_tokens=1))])
    error = await failing(retrying(inner, FrozenClock()))
    assert (error.reason, error.attempts, error.usage) == (FallbackReason.TIMEOUT, 3, Usage(prompt_tokens=1))


async def test_no_retries_is_one_attempt() -> None:
    inner = FakeProvider([fault()])
    assert (await failing(retrying(inner, FrozenClock(), retries=0))).attempts == 1


async def test_retry_after_is_honoured_up_to_a_cap() -> None:
    clock = FrozenClock()
    await retrying(FakeProvider([limited(7), limited(3600), "yes"]), clock).complete(REQUEST, timeout_s=1)
    assert clock.slept == [7, LONGEST_RETRY_AFTER_S]


async def test_per_attempt_each_attempt_has_the_whole_timeout() -> None:
    inner = FakeProvider([limited(30), limited(30), "yes"])
    await retrying(inner, FrozenClock()).complete(REQUEST, timeout_s=5)
    assert inner.timeouts == [5, 5, 5]


async def test_a_whole_deadline_leaves_later_attempts_what_is_left() -> None:
    clock = FrozenClock()
    inner = SlowProvider([limited(1), "yes"], clock, seconds=1)
    await retrying(inner, clock, whole_deadline=True).complete(REQUEST, timeout_s=5)
    assert inner.timeouts == [5, 3]


async def test_a_wait_that_cannot_fit_is_not_begun() -> None:
    clock = FrozenClock()
    error = await failing(retrying(FakeProvider([limited(6)]), clock, whole_deadline=True))
    assert (error.reason, clock.slept) == (FallbackReason.RATE_LIMITED, [])


async def test_when_time_runs_out_the_reason_is_the_last_fault_given() -> None:
    clock = FrozenClock()

    def hang_after_one_limit(request: ProviderRequest) -> Answer:
        if len(inner.requests) == 1:
            return limited(1)
        clock.advance(4)
        return fault(FallbackReason.TIMEOUT)

    inner = FakeProvider(hang_after_one_limit)
    error = await failing(retrying(inner, clock, whole_deadline=True))
    assert (error.reason, error.attempts) == (FallbackReason.RATE_LIMITED, 2)


async def test_when_time_runs_out_and_no_fault_was_given_the_reason_is_timeout() -> None:
    clock = FrozenClock()
    error = await failing(retrying(SlowProvider(["yes"], clock, seconds=9), clock, whole_deadline=True))
    assert (error.reason, error.attempts, clock()) == (FallbackReason.TIMEOUT, 1, 5)


async def test_the_deadline_also_bounds_queues_that_do_not_know_it() -> None:
    stuck = FakeProvider(["never"], delay_s=30)
    provider = RetryingProvider(stuck, retries=2, whole_deadline=True, rng=random.Random(1))
    assert (await failing(provider, timeout_s=0.05)).reason is FallbackReason.TIMEOUT


async def test_cancelling_stops_the_attempts() -> None:
    inner = FakeProvider(["never"], delay_s=30)
    call = asyncio.create_task(RetryingProvider(inner, retries=2, whole_deadline=True, rng=random.Random(1)).complete(REQUEST, timeout_s=9))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (inner.in_flight, len(inner.requests)) == (0, 1)


async def test_closing_closes_the_inner_one() -> None:
    inner = FakeProvider(["x"])
    await retrying(inner, FrozenClock()).close()
    assert inner.closed


@given(
    faults=st.lists(st.sampled_from([None, 0.0, 0.4, 2.0, 90.0]), max_size=6),
    retries=st.integers(0, 5),
    seconds=st.floats(0.0, 3.0),
    timeout_s=st.floats(0.1, 10.0),
    seed=st.integers(0, 99),
)
def test_a_whole_deadline_is_never_passed(faults: list[float | None], retries: int, seconds: float, timeout_s: float, seed: int) -> None:
    async def check() -> None:
        clock = FrozenClock()
        answers: list[Answer] = [fault() if wish is None else limited(wish) for wish in faults]
        inner = SlowProvider([*answers, "yes"], clock, seconds)
        provider = RetryingProvider(inner, retries=retries, whole_deadline=True, rng=random.Random(seed), sleep=clock.sleep, clock=clock)
        try:
            assert (await provider.complete(REQUEST, timeout_s=timeout_s)).attempts == len(inner.timeouts)
        except ProviderError as error:
            assert error.attempts == len(inner.timeouts)
        assert clock() <= timeout_s + 1e-9
        assert len(inner.timeouts) <= retries + 1

    asyncio.run(check())
