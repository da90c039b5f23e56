"""Structured concurrency: tasks side by side with plain errors, and endings under a deadline.

A cancellation can be lost: ``asyncio.wait_for`` of Python 3.11 returns its future's result, or raises its error, where
both come in one pass of the event loop (https://github.com/python/cpython/issues/86296), and libraries use it. A task
that lost one runs on, and whoever waits for its end, as ``asyncio.TaskGroup`` and ``asyncio.run`` do, waits for ever.
So whatever ends tasks here calls ``end``, which cancels again; ``cancellable`` and ``raise_if_cancelled`` stand where a
library is known to lose one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import structlog

from bot.ports import Clock

log = structlog.get_logger(__name__)

T = TypeVar("T")
U = TypeVar("U")

AGAIN: Final = 3.0
"""Seconds after which a task that still runs is cancelled again; longer than any orderly goodbye, which that would cut
off."""
_DEADLINE: Final = 10.0
"""Seconds that tasks get to end."""

_MOST_DOUBLINGS: Final = 64
"""More would lengthen no pause, and in the end a power of two does not fit into a float any more."""

Start = Callable[[Coroutine[Any, Any, object], str], None]


async def end(*tasks: asyncio.Task[Any], within: float = _DEADLINE) -> None:
    """Cancel tasks until they are done; what is not by the deadline is named in the log and left behind.

    An error that comes out of a task while it ends is logged, not raised.

    Raises:
        CancelledError: the caller was cancelled meanwhile; the tasks were cancelled once more then.
    """
    clock = asyncio.get_running_loop().time
    running = pending = {task for task in tasks if not task.done()}
    until, interrupted = clock() + within, False
    while pending and (left := until - clock()) > 0:
        for task in pending:
            task.cancel()
        try:
            _, pending = await asyncio.wait(pending, timeout=min(AGAIN, left))
        except asyncio.CancelledError:
            interrupted = True
            pending = {task for task in pending if not task.done()}
    for task in pending:
        log.error("a task did not end", task=task.get_name(), seconds=within, at=next(stack_of(task), "nowhere"))
    for task in tasks:
        error = None if not task.done() or task.cancelled() else task.exception()  # asked for, so no longer unseen
        if error is not None and task in running:
            log.warning("a task failed while it ended", task=task.get_name(), exc_info=error)
    if interrupted:
        raise asyncio.CancelledError


async def cancellable(work: Awaitable[T]) -> T:
    """Await what a library does; a cancellation that it loses meanwhile is raised after all."""
    before = _cancellations()
    try:
        return await work
    finally:
        if _cancellations() > before:
            raise asyncio.CancelledError


def raise_if_cancelled() -> None:
    """Raise CancelledError where the current task was asked to end, whatever became of that."""
    if _cancellations():
        raise asyncio.CancelledError


def _cancellations() -> int:
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


@asynccontextmanager
async def beside(within: float = _DEADLINE) -> AsyncIterator[Start]:
    """Let coroutines run beside a block, and end them with it; ``start(coroutine, name)`` adds one.

    A failed one is logged, and the block continues.
    """
    tasks: set[asyncio.Task[Any]] = set()

    def start(work: Coroutine[Any, Any, object], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        tasks.add(task)
        task.add_done_callback(over)

    def over(task: asyncio.Task[Any]) -> None:
        tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task failed", task=task.get_name(), exc_info=error)

    try:
        yield start
    finally:
        for task in tasks:
            task.remove_done_callback(over)
        await end(*tasks, within=within)


async def gather(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Run coroutines side by side and return their results in order.

    Raises:
        The first exception of any of them, after the others were ended.
    """
    tasks = [asyncio.create_task(item) for item in work]
    await _all(tasks)
    return [task.result() for task in tasks]


async def both(one: Coroutine[Any, Any, T], other: Coroutine[Any, Any, U]) -> tuple[T, U]:
    """Run two coroutines side by side and return both results.

    Raises:
        The first exception of either, after the other was ended.
    """
    tasks = asyncio.create_task(one), asyncio.create_task(other)
    await _all(tasks)
    return tasks[0].result(), tasks[1].result()


async def _all(tasks: Sequence[asyncio.Task[Any]]) -> None:
    failed: list[BaseException] = []
    try:
        if tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        ended = [task for task in tasks if task.done() and not task.cancelled()]
        failed = [error for task in ended if (error := task.exception()) is not None]
    finally:
        await end(*tasks)
    if failed:
        raise failed[0]


def backoff(failures: int, first: float, last: float) -> float:
    """Return the seconds to wait after so many failures in a row: ``first``, then twice as long each, to ``last``."""
    return min(first * 2.0 ** min(failures, _MOST_DOUBLINGS), last)


async def sleep_until(clock: Clock, seconds: float, *events: asyncio.Event) -> None:
    """Sleep, but not longer than until one of the events."""
    if seconds <= 0:
        return
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(event.wait()) for event in events]
    tasks.append(asyncio.create_task(clock.sleep(seconds)))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*tasks)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Do what may be broken off at any ``await``, as reading may; return its result, or None if ``stop`` was set first.

    Raises:
        What the work raises.
    """
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(task, stopped)
    return task.result() if task.done() and not task.cancelled() else None


def stack_of(task: asyncio.Task[Any]) -> Iterator[str]:
    """Return where a task waits, innermost first, as far as Python tells."""
    frames = list[str]()
    inner: object = task.get_coro()
    while inner is not None:
        frame = getattr(inner, "cr_frame", None) or getattr(inner, "gi_frame", None) or getattr(inner, "ag_frame", None)
        if frame is not None:
            frames.append(f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}")
        inner = getattr(inner, "cr_await", None) or getattr(inner, "gi_yieldfrom", None)
    return reversed(frames)
