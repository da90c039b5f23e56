"""Observe: read every chain and every venue into one Snapshot, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.app.loop.cost_basis import EntryBook
from bot.concurrency import both, gather
from bot.core.booked import LEDGER_OVERLAP
from bot.core.errors import Retryable
from bot.core.orders import Statement
from bot.core.snapshot import ChainView, Snapshot, VenueUnknown, VenueView
from bot.core.telemetry_event import LedgerRead, VenueFailed
from bot.core.types import PositionId, VenueId
from bot.ports import ChainFed, ChainReader, Clock, Exchange, NoTelemetry, Telemetry

log = structlog.get_logger(__name__)


USUAL_LEDGER_INTERVAL: Final = 15.0
"""Seconds between two readings of a real venue's ledger: results need no finer resolution."""
_AT_ONCE: Final = timedelta(minutes=1)
"""How far a ledger is read back again that has every movement at once, as that of a paper account."""


@dataclass(slots=True)
class Observer:
    """Reads chains and venues.

    Attributes:
        deadline: seconds that each of the two rounds of reads (chains, then venues) may take.
        ledger_interval: seconds between two readings of a real venue's ledger.
    """

    chains: Sequence[ChainReader]
    venues: Sequence[Exchange]
    fed: Sequence[ChainFed]
    entries: EntryBook
    clock: Clock
    deadline: float
    telemetry: Telemetry = field(default_factory=NoTelemetry)
    ledger_interval: float = USUAL_LEDGER_INTERVAL
    _read_at: dict[VenueId, float] = field(default_factory=dict)

    async def observe(
        self, since: Mapping[VenueId, datetime] | None = None, ready: Mapping[VenueId, VenueView] | None = None
    ) -> Snapshot:
        """Take one snapshot; ``since`` tells when each venue's ledger was read last, ``ready`` is what was read ahead.

        A chain that can't be read makes no snapshot, since its exposure would be missing from the sum. A venue that
        can't be read is marked unknown, since the others can still be reduced.

        Raises:
            Retryable, SkipCycle: a chain could not be read, or not believably.
        """
        since, known = since or {}, dict[VenueId, VenueView | VenueUnknown](ready or {})
        views, read = await both(self.look(), self._read([one for one in self.wired if one.venue not in known], since))
        known |= read
        known |= await self._read([one for one in self.venues if one.venue not in known], since)
        return Snapshot(self.clock.now(), tuple(views), tuple(known[one.venue] for one in self.venues))

    def follow(self, held: Collection[PositionId]) -> None:
        """Ask the chains for these positions, whoever holds them now."""
        for chain in self.chains:
            chain.follow(held)

    @property
    def wired(self) -> list[Exchange]:
        """The venues behind a network; the others are paper, whose prices may come from the chain, read first."""
        return [venue for venue in self.venues if venue.silence is not None]

    async def prefetch(self, since: Mapping[VenueId, datetime]) -> dict[VenueId, VenueView]:
        """Read the venues behind a network; those that could not be read are left out."""
        read = await self._read(self.wired, since)
        return {name: view for name, view in read.items() if isinstance(view, VenueView)}

    def forget(self, views: Iterable[VenueView]) -> None:
        """Have the ledgers of views that nothing rests on read again."""
        for view in views:
            if view.ledger is not None:
                self._read_at.pop(view.venue, None)

    async def _read(
        self, venues: Sequence[Exchange], since: Mapping[VenueId, datetime]
    ) -> dict[VenueId, VenueView | VenueUnknown]:
        views = await gather([self._venue(venue, since) for venue in venues])
        return {view.venue: view for view in views}

    async def complete(self, snapshot: Snapshot, since: Mapping[VenueId, datetime]) -> Snapshot:
        """Read the venues (again) and give the snapshot with what they show now."""
        read = await self._read(self.venues, since)
        return replace(snapshot, observed_at=self.clock.now(), venues=tuple(read.values()))

    async def only_venues(self, since: Mapping[VenueId, datetime]) -> Snapshot:
        """Take a snapshot without the chains: enough to protect the shorts that are there."""
        unread = tuple(chain.chain for chain in self.chains)
        return await self.complete(Snapshot(self.clock.now(), (), (), unread), since)

    async def look(self) -> list[ChainView]:
        """Read the chains, and notify what follows them (the paper exchange's marks, a chain's own clock).

        Raises:
            Retryable, SkipCycle: a chain could not be read, or not believably.
        """
        views = await gather([self._chain(chain) for chain in self.chains])
        for sink in self.fed:
            sink.chain_seen(views)
        return views

    async def _chain(self, chain: ChainReader) -> ChainView:
        try:
            async with asyncio.timeout(self.deadline):
                view = await chain.read()
        except TimeoutError as error:
            raise Retryable(f"chain {chain.chain}: no whole answer within {self.deadline:g} s") from error
        positions = await gather([self.entries.with_entry(chain, item) for item in view.positions])
        return replace(view, positions=tuple(positions))

    async def _venue(self, venue: Exchange, since: Mapping[VenueId, datetime]) -> VenueView | VenueUnknown:
        try:
            async with asyncio.timeout(self.deadline):
                told = await self._ledger(venue, since.get(venue.venue))
                view = await venue.observe()
                return view if told is None else replace(view, ledger=told.entries, aside=told.aside)
        except TimeoutError:
            reason = f"no whole answer within {self.deadline:g} s"
        except Retryable as error:
            reason = str(error)
        self.telemetry.emit(VenueFailed(venue.venue))
        return VenueUnknown(venue=venue.venue, reason=reason, as_of=self.clock.now())

    async def _ledger(self, venue: Exchange, since: datetime | None) -> Statement | None:
        """Read the recent ledger where it is time to; before the equity, so that no entry is ahead of it for long."""
        now = self.clock.monotonic()
        last = self._read_at.get(venue.venue)
        if venue.silence is not None and last is not None and now - last < self.ledger_interval:
            return None
        try:
            overlap = LEDGER_OVERLAP if venue.silence is not None else _AT_ONCE
            told = await venue.ledger((since or self.clock.now()) - overlap)
        except Retryable as error:
            self.telemetry.emit(VenueFailed(venue.venue))
            log.warning("ledger not read yet", venue=venue.venue, reason=str(error))
            return None
        self._read_at[venue.venue] = now
        self.telemetry.emit(LedgerRead(venue.venue, told.entries))
        return told
