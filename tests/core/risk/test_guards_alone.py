"""Guards asked directly, with orders that no plan of ours would make: nothing may get past them whatever asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.decision import Approved, Reduced, Refused
from bot.core.hedge.markets import MarketState, hedge_markets_of
from bot.core.inputs import Dispute, Hold
from bot.core.orders import OrderKind, OrderRequest, TimeInForce
from bot.core.risk import added_risk, guards
from bot.core.risk.context import Guard, RiskContext, Verdict
from bot.core.risk.guards import check_stop
from bot.core.risk.loss_limits import Overspend
from bot.core.run_state import BotState, RunState
from bot.core.state import MarketWatch, Rung
from tests.core.risks import CAREFUL
from tests.core.scenes import BTC, ETH, GUARDS, NOW, PAPER, hedge, symbol, venue

D = Decimal
PERP = symbol(ETH)
KEY = (PAPER, PERP)
ADD = OrderRequest(
    PAPER, PERP, ETH, D("-1"), OrderKind.LIMIT, TimeInForce.IOC, reduce_only=False, reason="test", price=D(1990)
)
REDUCE = replace(ADD, quantity=D("1"), reduce_only=True, price=D(2010))


def context(position: str = "-2", **changes: Any) -> RiskContext:  # noqa: ANN401 - any of its fields
    view = venue({ETH: position})
    made = RiskContext(
        at=NOW,
        bot=BotState(RunState.RUNNING, "test", NOW),
        policy=GUARDS,
        risk=CAREFUL,
        venue_caps={},
        hedge_markets={key: hedge_markets_of(hedge(key), {PAPER: view}, {}) for key in (ETH, BTC)},
        issues=(),
        markets={},
        fired={},
        capital=D(10**9),
        spent=(),
        protective=frozenset(),
        unread=(),
        shorts={},
        venue_shorts={},
        views={PAPER: view},
        order_times=[],
    )
    return replace(made, **changes)


def passes(verdict: Verdict) -> bool:
    return isinstance(verdict, Approved)


@pytest.mark.parametrize(
    ("position", "order", "may"),
    [
        ("-2", replace(REDUCE, quantity=D(2)), True),
        ("-2", replace(REDUCE, quantity=D("2.001")), False),
        ("0", REDUCE, False),
        ("1", REDUCE, False),
        ("-2", replace(ADD, reduce_only=True), False),
        ("-2", ADD, True),
        ("-2", replace(ADD, quantity=D(1)), False),
    ],
)
def test_nothing_ends_long(position: str, order: OrderRequest, may: bool) -> None:  # noqa: FBT001 - a parameter
    assert passes(guards.short_only(order, context(position))) is may


@pytest.mark.parametrize(
    ("guard", "changes"),
    [
        (added_risk.whole_view, {"unread": ("base",)}),
        (
            added_risk.settling,
            {"markets": {KEY: MarketWatch(D(-2), D(-2), D(-2), unsettled=NOW + timedelta(seconds=1))}},
        ),
        (added_risk.cool_down, {"fired": {ETH: NOW - CAREFUL.stop.cool_down + timedelta(seconds=1)}}),
        (added_risk.margin_ladder, {"markets": {KEY: MarketWatch(D(-2), D(-2), D(-2), rung=Rung.TOP_UP)}}),
        (added_risk.missing_stop, {"markets": {KEY: MarketWatch(D(-2), D(-2), D(-2), bare_since=NOW)}}),
        (added_risk.spending, {"spent": (Overspend("cost_day", "too much"),)}),
        (added_risk.order_share, {"policy": replace(GUARDS, max_order_share=D("0.1")), "capital": D(10)}),
        (added_risk.venue_cap, {"venue_caps": {PAPER: D(5000)}, "venue_shorts": {PAPER: D(4999)}}),
        (guards.underlying_cap, {"shorts": {ETH: D(10**9)}}),
        (guards.total_cap, {"shorts": {BTC: D(10**9)}}),
        (guards.order_rate, {"order_times": [NOW] * GUARDS.max_orders_per_minute}),
        (guards.agreement, {"disputes": (Dispute("foreign:x", PAPER, None, "a stranger", Hold.ADDS),)}),
    ],
)
def test_what_stops_an_add_lets_a_reduction_pass(guard: Guard, changes: dict[str, Any]) -> None:
    now = context(**changes)
    assert passes(guard(ADD, context()))
    assert isinstance(guard(ADD, now), Refused)
    assert passes(guard(REDUCE, now))


def test_an_unexplained_position_stops_trading_on_its_symbol_both_ways() -> None:
    now = context(disputes=(Dispute("unexplained:x", PAPER, PERP, "what is that", Hold.ALL),))
    assert isinstance(guards.agreement(ADD, now), Refused)
    assert isinstance(guards.agreement(REDUCE, now), Refused)
    flattening = replace(now, bot=BotState(RunState.FLATTENING, "test", NOW))
    assert passes(guards.agreement(REDUCE, flattening))
    assert passes(guards.agreement(REDUCE, replace(now, protective=frozenset({REDUCE}))))


def test_what_the_headroom_allows_is_done_and_no_more() -> None:
    thin = context("0", views={PAPER: venue({ETH: 0}, cash=D(300))})
    verdict = added_risk.margin(ADD, thin)
    assert isinstance(verdict, Reduced)
    # at leverage 1, with a fiftieth kept back, 294 USD less the cost of trading buy 0.146 lots of 2,000 USD
    assert verdict.order.quantity == D("-0.146")
    assert passes(added_risk.margin(REDUCE, context(views={PAPER: venue({ETH: "-2"}, cash=D(1))})))


def market_state(position: str) -> MarketState:
    (found,) = context(position).hedge_markets[ETH].open
    return found


@pytest.mark.parametrize(
    ("change", "may"),
    [
        ({}, True),
        ({"quantity": D("2.001")}, False),
        ({"quantity": D("-1")}, False),
        ({"reduce_only": False}, False),
        ({"kind": OrderKind.LIMIT}, False),
        ({"trigger": None}, False),
        ({"trigger": D(2000)}, False),
    ],
)
def test_a_stop_can_do_nothing_but_close_a_short(change: dict[str, Any], may: bool) -> None:  # noqa: FBT001 - the same
    stop = OrderRequest(
        PAPER, PERP, ETH, D(2), OrderKind.STOP_MARKET, TimeInForce.GTC, reduce_only=True, reason="", trigger=D(2500)
    )
    assert passes(check_stop(replace(stop, **change), market_state("-2"))) is may
