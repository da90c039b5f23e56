"""Live equals replay: from what the journal holds, every decision comes out again, byte for byte."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.backtest.verify_journal import Derived, derive
from bot.clock import ManualClock
from bot.core.command import Command, Verb
from bot.core.errors import Retryable
from bot.core.policy import ExecutionPolicy, FixedWidth, Policy, Style
from bot.core.record import CycleRecord
from bot.journal.reader import JournalView
from bot.protocols.registry import CURVES
from bot.version import decider
from tests.app.fakes import Rig, rig, view
from tests.core.scenes import NOW, policy


async def play(run: Rig, prices: list[int], block: int) -> None:
    for number, price in enumerate(prices, block):
        await run.clock.run(12)
        now = view(number, price)
        await run.turn(replace(now, block=replace(now.block, timestamp=run.clock.now())))


def styled(style: Style) -> Policy:
    return replace(policy(), execution=ExecutionPolicy(style))


async def eventful(folder: Path, style: Style = Style.TAKER) -> None:
    """Orders, stops, an operator's words, a chain that can't be read, and a restart."""
    clock, wanted = ManualClock(NOW), styled(style)
    async with rig(folder, clock=clock, wanted=wanted) as run:
        await play(run, [2000, 2010, 1900], 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(run.cycle.commands.submit(Command(Verb.FREEZE, "test", "a look")))
            await asyncio.sleep(0)
            await play(run, [1700, 1700], 4)
            group.create_task(run.cycle.commands.submit(Command(Verb.RESUME, "test")))
            await asyncio.sleep(0)
            await play(run, [1700, 1650], 6)
        run.chain.error = Retryable("no endpoint answers")
        await clock.run(12)
        with pytest.raises(Retryable):
            await run.cycle.run(asyncio.Event())
        run.chain.error = None
        await play(run, [1650, 2100], 8)
    async with rig(folder, clock=clock, wanted=wanted) as run:
        await play(run, [2100, 2250, 2250], 10)


def journaled(folder: Path) -> list[CycleRecord]:
    with closing(JournalView.open(folder / "journal.sqlite", CURVES)) as books:
        return list(books.records())


@pytest.mark.parametrize("style", list(Style))
async def test_every_decision_comes_out_again(tmp_path: Path, style: Style) -> None:
    await eventful(tmp_path, style)
    records = journaled(tmp_path)
    assert len(records) == 12
    assert sum(record.settlement is not None for record in records) >= 5
    assert any(record.before is None for record in records)
    found = list(derive(records, styled(style), decider()))
    assert found == [Derived(one.cycle, len(one.decision.approved), decider(), ()) for one in records]


async def test_other_settings_and_other_facts_are_found_out(tmp_path: Path) -> None:
    await eventful(tmp_path)
    records = journaled(tmp_path)
    other = list(derive(records, policy(FixedWidth(Decimal("0.2"))), decider()))
    assert {"hedges", "approved"} <= set(other[0].differs or ())
    assert sum(bool(item.differs) for item in other) >= len(records) - 3
    forged = [replace(one, decision=replace(one.decision, approved=())) for one in records]
    assert {one.cycle for one in derive(forged, policy(), decider()) if one.differs} == {
        one.cycle for one in records if one.decision.approved
    }


async def test_without_what_came_before_nothing_is_claimed(tmp_path: Path) -> None:
    await eventful(tmp_path)
    quiet = next(one for one in journaled(tmp_path) if one.before is None)
    (found,) = derive([quiet], policy(), decider())
    assert found.differs is None


async def test_what_another_version_decided_is_named_and_not_derived(tmp_path: Path) -> None:
    await eventful(tmp_path)
    first, *_ = journaled(tmp_path)
    (found,) = derive([replace(first, version="0.0.9")], policy(), decider())
    assert (found.version, found.differs) == ("0.0.9", None)
    (found,) = derive([replace(first, inputs=None, version="")], policy(), decider())
    assert (found.version, found.differs) == ("", None)
