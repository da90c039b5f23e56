"""Every reason for which the venue refuses an order, and what it lets through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.orders import Accepted, OrderKind, OrderRequest, OrderStatus, Rejected, RejectReason, TimeInForce
from bot.core.types import ClientOrderId, Symbol
from bot.paper.servers.registry import SERVERS
from tests.paper.engine.scene import (
    ETH,
    RULES,
    SECOND,
    D,
    accepted,
    after,
    flavoured,
    limit,
    opened,
    refused,
    request,
    stop,
)
from tests.paper.servers.flavours import TWINS

R = RejectReason


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (request("-0.0005"), R.BAD_LOT),
        (request("0"), R.BAD_LOT),
        (request("-1000.001"), R.ABOVE_MAX_QUANTITY),
        (request("-0.009"), R.BELOW_MIN_NOTIONAL),
        (limit("-0.01", "1999"), R.BELOW_MIN_NOTIONAL),
        (limit("-1", "2010.001"), R.BAD_TICK),
        (limit("-1", "-2010"), R.BAD_TICK),
        (limit("1", "2100.01"), R.PRICE_OUT_OF_BAND),
        (limit("-1", "1899.99"), R.PRICE_OUT_OF_BAND),
        (request("-1", kind=OrderKind.LIMIT), R.OTHER),
        (request("-1", price="2000"), R.OTHER),
        (request("1", kind=OrderKind.STOP_MARKET), R.OTHER),
        (stop("1", "2000"), R.WOULD_TRIGGER),
        (stop("-1", "2000"), R.WOULD_TRIGGER),
        (request("1", reduce_only=True), R.REDUCE_ONLY),
        (limit("-1", "1999.8", TimeInForce.POST_ONLY), R.WOULD_TAKE),
        (limit("1", "2000.2", TimeInForce.POST_ONLY), R.WOULD_TAKE),
        (request("-50"), R.INSUFFICIENT_MARGIN),
        (request("-1", symbol=Symbol("SOL/USDT:USDT")), R.UNKNOWN_SYMBOL),
    ],
)
def test_an_order_against_a_rule_is_refused_with_the_reason(wanted: OrderRequest, reason: RejectReason) -> None:
    engine = opened()
    assert refused(engine, wanted) is reason
    assert engine.to_dict() == opened().to_dict()


@pytest.mark.parametrize(
    "wanted",
    [
        limit("-1", "1999.81", TimeInForce.POST_ONLY),
        limit("-1", "4000"),
        limit("1", "1"),
        request("-0.01"),
        request("-49.9"),
        stop("1", "2000.01"),
        stop("-1", "1999.99", reduce_only=False),
    ],
)
def test_an_order_within_the_rules_is_taken(wanted: OrderRequest) -> None:
    rich = opened(deposit=10_010)
    if wanted.price == 1:
        wanted = replace(wanted, quantity=D(30))
    assert accepted(rich, "x", wanted).status in {OrderStatus.OPEN, OrderStatus.FILLED}


def test_below_the_least_quantity() -> None:
    one = RULES.symbols[ETH]
    rules = replace(RULES, symbols={**RULES.symbols, ETH: replace(one, market=replace(one.market, min_quantity=D(1)))})
    assert refused(opened(rules), request("-0.999")) is R.BELOW_MIN_QUANTITY


@pytest.mark.parametrize(("flavour", "bad"), [("binance", "x" * 37), ("bitget", "x" * 33)])
def test_client_ids_follow_the_venue(flavour: str, bad: str) -> None:
    engine = opened(flavoured(flavour))
    assert refused(engine, request("-1"), bad) is R.BAD_ID
    assert refused(engine, request("-1"), "") is R.BAD_ID
    assert refused(engine, request("-1"), "ä") is R.BAD_ID
    assert refused(engine, request("-1"), "a\n") is R.BAD_ID
    accepted(engine, "Az09_-" + "y" * 26, request("-1"))


def test_binance_alone_takes_dots_and_slashes_in_client_ids() -> None:
    accepted(opened(), "a.b:c/d", request("-1"))
    assert refused(opened(flavoured("bitget")), request("-1"), "a.b") is R.BAD_ID


def test_binance_gives_an_id_free_when_its_order_ends_and_bitget_does_not() -> None:
    for flavour in TWINS:
        engine = opened(flavoured(flavour))
        accepted(engine, "a", limit("-1", "2010"))
        assert refused(engine, limit("-1", "2010"), "a") is R.DUPLICATE_ID
        engine.cancel(ClientOrderId("a"))
        again = engine.place(ClientOrderId("a"), limit("-1", "2010"))
        assert isinstance(again, Accepted if flavour == "binance" else Rejected)


def test_too_many_orders_of_a_kind() -> None:
    engine = opened(replace(RULES, max_open_orders=2, max_stop_orders=1))
    accepted(engine, "a", limit("-1", "2010"))
    accepted(engine, "b", limit("-1", "2010"))
    assert refused(engine, limit("-1", "2010")) is R.TOO_MANY_ORDERS
    accepted(engine, "c", stop("1", "2100"))
    assert refused(engine, stop("1", "2100")) is R.TOO_MANY_ORDERS


def test_a_position_is_capped_by_the_tier_of_its_leverage() -> None:
    one = RULES.symbols[ETH]
    engine = opened(replace(RULES, symbols={**RULES.symbols, ETH: replace(one, leverage=D(20))}), deposit=10_000_000)
    assert refused(engine, request("-500.001")) is R.MAX_POSITION
    accepted(engine, "a", limit("-300", "2050"))
    accepted(engine, "b", limit("-200", "2050"))
    assert refused(engine, limit("-0.1", "2050")) is R.MAX_POSITION
    assert refused(opened(replace(RULES, symbols={**RULES.symbols, ETH: replace(one, leverage=D(101))})), request("1"))


def test_what_reduces_needs_no_margin() -> None:
    engine = opened(deposit=10_010)
    accepted(engine, "a", request("-49.9"))
    after(engine, SECOND, eth=2100)
    assert engine.view().balance.available == 0
    assert refused(engine, request("-0.01")) is R.INSUFFICIENT_MARGIN
    assert accepted(engine, "b", request("10")).status is OrderStatus.FILLED


def test_working_orders_bind_margin_and_buys_and_sells_do_not_add_up() -> None:
    engine = opened()
    accepted(engine, "a", limit("-40", "2010"))
    assert engine.view().balance.available == 2000
    accepted(engine, "b", limit("40", "1990"))
    assert engine.view().balance.available == 2000
    assert refused(engine, limit("-11", "2010")) is R.INSUFFICIENT_MARGIN
    engine.cancel(ClientOrderId("a"))
    accepted(engine, "d", limit("-40", "2010"))


def test_a_reduce_only_order_may_be_below_the_least_notional() -> None:
    engine = opened()
    accepted(engine, "a", request("-1"))
    accepted(engine, "b", request("0.999"))
    accepted(engine, "c", request("0.001", reduce_only=True))
    assert engine.view().positions[ETH].size == 0


def test_a_reduce_only_order_larger_than_the_position_stops_at_flat() -> None:
    engine = opened()
    accepted(engine, "a", request("-1"))
    report = accepted(engine, "b", request("5", reduce_only=True))
    assert (report.filled, report.status) == (D(1), OrderStatus.EXPIRED)
    assert engine.view().positions[ETH].size == 0


def test_every_reason_has_a_code_of_each_venue() -> None:
    for reason in set(RejectReason) - {R.NOT_SENT}:  # which is no venue's answer
        assert SERVERS["bitget-uta"].conventions.code(reason).isdigit()
        if reason not in {R.STOPS_EXCEED, R.MARKET_CLOSED}:  # which the other servers never refuse
            assert SERVERS["binance"].conventions.code(reason).startswith("-")
            assert SERVERS["bitget"].conventions.code(reason).isdigit()


def test_stops_may_not_exceed_the_position_together_where_the_venue_has_it_so() -> None:
    engine = opened(flavoured("bitget-uta"))
    accepted(engine, "short", request("-2"))
    accepted(engine, "one", stop("1.5", "2100"))
    assert refused(engine, stop("1.5", "2200"), "two") is R.STOPS_EXCEED
    accepted(engine, "rest", stop("0.5", "2200"))
    engine.cancel(ClientOrderId("one"))
    accepted(engine, "again", stop("1.5", "2200"))
