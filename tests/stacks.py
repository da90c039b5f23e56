"""A pytest plugin: a test that hangs shows where each of its tasks waits, and can't hang again while it is tidied up.

pytest-timeout shows the stacks of threads. The main one's ends in the event loop's select, whatever an asyncio test
waits for; and once the timeout has struck nothing watches over the fixtures, nor over tasks that take no cancellation.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Generator
from types import FrameType

import pytest
import pytest_timeout

from bot.concurrency import stack_of

TIDYING = 60.0
"""Seconds for the report of a test that hung, and for its fixtures to go."""
_STDERR = pytest.StashKey[int]()
_TIDYING = pytest.StashKey[threading.Timer]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the standard error that is not captured."""
    config.stash[_STDERR] = os.dup(2)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give it back."""
    os.close(config.stash[_STDERR])


@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: pytest_timeout.Settings) -> bool | None:
    """Let the alarm show the tasks first; some time is left for tidying up then."""
    if settings.method != "signal" or threading.current_thread() is not threading.main_thread():
        return None  # as pytest-timeout does it

    def struck(_: int, __: FrameType | None) -> None:
        sys.stderr.write(tasks())
        item.stash[_TIDYING] = threading.Timer(TIDYING, _end, (item,))
        item.stash[_TIDYING].daemon = True
        item.stash[_TIDYING].start()
        pytest_timeout.timeout_sigalrm(item, settings)

    def cancel() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    item.cancel_timeout = cancel  # type: ignore[attr-defined]  # where pytest-timeout looks for it
    signal.signal(signal.SIGALRM, struck)
    signal.setitimer(signal.ITIMER_REAL, settings.timeout)
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Call the watch over the tidying off."""
    try:
        return (yield)
    finally:
        if _TIDYING in item.stash:
            item.stash[_TIDYING].cancel()


def _end(item: pytest.Item) -> None:
    """End the run, since this test does not let itself be ended."""
    where = item.config.stash[_STDERR]
    os.write(where, f"\n{item.nodeid} hangs while it is tidied up after its timeout\n".encode())
    faulthandler.dump_traceback(where)
    os._exit(1)


def tasks() -> str:
    """Say where every task of the running event loop waits."""
    try:
        found = asyncio.all_tasks()
    except RuntimeError:  # no loop runs
        return ""
    return "".join(f"\ntask {task.get_name()}:\n" + "".join(f"  {line}\n" for line in stack_of(task)) for task in found)
