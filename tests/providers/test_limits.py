from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniforge_cli.core.errors import CostLimitReached
from omniforge_cli.providers.limits import CostLimit, InFlightLimit, Pacer
from omniforge_cli.testing import FrozenClock


async def a_round(limit: InFlightLimit) -> None:
    """As many calls as fit, all under way together, all answered."""
    calls = limit.limit
    for _ in range(calls):
        await limit.acquire()
    for _ in range(calls):
        limit.succeeded()
    for _ in range(calls):
        limit.release()


async def test_a_fixed_limit_holds_and_is_given_in_order() -> None:
    limit = InFlightLimit(2)
    order: list[int] = []

    async def call(number: int) -> None:
        await limit.acquire()
        order.append(number)
        assert limit.in_flight <= 2
        await asyncio.sleep(0)
        limit.succeeded()
        limit.throttled(5.0, cuts_then=0)
        limit.release()

    await asyncio.gather(*(call(number) for number in range(6)))
    assert order == list(range(6))
    assert (limit.in_flight, limit.limit, len(limit.history)) == (0, 2, 1)


async def test_an_adaptive_limit_doubles_until_the_first_429_and_then_grows_by_one_a_round() -> None:
    limit = InFlightLimit(64, adaptive=True)
    limits = [limit.limit]
    for _ in range(3):
        await a_round(limit)
        limits.append(limit.limit)
    assert limits == [4, 8, 16, 32]
    limit.throttled(None, cuts_then=limit.cuts)
    assert limit.limit == 16
    await a_round(limit)
    await a_round(limit)
    assert limit.limit in (17, 18)


async def test_it_never_grows_over_its_ceiling_nor_falls_under_one() -> None:
    limit = InFlightLimit(5, adaptive=True)
    await a_round(limit)
    await a_round(limit)
    assert limit.limit == 5
    for _ in range(9):
        limit.throttled(None, cuts_then=limit.cuts)
    assert limit.limit == 1


async def test_a_limit_that_is_not_used_up_does_not_grow() -> None:
    limit = InFlightLimit(64, adaptive=True)
    await limit.acquire()
    limit.succeeded()
    assert limit.limit == 4


async def test_one_burst_of_429_cuts_once() -> None:
    limit = InFlightLimit(64, adaptive=True)
    began = [await limit.acquire() for _ in range(4)]
    for cuts_then in began:
        limit.throttled(None, cuts_then=cuts_then)
    assert limit.limit == 2


async def test_a_retry_after_holds_new_calls_back() -> None:
    clock = FrozenClock()
    limit = InFlightLimit(64, adaptive=True, clock=clock, sleep=clock.sleep)
    limit.throttled(7.0, cuts_then=0)
    await limit.acquire()
    assert clock() == 7.0
    limit.release()
    limit.throttled(3600.0, cuts_then=1)
    await limit.acquire()
    assert clock() == 67.0


async def test_a_call_that_is_cancelled_while_held_back_frees_its_turn() -> None:
    limit = InFlightLimit(64, adaptive=True)
    limit.throttled(30.0, cuts_then=0)
    held_back = asyncio.create_task(limit.acquire())
    await asyncio.sleep(0)
    assert limit.in_flight == 1
    held_back.cancel()
    await asyncio.wait([held_back])
    assert limit.in_flight == 0


async def test_its_history_tells_when_and_why() -> None:
    clock = FrozenClock()
    limit = InFlightLimit(64, adaptive=True, clock=clock, sleep=clock.sleep)
    await a_round(limit)
    clock.advance(2)
    limit.throttled(1.0, cuts_then=0)
    assert [(change.at_s, change.limit, change.why) for change in limit.history][-2:] == [
        (0.0, 8, "success"),
        (2.0, 4, "429, retry after 1 s"),
    ]


async def test_a_waiting_call_that_is_cancelled_loses_nobody_a_turn() -> None:
    limit = InFlightLimit(1)
    await limit.acquire()
    first, second = (asyncio.create_task(limit.acquire()) for _ in range(2))
    await asyncio.sleep(0)
    limit.release()  # gives the first its turn, but it is cancelled before it runs
    first.cancel()
    await asyncio.wait([first])
    await second
    assert (first.cancelled(), limit.in_flight) == (True, 1)


async def test_a_waiting_call_that_is_cancelled_leaves_the_queue() -> None:
    limit = InFlightLimit(1)
    await limit.acquire()
    first, second = (asyncio.create_task(limit.acquire()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    limit.release()
    await second
    assert (first.cancelled(), limit.in_flight) == (True, 1)


@given(amounts=st.lists(st.integers(1, 50), min_size=1, max_size=40), pauses=st.lists(st.floats(0, 3), max_size=40))
def test_a_pacer_lets_no_more_through_than_the_pace(amounts: list[int], pauses: list[float]) -> None:
    clock = FrozenClock()
    pacer = Pacer(60.0, clock=clock)
    used: list[tuple[float, int]] = []
    for number, amount in enumerate(amounts):
        clock.advance(pauses[number] if number < len(pauses) else 0.0)
        used.append((clock() + pacer.reserve(amount), amount))
    for (before, amount), (after, _) in pairwise(used):
        assert after - before >= amount - 1e-6  # 60 a minute: one a second


def test_a_pacer_is_corrected_by_what_was_used_in_the_end() -> None:
    clock = FrozenClock()
    pacer = Pacer(60.0, clock=clock)
    assert pacer.reserve(10) == 0.0
    pacer.correct(-7)
    assert pacer.reserve(1) == pytest.approx(3.0)


async def test_a_cost_limit_stops_before_it_is_passed() -> None:
    limit = CostLimit(1.0)
    for _ in range(3):
        await limit.reserve(0.4)
        limit.settle(0.4, 0.3)
    with pytest.raises(CostLimitReached, match=r"0\.9000 USD"):
        await limit.reserve(0.4)
    assert limit.spent_usd == pytest.approx(0.9)


async def test_a_call_waits_while_others_may_turn_out_cheaper() -> None:
    limit = CostLimit(1.0)
    await limit.reserve(0.6)
    waiting = asyncio.create_task(limit.reserve(0.6))
    await asyncio.sleep(0)
    assert not waiting.done()
    limit.settle(0.6, 0.1)
    await waiting
    assert limit.spent_usd == pytest.approx(0.1)


async def test_a_call_of_unknown_cost_counts_as_the_most_it_could_cost() -> None:
    limit = CostLimit(1.0)
    await limit.reserve(0.4)
    limit.settle(0.4, None)
    assert limit.spent_usd == pytest.approx(0.4)


@given(st.lists(st.tuples(st.floats(0.001, 0.5), st.floats(0, 1)), max_size=30))
def test_no_run_of_calls_ever_passes_the_limit(calls: list[tuple[float, float]]) -> None:
    async def check() -> None:
        limit = CostLimit(1.0)

        async def call(most: float, share: float) -> None:
            await limit.reserve(most)
            await asyncio.sleep(0)
            limit.settle(most, most * share)

        await asyncio.gather(*(call(most, share) for most, share in calls), return_exceptions=True)
        assert limit.spent_usd <= 1.0 + 1e-9

    asyncio.run(check())
