"""The account's laws over random markets and orders."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from bot.core.orders import Accepted, Fill, LedgerEntry, LedgerKind, OrderKind, OrderRequest, TimeInForce
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.paper.engine.account import Position
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.rules import Hardships, MarginMode, MarkUpdate
from bot.paper.engine.trade import traded
from bot.paper.servers.registry import SERVERS
from tests.paper.engine.scene import BTC, ETH, RULES, D, mark, opened, request

SYMBOLS = st.sampled_from([ETH, BTC])
LOTS = st.integers(-30_000, 30_000).filter(bool)
OFFSETS = st.integers(-300, 300)
MOVES = st.integers(-200, 200)


def wanted(symbol: Symbol, lots: int, kind: OrderKind, offset: int, choice: int, price: Decimal) -> OrderRequest:
    """An order near the mark; some are against the rules."""
    market = RULES.symbols[symbol].market
    near = ((price * (1 + Decimal(offset) / 10_000)) // market.tick) * market.tick
    quantity = lots * market.lot / (1 if symbol == ETH else 20)
    return request(
        (quantity // market.lot) * market.lot,
        kind=kind,
        tif=list(TimeInForce)[choice % 3],
        price=near if kind is OrderKind.LIMIT else None,
        trigger=near if kind is OrderKind.STOP_MARKET else None,
        reduce_only=choice >= 3,
        symbol=symbol,
    )


class Trading(RuleBasedStateMachine):
    """Random orders, prices and waits on one account; checked against books that the test keeps by itself."""

    flavour = "binance"
    mode = MarginMode.CROSS
    hardships = Hardships()

    def __init__(self) -> None:
        super().__init__()
        symbols = {symbol: replace(one, margin_mode=self.mode) for symbol, one in RULES.symbols.items()}
        self.rules_of_venue = replace(
            RULES, conventions=SERVERS[self.flavour].conventions, symbols=symbols, hardships=self.hardships
        )
        self.engine = opened(self.rules_of_venue, deposit=50_000)
        self.twin = opened(self.rules_of_venue, deposit=50_000)
        self.fills: list[Fill] = []
        self.ledger: list[LedgerEntry] = []
        self.made = 0

    def collect(self) -> None:
        events = self.engine.drain()
        self.fills += events.fills
        self.ledger += events.ledger
        self.twin.drain()

    @rule(symbol=SYMBOLS, lots=LOTS, kind=st.sampled_from(OrderKind), offset=OFFSETS, choice=st.integers(0, 5))
    def place(self, symbol: Symbol, lots: int, kind: OrderKind, offset: int, choice: int) -> None:
        order = wanted(symbol, lots, kind, offset, choice, self.engine.account.markets[symbol].mark)
        self.made += 1
        client_id = ClientOrderId(f"o{self.made}")
        before = self.engine.account.positions[symbol].size
        outcome = self.engine.place(client_id, order)
        assert self.twin.place(client_id, order) == outcome
        after = self.engine.account.positions[symbol].size
        if order.reduce_only:
            assert abs(after) <= abs(before)
            assert after * before >= 0
        if isinstance(outcome, Accepted):
            assert abs(outcome.report.filled) <= abs(order.quantity) <= RULES.symbols[symbol].market.max_quantity
        else:
            assert after == before
        self.collect()

    @rule(
        eth=st.integers(-200, 200), btc=st.integers(-200, 200), seconds=st.integers(0, 40_000), rate=st.integers(-9, 9)
    )
    def wait(self, eth: int, btc: int, seconds: int, rate: int) -> None:
        marks = {
            symbol: MarkUpdate(
                self.engine.account.markets[symbol].mark * (1 + Decimal(move) / 10_000),
                self.engine.account.markets[symbol].mark,
                funding_rate=Decimal(rate) / 10_000,
            )
            for symbol, move in ((ETH, eth), (BTC, btc))
        }
        now = self.engine.now + timedelta(seconds=seconds)
        reducing = {order.client_id for order in self.engine.account.orders.values() if order.reduce_only}
        sizes = {symbol: position.size for symbol, position in self.engine.account.positions.items()}
        self.engine.advance(now, marks)
        self.twin.advance(now, marks)
        for fill in self.engine.account.events.fills:
            if fill.client_id in reducing:
                assert sizes[fill.symbol] * fill.quantity < 0
                assert abs(fill.quantity) <= abs(sizes[fill.symbol])
            sizes[fill.symbol] += fill.quantity
        self.collect()

    @rule(move=st.sampled_from([-40, -15, 15, 40]))
    def crash(self, move: int) -> None:
        marks = {symbol: mark(one.mark * (100 + move) / 100) for symbol, one in self.engine.account.markets.items()}
        self.engine.advance(self.engine.now, marks)
        self.twin.advance(self.twin.now, marks)
        self.collect()

    @rule(symbol=SYMBOLS, leverage=st.sampled_from([1, 5, 10, 50]), amount=st.integers(-3000, 3000))
    def change(self, symbol: Symbol, leverage: int, amount: int) -> None:
        for engine in (self.engine, self.twin):
            before = engine.equity
            engine.set_leverage(symbol, D(leverage))
            engine.add_margin(symbol, D(amount))
            assert engine.equity == before
            moved = D(0) if engine.transfer(D(amount)) else D(amount)
            assert engine.equity == before + moved
        self.collect()

    @precondition(lambda self: self.engine.account.orders)
    @rule(index=st.integers(0, 10))
    def cancel(self, index: int) -> None:
        ids = list(self.engine.account.orders)
        client_id = ids[index % len(ids)]
        assert self.engine.cancel(client_id) == self.twin.cancel(client_id)
        self.collect()

    @rule()
    def restart(self) -> None:
        text = json.dumps(self.engine.to_dict())
        self.engine = PaperEngine.from_dict(self.rules_of_venue, json.loads(text))
        assert json.dumps(self.engine.to_dict()) == text

    @invariant()
    def the_ledger_is_the_wallet(self) -> None:
        self.collect()
        account = self.engine.account
        if not self.ledger:
            return
        assert sum(entry.amount for entry in self.ledger) == account.wallet == sum(account.totals.values())
        assert [entry.number for entry in self.ledger] == list(range(1, len(self.ledger) + 1))

    @invariant()
    def equity_is_what_was_paid_in_less_what_was_paid_for(self) -> None:
        account = self.engine.account
        paid = sum((fill.quantity * fill.price for fill in self.fills), ZERO)
        fees = sum((fill.fee for fill in self.fills), ZERO)
        held = sum((p.size * account.markets[s].mark for s, p in account.positions.items()), ZERO)
        kinds = (LedgerKind.DEPOSIT, LedgerKind.FUNDING, LedgerKind.LIQUIDATION_FEE)
        cash = sum((account.totals.get(kind, ZERO) for kind in kinds), ZERO)
        exact = cash - paid - fees + held
        assert abs(self.engine.equity - exact) <= D("1e-8")  # half a quantum per unrealised profit
        view = self.engine.view()
        unrealised = sum((position.unrealised for position in view.positions.values()), ZERO)
        assert view.balance.equity == view.balance.wallet + unrealised

    @invariant()
    def positions_are_the_sum_of_the_fills(self) -> None:
        for symbol, position in self.engine.account.positions.items():
            assert position.size == sum((fill.quantity for fill in self.fills if fill.symbol == symbol), ZERO)
            assert (position.size == 0) <= (position.cost == 0)

    @invariant()
    def nothing_is_left_that_should_be_liquidated(self) -> None:
        fork = self.engine.fork()
        fork.advance(fork.now, {})
        sizes = {symbol: position.size for symbol, position in self.engine.account.positions.items()}
        assert {symbol: position.size for symbol, position in fork.account.positions.items()} == sizes

    @invariant()
    def isolated_margins_are_part_of_the_wallet(self) -> None:
        for symbol, position in self.engine.account.positions.items():
            isolated = self.engine.account.modes[symbol] is MarginMode.ISOLATED
            assert position.margin >= 0
            assert (position.margin > 0) == (isolated and position.size != 0)

    @invariant()
    def a_twin_with_the_same_calls_has_the_same_bytes(self) -> None:
        assert json.dumps(self.engine.to_dict()) == json.dumps(self.twin.to_dict())

    @invariant()
    def a_book_is_never_crossed(self) -> None:
        for quote in self.engine.view().quotes.values():
            assert 0 < quote.book.bid < quote.book.ask
            assert quote.book.bid <= quote.mark.price <= quote.book.ask


class BitgetTrading(Trading):
    """The same with Bitget's conventions, each position for itself."""

    flavour = "bitget"
    mode = MarginMode.ISOLATED


