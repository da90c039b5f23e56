"""Plan: from a drift outside its band to orders in whole lots that bring it back, short only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.decision import Alarm, Band, Severity
from bot.core.hedge.allocation import Steering
from bot.core.hedge.markets import MarketState
from bot.core.hedge.target import HedgeTarget
from bot.core.orders import OrderKind, OrderRequest, TimeInForce
from bot.core.types import ZERO, MarketKey


@dataclass(frozen=True, slots=True)
class Plan:
    """The orders wanted for one underlying, with a note in words."""

    orders: tuple[OrderRequest, ...]
    note: str
    alarms: tuple[Alarm, ...] = ()
    protective: frozenset[OrderRequest] = frozenset()


@dataclass(frozen=True, slots=True)
class Relief:
    """How much of a short the margin ladder wants closed now (> 0, base units), and why."""

    quantity: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class ExecutionStyle:
    """How this cycle's orders meet the book: resting at the touch, or taking at once up to ``slippage`` beyond it.

    ``steering`` says which market comes first.
    """

    steering: Steering
    slippage: Decimal

    @property
    def rests(self) -> bool:
        """Whether orders rest."""
        return self.steering.rests

    def price(self, market_state: MarketState, quantity: Decimal) -> Decimal:
        """Return an order's limit price."""
        return market_state.resting_price(quantity) if self.rests else market_state.limit_price(quantity, self.slippage)


def plan(hedge_target: HedgeTarget, band: Band | None, style: ExecutionStyle) -> Plan:
    """Trade back to the band's inner edge where the drift is outside the outer one.

    Orders in flight, and positions that can't be read, make the drift an interval. A sale must be right at its lower
    end and a purchase at its upper end, so that nothing is done twice while an order is unresolved.
    """
    if band is None or not hedge_target.hedge_markets.open:
        return _blind(hedge_target)
    least, most = hedge_target.drift_min, hedge_target.drift_max
    if least is not None and least > band.outer:
        return _sell(hedge_target, least - band.inner, style)
    if most < -band.outer:
        return _buy(hedge_target, -most - band.inner, style)
    if least is None:
        return _blind(hedge_target)
    is_inside = -band.outer <= least and most <= band.outer
    return Plan((), "within the band" if is_inside else "waits for the orders in flight")


def unread(chains: Iterable[str]) -> Plan:
    """Do nothing: a chain can't be read, so that the exposure is not whole."""
    note = f"{', '.join(chains)} can't be read: nothing is hedged, the short that is there is protected"
    return Plan((), note)


def with_reductions(
    plan: Plan, hedge_target: HedgeTarget, wanted: Mapping[MarketKey, Relief], slippage: Decimal
) -> Plan:
    """Add what the margin ladder wants closed, as far as the plan does not close it already.

    ``protective`` of the result are the orders that it asks for. Sales stay in the plan: the guards stop them.
    """
    orders, protective, notes = list(plan.orders), list[OrderRequest](), [plan.note]
    for market_state in hedge_target.hedge_markets.open:
        relief = wanted.get((market_state.market.venue, market_state.market.symbol))
        quantity = (
            market_state.whole_lots(min(relief.quantity, market_state.closable, market_state.rules.max_quantity))
            if relief
            else ZERO
        )
        if relief is None or quantity <= 0:
            continue
        planned = next(
            (one for one in orders if (one.venue, one.symbol) == _key(market_state) and one.quantity > 0), None
        )
        if planned is not None:
            orders.remove(planned)
            quantity = max(quantity, planned.quantity)
        order = replace(
            _order(
                hedge_target, market_state, quantity, ExecutionStyle(Steering(rests=False), slippage), is_closing=True
            ),
            reason=relief.reason,
        )
        orders.append(order)
        protective.append(order)
        share = quantity / hedge_target.exposure.amount if hedge_target.exposure.amount else ZERO
        notes.append(f"closes {quantity:f} ({share:.1%} of the liquidity's exposure): {relief.reason}")
    return replace(plan, orders=tuple(orders), note="; ".join(notes), protective=frozenset(protective))


def _key(market_state: MarketState) -> MarketKey:
    return market_state.market.venue, market_state.market.symbol


