"""A process that runs until a signal, and then ends within its grace time, whatever hangs.

``asyncio.run`` waits without end for a task that takes no cancellation, and for threads: a name that is looked up, a
handshake that nobody answers. So a watchdog thread supervises the shutdown. It grants the orderly way the whole grace
time; after that it logs what did not end, closes what must be closed, and ends the process.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, Final

import structlog

from bot.clock import SystemClock
from bot.concurrency import end, stack_of

log = structlog.get_logger(__name__)

_GRACE: Final = 20.0
"""Seconds from the first signal to the end; Compose and the systemd unit wait for 30."""
_LEFTOVERS: Final = 4.0
"""Seconds for what still runs when the main coroutine has ended, with everything that matters closed."""
IMPATIENT: Final = 1.0
"""Seconds after the first signal from which on another one ends the process at once; one keystroke may send two."""
BLOCKED: Final = 1.0
"""Seconds after which an event loop that does not run a call is taken to be blocked."""
_FAILED: Final = 1
_NEVER: Final = float("inf")


@dataclass
class Process:
    """What the main coroutine knows of its process.

    Attributes:
        stop: set by the first SIGINT or SIGTERM.
        at_last: called, in the event loop's thread, before the process is ended by force.
    """

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    at_last: Callable[[], None] = lambda: None


class _Word(Enum):
    """Messages to the watchdog thread."""

    SIGNAL = auto()
    ENDED = auto()
    """The main coroutine has ended."""
    CLOSED = auto()
    """Nothing is left."""


def run_until_signal(
    main: Callable[[Process], Coroutine[Any, Any, None]], grace: float = _GRACE, leftovers: float = _LEFTOVERS
) -> None:
    """Run a coroutine in the main thread; it ends when it likes, and soon after ``Process.stop`` was set.

    Raises:
        What the coroutine raises.
    """
    watch = _Watch(grace, leftovers)
    thread = threading.Thread(target=watch.keep, name="ending", daemon=True)
    thread.start()
    try:
        with asyncio.Runner() as runner:
            runner.run(watch.over(main))
    finally:
        watch.words.put(_Word.CLOSED)
        thread.join()


class _Watch:
    """Supervises one process from a thread, which ``keep`` is run in."""

    def __init__(self, grace: float, leftovers: float) -> None:
        self._grace, self._leftovers = grace, leftovers
        self._clock = SystemClock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process: Process | None = None
        self._code = _FAILED
        # Its put may interrupt another one in the same thread, so a signal's handler may call it.
        self.words: SimpleQueue[_Word] = SimpleQueue()

    async def over(self, main: Callable[[Process], Coroutine[Any, Any, None]]) -> None:
        """Run the coroutine, and end what it left running."""
        self._loop, self._process = asyncio.get_running_loop(), Process()
        before = {number: signal.signal(number, self._asked) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            await main(self._process)
            self._code = 0
        finally:
            self.words.put(_Word.ENDED)
            await end(*_others(), within=self._leftovers / 2)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal, in the main thread: between two byte codes, even where Python blocks the event loop."""
        del number, frame
        self.words.put(_Word.SIGNAL)
        if self._loop is not None and self._process is not None:
            self._loop.call_soon_threadsafe(self._process.stop.set)

    def keep(self) -> None:
        """Wait for the end, and enforce it when its time is up, or a second signal asks for it."""
        asked = until = _NEVER
        while True:
            word, now = self._next(until), self._clock.monotonic()
            match word:
                case _Word.CLOSED:
                    return
                case _Word.ENDED:
                    until = min(until, now + self._leftovers)
                case _Word.SIGNAL if asked == _NEVER:
                    asked, until = now, min(until, now + self._grace)
                case _Word.SIGNAL if now - asked < IMPATIENT:
                    continue
                case _:
                    self._enforce()

    def _next(self, until: float) -> _Word | None:
        timeout = None if until == _NEVER else max(0.0, until - self._clock.monotonic())
        try:
            return self.words.get(timeout=timeout)
        except Empty:
            return None

    def _enforce(self) -> None:
        """Let the event loop's thread end the process; end it here where that thread is blocked."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it is closed: nothing is left but threads
                self._loop.call_soon_threadsafe(self._abandon)
                threading.Event().wait(BLOCKED)
                log.critical("the event loop is blocked; the journal is left as after a power cut")
                faulthandler.dump_traceback(all_threads=True)
        self._exit()

    def _abandon(self) -> None:
        for task in asyncio.all_tasks():
            log.critical("a task did not end in time", task=task.get_name(), at=next(stack_of(task), "nowhere"))
        for thread in threading.enumerate():
            if thread is not threading.main_thread() and not thread.daemon:
                log.critical("a thread may not have ended in time", thread=thread.name)
        try:
            if self._process is not None:
                self._process.at_last()
        finally:
            self._exit()

    def _exit(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(self._code)


def _others() -> Iterator[asyncio.Task[Any]]:
    return (task for task in asyncio.all_tasks() if task is not asyncio.current_task())
