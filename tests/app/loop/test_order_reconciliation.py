"""Reconciliation: what became of an order is found by looking, and silence proves something only after the rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.app.loop.order_reconciliation import Reconciler
from bot.clock import ManualClock
from bot.core.errors import Retryable
from bot.core.market import PerpMarket
from bot.core.orders import (
    Fill,
    Intent,
    NotFound,
    OrderKind,
    OrderReport,
    OrderRequest,
    OrderStatus,
    Outcome,
    Rejected,
    Statement,
    TimeInForce,
    Unknown,
)
from bot.core.reconciliation.identity import OrderIds
from bot.core.reconciliation.lost_orders import ResolutionRule
from bot.core.snapshot import VenueView
from bot.core.types import ClientOrderId, Symbol, VenueId
from bot.journal.journal import SqliteJournal
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.core.scenes import ETH, PAPER, chain, snapshot, symbol, venue

START = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass
class Ledgerless:
    """A venue whose answers the test writes."""

    clock: ManualClock
    silence: ResolutionRule | None = field(default_factory=ResolutionRule)
    orders: dict[ClientOrderId, OrderReport] = field(default_factory=dict)
    trades: list[Fill] = field(default_factory=list)
    position: str = "0"
    down: bool = False
    looks: int = 0
    venue: VenueId = PAPER
    ids: OrderIds = IDS

    def _answer(self) -> None:
        if self.down:
            raise Retryable("down")

    async def lookup(self, client_id: ClientOrderId, symbol: Symbol) -> OrderReport | NotFound:
        del symbol
        self.looks += 1
        self._answer()
        return self.orders.get(client_id) or NotFound(client_id, self.clock.now())

    async def observe(self) -> VenueView:
        self._answer()
        return venue({ETH: self.position}, at=self.clock.now())

    async def fills(self, since: datetime) -> tuple[Fill, ...]:
        self._answer()
        return tuple(trade for trade in self.trades if trade.at >= since)

    async def add_margin(self, symbol: Symbol, amount: Decimal) -> Rejected | Unknown | None:
        raise NotImplementedError(symbol, amount)

    async def transfer(self, amount: Decimal) -> Rejected | Unknown | None:
        raise NotImplementedError(amount)

    async def place(self, intent: Intent) -> Outcome:
        raise AssertionError(f"{intent.client_id} sent by a reconciliation")

    async def cancel(self, client_id: ClientOrderId, symbol: Symbol) -> Outcome:
        raise AssertionError(f"{client_id} on {symbol} cancelled by a reconciliation")

    async def check(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PerpMarket]:
        raise AssertionError(symbols)

    async def ledger(self, since: datetime) -> Statement:
        raise AssertionError(since)

    async def close(self) -> None:
        return


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def journal(tmp_path: Path, clock: ManualClock) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal.open(tmp_path / "journal.sqlite", "dn", clock.now(), CURVES)) as opened:
        yield opened


def lost_order(journal: SqliteJournal, clock: ManualClock) -> Intent:
    request = OrderRequest(
        PAPER, symbol(ETH), ETH, Decimal(-1), OrderKind.LIMIT, TimeInForce.IOC, False, "test", Decimal(2000)
    )
    intent = journal.new_intent(request, clock.now(), IDS)
    journal.resolve(intent.client_id, Unknown(intent.client_id, "time-out"), clock.now())
    return intent


def fill_of(intent: Intent, at: datetime) -> Fill:
    quantity, price = intent.request.quantity, Decimal(2000)
    return Fill("t1", intent.client_id, PAPER, symbol(ETH), quantity, price, Decimal(1), Decimal(0), False, at)


def reconciler_of(exchange: Ledgerless, journal: SqliteJournal, clock: ManualClock) -> Reconciler:
    made = Reconciler({PAPER: exchange}, journal, clock)
    made.remember(snapshot(chain(), venue(at=clock.now())))
    return made


async def watch(reconciler: Reconciler, clock: ManualClock, seconds: int) -> None:
    for _ in range(seconds):
        clock.advance(1)
        await reconciler.reconcile()


async def test_an_order_that_is_found_is_resolved_as_the_venue_says(clock: ManualClock, journal: SqliteJournal) -> None:
    intent, exchange = lost_order(journal, clock), Ledgerless(clock)
    exchange.orders[intent.client_id] = OrderReport(
        intent.client_id,
        "v1",
        symbol(ETH),
        OrderStatus.FILLED,
        Decimal(-1),
        Decimal(-1),
        Decimal(2000),
        Decimal(1),
        START,
    )
    await reconciler_of(exchange, journal, clock).reconcile()
    assert journal.pending() == ()


async def test_silence_proves_nothing_before_the_rule_is_met(clock: ManualClock, journal: SqliteJournal) -> None:
    lost_order(journal, clock)
    exchange = Ledgerless(clock)
    rule = ResolutionRule()
    reconciler = reconciler_of(exchange, journal, clock)
    enough = (rule.recv_window + rule.stale) // timedelta(seconds=1)

    await watch(reconciler, clock, enough)
    assert len(journal.pending()) == 1
    await watch(reconciler, clock, rule.looks)
    assert journal.pending() == ()


@pytest.mark.parametrize(("age", "within"), [(1, 68), (70, 12), (3 * 86400, 12)])
async def test_after_a_restart_silence_counts_from_when_the_request_left_at_the_latest(
    clock: ManualClock, journal: SqliteJournal, age: int, within: int
) -> None:
    """No request leaves later than ten seconds after its intent, whenever the process ended."""
    lost_order(journal, clock)
    clock.advance(age)
    reconciler = reconciler_of(Ledgerless(clock), journal, clock)
    await reconciler.reconcile()
    assert len(journal.pending()) == 1, "one look proves nothing"
    await watch(reconciler, clock, within)
    assert journal.pending() == ()


async def test_a_trade_that_comes_late_shows_that_the_order_was_placed(
    clock: ManualClock, journal: SqliteJournal
) -> None:
    intent, exchange = lost_order(journal, clock), Ledgerless(clock)
    reconciler = reconciler_of(exchange, journal, clock)
    await watch(reconciler, clock, 40)
    exchange.trades.append(fill_of(intent, clock.now()))
    exchange.position = "-1"
    await watch(reconciler, clock, 20)
    assert journal.pending() == ()
    assert journal.last_fill_at(PAPER) is not None


async def test_a_position_that_moved_without_a_trade_keeps_the_order_unknown(
    clock: ManualClock, journal: SqliteJournal
) -> None:
    lost_order(journal, clock)
    exchange = Ledgerless(clock, position="-1")
    await watch(reconciler_of(exchange, journal, clock), clock, 300)
    assert len(journal.pending()) == 1


async def test_without_a_snapshot_the_position_that_the_journal_expects_is_the_proof(
    clock: ManualClock, journal: SqliteJournal
) -> None:
    lost_order(journal, clock)
    await watch(Reconciler({PAPER: Ledgerless(clock)}, journal, clock), clock, 300)
    assert journal.pending() == ()


async def test_without_a_snapshot_another_position_than_expected_proves_nothing(
    clock: ManualClock, journal: SqliteJournal
) -> None:
    lost_order(journal, clock)
    await watch(Reconciler({PAPER: Ledgerless(clock, position="-1")}, journal, clock), clock, 300)
    assert len(journal.pending()) == 1


async def test_without_a_snapshot_our_other_orders_count_once(clock: ManualClock, journal: SqliteJournal) -> None:
    other, exchange = lost_order(journal, clock), Ledgerless(clock, position="-1")
    exchange.trades.append(fill_of(other, clock.now()))
    exchange.orders[other.client_id] = OrderReport(
        other.client_id,
        "v1",
        symbol(ETH),
        OrderStatus.FILLED,
        Decimal(-1),
        Decimal(-1),
        Decimal(2000),
        Decimal(1),
        START,
    )
    lost_order(journal, clock)
    await watch(Reconciler({PAPER: exchange}, journal, clock), clock, 300)
    assert journal.pending() == ()


async def test_a_venue_that_does_not_answer_leaves_the_order_unknown(
    clock: ManualClock, journal: SqliteJournal
) -> None:
    lost_order(journal, clock)
    exchange = Ledgerless(clock, down=True)
    await watch(reconciler_of(exchange, journal, clock), clock, 300)
    assert len(journal.pending()) == 1


async def test_looks_are_spaced_as_the_rule_says(clock: ManualClock, journal: SqliteJournal) -> None:
    lost_order(journal, clock)
    exchange = Ledgerless(clock, position="-1")
    await watch(reconciler_of(exchange, journal, clock), clock, 300)
    assert exchange.looks <= 300 // 15 + 2


async def test_in_process_one_look_is_proof(clock: ManualClock, journal: SqliteJournal) -> None:
    lost_order(journal, clock)
    exchange = Ledgerless(clock, silence=None)
    await Reconciler({PAPER: exchange}, journal, clock).reconcile()
    assert journal.pending() == ()
