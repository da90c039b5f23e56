"""Prefetch: read the venues shortly before the block that the reads are needed for.

A cycle's half at the venues (the look-up of unresolved intents, then account, orders and markets) does not depend on
the block. It is done a moment before the next one is expected, whole, validated and dated as ever; the cycle takes it,
at most once, while it is fresh, and reads by itself where there is nothing. It is begun after the last cycle has
ended, so that nothing is sent in between; a venue that says meanwhile that something moved invalidates it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import structlog

from bot.app.loop.observe import Observer
from bot.app.loop.order_reconciliation import Reconciler
from bot.concurrency import sleep_until
from bot.core.errors import DnbotError
from bot.core.snapshot import VenueView
from bot.core.types import VenueId
from bot.ports import Clock

log = structlog.get_logger(__name__)

FRESH: Final = 2.0
"""Seconds after its begin for which a read may be decided on."""
TRIES: Final = 3
"""Reads ahead of one cycle at most: a block that is late is not waited for at the expense of the venue's budget."""
_REMEMBERED: Final = 6
"""Cycles that tell how regularly they come."""


@dataclass(frozen=True, slots=True)
class _Read:
    began: float
    views: Mapping[VenueId, VenueView]


@dataclass(slots=True)
class Prefetch:
    """Keeps fresh views of the venues at hand between cycles.

    Attributes:
        max_age: how old a view that a decision rests on may be.
        since: when each venue's ledger was read last; None until a cycle was recorded.
    """

    observer: Observer
    reconciler: Reconciler
    clock: Clock
    max_age: timedelta
    since: Mapping[VenueId, datetime] | None = None
    _read: _Read | None = None
    _void: float = float("-inf")
    _took: float = 0.0
    _begins: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _begun: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        """The service's name, for the log."""
        return "prefetch"

    async def run(self) -> None:
        """Read ahead of every cycle, until cancelled; cycles are taken to come as regularly as the last few did."""
        while self.observer.wired:
            await self._ended.wait()
            due = self._due()
            for _ in range(TRIES):
                await sleep_until(self.clock, due - self.clock.monotonic(), self._begun)
                if self._begun.is_set():
                    break
                due = self.clock.monotonic() + FRESH
                await self.read()
            await self._begun.wait()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Begin no read while a cycle runs; one that is under way is waited for by ``take``."""
        self._begins.append(self.clock.monotonic())
        self._ended.clear()
        self._begun.set()
        try:
            yield
        finally:
            self._begun.clear()
            self._ended.set()

    async def take(self) -> Mapping[VenueId, VenueView] | None:
        """Return what was read ahead, once; None where nothing fresh is there, not even the intents' look-up."""
        async with self._turn:
            read, self._read = self._read, None
            if read is None:
                return None
            oldest = self.clock.now() - self.max_age
            is_old = any(view.as_of < oldest for view in read.views.values())
            if is_old or read.began <= self._void or read.began < self.clock.monotonic() - FRESH:
                self.observer.forget(read.views.values())
                return None
            return read.views

    def void(self) -> None:
        """Discard what was begun before now: a venue says that something moved."""
        self._void = self.clock.monotonic()

    def _due(self) -> float:
        """Return when a read should begin that is half as old as it may be when the next cycle comes."""
        gaps = sorted(later - earlier for earlier, later in pairwise(self._begins))
        usual = gaps[len(gaps) // 2] if gaps else 0.0
        return self._begins[-1] + usual - self._took - FRESH / 2

    async def read(self) -> None:
        """Read; whatever fails here fails again in the cycle, which knows what to do about it."""
        async with self._turn:
            self._drop()
            if self.since is None:
                return
            began = self.clock.monotonic()
            try:
                await self.reconciler.reconcile()
                views = await self.observer.prefetch(self.since)
            except DnbotError as error:
                log.info("not read ahead", error=type(error).__name__, reason=str(error))
            except Exception:  # a bug surfaces in the cycle, and the daemon handles it there
                log.exception("unexpected error while reading ahead")
            else:
                self._read = _Read(began, views)
                self._took = self.clock.monotonic() - began

    def _drop(self) -> None:
        if self._read is not None:
            self.observer.forget(self._read.views.values())
        self._read = None
