"""Structured concurrency with plain errors: the daemon's handler reads an error's name, not a group of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from bot.ports import Clock

T = TypeVar("T")
U = TypeVar("U")


async def gather(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Run coroutines side by side and give their results in order.

    Raises:
        The first exception of any of them, after the others were cancelled.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(item) for item in work]
    except BaseExceptionGroup as group_error:
        raise first_of(group_error) from group_error
    return [task.result() for task in tasks]


async def both(one: Coroutine[Any, Any, T], other: Coroutine[Any, Any, U]) -> tuple[T, U]:
    """Run two coroutines side by side and give both results.

    Raises:
        The first exception of either, after the other was cancelled.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = group.create_task(one), group.create_task(other)
    except BaseExceptionGroup as group_error:
        raise first_of(group_error) from group_error
    return tasks[0].result(), tasks[1].result()


async def sleep_until(clock: Clock, seconds: float, *events: asyncio.Event) -> None:
    """Sleep, but not longer than until one of the events."""
    if seconds <= 0:
        return
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(event.wait()) for event in events]
    tasks.append(asyncio.create_task(clock.sleep(seconds)))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Do what may be broken off at any ``await``, as reading may; return its result, or None if ``stop`` was set first.

    Raises:
        What the work raises.
    """
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(work)
            watch = group.create_task(_cancel_when(stop, task))
            task.add_done_callback(lambda _: watch.cancel())
    except BaseExceptionGroup as group_error:
        raise first_of(group_error) from group_error
    return None if task.cancelled() else task.result()


async def _cancel_when(stop: asyncio.Event, task: asyncio.Task[Any]) -> None:
    await stop.wait()
    task.cancel()


def first_of(error: BaseException) -> BaseException:
    """Return the first leaf of an exception group, or the exception itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
