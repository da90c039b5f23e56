"""A journal that was restored, deleted or cut: the account is taken over as it is, and nothing is believed twice."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.app.loop.takeover import Takeover
from bot.clock import ManualClock
from bot.core.orders import Accepted, Intent, OrderKind, OrderRequest, TimeInForce, Unknown
from bot.core.policy import ExecutionPolicy, Style
from bot.core.types import ClientOrderId
from bot.journal.journal import SqliteJournal
from bot.journal.order_lifecycle import IntentStatus
from bot.journal.reader import JournalView
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.app.fakes import rig, view
from tests.app.lives import (
    BLOCKS,
    PERP,
    Damage,
    agrees,
    comes_to_agree,
    copied,
    cut,
    deleted,
    live,
    restored,
    start,
)
from tests.core.scenes import ETH, NOW, PAPER, policy

D = Decimal


@pytest.mark.parametrize("style", [Style.TAKER, Style.MAKER])
@pytest.mark.parametrize("damage", [deleted, restored, cut])
@pytest.mark.parametrize("later", [timedelta(0), timedelta(minutes=1), timedelta(days=3)])
async def test_a_lost_journal_ends_in_agreement_within_a_minute(
    tmp_path: Path, damage: Damage, style: Style, later: timedelta
) -> None:
    folder, clock = tmp_path / "life", ManualClock(NOW)
    async with rig(folder, wanted=replace(policy(), execution=ExecutionPolicy(style)), clock=clock) as run:
        await start(run, BLOCKS[0])
        earlier = folder
        for block in BLOCKS:
            await run.turn(block)
            if block is BLOCKS[2]:
                earlier = copied(folder, tmp_path / "earlier")
        kept = copied(folder, tmp_path / "kept")  # closing would write the log into the file
    restored(folder, kept)
    damage(folder, earlier)
    clock.advance(later.total_seconds())
    number = len(BLOCKS) + 1 + int(later.total_seconds()) // 12
    async with rig(folder, wanted=replace(policy(), execution=ExecutionPolicy(style)), clock=clock) as run:
        number = await comes_to_agree(run, folder, number)
        for price in (2000, 2040, 2080):
            await run.turn(view(number, price))
            number += 1
            await agrees(run, folder, set())


async def test_a_resting_stop_of_a_lost_journal_protects_and_is_known_when_it_fires(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    async with rig(tmp_path, clock=clock) as run:
        await start(run, BLOCKS[0])
        for block in BLOCKS[:2]:
            await run.turn(block)
        (before,) = [order for order in (await run.exchange.observe()).open_orders if order.symbol == PERP]
    deleted(tmp_path, tmp_path)
    async with rig(tmp_path, clock=clock) as run:
        await start(run, view(7, 2040, 4))
        await run.turn(view(7, 2040, 4))
        await run.turn(view(8, 2040, 4))
        (after,) = [item.intent for item in run.journal.pending() if item.intent.request.symbol == PERP]
        assert (after.client_id, after.request.kind) == (before.client_id, OrderKind.STOP_MARKET)
        assert after.request.trigger == before.trigger
        assert before.trigger is not None
        await run.turn(view(9, before.trigger * D("1.05"), 4))
        await run.turn(view(10, before.trigger * D("1.05"), 4))
        assert {key[1] for key in run.journal.stops_fired(NOW)} == {PERP}


async def test_the_alarm_tells_of_a_journal_that_is_behind_and_an_event_stays(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    await live(tmp_path, BLOCKS, Style.TAKER, clock)
    deleted(tmp_path, tmp_path)
    async with rig(tmp_path, clock=clock) as run:
        await start(run, view(7))
        record = await run.turn(view(7))
        (alarm,) = [alarm for alarm in record.decision.alarms if alarm.key == "journal:paper"]
        assert "are not in its journal" in alarm.message
    async with rig(tmp_path, clock=clock) as run:
        await start(run, view(8))
        record = await run.turn(view(8))
        assert not [alarm for alarm in record.decision.alarms if alarm.key == "journal:paper"]
        with closing(JournalView.open(tmp_path / "journal.sqlite", CURVES)) as books:
            assert [event.kind for event in books.events()].count("journal_behind") == 1


async def test_no_epoch_on_the_account_is_newer_than_the_one_that_begins(tmp_path: Path) -> None:
    """A clock that was set back, a journal that is gone: the account knows better."""
    await live(tmp_path, BLOCKS, Style.TAKER, ManualClock(NOW))
    deleted(tmp_path, tmp_path)
    clock = ManualClock(NOW)
    async with rig(tmp_path, clock=clock) as run:
        first = run.journal.epoch
        await start(run, view(7))
        used = {run.journal.identity(IDS).epoch_of(fill.client_id) for fill in await run.exchange.fills(NOW)}
        assert used == {first}
        assert run.journal.epoch > first


def sale(quantity: str = "-1") -> OrderRequest:
    return OrderRequest(PAPER, PERP, ETH, D(quantity), OrderKind.MARKET, TimeInForce.IOC, False, "test")


async def test_an_order_of_another_life_under_the_same_id_is_a_collision_and_a_new_epoch_begins(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        run.chain.show(view(1))
        await start(run, view(1))
        epoch = run.journal.epoch
        name = run.journal.identity(IDS).encode(1)
        alien = Intent(name, 1, sale("0.5"), run.clock.now())
        assert isinstance(await run.exchange.place(alien), Accepted)
        intent = run.journal.new_intent(sale(), run.clock.now(), IDS)
        assert intent.client_id == name
        run.journal.resolve(name, Unknown(name, "time-out"), run.clock.now())
        await run.cycle.reconciler.reconcile()
        with closing(JournalView.open(tmp_path / "journal.sqlite", CURVES)) as books:
            (found,) = books.intents()
        assert (found.status, found.filled) == (IntentStatus.NOT_FOUND, D(0))
        assert run.journal.epoch > epoch


async def test_a_duplicate_is_unknown_and_placed_where_the_order_under_its_id_fits(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        run.chain.show(view(1))
        await start(run, view(1))
        request = replace(sale(), kind=OrderKind.LIMIT, time_in_force=TimeInForce.GTC, price=D(2090))
        intent = run.journal.new_intent(request, run.clock.now(), IDS)
        assert isinstance(await run.exchange.place(intent), Accepted)
        again = await run.exchange.place(intent)  # as a proxy that sends a request twice does
        assert isinstance(again, Unknown)
        run.journal.resolve(intent.client_id, again, run.clock.now())
        await run.cycle.reconciler.reconcile()
        (pending,) = run.journal.pending()
        assert (pending.status.value, pending.intent) == ("open", intent)
        orders = (await run.exchange.observe()).open_orders
        assert [order.client_id for order in orders] == [intent.client_id]


async def test_an_order_of_a_newer_process_is_left_to_it(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        run.chain.show(view(1))
        await start(run, view(1))
        name = ClientOrderId(f"dnbot-{'z' * 10}-1")
        request = replace(sale(), kind=OrderKind.LIMIT, time_in_force=TimeInForce.GTC, price=D(2090))
        await run.exchange.place(Intent(name, 1, request, run.clock.now()))
        record = await run.turn(view(2))
        assert name not in {item.intent.client_id for item in run.journal.pending()}
        assert "two daemons are at work" in "".join(alarm.message for alarm in record.decision.alarms)


async def test_a_venue_that_is_away_is_met_later(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:  # no block was seen: the paper venue has no price yet
        takeover = Takeover({PAPER: run.exchange}, run.journal, run.clock)
        assert await takeover.begin() == ()


def test_adopted_orders_count_like_sent_ones(tmp_path: Path) -> None:
    with closing(SqliteJournal.open(tmp_path / "journal.sqlite", "dnbot", NOW, CURVES)) as journal:
        assert journal.known_ids([ClientOrderId("dnbot-1-1")]) == frozenset()
