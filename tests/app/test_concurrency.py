"""Side by side, and broken off in time."""

from __future__ import annotations

import asyncio

import pytest

from bot.app.concurrency import gather, unless
from bot.core.errors import Halt, Retryable


async def give(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def fail(error: BaseException) -> int:
    await asyncio.sleep(0)
    raise error


async def test_results_come_in_order() -> None:
    assert await gather([give(2), give(1)]) == [2, 1]


async def test_the_first_error_comes_plain_and_the_others_are_cancelled() -> None:
    with pytest.raises(Retryable, match="a"):
        await gather([fail(Retryable("a")), fail(Halt("b")), asyncio.Event().wait()])


async def test_work_that_is_not_stopped_gives_its_result_or_its_error() -> None:
    stop = asyncio.Event()
    assert await unless(stop, give(3)) == 3
    with pytest.raises(Halt):
        await unless(stop, fail(Halt("x")))
    assert len(asyncio.all_tasks()) == 1


async def test_stopping_breaks_off() -> None:
    stop, ended = asyncio.Event(), asyncio.Event()

    async def wait() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return 1

    asyncio.get_running_loop().call_soon(stop.set)
    assert await unless(stop, wait()) is None
    assert ended.is_set()
    assert await unless(stop, wait()) is None


async def test_being_cancelled_from_outside_is_passed_on() -> None:
    work = asyncio.create_task(unless(asyncio.Event(), give_never()))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


async def give_never() -> int:
    await asyncio.Event().wait()
    return 0
