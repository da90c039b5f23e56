"""Entry amounts: asked for once, remembered, and asked for again after a look-up that failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from bot.app.loop.cost_basis import RETRY, EntryBook
from bot.clock import ManualClock
from bot.core.errors import Retryable
from bot.core.snapshot import Entry, EntrySource, LpPosition
from bot.core.types import PositionId
from tests.app.fakes import FakeChain, position
from tests.core.scenes import NOW


@dataclass
class Memory:
    entries: dict[PositionId, Entry] = field(default_factory=dict)

    def entry(self, position: PositionId) -> Entry | None:
        return self.entries.get(position)

    def save_entry(self, position: PositionId, entry: Entry) -> None:
        self.entries[position] = entry


class AskedChain(FakeChain):
    """A chain whose events tell ``found``; counts how often it is asked."""

    found: Entry | None = None
    asked = 0

    async def entry(self, position: LpPosition) -> Entry | None:
        self.asked += 1
        return await super().entry(position) or self.found


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


HELD = position(Decimal(2000), Decimal(5))
DEPOSIT = Entry.single(7, 9, liquidity=HELD.curve.liquidity, source=EntrySource.MINT_EVENTS, block=3)


async def test_the_chains_own_events_are_believed_and_asked_for_once(clock: ManualClock) -> None:
    chain, memory = AskedChain(clock), Memory()
    chain.found = DEPOSIT
    book = EntryBook(memory, clock, 5)
    assert [(await book.with_entry(chain, HELD)).entry for _ in range(3)] == [DEPOSIT] * 3
    assert chain.asked == 1
    assert memory.entries == {HELD.id: DEPOSIT}


async def test_a_restart_asks_nobody(clock: ManualClock) -> None:
    chain = AskedChain(clock)
    book = EntryBook(Memory({HELD.id: DEPOSIT}), clock, 5)
    assert (await book.with_entry(chain, HELD)).entry == DEPOSIT
    assert chain.asked == 0


async def test_without_events_first_sight_counts_and_says_so(clock: ManualClock) -> None:
    memory = Memory()
    entry = (await EntryBook(memory, clock, 5).with_entry(AskedChain(clock), HELD)).entry
    amounts = HELD.amounts
    assert entry == Entry.single(
        amounts.principal0, amounts.principal1, HELD.curve.liquidity, EntrySource.FIRST_SIGHT, block=0
    )
    assert memory.entries == {HELD.id: entry}


async def test_a_look_up_that_failed_is_not_remembered_and_tried_again_later(clock: ManualClock) -> None:
    chain, memory = AskedChain(clock), Memory()
    chain.unfound, chain.found = Retryable("down"), DEPOSIT
    book = EntryBook(memory, clock, 5)
    first = (await book.with_entry(chain, HELD)).entry
    assert first is not None
    assert first.source is EntrySource.FIRST_SIGHT
    assert memory.entries == {}

    chain.unfound = None
    clock.advance(RETRY - 1)
    assert (await book.with_entry(chain, HELD)).entry == first
    clock.advance(1)
    assert (await book.with_entry(chain, HELD)).entry == DEPOSIT
    assert chain.asked == 2