def _blind(hedge_target: HedgeTarget) -> Plan:
    venues = ", ".join(sorted({str(market.venue) for market in hedge_target.hedge_markets.unreachable})) or "no market"
    note = f"unknown position on {venues}: nothing is added"
    return Plan(
        (), note, (Alarm(f"blind:{hedge_target.underlying}", Severity.WARNING, f"{hedge_target.underlying}: {note}"),)
    )


def _sell(hedge_target: HedgeTarget, wanted: Decimal, style: ExecutionStyle) -> Plan:
    """Sell down: close what is long, then add to the short, market by market, the cheapest first, within their caps."""
    orders: list[OrderRequest] = []
    rest, is_capped = wanted, False
    for market_state in style.steering.to_open(hedge_target.hedge_markets.open):
        price = style.price(market_state, -rest)
        if market_state.position > 0:
            quantity = market_state.whole_lots(
                min(rest, market_state.position + market_state.flight.selling, market_state.rules.max_quantity)
            )
            if quantity > 0:
                orders.append(_order(hedge_target, market_state, -quantity, style, is_closing=True))
                rest -= quantity
            continue
        room = (market_state.market.max_notional - market_state.short_notional) / market_state.worst_price
        is_capped = is_capped or room < rest
        quantity = market_state.whole_lots(min(rest, room, market_state.rules.max_quantity))
        if quantity >= market_state.smallest(price):
            orders.append(_order(hedge_target, market_state, -quantity, style, is_closing=False))
            rest -= quantity
    first = hedge_target.hedge_markets.open[0]
    note = f"under-hedged by {wanted:f} to trade: {_words(orders)}"
    if is_capped and rest >= first.smallest(first.mark):
        note = f"{note}; {rest:f} stays unhedged: the markets' caps are reached"
        return Plan(tuple(orders), note, (_unhedged(hedge_target, note),))
    return Plan(tuple(orders), note)


def _buy(hedge_target: HedgeTarget, wanted: Decimal, style: ExecutionStyle) -> Plan:
    """Buy back the short, reduce-only, the cheapest market first; a whole remainder may be below the minimum."""
    orders: list[OrderRequest] = []
    rest = wanted
    notes: list[str] = []
    for market_state in style.steering.to_close(hedge_target.hedge_markets.open):
        quantity = market_state.whole_lots(min(rest, market_state.closable, market_state.rules.max_quantity))
        if quantity <= 0:
            continue
        price = style.price(market_state, quantity)
        if quantity < market_state.smallest(price):
            if quantity < market_state.whole_lots(market_state.closable):
                notes.append(f"{quantity:f} on {market_state.market.venue} is below the smallest order")
                continue
            notes.append("closes a remainder below the minimum, which reduce-only may")
        orders.append(_order(hedge_target, market_state, quantity, style, is_closing=True))
        rest -= quantity
    note = "; ".join([f"over-hedged by {wanted:f} to trade: {_words(orders)}", *notes])
    return Plan(tuple(orders), note)


def _order(
    hedge_target: HedgeTarget, market_state: MarketState, quantity: Decimal, style: ExecutionStyle, *, is_closing: bool
) -> OrderRequest:
    drift = (
        f"drift {hedge_target.drift:.6g}"
        if hedge_target.drift is not None
        else f"drift at most {hedge_target.drift_max:.6g}"
    )
    return OrderRequest(
        venue=market_state.market.venue,
        symbol=market_state.market.symbol,
        underlying=hedge_target.underlying,
        quantity=quantity,
        kind=OrderKind.LIMIT,
        time_in_force=TimeInForce.POST_ONLY if style.rests else TimeInForce.IOC,
        reduce_only=is_closing,
        reason=f"target {hedge_target.target:.6g}, {drift}",
        price=style.price(market_state, quantity),
        mark=market_state.mark,
    )


def _words(orders: Iterable[OrderRequest]) -> str:
    parts = [
        f"{'buys' if order.quantity > 0 else 'sells'} {abs(order.quantity):f} {order.symbol} on {order.venue}"
        for order in orders
    ]
    return ", ".join(parts) or "no order is large enough (dust)"


def _unhedged(hedge_target: HedgeTarget, note: str) -> Alarm:
    return Alarm(f"market-cap:{hedge_target.underlying}", Severity.WARNING, f"{hedge_target.underlying}: {note}")
