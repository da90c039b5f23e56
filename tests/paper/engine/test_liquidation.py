"""Liquidation on the paper exchange: by brute force against the computed price, and scenes reckoned by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.core.orders import LedgerKind, OrderStatus
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.rules import MarginMode, MarkUpdate, VenueRules
from bot.paper.servers.registry import SERVERS
from tests.paper.engine.scene import (
    BTC,
    ETH,
    HOUR,
    RULES,
    SECOND,
    D,
    accepted,
    after,
    limit,
    mark,
    opened,
    request,
    stop,
)
from tests.paper.servers.flavours import TWINS


def rules(flavour: str, mode: MarginMode, leverage: int, usd_per_bp: int = 20_000) -> VenueRules:
    symbols = {
        symbol: replace(one, leverage=D(leverage), margin_mode=mode, depth=replace(one.depth, usd_per_bp=D(usd_per_bp)))
        for symbol, one in RULES.symbols.items()
    }
    return replace(RULES, conventions=SERVERS[flavour].conventions, symbols=symbols)


def sizes(engine: PaperEngine) -> dict[Symbol, Decimal]:
    return {symbol: position.size for symbol, position in engine.account.positions.items()}


def touched(engine: PaperEngine, symbol: Symbol, price: Decimal) -> bool:
    """Whether a mark liquidates anything, tried on a copy."""
    fork = engine.fork()
    fork.advance(fork.now, {symbol: mark(price)})
    return sizes(fork) != sizes(engine)


def first_touched(engine: PaperEngine, symbol: Symbol, *, upwards: bool) -> Decimal | None:
    """Search for the first tick that liquidates, without looking at any formula."""
    tick = RULES.symbols[symbol].market.tick
    low = int(engine.account.markets[symbol].mark / tick)
    high = low * 10**7 if upwards else 1
    if not touched(engine, symbol, high * tick):
        return None
    while abs(high - low) > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if touched(engine, symbol, middle * tick) else (middle, high)
    return high * tick


@settings(max_examples=200, deadline=None)
@given(
    flavour=st.sampled_from(TWINS),
    mode=st.sampled_from(MarginMode),
    leverage=st.sampled_from([1, 3, 10, 20]),
    deposit=st.integers(2_000, 1_000_000),
    eth=st.integers(-400_000, 400_000).filter(bool),
    btc=st.integers(-20_000, 20_000),
    move=st.integers(-300, 300),
)
def test_the_mark_that_liquidates_is_the_computed_price_to_one_tick(
    *, flavour: str, mode: MarginMode, leverage: int, deposit: int, eth: int, btc: int, move: int
) -> None:
    engine = opened(rules(flavour, mode, leverage, 10**9), deposit)
    for name, lots, symbol in (("a", eth, ETH), ("b", btc, BTC)):
        if lots:
            engine.place(ClientOrderId(name), request(D(lots) / 1000, symbol=symbol))
    assume(engine.account.positions[ETH].size != 0)
    before = sizes(engine)
    after(engine, SECOND, eth=str(2000 * (1 + D(move) / 10_000)), btc=str(40_000 * (1 - D(move) / 20_000)))
    assume(sizes(engine) == before)
    position = engine.view().positions[ETH]
    found = first_touched(engine, ETH, upwards=position.size < 0)
    expected = position.liquidation_price
    if found is None:
        assert position.size > 0
        assert expected is None or expected <= D("0.01")
    else:
        assert expected is not None
        assert abs(found - expected) <= D("0.01")


def test_an_isolated_short_loses_its_margin_and_no_more() -> None:
    engine = opened(rules("binance", MarginMode.ISOLATED, 10))
    accepted(engine, "a", request("-10"))
    accepted(engine, "s", stop("10", "2300"))
    accepted(engine, "l", limit("-1", "2050"))
    position = engine.view().positions[ETH]
    assert position.margin == D("1999.8")
    assert position.liquidation_price == D("2191.02")  # (1999.8 + 19998) / (10 x 1.004) = 2191.0159...
    after(engine, SECOND, eth="2191.01")  # the limit sell at 2050 has filled on the way: the short is larger now
    assert sizes(engine)[ETH] == -11
    after(engine, SECOND, eth=5000)
    assert sizes(engine)[ETH] == 0
    assert engine.view().open_orders == ()
    report = engine.lookup(ClientOrderId("s"))
    assert report is not None
    assert (report.status, report.note) == (OrderStatus.EXPIRED, "liquidation")
    fees = D("9.999") + D("0.41")
    assert engine.account.totals[LedgerKind.FEE] == -fees
    lost = D(10_000) - fees - engine.account.wallet
    assert D("1999.8") + 205 - D("0.11") < lost <= D("1999.8") + 205  # up to a tick of the bankruptcy price


def test_a_cross_account_that_gaps_through_everything_ends_at_zero_and_not_below() -> None:
    engine = opened(rules("binance", MarginMode.CROSS, 20), deposit=2_000)
    accepted(engine, "a", request("-10"))
    accepted(engine, "b", request("0.1", symbol=BTC))
    after(engine, SECOND, eth=4000)
    assert sizes(engine) == {ETH: 0, BTC: 0} or engine.equity > 0
    assert 0 <= engine.account.wallet < 100


def test_liquidation_costs_its_fee_while_there_is_something_left() -> None:
    engine = opened(rules("binance", MarginMode.ISOLATED, 10, 10**9))
    accepted(engine, "a", request("-10"))
    engine.drain()
    after(engine, SECOND, eth="2191.02")
    (fill,) = engine.drain().fills
    assert (fill.client_id, fill.price, fill.quantity, fill.fee) == ("autoclose-2", D("2191.24"), D(10), D(0))
    left = D("1999.8") + (D("1999.8") - D("2191.24")) * 10
    assert left < D("0.0125") * 21_910
    assert engine.account.totals[LedgerKind.LIQUIDATION_FEE] == -left
    assert engine.account.wallet == D(10_000) - D("9.999") - D("1999.8")


def test_a_large_position_is_brought_down_tier_by_tier() -> None:
    engine = opened(rules("binance", MarginMode.CROSS, 10, 10**9), deposit=150_000)
    for number in range(5):
        accepted(engine, f"a{number}", request("-100"))
    price = engine.view().positions[ETH].liquidation_price
    assert price is not None
    engine.drain()
    after(engine, SECOND, eth=str(price))
    fills = engine.drain().fills
    left = sizes(engine)[ETH]
    assert left < 0
    assert abs(left) * price <= 1_000_000
    assert sum((fill.quantity for fill in fills), ZERO) == left + 500
    assert engine.account.totals[LedgerKind.LIQUIDATION_FEE] < 0
    view = engine.view()
    assert view.balance.equity > view.balance.maintenance_margin


def test_a_thin_book_leaves_the_rest_to_the_insurance_fund_at_the_bankruptcy_price() -> None:
    engine = opened(rules("binance", MarginMode.ISOLATED, 10, 40))
    for number in range(10):
        accepted(engine, f"a{number}", request("-1"))
        after(engine, HOUR)
    size = sizes(engine)[ETH]
    position = engine.account.positions[ETH]
    worst = (position.cost - position.margin) / size
    price = engine.view().positions[ETH].liquidation_price
    assert price is not None
    engine.drain()
    after(engine, SECOND, eth=str(price))
    fills = engine.drain().fills
    assert len(fills) > 2
    assert fills[-1].price == worst // D("0.01") * D("0.01")
    assert sum((fill.quantity for fill in fills), ZERO) == -size


def test_funding_can_be_what_liquidates() -> None:
    engine = opened(rules("binance", MarginMode.ISOLATED, 20))
    accepted(engine, "a", request("-10"))
    engine.advance(engine.now, {ETH: MarkUpdate(D(2085), D(2085), funding_rate=D("-0.02"))})
    assert sizes(engine)[ETH] == -10
    after(engine, 8 * HOUR)
    assert sizes(engine)[ETH] == 0


def test_an_isolated_position_leaves_the_rest_of_the_account_alone() -> None:
    engine = opened(rules("binance", MarginMode.ISOLATED, 10))
    accepted(engine, "a", request("-10"))
    accepted(engine, "b", request("-0.1", symbol=BTC))
    after(engine, SECOND, eth=2500)
    assert sizes(engine) == {ETH: 0, BTC: D("-0.1")}
    assert engine.account.wallet > 7_900


@pytest.mark.parametrize("mode", MarginMode)
def test_bitget_liquidates_earlier_by_the_taker_fee(mode: MarginMode) -> None:
    prices = []
    for flavour in ("binance", "bitget"):
        engine = opened(rules(flavour, mode, 10), deposit=2_100)
        accepted(engine, "a", request("-10"))
        prices.append(engine.view().positions[ETH].liquidation_price)
    binance, bitget = prices
    assert binance is not None
    assert bitget is not None
    assert D("1.0") < binance - bitget < D("1.2")


def test_a_gap_through_the_stop_liquidates_and_a_smooth_move_stops() -> None:
    gap = opened(rules("binance", MarginMode.ISOLATED, 10))
    smooth = opened(rules("binance", MarginMode.ISOLATED, 10))
    for engine in (gap, smooth):
        accepted(engine, "a", request("-10"))
        accepted(engine, "s", stop("10", "2100"))
        engine.drain()
    after(gap, SECOND, eth=2300)
    assert gap.drain().fills[0].client_id == "autoclose-2"
    after(smooth, SECOND, eth=2100)
    assert {fill.client_id for fill in smooth.drain().fills} == {"s"}
    assert smooth.account.wallet > gap.account.wallet + 800


def test_an_isolated_position_that_is_brought_down_keeps_what_is_left_of_its_margin() -> None:
    engine = opened(rules("binance", MarginMode.ISOLATED, 10, 10**9), deposit=150_000)
    for number in range(5):
        accepted(engine, f"a{number}", request("-100"))
    price = engine.view().positions[ETH].liquidation_price
    assert price is not None
    free = engine.account.wallet - engine.account.positions[ETH].margin
    after(engine, SECOND, eth=str(price))
    position = engine.account.positions[ETH]
    assert -500 < position.size < 0
    assert engine.account.totals[LedgerKind.LIQUIDATION_FEE] < 0
    assert engine.account.wallet - position.margin == free
