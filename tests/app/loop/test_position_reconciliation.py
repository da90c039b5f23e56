"""Agreement: journal and venue are held together in every cycle, and what changed without us is taken over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.app.loop.order_reconciliation import Reconciler
from bot.app.loop.position_reconciliation import Agreement
from bot.clock import ManualClock
from bot.core.inputs import Hold
from bot.core.orders import (
    Accepted,
    Fill,
    Intent,
    OrderKind,
    OrderReport,
    OrderRequest,
    OrderStatus,
    TimeInForce,
    Unknown,
)
from bot.core.snapshot import OpenOrder, VenueUnknown
from bot.core.types import ClientOrderId
from bot.journal.journal import SqliteJournal
from bot.journal.reader import JournalView
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.app.fakes import rig, view
from tests.app.loop.test_order_reconciliation import START, Ledgerless
from tests.core.scenes import ETH, PAPER, chain, snapshot, symbol, venue

D = Decimal


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def journal(tmp_path: Path, clock: ManualClock) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal.open(tmp_path / "journal.sqlite", "dn", clock.now(), CURVES)) as opened:
        yield opened


def events(journal_path: Path) -> list[str]:
    with closing(JournalView.open(journal_path, CURVES)) as opened:
        return [event.kind for event in opened.events()]


def sold(journal: SqliteJournal, clock: ManualClock, quantity: str) -> Intent:
    size = D(quantity)
    request = OrderRequest(PAPER, symbol(ETH), ETH, size, OrderKind.LIMIT, TimeInForce.IOC, False, "test", D(2000))
    intent = journal.new_intent(request, clock.now(), IDS)
    report = OrderReport(intent.client_id, "v", symbol(ETH), OrderStatus.FILLED, size, size, D(2000), D(1), clock.now())
    journal.resolve(intent.client_id, Accepted(report), clock.now())
    return intent


def trade(client_id: str | None, quantity: str, clock: ManualClock) -> Fill:
    name = None if client_id is None else ClientOrderId(client_id)
    return Fill("t", name, PAPER, symbol(ETH), D(quantity), D(2000), D(0), D(0), False, clock.now())


class World:
    """A venue whose position the test sets, looked at once a second."""

    def __init__(self, clock: ManualClock, journal: SqliteJournal) -> None:
        self.clock = clock
        self.exchange = Ledgerless(clock)
        self.reconciler = Reconciler({PAPER: self.exchange}, journal, clock)

    @property
    def agreement(self) -> Agreement:
        return self.reconciler.agreement

    async def look(self, position: str, *orders: OpenOrder, seconds: float = 1) -> list[Hold]:
        self.clock.advance(seconds)
        seen = replace(venue({ETH: position}, at=self.clock.now()), open_orders=orders)
        await self.agreement.check(self.agreement.told_apart(snapshot(chain(), seen)))
        return [dispute.hold for dispute in self.agreement.disputes]


async def test_what_our_orders_filled_is_expected(clock: ManualClock, journal: SqliteJournal) -> None:
    world = World(clock, journal)
    sold(journal, clock, "-5")
    sold(journal, clock, "-0.5")
    assert await world.look("-5.5") == []


async def test_a_state_from_before_our_order_is_not_traded_on_and_never_taken_over(
    clock: ManualClock, journal: SqliteJournal
) -> None:
    world = World(clock, journal)
    sold(journal, clock, "-5")
    for _ in range(60):
        assert await world.look("0") == [Hold.ALL]
    assert await world.look("-5") == []
    assert journal.expected()[PAPER, symbol(ETH)].size == -5


async def test_a_change_by_hand_is_taken_over_after_a_second_read(
    clock: ManualClock, journal: SqliteJournal, tmp_path: Path
) -> None:
    world = World(clock, journal)
    sold(journal, clock, "-5")
    await world.look("-5", seconds=120)
    world.exchange.trades.append(trade("web_1", "3", clock))
    assert await world.look("-2") == [Hold.ALL]
    assert await world.look("-2") == [Hold.NOTHING]
    (told,) = world.agreement.disputes
    assert "+3" in told.message
    assert "by hand" in told.message
    assert not told.is_critical
    assert journal.expected()[PAPER, symbol(ETH)].size == -2
    assert events(tmp_path / "journal.sqlite") == ["adopted"]
    assert await world.look("-2", seconds=601) == []


async def test_a_liquidation_is_critical(clock: ManualClock, journal: SqliteJournal) -> None:
    world = World(clock, journal)
    sold(journal, clock, "-5")
    await world.look("-5", seconds=120)
    world.exchange.trades.append(trade("autoclose-1", "5", clock))
    await world.look("0")
    await world.look("0")
    assert world.agreement.disputes[0].is_critical
    assert "liquidation" in world.agreement.disputes[0].message


async def test_a_position_that_keeps_moving_is_not_taken_over(clock: ManualClock, journal: SqliteJournal) -> None:
    world = World(clock, journal)
    for size in range(1, 20):
        assert await world.look(f"-{size}") == [Hold.ALL]


async def test_what_is_there_at_the_first_start_is_taken_over(clock: ManualClock, journal: SqliteJournal) -> None:
    world = World(clock, journal)
    assert await world.look("-1") == [Hold.ALL]
    assert await world.look("-1") == [Hold.NOTHING]
    assert journal.expected()[PAPER, symbol(ETH)].size == -1


async def test_while_an_orders_outcome_is_open_nothing_is_taken_over(
    clock: ManualClock, journal: SqliteJournal
) -> None:
    world = World(clock, journal)
    request = OrderRequest(PAPER, symbol(ETH), ETH, D(-1), OrderKind.LIMIT, TimeInForce.IOC, False, "test", D(2000))
    intent = journal.new_intent(request, clock.now(), IDS)
    journal.resolve(intent.client_id, Unknown(intent.client_id, "time-out"), clock.now())
    for _ in range(100):
        assert await world.look("-2") == [Hold.ALL]
    assert await world.look("-1") == []


async def test_a_late_fill_is_matched_by_its_client_id(clock: ManualClock, journal: SqliteJournal) -> None:
    world = World(clock, journal)
    request = OrderRequest(PAPER, symbol(ETH), ETH, D(-1), OrderKind.LIMIT, TimeInForce.IOC, False, "test", D(2000))
    intent = journal.new_intent(request, clock.now(), IDS)
    journal.resolve(intent.client_id, Unknown(intent.client_id, "time-out"), clock.now())
    journal.add_fills([trade(intent.client_id, "-1", clock)])
    assert journal.expected()[PAPER, symbol(ETH)].size == -1
    journal.add_fills([trade(intent.client_id, "-1", clock)])
    assert await world.look("-1") == []


async def test_a_strangers_order_stands_as_an_alarm_until_it_is_gone(
    clock: ManualClock, journal: SqliteJournal
) -> None:
    world = World(clock, journal)
    order = OpenOrder(None, "77", symbol(ETH), OrderKind.LIMIT, D(-1), D(1), None, False, START)
    for _ in range(3):
        assert await world.look("0", order) == [Hold.NOTHING]
    assert "77" in world.agreement.disputes[0].message
    assert await world.look("0") == []


async def test_trades_are_read_when_a_venue_comes_back_and_on_a_timer(
    clock: ManualClock, journal: SqliteJournal
) -> None:
    world = World(clock, journal)
    await world.look("0")
    await world.reconciler.collect_fills()
    assert world.agreement.owed == set()
    await world.look("0", seconds=30)
    assert world.agreement.owed == set()
    await world.look("0", seconds=31)
    assert world.agreement.owed == {PAPER}
    await world.reconciler.collect_fills()
    await world.agreement.check(snapshot(chain(), [VenueUnknown(PAPER, "down", clock.now())]))
    assert world.agreement.owed == set()
    await world.look("0")
    assert world.agreement.owed == {PAPER}


async def test_what_was_taken_over_is_known_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    file = tmp_path / "journal.sqlite"
    with closing(SqliteJournal.open(file, "dn", clock.now(), CURVES)) as journal:
        world = World(clock, journal)
        sold(journal, clock, "-5")
        await world.look("-2", seconds=120)
        await world.look("-2")
    with closing(SqliteJournal.open(file, "dn", clock.now(), CURVES)) as journal:
        assert await World(clock, journal).look("-2") == []


async def test_the_daemon_hedges_again_once_a_change_is_confirmed(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        await run.turn(view(1))
        await run.turn(view(2))
        request = OrderRequest(PAPER, symbol(ETH), ETH, D(2), OrderKind.MARKET, TimeInForce.IOC, True, "")
        by_hand = await run.exchange.place(Intent(ClientOrderId("web-1"), 1, request, run.clock.now()))
        assert isinstance(by_hand, Accepted)
        held = await run.turn(view(3))
        assert held.decision.approved == ()
        assert [item.guard for item in held.decision.refused] == ["account check"]
        taken_over = await run.turn(view(4))
        assert "adopted:paper:ETH/USDT:USDT" in {alarm.key for alarm in taken_over.decision.alarms}
        assert [item.order.quantity for item in taken_over.decision.approved] == [D(-2)]
