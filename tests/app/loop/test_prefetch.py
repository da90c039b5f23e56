"""Reading ahead: a cycle decides on what was read before its block, while that is fresh and nothing moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from bot.app.loop.observe import USUAL_LEDGER_INTERVAL
from bot.app.loop.prefetch import FRESH, TRIES
from bot.core.errors import Retryable
from bot.core.orders import Intent, NotFound, OrderReport, Outcome, Statement
from bot.core.reconciliation.identity import OrderIds
from bot.core.reconciliation.lost_orders import ResolutionRule
from bot.core.record import CycleRecord
from bot.core.snapshot import VenueUnknown, VenueView
from bot.core.types import ClientOrderId, Symbol, VenueId
from bot.paper.exchange import IDS, PaperExchange
from bot.ports import Exchange
from tests.app.fakes import Rig, rig, view
from tests.app.loop.running import Running
from tests.core.scenes import PAPER

GAP = 12
"""Seconds between two blocks here."""
READ = GAP - FRESH / 2
"""Seconds after a block at which the next one is read ahead."""


@dataclass
class Wired:
    """The paper account as if it were behind a wire; ``done`` tells what was asked of it, and when."""

    real: PaperExchange
    rig: Rig
    silence: ResolutionRule = field(default_factory=ResolutionRule)
    ids: OrderIds = IDS
    venue: VenueId = PAPER
    done: list[tuple[str, datetime]] = field(default_factory=list)
    down: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    ledgers: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    async def check(self, symbols: Sequence[Symbol]) -> object:
        return await self.real.check(symbols)

    async def observe(self) -> VenueView:
        self.done.append(("observe", self.rig.clock.now()))
        await self.gate.wait()
        if self.down:
            raise Retryable("down")
        return await self.real.observe()

    async def lookup(self, client_id: ClientOrderId, symbol: Symbol) -> OrderReport | NotFound:
        self.done.append(("lookup", self.rig.clock.now()))
        return await self.real.lookup(client_id, symbol)

    async def ledger(self, since: datetime) -> Statement:
        self.ledgers += 1
        return await self.real.ledger(since)

    async def place(self, intent: Intent) -> Outcome:
        self.done.append(("place", self.rig.clock.now()))
        return await self.real.place(intent)

    async def cancel(self, client_id: ClientOrderId, symbol: Symbol) -> Outcome:
        return await self.real.cancel(client_id, symbol)

    async def fills(self, since: datetime) -> object:
        return await self.real.fills(since)

    @property
    def reads(self) -> list[datetime]:
        return [at for what, at in self.done if what == "observe"]


class Prefetch:
    """A daemon on such a venue that has seen two blocks, so that it knows when the next one is due."""

    def __init__(self, daemon: Running, venue: Wired) -> None:
        self.daemon, self.venue, self.run = daemon, venue, daemon.run
        self.block = 1

    async def next_block(self, size: int = 5, after: float = 0) -> CycleRecord:
        """Show a block; return the record of its cycle."""
        self.block += 1
        await self.daemon.pass_time(after)
        self.run.chain.show(view(self.block, size=size))
        self.venue.done.clear()
        await self.daemon.pass_time()
        return self.run.published.records[-1]


@asynccontextmanager
async def prefetch(folder: Path) -> AsyncIterator[Prefetch]:
    async with rig(folder) as run:
        venue = Wired(run.exchange, run)
        seen = cast("Exchange", venue)
        run.cycle.observer.venues = [seen]
        for names in (run.cycle.reconciler, run.cycle.reconciler.agreement, run.cycle.executor):
            object.__setattr__(names, "venues", {PAPER: seen})
        run.chain.show(view(1), head=False)
        daemon = Running(run)
        await daemon.pass_time()
        here = Prefetch(daemon, venue)
        await here.next_block()
        await here.next_block()
        try:
            yield here
        finally:
            daemon.stop.set()
            venue.gate.set()
            await asyncio.wait([daemon.task])


async def test_a_cycle_decides_on_what_was_read_ahead_and_reads_the_venue_again_only_after_its_order(
    tmp_path: Path,
) -> None:
    async with prefetch(tmp_path) as here:
        before = here.run.clock.now()
        await here.daemon.pass_time(READ + 0.25)
        record = await here.next_block(size=8)
    found = next(item for item in record.snapshot.known_venues)
    assert timedelta(seconds=READ) <= found.as_of - before <= timedelta(seconds=READ + 0.25)
    assert record.decision.approved
    assert [what for what, _ in here.venue.done][:2] == ["place", "observe"]


async def test_intents_are_looked_up_ahead_too_and_before_the_account_is_read(tmp_path: Path) -> None:
    async with prefetch(tmp_path) as here:
        assert here.run.journal.pending(), "a stop rests"
        here.venue.done.clear()
        await here.daemon.pass_time(READ + 0.25)
        assert [what for what, _ in here.venue.done] == ["lookup", "observe"]


async def test_what_was_read_ahead_is_taken_once(tmp_path: Path) -> None:
    async with prefetch(tmp_path) as here:
        await here.daemon.pass_time(READ + 0.25)
        await here.next_block()
        assert here.venue.reads == []
        record = await here.next_block()
        assert here.venue.reads == [record.at]


async def test_what_is_not_fresh_any_more_is_read_again(tmp_path: Path) -> None:
    async with prefetch(tmp_path) as here:
        await here.daemon.pass_time(READ + 0.25)
        here.venue.gate.clear()  # the read that would follow hangs, and the block comes later than anybody thought
        here.run.clock.advance(FRESH)
        assert await here.run.cycle.prefetch.take() is None


async def test_what_a_venue_says_has_moved_is_read_again(tmp_path: Path) -> None:
    async with prefetch(tmp_path) as here:
        await here.daemon.pass_time(READ + 0.25)
        streams = here.run.daemon
        streams.hint()
        assert streams.due.is_set()
        record = await here.next_block()
        assert here.venue.reads == [record.at]


async def test_what_moves_while_it_is_read_ahead_makes_the_read_void(tmp_path: Path) -> None:
    async with prefetch(tmp_path) as here:
        here.venue.gate.clear()
        await here.daemon.pass_time(READ + 0.25)
        here.run.cycle.prefetch.void()
        here.venue.gate.set()
        await here.daemon.pass_time()
        record = await here.next_block()
        assert here.venue.reads == [record.at]


async def test_a_view_older_than_the_policy_allows_is_read_again(tmp_path: Path) -> None:
    async with prefetch(tmp_path) as here:
        here.run.cycle.prefetch.max_age = timedelta(milliseconds=100)
        await here.daemon.pass_time(READ + 0.5)
        record = await here.next_block()
        assert here.venue.reads == [record.at]


async def test_a_block_that_comes_while_it_is_read_ahead_waits_for_that_read_and_makes_none_of_its_own(
    tmp_path: Path,
) -> None:
    async with prefetch(tmp_path) as here:
        here.venue.gate.clear()
        here.venue.done.clear()
        await here.daemon.pass_time(READ + 0.25)
        assert len(here.venue.reads) == 1, "it is under way"
        cycles = len(here.run.published.records)
        await here.next_block()
        assert len(here.run.published.records) == cycles
        here.venue.gate.set()
        await here.daemon.pass_time()
        assert len(here.run.published.records) == cycles + 1
        assert here.venue.reads == []


async def test_what_could_not_be_read_ahead_is_read_in_the_cycle_which_tells_what_is_wrong(tmp_path: Path) -> None:
    async with prefetch(tmp_path) as here:
        here.venue.down = True
        await here.daemon.pass_time(READ + 0.25)
        here.venue.down = False
        record = await here.next_block()
        assert here.venue.reads == [record.at]
        assert not any(isinstance(item, VenueUnknown) for item in record.snapshot.venues)
        here.venue.down = True
        await here.daemon.pass_time(READ + 0.25)
        record = await here.next_block()
        assert [item.reason for item in record.snapshot.venues if isinstance(item, VenueUnknown)] == ["down"]


async def test_a_late_block_is_not_waited_for_at_the_expense_of_the_venue(tmp_path: Path) -> None:
    async with prefetch(tmp_path) as here:
        here.venue.done.clear()
        await here.daemon.pass_time(READ + 0.25)
        await here.daemon.pass_time(GAP)
        assert len(here.venue.reads) == TRIES


async def test_a_ledger_that_nothing_was_decided_on_is_read_again(tmp_path: Path) -> None:
    async with prefetch(tmp_path) as here:
        before = here.venue.ledgers
        await here.daemon.pass_time(USUAL_LEDGER_INTERVAL)
        await here.next_block()
        assert here.venue.ledgers == before + 1
        await here.daemon.pass_time(USUAL_LEDGER_INTERVAL + FRESH)
        assert here.venue.ledgers == before + 2
        here.run.cycle.prefetch.void()
        record = await here.next_block()
        assert here.venue.ledgers == before + 3
        assert record.snapshot.known_venues[0].ledger is not None


async def test_a_venue_that_is_no_wire_away_is_never_read_ahead(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        run.chain.show(view(1), head=False)
        daemon = Running(run)
        for number in (2, 3, 4):
            run.chain.show(view(number))
            await daemon.pass_time()
        await daemon.pass_time(GAP)
        assert await run.cycle.prefetch.take() is None
        await daemon.end()
