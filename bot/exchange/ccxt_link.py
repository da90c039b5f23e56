"""One ccxt object on one transport: reads are retried and validated, writes sent once and judged by their response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import tenacity

from bot.core.errors import DnbotError, Retryable
from bot.core.reconciliation.lost_orders import DEFAULT_RULE
from bot.core.types import Symbol
from bot.exchange.ccxt_api import Api, Call
from bot.exchange.config import CcxtConfig
from bot.exchange.errors import NotSent, Refusal, Unbelievable, Unreachable
from bot.exchange.facts import VenueFacts
from bot.exchange.fields import Row, milliseconds_of
from bot.exchange.redact import Redactor
from bot.exchange.transport import RequestStyle, Wire, recording
from bot.ports import Clock

MAX_OFFSET: Final = timedelta(milliseconds=500)
"""The largest difference between our clock and the venue's at which writes may leave."""
RESYNC: Final = 3600.0
"""Seconds between two measurements of the offset."""
_RESYNC_WHILE_OFF: Final = 10.0
"""The same while the offset is too large to write: the clock may be being corrected."""
_STEP: Final = timedelta(milliseconds=100)
"""How far the wall clock may diverge from the monotonic one before it counts as having been set."""
_ATTEMPTS: Final = 3
_PAUSE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a write: the request that carried it, if one left, and ccxt's reading of the answer, if any."""

    wire: Wire | None
    result: object
    error: str


@dataclass(slots=True)
class Offset:
    """How far the venue's clock is ahead of ours, and when that was measured, by both of our clocks."""

    value: timedelta
    wall: datetime
    at: float
    """Monotonic seconds."""

    @property
    def is_small(self) -> bool:
        """Whether writes may leave at this offset."""
        return abs(self.value) <= MAX_OFFSET


