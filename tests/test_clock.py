"""Time: the system's, moved by hand, moved by blocks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.clock import ChainClock, ManualClock, SystemClock
from bot.core.snapshot import BlockStamp, ChainView
from bot.core.types import BlockHash, ChainId, ChainName
from bot.ports import ChainFed, Clock

START = datetime(2025, 1, 1, tzinfo=UTC)


def view(timestamp: datetime) -> ChainView:
    block = BlockStamp(1, BlockHash("0x" + "11" * 32), BlockHash("0x" + "00" * 32), timestamp)
    return ChainView(ChainName("local"), ChainId(31337), block, (), ())


async def test_the_system_clock_is_aware_and_moves_on() -> None:
    clock: Clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(0)
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() >= before


def test_a_manual_clock_moves_only_when_told_and_without_rounding_errors() -> None:
    clock: Clock = (manual := ManualClock(START))
    for _ in range(10):
        manual.advance(0.1)
    assert clock.now() == START + timedelta(seconds=1)
    assert clock.monotonic() == 1.0


async def test_sleepers_wake_by_deadline_then_by_arrival() -> None:
    clock = ManualClock(START)
    woken: list[str] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("late", 3), ("first at two", 2), ("second at two", 2), ("early", 1)):
            group.create_task(sleeper(name, seconds))
        await clock.run(0)
        clock.advance(0.999_999)
        await clock.run(0)
        assert woken == []
        clock.advance(5)
    assert woken == ["early", "first at two", "second at two", "late"]


async def test_time_runs_from_sleeper_to_sleeper() -> None:
    clock = ManualClock(START)
    seen: list[float] = []

    async def ticker(every: float) -> None:
        while clock.monotonic() < 6:
            await clock.sleep(every)
            seen.append(clock.monotonic())

    async with asyncio.TaskGroup() as group:
        group.create_task(ticker(2))
        group.create_task(ticker(3))
        await clock.run(10)
    assert seen == [2, 3, 4, 6, 6]
    assert clock.monotonic() == 10


async def test_a_cancelled_sleeper_does_not_hold_up_the_others() -> None:
    clock = ManualClock(START)
    gone = asyncio.create_task(clock.sleep(1))
    stays = asyncio.create_task(clock.sleep(2))
    await clock.run(0)
    gone.cancel()
    await clock.run(2)
    assert gone.cancelled()
    assert stays.done()


async def test_no_sleep_lets_others_run() -> None:
    clock = ManualClock(START)
    other = asyncio.create_task(clock.sleep(0))
    await clock.sleep(0)
    await clock.sleep(-1)
    assert other.done()


async def test_time_does_not_go_backwards() -> None:
    clock = ManualClock(START)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="backwards"):
        await clock.run(-1)


def test_a_start_without_a_zone_is_refused_and_another_zone_is_turned_into_utc() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        ManualClock(START.replace(tzinfo=None))
    local = START.astimezone(timezone(timedelta(hours=5)))
    assert ManualClock(local).now().tzinfo is UTC


def test_the_chain_moves_the_chain_clock_and_never_back() -> None:
    fed: ChainFed = (clock := ChainClock(START))
    fed.chain_seen(())
    assert clock.now() == START
    fed.chain_seen((view(START + timedelta(days=2)), view(START + timedelta(days=3))))
    assert clock.now() == START + timedelta(days=3)
    fed.chain_seen((view(START + timedelta(days=1)),))
    assert clock.now() == START + timedelta(days=3)


async def test_the_chain_clock_measures_durations_with_the_system() -> None:
    clock: Clock = ChainClock(START)
    before = clock.monotonic()
    await clock.sleep(0)
    assert clock.monotonic() >= before
