"""The daemon: a cycle at every head and on a timer, one at a time, for months; the one place that handles errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from bot.app.loop.cycle import Cycle
from bot.app.loop.preflight import check_world
from bot.concurrency import backoff, beside, raise_if_cancelled, sleep_until, unless
from bot.core.errors import ConfigError, Halt, Retryable, SkipCycle
from bot.core.record import Event
from bot.core.telemetry_event import CycleFailed
from bot.core.types import Symbol, VenueId
from bot.ports import ChainReader, Clock, Exchange, Journal, Service

log = structlog.get_logger(__name__)

FIRST_BACKOFF = 0.25
LAST_BACKOFF = 60.0
HEAD_BACKOFF = 1.0
"""Seconds after which a new head, which shows that the chain is back, ends a longer pause."""
SERVICE_BACKOFF = 10.0


@dataclass(slots=True)
class Daemon:
    """Runs cycles until it is asked to stop.

    Attributes:
        interval: seconds after which a cycle runs even without a new head.
        symbols: the perpetuals that each venue is used for.
        spacing: seconds between two cycles at least, whatever heads come; an operator's command does not wait for it.
        services: what runs beside the loop.
        due: set when a cycle is due before its time.
        preflight_done: called once, when the preflight has passed and the first cycle is about to run.
    """

    chains: Sequence[ChainReader]
    venues: Sequence[Exchange]
    symbols: dict[VenueId, Sequence[Symbol]]
    cycle: Cycle
    journal: Journal
    clock: Clock
    interval: float
    spacing: float = 0.0
    services: Sequence[Service] = ()
    due: asyncio.Event = field(default_factory=asyncio.Event)
    preflight_done: Callable[[], None] = lambda: None
    _head: asyncio.Event = field(default_factory=asyncio.Event)
    _failures: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set; what is being read then is broken off, orders in hand are finished and recorded.

        Raises:
            ConfigError: the configuration does not fit the chain or the venue.
            Halt: going on would be wrong.
        """
        try:
            async with beside() as start:
                for service in self.services:
                    start(self._keep(service), service.name)
                try:
                    if await self._start(stop):
                        for chain in self.chains:
                            start(self._watch(chain), f"heads of {chain.chain}")
                        start(self._keep(self.cycle.prefetch), self.cycle.prefetch.name)
                        await self._loop(stop)
                finally:
                    self.cycle.commands.close()  # before the services that carry its answers end
        finally:
            self._note("stopped", "the daemon stopped")

    def hint(self) -> None:
        """Run a cycle soon, on venues that are read anew: one of them says that something moved."""
        self.cycle.prefetch.void()
        self.due.set()

    async def _start(self, stop: asyncio.Event) -> bool:
        """Run the preflight; wait for chains and venues that do not answer yet."""
        while not stop.is_set():
            self.cycle.obey()
            try:
                await unless(stop, self._check_world())
            except (Retryable, SkipCycle) as error:
                await self._back_off("waiting for the chain and the venues", error, stop)
            else:
                if stop.is_set():
                    break
                self._failures = 0
                self.cycle.begin()
                self._note("started", "the daemon started")
                self.preflight_done()
                return True
        return False

    async def _check_world(self) -> None:
        await check_world(self.chains, self.venues, self.symbols, self.cycle.policy)
        await self.cycle.observer.look()
        await self.cycle.reconciler.begin()

    async def _watch(self, chain: ChainReader) -> None:
        """Start a cycle at each head; without heads the timer starts them."""
        while True:
            try:
                async for _ in chain.heads():
                    self._head.set()
                    self.due.set()
            except Exception:  # heads only shorten the timer: without them the loop goes on
                log.exception("unexpected error while following the heads", chain=chain.chain)
            raise_if_cancelled()
            await self.clock.sleep(self.interval)

    async def _keep(self, service: Service) -> None:
        """Supervise a service; its failures never stop the loop."""
        while True:
            try:
                return await service.run()
            except Exception:  # a bug beside the loop must not end the supervision of a hedge either
                log.exception("a service failed", service=service.name, retry_in=SERVICE_BACKOFF)
            raise_if_cancelled()
            await self.clock.sleep(SERVICE_BACKOFF)

    async def _loop(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            # Cleared before the cycle reads: a head that comes during the cycle starts the next one at once.
            self.due.clear()
            await self._turn(stop)
            await sleep_until(self.clock, self.spacing, stop, self.cycle.commands.arrived)
            await sleep_until(self.clock, self.interval - self.spacing, stop, self.due, self.cycle.commands.arrived)

    async def _turn(self, stop: asyncio.Event) -> None:
        """Run one cycle and handle its error by class. Commands count even if no cycle comes to its end."""
        try:
            self.cycle.obey()
            with structlog.contextvars.bound_contextvars(cycle=self.cycle.number + 1):
                record = await self.cycle.run(stop)
        except (Retryable, SkipCycle) as error:
            await self._back_off("cycle not finished", error, stop)
        except ConfigError as error:  # it fitted at the start, so chain or venue has changed: retry
            await self._back_off("the configuration no longer fits", error, stop)
        except Halt:
            raise
        except Exception as error:  # the one handler: a bug must not end the supervision of a hedge
            log.exception("unexpected error in a cycle")
            await self._back_off("unexpected error", error, stop)
        else:
            self._failures = 0
            if record is not None and record.decision.cancels:
                self.due.set()  # what was cancelled is to be replaced now, not at the next block

    async def _back_off(self, what: str, error: Exception, stop: asyncio.Event) -> None:
        """Report a failure, once per streak in the journal, and wait a little longer each time."""
        self.cycle.telemetry.emit(CycleFailed(type(error).__name__))
        pause = backoff(self._failures, FIRST_BACKOFF, LAST_BACKOFF)
        self._failures += 1
        log.warning(what, error=type(error).__name__, reason=str(error), failures=self._failures, retry_in=pause)
        if self._failures == 1:
            self._note("failing", f"{what}: {type(error).__name__}: {error}")
        arrived = self.cycle.commands.arrived
        self._head.clear()
        await sleep_until(self.clock, min(pause, HEAD_BACKOFF), stop, arrived)
        if not arrived.is_set():
            await sleep_until(self.clock, pause - HEAD_BACKOFF, stop, self._head, arrived)
        self.due.set()

    def _note(self, kind: str, message: str) -> None:
        try:
            self.journal.add_event(Event(self.clock.now(), kind, message, {}))
        except Retryable as error:
            log.warning("event not journaled", kind=kind, reason=str(error))