@dataclass(slots=True)
class Link:
    """The adapter's connection to one account.

    Its only state is the clock's offset, and whether a venue's answer made it ``suspect``.
    """

    api: Api
    config: CcxtConfig
    facts: VenueFacts
    clock: Clock
    redact: Redactor
    offset: Offset | None = None
    suspect: bool = field(default=False)

    def method(self, name: str) -> Call:
        """Return a ccxt method by name: a unified one, or one of the venue's own endpoints."""
        call: Call = getattr(self.api, name)
        return call

    def parse_order(self, raw: Row, symbol: Symbol) -> object:
        """Let ccxt put the venue's own order into its dictionary.

        Raises:
            Unbelievable: ccxt can't parse it.
        """
        return self._parsed("order", self.api.parse_order, raw, symbol)

    def parse_trade(self, raw: Row, symbol: Symbol) -> object:
        """Let ccxt put the venue's own trade into its dictionary.

        Raises:
            Unbelievable: ccxt can't parse it.
        """
        return self._parsed("trade", self.api.parse_trade, raw, symbol)

    def _parsed(self, what: str, parse: Callable[[object, object], object], raw: Row, symbol: Symbol) -> object:
        try:
            return parse(raw, self.api.market(symbol))
        except Exception as error:  # noqa: BLE001 - ccxt parses unguarded
            raise Unbelievable(self.redact(f"{what} of {symbol}: {type(error).__name__}: {error}")) from None

    async def read(self, name: str, *args: object, **kwargs: object) -> object:
        """Read through a ccxt method; passing faults are retried a few times, the venue's own errors are not.

        No attempt starts later than ``config.timeout`` after the first.

        Raises:
            Retryable: Unreachable, Unbelievable, Refusal or Busy, all redacted.
        """
        deadline = self.clock.monotonic() + self.config.timeout.total_seconds()
        try:
            return await self._read_once(name, args, kwargs)  # tenacity takes as long as the rest of a quick read
        except (Unreachable, Unbelievable):
            if self.clock.monotonic() >= deadline:
                raise
        await self.clock.sleep(_PAUSE)
        retrying = tenacity.AsyncRetrying(
            sleep=self.clock.sleep,
            stop=lambda state: state.attempt_number >= _ATTEMPTS - 1 or self.clock.monotonic() >= deadline,
            wait=tenacity.wait_fixed(2 * _PAUSE),
            retry=tenacity.retry_if_exception_type((Unreachable, Unbelievable)),
            reraise=True,
        )
        return await retrying(self._read_once, name, args, kwargs)

    async def _read_once(self, name: str, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        with recording(RequestStyle()) as wires:
            try:
                return await self.method(name)(*args, **kwargs)
            except Refusal as refusal:
                self._note_clock(refusal.code)
                raise
            except NotSent as stopped:
                raise Unreachable(str(stopped)) from None
            except DnbotError:
                raise
            except Exception as error:  # noqa: BLE001 - ccxt parses unguarded: whatever it trips over was no believable answer
                lost = bool(wires) and wires[-1].sent and wires[-1].status is None
                kind = Unreachable if lost else Unbelievable
                # the original may carry a signature in its text: it is not chained
                raise kind(self.redact(f"{name}: {type(error).__name__}: {error}")) from None

    async def write(
        self, name: str, *args: object, urgent: bool, created_at: datetime | None = None, **kwargs: object
    ) -> Written:
        """Send one write, once, and where an intent of a time is behind it only as long as that is no older than 10 s.

        Never raises for what the venue, the network or ccxt does.
        """
        if self._is_clock_set():
            with suppress(Retryable):  # the gate reports that nothing was measured
                await self.sync_clock()
        with recording(RequestStyle(urgent=urgent, max_wait=1.0, gate=partial(self._late, created_at))) as wires:
            result, words = await self._attempt(self.method(name), args, kwargs)
        sent = [wire for wire in wires if not wire.is_read and wire.sent]
        wire = sent[-1] if sent else None
        if wire is not None:
            self._note_clock(wire.code)
        return Written(wire, result, words)

    def _late(self, created_at: datetime | None) -> str | None:
        """Return why the request of an intent may not leave any more; a lost one is proven lost from then on."""
        if created_at is None or self.clock.now() - created_at <= DEFAULT_RULE.prompt:
            return None
        return f"it did not leave within {DEFAULT_RULE.prompt.total_seconds():g} s; nothing was sent"

    async def _attempt(self, call: Call, args: tuple[object, ...], kwargs: dict[str, object]) -> tuple[object, str]:
        try:
            return await call(*args, **kwargs), ""
        except Exception as error:  # noqa: BLE001 - after a request left, no exception class says what became of it
            return None, self.redact(
                str(error) if isinstance(error, DnbotError) else f"{type(error).__name__}: {error}"
            )

    def _note_clock(self, code: str) -> None:
        if code in self.facts.clock_codes:
            self.suspect = True

    async def sync_clock(self) -> None:
        """Measure the venue's clock against ours, if that is due; at once where ours was set.

        The venue's time is taken to be from the middle of the round trip; half the round trip is the uncertainty, and
        must stay below the limit itself. A first trip may have opened the connection, so a slow one is made again.

        Raises:
            Retryable: the venue did not tell its time.
        """
        if not self._is_sync_due():
            return
        for _ in range(_ATTEMPTS):
            now, started = self.clock.now(), self.clock.monotonic()
            told = await self._read_once("fetch_time", (), {})
            trip = self.clock.monotonic() - started
            if timedelta(seconds=trip / 2) <= MAX_OFFSET:
                break
        else:
            raise Unreachable(f"the venue took {trip:.1f} s to tell its time, too long to measure it")
        if not isinstance(told, int) or isinstance(told, bool) or told <= 0:
            raise Unbelievable(f"the venue's time reads {told!r}")
        ahead = timedelta(milliseconds=told - milliseconds_of(now) - trip * 500)
        self.offset = Offset(ahead, now, started)
        self.suspect = False
        # ccxt stamps requests with its clock less this difference; past the limit nothing is stamped but reads
        self.api.options["timeDifference"] = -round(ahead / timedelta(milliseconds=1))

    def _is_sync_due(self) -> bool:
        if self.offset is None or self.suspect or self._is_clock_set():
            return True
        age = self.clock.monotonic() - self.offset.at
        return age >= (RESYNC if self.offset.is_small else _RESYNC_WHILE_OFF)

    def _is_clock_set(self) -> bool:
        """Whether the wall clock was set since the last measurement: it advanced differently from the monotonic one."""
        if self.offset is None:
            return False
        elapsed = timedelta(seconds=self.clock.monotonic() - self.offset.at)
        return abs(self.clock.now() - self.offset.wall - elapsed) > _STEP

    def gate(self) -> str | None:
        """Return why no write may leave now, or None."""
        if self.offset is None or self.suspect:
            return "the venue's clock was not measured yet; nothing was sent"
        if self._is_clock_set():
            return "the system's clock was set, and the venue's was not measured since; nothing was sent"
        if self.clock.monotonic() - self.offset.at > 2 * RESYNC:
            return "the venue's clock was measured too long ago; nothing was sent"
        if not self.offset.is_small:
            off = self.offset.value / timedelta(milliseconds=1)
            return f"our clock is {-off:+.0f} ms off the venue's, more than 500 ms; nothing was sent"
        return None

    def venue_ms(self) -> int:
        """Return the venue's present time in milliseconds, as far as it is known; our clock may be set meanwhile."""
        if self.offset is None:
            return milliseconds_of(self.clock.now())
        elapsed = timedelta(seconds=self.clock.monotonic() - self.offset.at)
        return milliseconds_of(self.offset.wall + self.offset.value + elapsed)


@asynccontextmanager
async def side_by_side() -> AsyncIterator[asyncio.TaskGroup]:
    """Open a task group whose first failure is raised as itself, after the other tasks were cancelled."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failed:
        first: BaseException = failed
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
