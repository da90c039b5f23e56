"""A snapshot is whole or absent; a venue that can't be read is marked, never taken for flat."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.errors import Retryable, SkipCycle
from bot.core.snapshot import EntrySource, MovedPosition, VenueUnknown, VenueView
from bot.core.types import Address
from tests.app.fakes import rig, view
from tests.core.scenes import NOW, PAPER
from tests.faults.points import Points

FARM = Address("0xFarm")


async def test_a_snapshot_holds_chain_and_venue(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        run.chain.show(view(1))
        seen = await run.cycle.observer.observe()
    assert [item.block.number for item in seen.chains] == [1]
    assert isinstance(seen.venues[0], VenueView)
    assert [item.entry.source for item in seen.positions if item.entry] == [EntrySource.FIRST_SIGHT]


async def test_a_venue_that_fails_is_unknown_with_its_reason(tmp_path: Path) -> None:
    def fail(_: int, name: str) -> None:
        if name == "before observe":
            raise Retryable("the venue is down")

    async with rig(tmp_path, points=Points(fail)) as run:
        run.chain.show(view(1))
        seen = await run.cycle.observer.observe()
    assert seen.venues == (VenueUnknown(PAPER, "the venue is down", run.clock.now()),)


@pytest.mark.parametrize("error", [Retryable("no endpoint answers"), SkipCycle("the answers contradict each other")])
async def test_a_chain_that_fails_makes_no_snapshot(tmp_path: Path, error: Exception) -> None:
    async with rig(tmp_path) as run:
        run.chain.error = error
        with pytest.raises(type(error)):
            await run.cycle.run(asyncio.Event())
        assert run.journal.last_cycle() == 0


async def test_a_failing_look_up_of_an_entry_holds_nothing_up(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        run.chain.unfound = Retryable("no logs here")
        record = await run.turn(view(1))
        assert [item.entry.source for item in record.snapshot.positions if item.entry] == [EntrySource.FIRST_SIGHT]
        run.chain.unfound = None
        more = await run.turn(view(2, 2000, 5))
    assert more.snapshot.positions[0].entry == record.snapshot.positions[0].entry
    assert more.at > NOW


async def test_what_counted_so_far_is_asked_for_wherever_it_went(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        first = await run.turn(view(1))
        assert not run.chain.followed
        gone = replace(view(2), positions=(), moved=tuple(MovedPosition(p, FARM) for p in first.snapshot.positions))
        record = await run.turn(gone)
        assert set(run.chain.followed) == {item.id for item in first.snapshot.positions}
        assert {item.moved_since for item in record.decision.state.held.values()} == {gone.block.timestamp}
        assert not [order for order in record.decision.approved if order.order.quantity > 0], "no short is unwound"
        assert [alarm.key for alarm in record.decision.alarms if alarm.key.startswith("moved:")]
