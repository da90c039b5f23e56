"""The only source of time: the system's clock, one moved by hand, and one that a local chain's blocks move."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.core.snapshot import ChainView

_SETTLE_PASSES: Final = 20
"""Passes of the event loop that a woken task gets before virtual time goes on."""


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Return the present time, UTC and aware."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go backwards, for durations."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; not at all for a duration of zero or less, but let others run."""
        await asyncio.sleep(seconds)


class ChainClock(SystemClock):
    """The time that a local chain's blocks carry: for paper mode on a node whose blocks run through market time.

    Durations and waiting stay the system's. Until a block was seen, ``now()`` is ``start``; it never goes backwards, so
    ``start`` must not be later than the chain.
    """

    def __init__(self, start: datetime) -> None:
        self._now = _utc(start)

    def now(self) -> datetime:
        """Return the newest block time that was seen."""
        return self._now

    def chain_seen(self, views: Sequence[ChainView]) -> None:
        """Move on to the newest of the views' block times."""
        self._now = max(self._now, *(view.block.timestamp for view in views)) if views else self._now


class ManualClock:
    """Time that moves only when told to, in whole microseconds: for tests and simulations."""

    def __init__(self, start: datetime) -> None:
        self._start = _utc(start)
        self._elapsed = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = 0

    def now(self) -> datetime:
        """Return the virtual time, UTC and aware."""
        return self._start + timedelta(microseconds=self._elapsed)

    def monotonic(self) -> float:
        """Return the virtual seconds since the start."""
        return self._elapsed / 1e6

    async def sleep(self, seconds: float) -> None:
        """Wait until time was moved that far; not at all for a duration of zero or less, but let others run."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (self._elapsed + _microseconds(seconds), self._order, woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Move time at once. Sleepers that are due run next, earliest first, and all of them see the new time."""
        self._elapsed += _forward(seconds)
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            self._wake_first()

    async def run(self, seconds: float) -> None:
        """Let time pass from sleeper to sleeper: each sees its own time, runs, and may sleep and wake again.

        A woken task gets ``_SETTLE_PASSES`` passes of the event loop to reach its next sleep.
        """
        until = self._elapsed + _forward(seconds)
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            if not self._sleepers[0][2].done():
                self._elapsed = self._sleepers[0][0]
            self._wake_first()
            await _settle()
        self._elapsed = until

    def _wake_first(self) -> None:
        _, _, woken = heapq.heappop(self._sleepers)
        if not woken.done():  # a cancelled sleeper is gone already
            woken.set_result(None)


async def _settle() -> None:
    for _ in range(_SETTLE_PASSES):
        await asyncio.sleep(0)


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)


def _forward(seconds: float) -> int:
    if seconds < 0:
        raise ValueError(f"time does not go backwards: {seconds} s")
    return _microseconds(seconds)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment}")
    return moment.astimezone(UTC)
