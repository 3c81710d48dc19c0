from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from omniforge_cli.adapters.direct_provider import DirectProvider
from omniforge_cli.core.decision import FallbackReason, Usage
from omniforge_cli.core.errors import CostLimitReached, ProviderError
from omniforge_cli.providers.budget import Budget, BudgetedProvider, QueueClock, estimated_tokens
from omniforge_cli.providers.limits import CostLimit, InFlightLimit, Pacer
from omniforge_cli.providers.retry import RetryingProvider
from omniforge_cli.routing.provider import ChatMessage, Completion, ProviderRequest
from omniforge_cli.testing import FakeProvider, FrozenClock
from tests.loopback import Loopback, saying

REQUEST = ProviderRequest(model="m", messages=(ChatMessage(role="user", content="hi"),), max_tokens=30)


async def test_calls_in_flight_are_bounded_and_timeouts_untouched() -> None:
    inner = FakeProvider(["yes"], delay_s=0.001)
    provider = BudgetedProvider(inner, budget=Budget(in_flight=InFlightLimit(3)))
    await asyncio.gather(*(provider.complete(REQUEST, timeout_s=5) for _ in range(20)))
    assert inner.max_in_flight == 3
    assert set(inner.timeouts) == {5}


@pytest.mark.parametrize(
    ("reason", "limit_after"),
    [(FallbackReason.RATE_LIMITED, 2), (FallbackReason.PROVIDER_ERROR, 4), (FallbackReason.TIMEOUT, 4), (FallbackReason.CONNECTION, 4)],
)
async def test_only_a_429_lowers_the_limit(reason: FallbackReason, limit_after: int) -> None:
    limit = InFlightLimit(64, adaptive=True)
    provider = BudgetedProvider(FakeProvider([ProviderError("x", reason=reason)]), budget=Budget(in_flight=limit))
    with pytest.raises(ProviderError):
        await provider.complete(REQUEST, timeout_s=5)
    assert (limit.limit, limit.in_flight) == (limit_after, 0)


async def test_calls_keep_the_pace_of_requests_and_tokens() -> None:
    clock = FrozenClock()
    budget = Budget(requests=Pacer(60, clock=clock), tokens=Pacer(600, clock=clock), tokens_of=lambda _request: 20)
    provider = BudgetedProvider(FakeProvider(["yes"]), budget=budget, clock=QueueClock(clock), sleep=clock.sleep)
    for _ in range(4):
        await provider.complete(REQUEST, timeout_s=5)
    assert clock.slept == [pytest.approx(1.5)] * 3  # 15 tokens used of 20 expected, at 10 a second


async def test_time_in_the_queue_is_no_latency() -> None:
    wall = FrozenClock()
    clock = QueueClock(wall)
    budget = Budget(requests=Pacer(6, clock=wall))
    provider = BudgetedProvider(FakeProvider(["yes"]), budget=budget, clock=clock, sleep=wall.sleep)
    before = clock()
    for _ in range(3):
        await provider.complete(REQUEST, timeout_s=5)
    wall.advance(0.25)
    assert clock() - before == pytest.approx(0.25)
    assert wall() == pytest.approx(20.25)


async def test_a_cost_limit_stops_cleanly_and_gives_its_slot_back() -> None:
    costs = Completion(text="yes", usage=Usage(prompt_tokens=1, cost_usd=0.3))
    limit, cost = InFlightLimit(4), CostLimit(1.0)
    provider = BudgetedProvider(FakeProvider([costs]), budget=Budget(in_flight=limit, cost=cost, most_usd=lambda _request: 0.35))
    answered = 0
    with pytest.raises(CostLimitReached):
        for _ in range(9):
            await provider.complete(REQUEST, timeout_s=5)
            answered += 1
    assert (answered, limit.in_flight) == (3, 0)
    assert cost.spent_usd == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("error", "spent"),
    [
        (ProviderError("x", reason=FallbackReason.RATE_LIMITED), 0.0),
        (ProviderError("x", reason=FallbackReason.PROVIDER_ERROR), 0.0),
        (ProviderError("x", reason=FallbackReason.TIMEOUT), 0.4),
        (ProviderError("x", reason=FallbackReason.CONNECTION), 0.4),
        (ProviderError("x", reason=FallbackReason.BAD_OUTPUT, usage=Usage(cost_usd=0.1)), 0.1),
    ],
)
async def test_a_failed_call_costs_what_it_may_have_cost(error: ProviderError, spent: float) -> None:
    cost = CostLimit(1.0)
    provider = BudgetedProvider(FakeProvider([error]), budget=Budget(cost=cost, most_usd=lambda _request: 0.4))
    with pytest.raises(ProviderError):
        await provider.complete(REQUEST, timeout_s=5)
    assert cost.spent_usd == pytest.approx(spent)


async def test_a_cancelled_call_frees_its_slot() -> None:
    limit = InFlightLimit(1)
    provider = BudgetedProvider(FakeProvider(["never"], delay_s=30), budget=Budget(in_flight=limit, cost=CostLimit(1.0)))
    call = asyncio.create_task(provider.complete(REQUEST, timeout_s=60))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert limit.in_flight == 0


def test_the_estimate_counts_prompt_and_longest_reply() -> None:
    assert estimated_tokens(REQUEST) == 14 // 3 + 30


async def test_closing_closes_the_inner_one() -> None:
    inner = FakeProvider(["x"])
    await BudgetedProvider(inner, budget=Budget()).close()
    assert inner.closed


async def test_auto_finds_what_a_real_server_bears(loopback: Callable[..., Loopback]) -> None:
    server = loopback(saying("{}"), latency_s=0.005, max_in_flight=6)
    limit = InFlightLimit(64, adaptive=True)
    direct = DirectProvider(keys={}, concurrency=64)
    budgeted = BudgetedProvider(direct, budget=Budget(in_flight=limit))
    provider = RetryingProvider(budgeted, retries=8, whole_deadline=False, rng=random.Random(1))
    request = ProviderRequest(model="any", messages=REQUEST.messages, api_base=server.url)
    completions = await asyncio.gather(*(provider.complete(request, timeout_s=5) for _ in range(80)))
    await provider.close()
    assert {completion.text for completion in completions} == {"{}"}
    assert limit.cuts >= 1
    assert limit.limit < 16
