"""What every exchange behind the port does, whoever speaks for it: same tests, same numbers.

ETH stands at 2,000 USD, its touch one basis point away on each side with 10 ETH per level; fees are 2 and 5 basis
points.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.errors import ConfigError
from bot.core.market import MarginTier
from bot.core.orders import (
    Accepted,
    Intent,
    LedgerKind,
    NotFound,
    OrderKind,
    OrderReport,
    OrderRequest,
    OrderStatus,
    Rejected,
    RejectReason,
    Statement,
    TimeInForce,
)
from bot.core.snapshot import VenueView
from bot.core.types import ClientOrderId, Symbol
from tests.contract.conftest import Account, D
from tests.paper.engine.scene import BTC, ETH, limit, request, stop

IOC, POST_ONLY = TimeInForce.IOC, TimeInForce.POST_ONLY


def intent(account: Account, name: str, wanted: OrderRequest) -> Intent:
    return Intent(ClientOrderId(name), 1, replace(wanted, venue=account.exchange.venue), account.clock.now())


async def placed(account: Account, name: str, wanted: OrderRequest) -> OrderReport:
    outcome = await account.exchange.place(intent(account, name, wanted))
    assert isinstance(outcome, Accepted), outcome
    return outcome.report


async def short(account: Account, size: str = "1.5") -> None:
    """Open a short at the touch, 1999.80."""
    await account.exchange.check([ETH, BTC])
    report = await placed(account, "open", limit(f"-{size}", "1990", IOC))
    assert (report.status, report.filled) == (OrderStatus.FILLED, -D(size))


async def seen(account: Account) -> VenueView:
    return await account.exchange.observe()


async def test_the_rules_are_the_venue_s(account: Account) -> None:
    markets = await account.exchange.check([ETH, BTC])
    market = markets[ETH]
    assert (market.lot, market.contract_size, market.min_quantity) == (D("0.001"), D(1), D("0.001"))
    by_digits = market.price_digits is not None  # such a venue has neither a tick nor, at ccxt, a largest order
    if not by_digits:
        assert (market.tick, market.max_quantity, market.min_notional) == (D("0.01"), D(1000), D(20))
    assert (market.maker_fee, market.taker_fee) == (D("0.0002"), D("0.0005"))
    assert _steps(market.tiers) == _steps(account.tiers)
    assert market.tick_at(D(2000)) == (D("0.1") if by_digits else D("0.01"))
    assert markets[BTC].tick_at(D(20_000)) == (D(1) if by_digits else D("0.1"))
    assert (markets[BTC].underlying, markets[BTC].symbol) == ("BTC", BTC)


def _steps(tiers: tuple[MarginTier, ...]) -> list[tuple[Decimal, ...]]:
    """Return what a table says, without the end of its last step."""
    return [(one.notional_floor, one.maintenance_rate, one.maintenance_amount, one.max_leverage) for one in tiers]


async def test_a_symbol_that_it_does_not_trade_is_an_error(account: Account) -> None:
    with pytest.raises(ConfigError, match="SOL/USD"):
        await account.exchange.check([Symbol("SOL/USDT:USDT")])


async def test_a_new_account_is_seen_flat_in_every_symbol(account: Account) -> None:
    await account.exchange.check([ETH, BTC])
    view = await seen(account)
    assert {symbol: held.size for symbol, held in view.positions.items()} == {ETH: 0, BTC: 0}
    assert view.open_orders == ()
    assert (view.balance.wallet, view.balance.equity, view.balance.available) == (D(10_000), D(10_000), D(10_000))
    assert (view.balance.initial_margin, view.balance.maintenance_margin) == (D(0), D(0))


async def test_prices_book_and_funding(account: Account) -> None:
    await account.exchange.check([ETH, BTC])
    quote = (await seen(account)).quotes[ETH]
    assert (quote.mark.price, quote.mark.index) == (D(2000), D(2000))
    assert (quote.book.bid, quote.book.ask) == (D("1999.8"), D("2000.2"))
    assert (quote.book.bid_size, quote.book.ask_size) == (D(10), D(10))
    assert quote.funding is not None
    assert (quote.funding.rate, quote.funding.interval) == (D("0.0001"), account.interval)
    assert account.clock.now() < quote.funding.next_at <= account.clock.now() + account.interval


async def test_a_fill_moves_position_margin_and_cash(account: Account) -> None:
    await short(account)
    view = await seen(account)
    held = view.positions[ETH]
    assert (held.size, held.entry_price, held.unrealised) == (D("-1.5"), D("1999.8"), D("-0.3"))
    assert (held.margin, held.leverage) == (D(300), D(10))  # 1.5 x 2000 / 10
    assert view.balance.wallet == D("9998.50015")  # a fee of 1.5 x 1999.8 x 0.0005
    assert view.balance.equity == D("9998.20015")
    assert view.balance.available == D("9698.20015")
    assert view.balance.initial_margin == 300


async def test_the_liquidation_price_is_where_equity_meets_the_maintenance_margin(account: Account) -> None:
    await short(account, "5")
    held = (await seen(account)).positions[ETH]
    fee_rate = D("0.0005") if account.flavour.startswith("bitget") else D(0)
    wallet = 10_000 - 5 * D("1999.8") * D("0.0005")
    exact = (wallet + 5 * D("1999.8")) / (
        5 * (1 + account.tiers[0].maintenance_rate + fee_rate)
    )  # the notional is in the first tier
    assert held.liquidation_price is not None
    assert 0 <= held.liquidation_price - exact < D("0.01")


async def test_an_order_deeper_than_its_limit_fills_in_part(account: Account) -> None:
    await account.exchange.check([ETH, BTC])
    report = await placed(account, "deep", limit("-15", "1999.8", IOC))
    assert (report.quantity, report.filled, report.average_price) == (-D(15), -D(10), D("1999.8"))
    assert report.status.is_final
    assert report.status is not OrderStatus.FILLED
    assert (await seen(account)).positions[ETH].size == -10


async def test_a_resting_order_is_seen_found_and_cancelled(account: Account) -> None:
    await account.exchange.check([ETH, BTC])
    report = await placed(account, "rest", limit("-0.5", "2010", POST_ONLY))
    assert (report.status, report.filled) == (OrderStatus.OPEN, D(0))
    (order,) = (await seen(account)).open_orders
    assert (order.client_id, order.remaining, order.price) == ("rest", D("-0.5"), D(2010))
    assert (order.kind, order.trigger, order.reduce_only) == (OrderKind.LIMIT, None, False)
    found = await account.exchange.lookup(ClientOrderId("rest"), ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.venue_order_id) == (OrderStatus.OPEN, report.venue_order_id)
    assert not isinstance(await account.exchange.cancel(ClientOrderId("rest"), ETH), Rejected)
    assert (await seen(account)).open_orders == ()
    assert isinstance(await account.exchange.cancel(ClientOrderId("rest"), ETH), Rejected)
    gone = await account.exchange.lookup(ClientOrderId("rest"), ETH)
    assert isinstance(gone, OrderReport)
    assert gone.status is OrderStatus.CANCELLED


async def test_a_resting_order_fills_as_maker_when_the_market_comes(account: Account) -> None:
    await account.exchange.check([ETH, BTC])
    await placed(account, "rest", limit("-0.5", "2010", POST_ONLY))
    account.price(2020)
    await seen(account)
    found = await account.exchange.lookup(ClientOrderId("rest"), ETH)
    assert isinstance(found, OrderReport)
    assert (found.status, found.filled, found.average_price) == (OrderStatus.FILLED, D("-0.5"), D(2010))
    (fill,) = await account.exchange.fills(account.started)
    assert (fill.price, fill.is_maker, fill.fee) == (D(2010), True, D("0.201"))


async def test_a_post_only_order_never_takes(account: Account) -> None:
    await account.exchange.check([ETH, BTC])
    outcome = await account.exchange.place(intent(account, "take", limit("-0.5", "1999", POST_ONLY)))
    if isinstance(outcome, Rejected):
        assert outcome.reason is RejectReason.WOULD_TAKE
    else:
        assert isinstance(outcome, Accepted)  # Bitget takes it and cancels it at once
        assert (outcome.report.status.is_final, outcome.report.filled) == (True, D(0))
    view = await seen(account)
    assert (view.positions[ETH].size, view.open_orders) == (D(0), ())


async def test_a_stop_rests_beside_the_other_orders_and_fires_on_the_mark(account: Account) -> None:
    await short(account)
    report = await placed(account, "stop", stop("1.5", "2100"))
    assert (report.status, report.quantity, report.filled) == (OrderStatus.OPEN, D("1.5"), D(0))
    (order,) = (await seen(account)).open_orders
    assert (order.client_id, order.remaining, order.trigger) == ("stop", D("1.5"), D(2100))
    assert (order.kind, order.price) == (OrderKind.STOP_MARKET, None)
    assert order.reduce_only is not False  # Bitget's plan rows don't say it
    account.price(2100)
    view = await seen(account)
    assert (view.positions[ETH].size, view.open_orders) == (D(0), ())
    fired = await account.exchange.lookup(ClientOrderId("stop"), ETH)
    assert isinstance(fired, OrderReport)
    assert (fired.status, fired.filled, fired.average_price) == (OrderStatus.FILLED, D("1.5"), D("2100.21"))
    fills = await account.exchange.fills(account.started)
    assert [(fill.client_id, fill.quantity) for fill in fills] == [("open", D("-1.5")), ("stop", D("1.5"))]
    assert fills[1].realised == D("1.5") * (D("1999.8") - D("2100.21"))


async def test_a_stop_is_cancelled(account: Account) -> None:
    await short(account)
    await placed(account, "stop", stop("1.5", "2100"))
    assert not isinstance(await account.exchange.cancel(ClientOrderId("stop"), ETH), Rejected)
    gone = await account.exchange.lookup(ClientOrderId("stop"), ETH)
    assert isinstance(gone, OrderReport)
    assert gone.status is OrderStatus.CANCELLED
    assert (await seen(account)).open_orders == ()


async def test_reduce_only_never_passes_flat(account: Account) -> None:
    await short(account)
    report = await placed(account, "close", limit("4", "2010", IOC, reduce_only=True))
    assert report.filled == D("1.5")
    view = await seen(account)
    assert view.positions[ETH].size == 0
    assert view.balance.wallet == view.balance.equity == view.balance.available


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (limit("-0.005", "1999", IOC), RejectReason.BELOW_MIN_NOTIONAL),
        (limit("-100", "1999", IOC), RejectReason.INSUFFICIENT_MARGIN),
        (limit("0.5", "2001", IOC, reduce_only=True), RejectReason.REDUCE_ONLY),
        (stop("0.5", "1900", reduce_only=False), RejectReason.WOULD_TRIGGER),
    ],
)
async def test_a_refusal_says_why_and_changes_nothing(
    account: Account, wanted: OrderRequest, reason: RejectReason
) -> None:
    await account.exchange.check([ETH, BTC])
    outcome = await account.exchange.place(intent(account, "refused", wanted))
    assert isinstance(outcome, Rejected), outcome
    assert (outcome.reason, outcome.client_id) == (reason, "refused")
    view = await seen(account)
    assert (view.positions[ETH].size, view.open_orders, view.balance.wallet) == (D(0), (), D(10_000))
    assert isinstance(await account.exchange.lookup(ClientOrderId("refused"), ETH), NotFound)


async def test_an_id_that_works_already_is_not_taken_twice(account: Account) -> None:
    await account.exchange.check([ETH, BTC])
    await placed(account, "same", limit("-0.5", "2010", POST_ONLY))
    again = await account.exchange.place(intent(account, "same", limit("-0.7", "2020", POST_ONLY)))
    assert not isinstance(again, Accepted) or again.report.quantity == D("-0.5")
    assert [order.remaining for order in (await seen(account)).open_orders] == [D("-0.5")]


async def test_what_was_never_sent_is_not_found(account: Account) -> None:
    await account.exchange.check([ETH, BTC])
    assert isinstance(await account.exchange.lookup(ClientOrderId("never"), ETH), NotFound)
    assert not isinstance(await account.exchange.cancel(ClientOrderId("never"), ETH), Accepted)


async def test_trades_and_ledger_tell_the_whole_story(account: Account) -> None:
    await short(account)
    account.price(1900)
    await placed(account, "some", request("0.5", reduce_only=True))
    fills = await account.exchange.fills(account.started)
    assert [fill.client_id for fill in fills] == ["open", "some"]
    assert [fill.quantity for fill in fills] == [D("-1.5"), D("0.5")]
    assert len({fill.trade_id for fill in fills}) == 2
    assert all(not fill.is_maker and fill.symbol == ETH for fill in fills)
    assert [fill.realised for fill in fills] == [0, D("0.5") * (D("1999.8") - D("1900.19"))]
    ledger = (await account.exchange.ledger(account.started)).entries
    sums = {kind: sum(entry.amount for entry in ledger if entry.kind is kind) for kind in LedgerKind}
    assert sums[LedgerKind.DEPOSIT] == 10_000
    assert sums[LedgerKind.REALISED] == fills[1].realised
    assert sums[LedgerKind.FEE] == -sum(fill.fee for fill in fills)
    assert sum(sums.values()) == (await seen(account)).balance.wallet
    later = account.clock.now() + timedelta(minutes=1)
    account.clock.shift += timedelta(minutes=2)
    assert await account.exchange.fills(later) == ()
    assert await account.exchange.ledger(later) == Statement()


async def test_funding_is_received_by_a_short(account: Account) -> None:
    await short(account)
    before = (await seen(account)).quotes[ETH].funding
    assert before is not None
    due = before.next_at
    account.clock.shift += due - account.clock.now() + timedelta(seconds=1)
    view = await seen(account)
    after = view.quotes[ETH].funding
    assert after is not None
    assert after.next_at == due + account.interval
    (payment,) = [entry for entry in (await account.exchange.ledger(due)).entries if entry.kind is LedgerKind.FUNDING]
    assert (payment.amount, payment.symbol, payment.at) == (D("0.3"), ETH, due)  # 1.5 x 2000 x 0.0001
    assert view.balance.wallet == D("9998.50015") + D("0.3")


async def test_two_symbols_do_not_mix(account: Account) -> None:
    await short(account)
    report = await placed(account, "btc", request("-0.01", symbol=BTC))
    assert report.symbol == BTC
    view = await seen(account)
    assert {symbol: held.size for symbol, held in view.positions.items()} == {ETH: D("-1.5"), BTC: D("-0.01")}
    assert isinstance(await account.exchange.lookup(ClientOrderId("btc"), ETH), NotFound)
    fills = await account.exchange.fills(account.started)
    assert [(fill.symbol, fill.client_id) for fill in fills] == [(ETH, "open"), (BTC, "btc")]
    assert Decimal(view.balance.initial_margin) == 340
