"""ccxt's dictionaries to the domain: right values, and for anything missing an error, never a default."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from bot.core.errors import ConfigError
from bot.core.orders import OrderKind, OrderStatus
from bot.core.types import VenueId
from bot.exchange import translate, translate_orders
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, moment
from tests.exchange.ccxt_rows import AT, BOOK, ETH, FEES, FUNDING, MARKET, MS, ORDER, OWN, POSITION, TIERS, TRADE

VENUE = VenueId("binance")
TEN = Decimal(10)
READ = AT + timedelta(hours=1)


def without(row: Row, key: str) -> Row:
    return {name: value for name, value in row.items() if name != key}


def test_a_market_counts_in_base_units_and_takes_the_narrower_maximum() -> None:
    market = translate.market(MARKET, VENUE, FEES, translate.tiers(TIERS, ETH))
    assert (market.lot, market.min_quantity, market.max_quantity) == (Decimal("0.01"), Decimal("0.02"), Decimal(20000))
    assert (market.tick, market.min_notional, market.contract_size) == (Decimal("0.01"), Decimal(20), TEN)
    assert (market.maker_fee, market.taker_fee, market.underlying) == (Decimal("0.0002"), Decimal("0.0005"), "ETH")


def test_limits_that_a_venue_does_not_have() -> None:
    bare = {**MARKET, "limits": {"amount": {"min": None, "max": None}, "cost": {"min": None}}}
    market = translate.market(bare, VENUE, FEES, ())
    assert (market.min_quantity, market.max_quantity, market.min_notional) == (
        market.lot,
        translate.UNLIMITED,
        Decimal(0),
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"swap": False, "type": "spot"}, "a spot market"),
        ({"linear": False, "inverse": True, "settle": "ETH"}, "inverse contract"),
        ({"settle": "USDC"}, "settles in USDC"),
    ],
)
def test_a_market_of_the_wrong_kind_is_a_configuration_error(change: dict[str, object], words: str) -> None:
    translate.check_kind(MARKET, ETH, "USDT")
    with pytest.raises(ConfigError, match=words):
        translate.check_kind({**MARKET, **change}, ETH, "USDT")


def test_maintenance_amounts_make_the_margin_continuous() -> None:
    """Binance publishes these amounts as ``cum``: 0, 50, 3050."""
    table = translate.tiers(TIERS, ETH)
    assert [tier.maintenance_amount for tier in table] == [0, 50, 3050]
    for low, high in pairwise(table):
        edge = high.notional_floor
        assert (
            edge * low.maintenance_rate - low.maintenance_amount
            == edge * high.maintenance_rate - high.maintenance_amount
        )


@pytest.mark.parametrize("rows", [(), TIERS[1:], (TIERS[0], TIERS[2])])
def test_a_margin_table_with_a_hole_is_not_believed(rows: tuple[Row, ...]) -> None:
    with pytest.raises(Unbelievable):
        translate.tiers(rows, ETH)


def test_a_short_is_negative_in_base_units() -> None:
    position = translate.position(POSITION, Decimal(10), isolated=False)
    assert (position.size, position.entry_price) == (Decimal("-2.5"), Decimal("3000.5"))
    assert (position.unrealised, position.margin) == (Decimal("-1.25"), Decimal("750.1"))
    assert (position.liquidation_price, position.leverage) == (Decimal(5000), TEN)
    assert translate.position({**POSITION, "side": "long"}, TEN, isolated=True).size == Decimal("2.5")
    assert translate.position(POSITION, TEN, isolated=True).margin == Decimal(800)


@pytest.mark.parametrize("nothing", [None, 0, "0", "", "0.000"])
def test_a_missing_or_zero_liquidation_price_is_none(nothing: object) -> None:
    assert translate.position({**POSITION, "liquidationPrice": nothing}, TEN, isolated=False).liquidation_price is None


def test_a_position_in_hedge_mode_or_with_a_sign_is_not_believed() -> None:
    for change in ({"hedged": True}, {"contracts": "-0.25"}, {"side": "both"}):
        with pytest.raises(Unbelievable):
            translate.position({**POSITION, **change}, TEN, isolated=False)


def test_mark_and_index_may_come_from_two_answers_and_carry_the_venues_time() -> None:
    rate: Row = {"markPrice": None, "indexPrice": None}
    ticker: Row = {"markPrice": "3000.1", "indexPrice": "3000", "timestamp": MS}
    mark = translate.mark((rate, ticker), ETH, AT + timedelta(hours=1))
    assert (mark.price, mark.index, mark.as_of) == (Decimal("3000.1"), Decimal(3000), AT)
    with pytest.raises(Unbelievable, match="indexPrice"):
        translate.mark((rate, {**ticker, "indexPrice": None}), ETH, AT)


def test_a_book_needs_two_sides_that_do_not_cross() -> None:
    book = translate.book(BOOK, ETH, TEN, AT)
    assert (book.bid, book.bid_size, book.ask, book.ask_size) == (
        Decimal(3000),
        Decimal(15),
        Decimal("3000.1"),
        Decimal(20),
    )
    changes: tuple[Row, ...] = (
        {"bids": []},
        {"asks": None},
        {"asks": [["2999", "1"]]},
        {"bids": [["0", "1"]]},
        {"bids": [[]]},
    )
    for change in changes:
        with pytest.raises(Unbelievable):
            translate.book({**BOOK, **change}, ETH, TEN, AT)


def test_funding_keeps_its_sign_and_the_interval_is_read() -> None:
    funding = translate.funding(FUNDING, ETH, translate.interval(FUNDING, ETH), AT)
    assert (funding.rate, funding.interval, funding.next_at) == (
        Decimal("-0.0001"),
        timedelta(hours=8),
        moment({"at": MS + 1000}, "at", ""),
    )
    for bad in ("8", "0h", "h", "8m", None, f"{10**12}h", "9" * 5_000 + "h", "\u0668h"):
        with pytest.raises(Unbelievable):
            translate.interval({"interval": bad}, ETH)


def test_an_open_order_shows_what_remains() -> None:
    order = translate_orders.open_order(ORDER, TEN)
    assert (order.remaining, order.kind, order.reduce_only) == (Decimal(-3), OrderKind.LIMIT, False)
    stop = translate_orders.open_order(
        {**ORDER, "type": "market", "triggerPrice": "3500", "filled": None, "price": "0", "clientOrderId": ""},
        TEN,
        reduce_only=True,
    )
    assert (stop.kind, stop.trigger, stop.price, stop.client_id) == (OrderKind.STOP_MARKET, Decimal(3500), None, None)
    assert (stop.remaining, stop.reduce_only) == (Decimal(-5), True)


@pytest.mark.parametrize("untold", [{"reduceOnly": None}, {}])
def test_what_a_venue_does_not_say_about_reducing_stays_unknown(untold: Row) -> None:
    row = {key: value for key, value in ORDER.items() if key != "reduceOnly"}
    assert translate_orders.open_order({**row, **untold}, TEN).reduce_only is None


def test_an_order_that_closes_all_has_no_quantity_of_its_own() -> None:
    order = translate_orders.open_order({**ORDER, "amount": None, "filled": None}, TEN, closes_all=True)
    assert (order.remaining, order.closes_all, order.can_open) == (Decimal(0), True, False)


@pytest.mark.parametrize("odd", [{"amount": "0"}, {"amount": "1", "filled": "2"}, {"reduceOnly": "YES"}])
def test_an_order_whose_size_or_purpose_makes_no_sense_is_not_believed(odd: Row) -> None:
    with pytest.raises(Unbelievable):
        translate_orders.open_order({**ORDER, **odd}, TEN)


def test_a_report_is_signed_and_its_fee_unknown_where_the_venue_tells_none() -> None:
    report = translate_orders.report(ORDER, OWN, TEN, READ, conditional=False)
    assert (report.quantity, report.filled, report.average_price) == (Decimal(-5), Decimal(-2), Decimal("3001.5"))
    assert (report.status, report.fee) == (OrderStatus.OPEN, None)
    paid = translate_orders.report({**ORDER, "fee": {"cost": "0.1"}}, OWN, TEN, READ, conditional=False)
    assert paid.fee == Decimal("0.1")


def test_a_report_that_names_no_last_change_may_have_changed_until_it_was_read() -> None:
    """Its first time is none: it may have filled long after, and a position is believed by how old the last fill is."""
    told = translate_orders.report(ORDER, OWN, TEN, READ, conditional=False)
    silent = translate_orders.report({**ORDER, "lastUpdateTimestamp": None}, OWN, TEN, READ, conditional=False)
    assert told.placed_at is not None
    assert (told.updated_at, silent.updated_at) == (told.placed_at + timedelta(milliseconds=5), READ)


@pytest.mark.parametrize(
    "change",
    [
        {"clientOrderId": "someone-else"},
        {"status": "closed"},
        {"status": "canceling"},
        {"filled": "0.6"},
        {"average": None},
        {"filled": None},
        {"id": None},
        {"side": None},
    ],
)
def test_a_contradictory_report_is_not_believed(change: dict[str, object]) -> None:
    with pytest.raises(Unbelievable):
        translate_orders.report({**ORDER, **change}, OWN, TEN, READ, conditional=False)


def test_a_fee_names_what_it_was_paid_in() -> None:
    paid = {**TRADE, "fee": {"cost": "0.12", "currency": "BNB"}}
    assert translate_orders.fee_of(paid) == ("BNB", Decimal("0.12"))


def test_a_trade_becomes_a_signed_fill() -> None:
    fill = translate_orders.fill(TRADE, VENUE, TEN, OWN, Decimal("-0.5"), Decimal("0.12"))
    assert (fill.quantity, fill.price, fill.fee, fill.is_maker, fill.realised) == (
        Decimal(-2),
        Decimal("3001.5"),
        Decimal("0.12"),
        True,
        Decimal("-0.5"),
    )


ESSENTIAL: list[tuple[Callable[[Row], object], Row, list[str]]] = [
    (
        lambda row: translate.market(row, VENUE, FEES, ()),
        MARKET,
        ["symbol", "base", "contractSize", "precision", "limits"],
    ),
    (lambda row: translate.market(MARKET, VENUE, row, ()), FEES, ["maker", "taker"]),
    (lambda row: translate.tiers((row,), ETH), TIERS[0], list(TIERS[0])),
    (
        lambda row: translate.position(row, TEN, isolated=False),
        POSITION,
        ["symbol", "contracts", "contractSize", "side", "entryPrice", "unrealizedPnl", "initialMargin"],
    ),
    (lambda row: translate.position(row, TEN, isolated=True), POSITION, ["positionMargin"]),
    (
        lambda row: translate_orders.open_order(row, TEN),
        ORDER,
        ["id", "symbol", "type", "side", "amount", "filled", "timestamp"],
    ),
    (
        lambda row: translate_orders.report(row, OWN, TEN, READ, conditional=False),
        ORDER,
        ["id", "clientOrderId", "symbol", "side", "amount", "filled", "average", "status"],
    ),
    (
        lambda row: translate_orders.fill(row, VENUE, TEN, OWN, TEN, Decimal("0.12")),
        TRADE,
        ["id", "symbol", "side", "amount", "price", "takerOrMaker", "timestamp"],
    ),
    (translate_orders.fee_of, TRADE, ["fee"]),
    (lambda row: translate.funding(row, ETH, timedelta(hours=8), AT), FUNDING, ["fundingRate", "fundingTimestamp"]),
]


@pytest.mark.parametrize(
    ("translation", "row", "key"), [(function, row, key) for function, row, keys in ESSENTIAL for key in keys]
)
@pytest.mark.parametrize("nothing", [None, "", "absent"])
def test_every_field_that_is_needed_is_missed(
    translation: Callable[[Row], object], row: Row, key: str, nothing: str | None
) -> None:
    translation(row)
    with pytest.raises(Unbelievable):
        translation(without(row, key) if nothing == "absent" else {**row, key: nothing})
