"""The paper exchange's engine: hand-reckoned scenes."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.orders import LedgerKind, OrderStatus, Rejected, TimeInForce
from bot.core.types import ClientOrderId
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.rules import MarkUpdate
from tests.paper.engine.scene import (
    BTC,
    ETH,
    HOUR,
    RULES,
    SECOND,
    START,
    D,
    accepted,
    after,
    limit,
    mark,
    opened,
    request,
    stop,
)


def test_a_market_sell_pays_half_spread_and_taker_fee() -> None:
    engine = opened()
    report = accepted(engine, "a", request("-2"))
    assert (report.status, report.filled, report.average_price) == (OrderStatus.FILLED, D(-2), D("1999.8"))
    assert report.fee == D("1.9998")
    events = engine.drain()
    assert [(fill.quantity, fill.price, fill.realised, fill.is_maker) for fill in events.fills] == [
        (D(-2), D("1999.8"), D(0), False)
    ]
    assert engine.account.wallet == D(10_000) - D("1.9998")
    view = engine.view()
    assert view.positions[ETH].size == -2
    assert view.positions[ETH].entry_price == D("1999.8")
    assert view.positions[ETH].unrealised == D("-0.4")
    assert view.positions[BTC].size == 0
    assert view.balance.initial_margin == 400
    assert view.balance.equity == engine.account.wallet + D("-0.4")


def test_a_large_order_pays_impact_level_by_level() -> None:
    engine = opened()
    report = accepted(engine, "a", request("-25"))
    fills = engine.drain().fills
    assert [(fill.quantity, fill.price) for fill in fills] == [
        (D(-10), D("1999.8")),
        (D(-10), D("1999.6")),
        (D(-5), D("1999.4")),
    ]
    assert report.average_price == D("1999.64")


def test_a_market_order_deeper_than_the_book_fills_in_part_and_expires() -> None:
    engine = opened(deposit=10_000_000)
    report = accepted(engine, "a", request("-600"))
    assert (report.status, report.filled) == (OrderStatus.EXPIRED, D(-500))


def test_what_was_taken_comes_back_over_the_refill_time() -> None:
    engine = opened()
    accepted(engine, "a", request("-8"))
    assert engine.view().quotes[ETH].book.bid_size == 2
    after(engine, SECOND)
    assert engine.view().quotes[ETH].book.bid_size == D("3.6")
    after(engine, 4 * SECOND)
    assert engine.view().quotes[ETH].book.bid_size == 10


def test_a_round_trip_realises_exactly_its_cash() -> None:
    engine = opened()
    accepted(engine, "a", request("-2"))
    after(engine, SECOND, eth=1900)
    accepted(engine, "b", request("1"))
    accepted(engine, "c", request("1", reduce_only=True))
    fills = engine.drain().fills
    assert [fill.realised for fill in fills] == [0, D("99.61"), D("99.61")]
    assert engine.view().positions[ETH].size == 0
    assert engine.view().positions[ETH].entry_price is None
    assert engine.account.wallet == engine.equity == 10_000 + 2 * D("99.61") - sum(fill.fee for fill in fills)


def test_an_order_past_flat_closes_and_opens_the_other_way() -> None:
    engine = opened()
    accepted(engine, "a", request("-2"))
    accepted(engine, "b", request("3"))
    position = engine.view().positions[ETH]
    assert (position.size, position.entry_price) == (D(1), D("2000.2"))
    assert engine.account.totals[LedgerKind.REALISED] == D("-0.8")


def test_a_resting_sell_fills_as_maker_at_its_own_price_when_the_bid_reaches_it() -> None:
    engine = opened()
    assert accepted(engine, "a", limit("-2", "2010", TimeInForce.POST_ONLY)).status is OrderStatus.OPEN
    after(engine, SECOND, eth="2010.1")
    assert engine.view().positions[ETH].size == 0
    after(engine, SECOND, eth="2010.3")
    (fill,) = engine.drain().fills
    assert (fill.price, fill.is_maker, fill.fee) == (D(2010), True, D("0.804"))
    report = engine.lookup(ClientOrderId("a"))
    assert report is not None
    assert report.status is OrderStatus.FILLED


@pytest.mark.parametrize(
    ("queue", "passed", "fills"),
    [
        ("2", "2010.3", "2010.41"),
        ("1", "2010.1", "2010.21"),
        ("0.5", "2010.05", "2010.11"),
        ("0", "2009.98", "2010.01"),
    ],
)
def test_a_place_in_the_queue_says_how_far_the_market_must_come(queue: str, passed: str, fills: str) -> None:
    one = RULES.symbols[ETH]
    placed = replace(one, depth=replace(one.depth, queue=D(queue)))
    engine = opened(replace(RULES, symbols={**RULES.symbols, ETH: placed}))
    accepted(engine, "a", limit("-2", "2010", TimeInForce.POST_ONLY))
    after(engine, SECOND, eth=passed)
    assert engine.view().positions[ETH].size == 0
    after(engine, SECOND, eth=fills)
    assert [(fill.price, fill.is_maker, fill.quantity) for fill in engine.drain().fills] == [(D(2010), True, D(-2))]


def test_a_resting_order_fills_in_part_as_deep_as_the_market_comes() -> None:
    engine = opened()
    accepted(engine, "a", limit("-30", "2010"))
    after(engine, SECOND, eth="2010.4")
    (order,) = engine.view().open_orders
    assert order.remaining == D("-20.052")
    after(engine, HOUR, eth=2020)
    assert engine.view().open_orders == ()
    assert engine.view().positions[ETH].size == -30


def test_an_ioc_limit_takes_what_its_price_allows_and_the_rest_expires() -> None:
    engine = opened()
    report = accepted(engine, "a", limit("-25", "1999.6", TimeInForce.IOC))
    assert (report.status, report.filled) == (OrderStatus.EXPIRED, D(-20))


def test_a_gtc_limit_that_crosses_takes_first_and_rests_with_the_remainder() -> None:
    engine = opened()
    report = accepted(engine, "a", limit("-25", "1999.6"))
    assert (report.status, report.filled) == (OrderStatus.OPEN, D(-20))
    assert engine.view().open_orders[0].remaining == -5


def test_a_stop_fires_on_the_mark_and_reduces_only() -> None:
    engine = opened()
    accepted(engine, "a", request("-2"))
    accepted(engine, "s", stop("5", "2100"))
    engine.advance(engine.now + SECOND, {ETH: MarkUpdate(D("2099.99"), D(2100), last=D(2101))})
    assert engine.view().positions[ETH].size == -2
    engine.advance(engine.now + SECOND, {ETH: MarkUpdate(D(2100), D(2100), last=D(2090))})
    assert engine.view().positions[ETH].size == 0
    report = engine.lookup(ClientOrderId("s"))
    assert report is not None
    assert (report.status, report.filled, report.average_price) == (OrderStatus.EXPIRED, D(2), D("2090.21"))


def test_reduce_only_orders_end_with_the_position() -> None:
    engine = opened()
    accepted(engine, "a", request("-2"))
    accepted(engine, "b", limit("2", "1950", reduce_only=True))
    accepted(engine, "c", request("2"))
    report = engine.lookup(ClientOrderId("b"))
    assert report is not None
    assert (report.status, report.note) == (OrderStatus.EXPIRED, "nothing left to reduce")


def test_funding_is_settled_at_each_of_its_hours_at_the_mark_in_force_then() -> None:
    engine = opened()
    accepted(engine, "a", request("-2"))
    engine.drain()
    engine.advance(datetime(2026, 1, 1, 7, 59, tzinfo=UTC), {ETH: mark(1900)})
    engine.advance(
        datetime(2026, 1, 2, 0, 0, tzinfo=UTC), {ETH: MarkUpdate(D(2100), D(2100), funding_rate=D("-0.001"))}
    )
    entries = engine.drain().ledger
    assert [(entry.kind, entry.symbol, entry.at.hour, entry.amount) for entry in entries] == [
        (LedgerKind.FUNDING, ETH, 8, D("0.38")),
        (LedgerKind.FUNDING, ETH, 16, D("0.38")),
        (LedgerKind.FUNDING, ETH, 0, D("-4.2")),
    ]
    funding = engine.view().quotes[ETH].funding
    assert funding is not None
    assert (funding.rate, funding.next_at) == (D("-0.001"), datetime(2026, 1, 2, 8, tzinfo=UTC))


@pytest.mark.parametrize("wait", [SECOND, 8 * HOUR, 9 * HOUR, 400 * HOUR])
def test_an_account_that_holds_nothing_has_the_funding_times_of_one_that_waits_with_an_order(wait: timedelta) -> None:
    idle, waiting = opened(), opened()
    accepted(waiting, "a", limit("-2", "9000"))
    for engine in (idle, waiting):
        after(engine, wait)
    assert idle.view().quotes == waiting.view().quotes


def test_centuries_in_which_nothing_is_held_are_passed_at_once() -> None:
    each_second = replace(RULES, symbols={ETH: replace(RULES.symbols[ETH], funding_interval=SECOND)})
    engine = PaperEngine.open(each_second, datetime(1, 1, 1, tzinfo=UTC), D(10_000))
    engine.advance(START, {ETH: mark(2000)})  # 6e10 settlements, each of nothing
    funding = engine.view().quotes[ETH].funding
    assert funding is not None
    assert (funding.next_at, engine.equity) == (START + SECOND, D(10_000))


def test_a_cancelled_order_is_gone_and_can_not_be_cancelled_twice() -> None:
    engine = opened()
    accepted(engine, "a", limit("-2", "2010"))
    assert not isinstance(engine.cancel(ClientOrderId("a")), Rejected)
    assert isinstance(engine.cancel(ClientOrderId("a")), Rejected)
    assert isinstance(engine.cancel(ClientOrderId("never")), Rejected)
    assert engine.lookup(ClientOrderId("never")) is None
    after(engine, SECOND, eth=2050)
    assert engine.view().positions[ETH].size == 0


def test_time_and_prices_that_can_not_be_are_refused() -> None:
    engine = opened()
    with pytest.raises(ValueError, match="before"):
        engine.advance(START - timedelta(microseconds=1), {})
    with pytest.raises(ValueError, match="above 0"):
        engine.advance(START, {ETH: mark(0)})
    fresh = PaperEngine.open(RULES, START, D(1))
    with pytest.raises(ValueError, match="no price yet"):
        fresh.place(ClientOrderId("a"), request("1"))
    with pytest.raises(ValueError, match="no price yet: BTC"):
        fresh.view()


def test_the_state_goes_through_json_and_back() -> None:
    engine = opened()
    accepted(engine, "a", request("-2"))
    accepted(engine, "b", limit("-2", "2010"))
    accepted(engine, "s", stop("5", "2100"))
    after(engine, 9 * HOUR, eth="2010.42")
    text = json.dumps(engine.to_dict())
    again = PaperEngine.from_dict(RULES, json.loads(text))
    assert json.dumps(again.to_dict()) == text
    assert again.view() == engine.view()


def test_a_fork_changes_nothing_behind_it() -> None:
    engine = opened()
    before = json.dumps(engine.to_dict())
    fork = engine.fork()
    accepted(fork, "a", request("-2"))
    accepted(fork, "b", limit("-2", "2010"))
    after(fork, 9 * HOUR, eth=2020)
    assert json.dumps(engine.to_dict()) == before


def test_what_was_taken_can_not_be_taken_again_at_once() -> None:
    engine = opened()
    accepted(engine, "a", request("-8"))
    accepted(engine, "b", request("-8"))
    assert [(fill.quantity, fill.price) for fill in engine.drain().fills] == [
        (D(-8), D("1999.8")),
        (D(-2), D("1999.8")),
        (D(-6), D("1999.6")),
    ]
