"""Side by side, broken off in time, and ended even where a cancellation is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot import concurrency
from bot.clock import ManualClock
from bot.concurrency import backoff, beside, cancellable, end, gather, raise_if_cancelled, sleep_until, stack_of, unless
from bot.core.errors import Halt, Retryable
from tests.core.scenes import NOW


async def deaf(times: int, hears: asyncio.Event | None = None) -> None:
    """Lose so many cancellations, as `wait_for` of Python 3.11 may, or all until ``hears``; then end."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            times -= 1
            if times < 0 and (hears is None or hears.is_set()):
                raise


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancel again soon."""
    monkeypatch.setattr(concurrency, "AGAIN", 0.01)


async def started(work: Coroutine[Any, Any, None], name: str = "deaf") -> asyncio.Task[None]:
    task = asyncio.create_task(work, name=name)
    await asyncio.sleep(0)
    return task


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


@pytest.mark.usefixtures("hurry")
async def test_a_lost_cancellation_is_repeated_until_the_task_is_done() -> None:
    task = await started(deaf(3))
    with capture_logs() as logs:
        await end(task)
    assert task.cancelled()
    assert logs == []


@pytest.mark.usefixtures("hurry")
async def test_what_does_not_end_by_the_deadline_is_named_with_the_place_where_it_waits() -> None:
    hears = asyncio.Event()
    task = await started(deaf(0, hears))
    with capture_logs() as logs:
        await end(task, within=0.05)
    assert not task.done()
    (line,) = logs
    assert (line["event"], line["task"]) == ("a task did not end", "deaf")
    assert "in Event.wait" in line["at"]
    assert "in deaf" in list(stack_of(task))[-1]
    hears.set()
    await end(task)


async def test_whoever_is_cancelled_while_he_ends_others_hurries_them_and_is_cancelled_then() -> None:
    task = await started(deaf(1))
    ender = await started(end(task))
    await asyncio.sleep(0)
    assert not task.done()
    ender.cancel()
    await asyncio.wait([ender], timeout=1)
    assert ender.cancelled()
    assert task.cancelled()


@pytest.mark.usefixtures("hurry")
async def test_an_error_on_the_way_out_is_logged() -> None:
    async def clumsy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise Halt("while tidying up")

    task = await started(clumsy(), "clumsy")
    with capture_logs() as logs:
        await end(task)
    assert [(line["event"], line["task"]) for line in logs] == [("a task failed while it ended", "clumsy")]


@pytest.mark.usefixtures("hurry")
async def test_an_error_waits_for_no_sibling_that_is_deaf() -> None:
    with pytest.raises(Retryable, match="a"):
        await gather([fail(Retryable("a")), fail(Halt("b")), deaf(2)])


@pytest.mark.usefixtures("hurry")
async def test_work_that_is_deaf_is_broken_off_all_the_same() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)
    task = await started(deaf(2))

    async def work() -> int:
        await task
        return 1

    assert await unless(stop, work()) is None
    assert task.cancelled()


async def test_a_sleep_ends_with_the_first_event_and_leaves_nothing_behind() -> None:
    clock, event = ManualClock(NOW), asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)
    await sleep_until(clock, 3600, asyncio.Event(), event)
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.usefixtures("hurry")
async def test_what_runs_beside_a_block_ends_with_it_and_a_failure_is_logged_at_once() -> None:
    with capture_logs() as logs:
        async with beside() as start:
            start(deaf(2), "deaf")
            start(fail(Halt("x")), "failing")
            for _ in range(3):
                await asyncio.sleep(0)
            assert [(line["event"], line["task"]) for line in logs] == [("a task failed", "failing")]
    assert len(logs) == 1
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("error", [None, Retryable("broken")])
async def test_a_cancellation_that_a_library_loses_is_raised_after_all(error: Exception | None) -> None:
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    ran_on: list[str] = []

    async def work() -> None:
        try:
            await cancellable(asyncio.wait_for(answer, 10))
        except Retryable:
            raise_if_cancelled()
        ran_on.append("here")

    task = await started(work())
    if error is None:
        answer.set_result(1)
    else:
        answer.set_exception(error)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=1)
    assert task.cancelled()
    assert ran_on == []


async def test_a_deadline_around_cancellable_work_is_told_from_a_cancellation() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await cancellable(asyncio.Event().wait())
    raise_if_cancelled()


def test_the_pause_doubles_up_to_the_last_and_no_number_of_failures_is_too_many() -> None:
    assert [backoff(failures, 0.25, 60.0) for failures in range(10)] == [0.25, 0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert [backoff(10**power, 1.0, 60.0) for power in range(1, 7)] == [60] * 6  # months of a broker that is out