class HardTrading(Trading):
    """The same where stops are late and a third of the orders is refused."""

    hardships = Hardships(stop_latency=timedelta(minutes=9), jitter=timedelta(hours=1), reject_rate=D("0.33"))


@pytest.mark.parametrize("machine", [Trading, BitgetTrading, HardTrading])
def test_the_laws_hold(machine: type[Trading]) -> None:
    budget = settings(
        max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    run_state_machine_as_test(machine, settings=budget)


@given(st.lists(st.tuples(st.integers(-20, 20).filter(bool), st.integers(100_000, 300_000)), max_size=30))
def test_average_entry_and_realised_profit_follow_an_exact_reckoning(trades: list[tuple[int, int]]) -> None:
    position, booked = Position(), ZERO
    size, entry, realised = Fraction(0), Fraction(0), Fraction(0)
    for lots, cents in trades:
        position, gain = traded(position, D(lots) / 1000, D(cents) / 100)
        booked += gain
        quantity, price = Fraction(lots, 1000), Fraction(cents, 100)
        if size * quantity >= 0:
            entry = (size * entry + quantity * price) / (size + quantity)
        else:
            closed = min(abs(quantity), abs(size)) * (1 if size > 0 else -1)
            realised += closed * (price - entry)
            if abs(quantity) > abs(size):
                entry = price
        size += quantity
        if not size:
            entry = Fraction(0)
        assert Fraction(position.size) == size
        rounding = Fraction(len(trades), 10**8)
        assert abs(Fraction(position.cost) - size * entry) <= rounding
        assert abs(Fraction(booked) - realised) <= rounding


@given(short=st.booleans(), rate=st.integers(-50, 50), periods=st.integers(1, 20))
def test_a_positive_rate_pays_the_short(*, short: bool, rate: int, periods: int) -> None:
    engine = opened()
    engine.place(ClientOrderId("a"), request("-2" if short else "2"))
    engine.drain()
    engine.advance(engine.now, {ETH: MarkUpdate(D(2000), D(2000), funding_rate=D(rate) / 10_000)})
    engine.advance(engine.now + timedelta(hours=8 * periods), {ETH: mark(2100)})
    total = sum((entry.amount for entry in engine.drain().ledger), ZERO)
    assert total == (1 if short else -1) * 2 * 2000 * periods * D(rate) / 10_000
