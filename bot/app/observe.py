"""Observe: read every chain and every venue into one Snapshot, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.app.entries import EntryBook
from bot.app.together import together
from bot.core.errors import Retryable
from bot.core.snapshot import ChainView, Snapshot, VenueUnknown, VenueView
from bot.ports import ChainFed, ChainReader, Clock, Exchange


@dataclass(frozen=True, slots=True)
class Observer:
    """Reads the world. ``deadline`` bounds each of the two rounds of reads (chains, then venues), in seconds."""

    chains: Sequence[ChainReader]
    venues: Sequence[Exchange]
    fed: Sequence[ChainFed]
    entries: EntryBook
    clock: Clock
    deadline: float

    async def observe(self) -> Snapshot:
        """Take one snapshot.

        A chain that can't be read makes no snapshot, since its exposure would be missing from the sum. A venue that
        can't be read is marked unknown, since the others can still be reduced.

        Raises:
            Retryable, SkipCycle: a chain could not be read, or not believably.
        """
        views = await self.look()
        venues = await together([self._venue(venue) for venue in self.venues])
        return Snapshot(taken_at=self.clock.now(), chains=tuple(views), venues=tuple(venues))

    async def look(self) -> list[ChainView]:
        """Read the chains, and tell it to those who go by them (the paper exchange's marks, a chain's own clock).

        Raises:
            Retryable, SkipCycle: a chain could not be read, or not believably.
        """
        views = await together([self._chain(chain) for chain in self.chains])
        for sink in self.fed:
            sink.chain_seen(views)
        return views

    async def _chain(self, chain: ChainReader) -> ChainView:
        try:
            async with asyncio.timeout(self.deadline):
                view = await chain.read()
        except TimeoutError as error:
            raise Retryable(f"chain {chain.chain}: no whole answer within {self.deadline:g} s") from error
        positions = await together([self.entries.with_entry(chain, item) for item in view.positions])
        return replace(view, positions=tuple(positions))

    async def _venue(self, venue: Exchange) -> VenueView | VenueUnknown:
        try:
            async with asyncio.timeout(self.deadline):
                return await venue.observe()
        except TimeoutError:
            reason = f"no whole answer within {self.deadline:g} s"
        except Retryable as error:
            reason = str(error)
        return VenueUnknown(venue=venue.venue, reason=reason, as_of=self.clock.now())
