"""The request budget: no window overflows, wherever the venue lays it; reductions keep their reserve."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import ManualClock
from bot.exchange.errors import Busy
from bot.exchange.limiter import Charge, Limiter, Window

START = datetime(2025, 1, 1, tzinfo=UTC)
WEIGHT = Window("weight", 20, 10.0, reserved=5)
ORDERS = Window("orders", 6, 1.0)


def one(cost: int = 1) -> tuple[Charge, ...]:
    return (Charge(WEIGHT, cost),)


@given(
    requests=st.lists(
        st.tuples(st.floats(0, 3), st.integers(1, 8), st.booleans()),
        max_size=40,
    ),
    also_orders=st.booleans(),
)
def test_no_window_of_its_length_ever_holds_more_than_its_capacity(
    requests: list[tuple[float, int, bool]], *, also_orders: bool
) -> None:
    async def scene() -> list[tuple[float, int, bool]]:
        clock = ManualClock(START)
        limiter = Limiter(clock)
        passed: list[tuple[float, int, bool]] = []

        async def ask(cost: int, *, urgent: bool) -> None:
            charges = (*one(cost), Charge(ORDERS)) if also_orders else one(cost)
            await limiter.acquire(charges, urgent=urgent, max_wait=1e9)
            passed.append((clock.monotonic(), cost, urgent))

        async with asyncio.TaskGroup() as group:
            for gap, cost, urgent in requests:
                group.create_task(ask(cost, urgent=urgent))
                await clock.run(gap)
            await clock.run(10_000)
        return passed

    passed = asyncio.run(scene())
    assert len(passed) == len(requests)
    for at, _, _ in passed:
        inside = [(cost, urgent) for other, cost, urgent in passed if at <= other < at + WEIGHT.seconds - 1e-6]
        assert sum(cost for cost, _ in inside) <= WEIGHT.capacity
        if also_orders:
            assert sum(at <= other < at + ORDERS.seconds - 1e-6 for other, _, _ in passed) <= ORDERS.capacity
        if not any(urgent for _, urgent in inside):
            assert sum(cost for cost, _ in inside) <= WEIGHT.capacity - WEIGHT.reserved


async def test_the_reserve_is_kept_for_what_reduces_risk() -> None:
    limiter = Limiter(ManualClock(START))
    await limiter.acquire(one(15), urgent=False, max_wait=0)
    with pytest.raises(Busy, match="weight"):
        await limiter.acquire(one(), urgent=False, max_wait=0)
    await limiter.acquire(one(5), urgent=True, max_wait=0)
    with pytest.raises(Busy):
        await limiter.acquire(one(), urgent=True, max_wait=0)


async def test_a_refused_request_takes_nothing_and_says_when_it_fits() -> None:
    clock = ManualClock(START)
    limiter = Limiter(clock)
    await limiter.acquire(one(15), urgent=False, max_wait=0)
    clock.advance(4)
    with pytest.raises(Busy) as caught:
        await limiter.acquire(one(2), urgent=False, max_wait=5)
    assert caught.value.seconds == 6
    clock.advance(6)
    await limiter.acquire(one(15), urgent=False, max_wait=0)


async def test_an_urgent_request_does_not_queue_behind_waiting_ones() -> None:
    clock = ManualClock(START)
    limiter = Limiter(clock)
    await limiter.acquire(one(15), urgent=False, max_wait=0)
    waiting = asyncio.create_task(limiter.acquire(one(), urgent=False, max_wait=60))
    await clock.run(0)
    await limiter.acquire(one(), urgent=True, max_wait=0)
    assert not waiting.done()
    await clock.run(10)
    assert waiting.done()


async def test_after_a_429_everything_waits_and_a_shorter_silence_does_not_shorten_a_longer_one() -> None:
    clock = ManualClock(START)
    limiter = Limiter(clock)
    limiter.back_off(30)
    limiter.back_off(1)
    with pytest.raises(Busy, match="silence"):
        await limiter.acquire(one(), urgent=True, max_wait=29)
    clock.advance(30)
    await limiter.acquire(one(), urgent=False, max_wait=0)


async def test_the_venues_own_count_wins_where_it_is_higher() -> None:
    limiter = Limiter(ManualClock(START))
    limiter.told(WEIGHT, 14)
    limiter.told(WEIGHT, 3)
    await limiter.acquire(one(), urgent=False, max_wait=0)
    with pytest.raises(Busy):
        await limiter.acquire(one(), urgent=False, max_wait=0)
