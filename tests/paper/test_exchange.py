"""The paper exchange behind its port: durable, all or nothing, the same every time."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.core.errors import ConfigError, Retryable
from bot.core.orders import Accepted, LedgerKind, NotFound, OrderReport, OrderStatus, Rejected, RejectReason, Unknown
from bot.core.types import ClientOrderId, Symbol, Underlying, VenueId
from bot.paper import store
from bot.paper.config import PaperConfig, tiers, venue_rules
from bot.paper.exchange import PaperExchange
from bot.ports import Exchange
from tests.paper.engine.scene import limit, request
from tests.paper.exchange_scene import BTC, ETH, START, D, TestClock, config, exchange, intent, script


async def test_it_is_an_exchange_and_sees_every_symbol(tmp_path: Path) -> None:
    clock = TestClock()
    paper: Exchange = exchange(tmp_path, clock)
    markets = await paper.check([ETH, BTC])
    assert markets[ETH].tick == D("0.01")
    view = await paper.observe()
    assert (view.as_of, view.venue) == (START, paper.venue)
    assert {symbol: position.size for symbol, position in view.positions.items()} == {ETH: 0, BTC: 0}
    assert view.quotes[ETH].mark.price == 2000
    assert view.quotes[ETH].mark.as_of == START - timedelta(minutes=1)
    assert view.balance.wallet == view.balance.available == 10_000
    with pytest.raises(ConfigError, match="no SOL/USDT:USDT; it has ETH"):
        await paper.check([Symbol("SOL/USDT:USDT")])
    await paper.close()


async def test_an_order_fills_and_everything_is_told_afterwards(tmp_path: Path) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock)
    outcome = await paper.place(intent("a_-Z9", request("-2")))
    assert isinstance(outcome, Accepted)
    assert outcome.report.filled == -2
    clock.move(seconds=1)
    assert await paper.lookup(ClientOrderId("a_-Z9"), ETH) == outcome.report
    assert await paper.lookup(ClientOrderId("a_-Z9"), BTC) == NotFound(ClientOrderId("a_-Z9"), clock.now())
    (fill,) = await paper.fills(START)
    assert (fill.quantity, fill.fee, fill.client_id, fill.at) == (D(-2), D("1.9998"), "a_-Z9", START)
    assert await paper.fills(clock.now()) == ()
    assert [entry.kind for entry in (await paper.ledger(START)).entries] == [LedgerKind.DEPOSIT, LedgerKind.FEE]
    await paper.close()


async def test_prices_between_two_looks_are_lived_through(tmp_path: Path) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock)
    await paper.observe()
    await paper.place(intent("a", limit("-2", "2090")))
    clock.move(minutes=5)
    view = await paper.observe()
    assert view.quotes[ETH].mark.price == 1900
    (fill,) = await paper.fills(START)
    assert (fill.price, fill.at) == (D(2090), START + timedelta(minutes=1))
    await paper.close()


async def test_a_restart_keeps_the_account(tmp_path: Path) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock)
    await paper.place(intent("a", request("-2")))
    await paper.place(intent("b", limit("-1", "2090")))
    before = await paper.observe()
    await paper.close()
    again = exchange(tmp_path, clock)
    assert await again.observe() == before
    assert isinstance(await again.place(intent("b", limit("-1", "2090"))), Unknown)
    cancelled = await again.cancel(ClientOrderId("b"), ETH)
    assert isinstance(cancelled, Accepted)
    assert cancelled.report.status is OrderStatus.CANCELLED
    refused = await again.cancel(ClientOrderId("b"), ETH)
    assert isinstance(refused, Rejected)
    assert isinstance(await again.cancel(ClientOrderId("z"), ETH), Rejected)
    await again.close()


async def test_old_orders_are_found_long_after_the_engine_forgot_them(tmp_path: Path) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock)
    for number in range(60):
        clock.move(seconds=1)
        assert isinstance(await paper.place(intent(f"n{number}", request("-0.02"))), Accepted)
    report = await paper.lookup(ClientOrderId("n0"), ETH)
    assert isinstance(report, OrderReport)
    assert (report.venue_order_id, report.filled) == ("1", D("-0.02"))
    assert len(await paper.fills(START)) == 60
    await paper.close()


async def test_a_refusal_changes_nothing_but_the_time(tmp_path: Path) -> None:
    paper = exchange(tmp_path, TestClock())
    before = await paper.observe()
    outcome = await paper.place(intent("a", request("-100")))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.INSUFFICIENT_MARGIN
    assert await paper.observe() == before
    assert isinstance(await paper.lookup(ClientOrderId("a"), ETH), NotFound)
    await paper.close()


@pytest.mark.parametrize("table", ["fills", "ledger", "orders"])
async def test_a_write_that_breaks_off_leaves_nothing_of_the_call(tmp_path: Path, table: str) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock)
    before = await paper.observe()
    with sqlite3.connect(config(tmp_path).file) as raw:
        raw.execute(f"CREATE TRIGGER t BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    raw.close()
    outcome = await paper.place(intent("a", request("-2")))
    assert isinstance(outcome, Unknown)
    assert "disk full" in outcome.message
    assert await paper.observe() == before
    await paper.close()
    with sqlite3.connect(config(tmp_path).file) as raw:
        raw.execute("DROP TRIGGER t")
    raw.close()
    again = exchange(tmp_path, clock)
    assert await again.observe() == before
    assert await again.fills(START) == ()
    assert isinstance(await again.lookup(ClientOrderId("a"), ETH), NotFound)
    assert isinstance(await again.place(intent("a", request("-2"))), Accepted)
    await again.close()


async def test_an_order_that_committed_before_the_crash_is_there_after_it(tmp_path: Path) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock)
    await paper.place(intent("a", request("-2")))
    again = exchange(tmp_path, clock)  # the first one was killed: nothing was closed
    assert (await again.observe()).positions[ETH].size == -2
    assert isinstance(await again.lookup(ClientOrderId("a"), ETH), OrderReport)
    with pytest.raises(Retryable, match="another process"):
        await paper.observe()
    assert (await paper.observe()).positions[ETH].size == -2
    await again.close()
    await paper.close()


async def test_without_a_price_nothing_is_seen_or_sent(tmp_path: Path) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock)
    await paper.place(intent("a", limit("-2", "2090")))
    clock.move(hours=3)
    with pytest.raises(Retryable, match="old"):
        await paper.observe()
    outcome = await paper.place(intent("b", request("-2")))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NOT_SENT
    assert isinstance(await paper.cancel(ClientOrderId("a"), ETH), Unknown)
    assert isinstance(await paper.lookup(ClientOrderId("a"), ETH), OrderReport)
    await paper.close()


async def test_a_clock_set_back_a_little_waits_and_a_lot_is_refused(tmp_path: Path) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock)
    await paper.observe()
    clock.move(seconds=-1)
    assert (await paper.observe()).as_of == START
    clock.move(seconds=-2)
    with pytest.raises(Retryable, match="the clock says"):
        await paper.observe()
    await paper.close()


async def test_the_same_calls_leave_the_same_bytes(tmp_path: Path) -> None:
    states = []
    for name in ("one", "two"):
        directory = tmp_path / name
        directory.mkdir()
        clock = TestClock()
        paper = exchange(directory, clock)
        await paper.place(intent("a", request("-2")))
        clock.move(minutes=2)
        await paper.observe()
        await paper.close()
        with sqlite3.connect(config(directory).file) as raw:
            states.append(list(raw.iterdump()))
        raw.close()
    assert states[0] == states[1]


def test_a_file_that_is_no_paper_account_is_refused(tmp_path: Path) -> None:
    file = config(tmp_path).file
    file.parent.mkdir()
    file.write_text("these are no database pages, just words, repeated" * 100)
    with pytest.raises(ConfigError, match=r"paper\.sqlite.*no usable paper account"):
        exchange(tmp_path, TestClock())
    file.unlink()
    with sqlite3.connect(file) as raw:
        raw.execute("CREATE TABLE notes (a)")
    raw.close()
    with pytest.raises(ConfigError, match="no paper account"):
        exchange(tmp_path, TestClock())


async def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    await exchange(tmp_path, TestClock()).close()
    with sqlite3.connect(config(tmp_path).file) as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(ConfigError, match="schema version 99"):
        exchange(tmp_path, TestClock())


async def test_an_open_position_in_a_symbol_that_is_not_configured_any_more_is_refused(tmp_path: Path) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock)
    await paper.place(intent("a", request("-2")))
    await paper.close()
    less = PaperConfig(VenueId("paper"), config(tmp_path).file, {Underlying("BTC"): BTC})
    with pytest.raises(ConfigError, match="holds ETH/USDT:USDT"):
        PaperExchange(less, script(tmp_path), clock)


async def test_the_ledger_is_told_up_to_now_before_anything_else_is_asked(tmp_path: Path) -> None:
    clock = TestClock()
    quick = replace(config(tmp_path), funding_interval=timedelta(minutes=5))
    paper = PaperExchange(quick, script(tmp_path), clock)
    await paper.place(intent("a", request("-2")))
    clock.move(minutes=6)  # past a settlement, and nobody looked since
    paid = [entry for entry in (await paper.ledger(START)).entries if entry.kind is LedgerKind.FUNDING]
    assert [entry.symbol for entry in paid] == [ETH]
    assert (await paper.observe()).balance.wallet == sum(entry.amount for entry in (await paper.ledger(START)).entries)
    await paper.close()


async def test_every_connection_is_durable(tmp_path: Path) -> None:
    paper_store = store.PaperStore(tmp_path / "a.sqlite")
    with paper_store._engine.connect() as connection:  # noqa: SLF001 - the pragmas are the point, and nothing else shows them
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert isinstance(connection, sa.Connection)
    paper_store.close()


def test_default_markets_follow_binance_and_margin_tables_are_continuous() -> None:
    rules = venue_rules(PaperConfig(VenueId("p"), Path("x"), {Underlying("ETH"): ETH, Underlying("DOGE"): Symbol("D")}))
    assert rules.symbols[ETH].market.min_notional == 20
    assert rules.symbols[Symbol("D")].market.tick == D("0.0001")
    table = tiers((50_000, "0.004", 125), (600_000, "0.005", 100), (3_000_000, "0.0065", 75))
    assert [tier.maintenance_amount for tier in table] == [D(0), D(50), D(950)]
    for low, high in pairwise(table):
        edge = high.notional_floor
        assert edge * low.maintenance_rate - low.maintenance_amount == (
            edge * high.maintenance_rate - high.maintenance_amount
        )
    assert isinstance(rules.symbols[ETH].leverage, Decimal)
