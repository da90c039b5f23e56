"""Plan: from a drift outside its band to orders in whole lots that bring it back, short only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.decision import Alarm, Band, Severity
from bot.core.hedge.allocation import Steering
from bot.core.hedge.markets import Lane, MarketKey
from bot.core.hedge.target import Aim
from bot.core.orders import OrderKind, OrderRequest, TimeInForce
from bot.core.types import ZERO


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
class Manner:
    """How this cycle's orders meet the book: resting at the touch, or taking at once up to ``slippage`` beyond it.

    ``steering`` says which market comes first.
    """

    steering: Steering
    slippage: Decimal

    @property
    def rests(self) -> bool:
        """Whether orders rest."""
        return self.steering.rests

    def price(self, lane: Lane, quantity: Decimal) -> Decimal:
        """Give an order's limit price."""
        return lane.resting_price(quantity) if self.rests else lane.limit_price(quantity, self.slippage)


def plan(aim: Aim, band: Band | None, manner: Manner) -> Plan:
    """Trade back to the band's inner edge where the drift is outside the outer one.

    Orders in flight, and positions that can't be read, make the drift an interval. A sale must be right at its lower
    end and a purchase at its upper end, so that nothing is done twice while an order is unresolved.
    """
    if band is None or not aim.lanes.open:
        return _blind(aim)
    least, most = aim.least, aim.most
    if least is not None and least > band.outer:
        return _sell(aim, least - band.inner, manner)
    if most < -band.outer:
        return _buy(aim, -most - band.inner, manner)
    if least is None:
        return _blind(aim)
    is_inside = -band.outer <= least and most <= band.outer
    return Plan((), "within the band" if is_inside else "waits for the orders in flight")


def unread(chains: Iterable[str]) -> Plan:
    """Do nothing: a chain can't be read, so that the exposure is not whole."""
    note = f"{', '.join(chains)} can't be read: nothing is hedged, the short that is there is protected"
    return Plan((), note)


def relieved(plan: Plan, aim: Aim, wanted: Mapping[MarketKey, Relief], slippage: Decimal) -> Plan:
    """Add what the margin ladder wants closed, as far as the plan does not close it already.

    ``protective`` of the result are the orders that it asks for. Sales stay in the plan: the guards stop them.
    """
    orders, protective, notes = list(plan.orders), list[OrderRequest](), [plan.note]
    for lane in aim.lanes.open:
        relief = wanted.get((lane.market.venue, lane.market.symbol))
        quantity = lane.whole_lots(min(relief.quantity, lane.closable, lane.rules.max_quantity)) if relief else ZERO
        if relief is None or quantity <= 0:
            continue
        planned = next((one for one in orders if (one.venue, one.symbol) == _key(lane) and one.quantity > 0), None)
        if planned is not None:
            orders.remove(planned)
            quantity = max(quantity, planned.quantity)
        order = replace(
            _order(aim, lane, quantity, Manner(Steering(rests=False), slippage), is_closing=True), reason=relief.reason
        )
        orders.append(order)
        protective.append(order)
        share = quantity / aim.exposure.amount if aim.exposure.amount else ZERO
        notes.append(f"closes {quantity:f} ({share:.1%} of the liquidity's exposure): {relief.reason}")
    return replace(plan, orders=tuple(orders), note="; ".join(notes), protective=frozenset(protective))


def _key(lane: Lane) -> MarketKey:
    return lane.market.venue, lane.market.symbol


def _blind(aim: Aim) -> Plan:
    venues = ", ".join(sorted({str(market.venue) for market in aim.lanes.dark})) or "no market"
    note = f"unknown position on {venues}: nothing is added"
    return Plan((), note, (Alarm(f"blind:{aim.underlying}", Severity.WARNING, f"{aim.underlying}: {note}"),))


def _sell(aim: Aim, wanted: Decimal, manner: Manner) -> Plan:
    """Sell down: close what is long, then add to the short, market by market, the cheapest first, within their caps."""
    orders: list[OrderRequest] = []
    rest, is_capped = wanted, False
    for lane in manner.steering.to_open(aim.lanes.open):
        price = manner.price(lane, -rest)
        if lane.position > 0:
            quantity = lane.whole_lots(min(rest, lane.position + lane.flight.selling, lane.rules.max_quantity))
            if quantity > 0:
                orders.append(_order(aim, lane, -quantity, manner, is_closing=True))
                rest -= quantity
            continue
        room = (lane.market.max_notional - lane.short_notional) / lane.dearest
        is_capped = is_capped or room < rest
        quantity = lane.whole_lots(min(rest, room, lane.rules.max_quantity))
        if quantity >= lane.smallest(price):
            orders.append(_order(aim, lane, -quantity, manner, is_closing=False))
            rest -= quantity
    first = aim.lanes.open[0]
    note = f"under-hedged by {wanted:f} to trade: {_words(orders)}"
    if is_capped and rest >= first.smallest(first.mark):
        note = f"{note}; {rest:f} stays unhedged: the markets' caps are reached"
        return Plan(tuple(orders), note, (_unhedged(aim, note),))
    return Plan(tuple(orders), note)


def _buy(aim: Aim, wanted: Decimal, manner: Manner) -> Plan:
    """Buy back the short, reduce-only, the cheapest market first; a whole remainder may be below the minimum."""
    orders: list[OrderRequest] = []
    rest = wanted
    notes: list[str] = []
    for lane in manner.steering.to_close(aim.lanes.open):
        quantity = lane.whole_lots(min(rest, lane.closable, lane.rules.max_quantity))
        if quantity <= 0:
            continue
        price = manner.price(lane, quantity)
        if quantity < lane.smallest(price):
            if quantity < lane.whole_lots(lane.closable):
                notes.append(f"{quantity:f} on {lane.market.venue} is below the smallest order")
                continue
            notes.append("closes a remainder below the minimum, which reduce-only may")
        orders.append(_order(aim, lane, quantity, manner, is_closing=True))
        rest -= quantity
    note = "; ".join([f"over-hedged by {wanted:f} to trade: {_words(orders)}", *notes])
    return Plan(tuple(orders), note)


def _order(aim: Aim, lane: Lane, quantity: Decimal, manner: Manner, *, is_closing: bool) -> OrderRequest:
    drift = f"drift {aim.drift:.6g}" if aim.drift is not None else f"drift at most {aim.most:.6g}"
    return OrderRequest(
        venue=lane.market.venue,
        symbol=lane.market.symbol,
        underlying=aim.underlying,
        quantity=quantity,
        kind=OrderKind.LIMIT,
        time_in_force=TimeInForce.POST_ONLY if manner.rests else TimeInForce.IOC,
        reduce_only=is_closing,
        reason=f"target {aim.target:.6g}, {drift}",
        price=manner.price(lane, quantity),
        mark=lane.mark,
    )


def _words(orders: Iterable[OrderRequest]) -> str:
    parts = [
        f"{'buys' if order.quantity > 0 else 'sells'} {abs(order.quantity):f} {order.symbol} on {order.venue}"
        for order in orders
    ]
    return ", ".join(parts) or "no order is large enough (dust)"


def _unhedged(aim: Aim, note: str) -> Alarm:
    return Alarm(f"market-cap:{aim.underlying}", Severity.WARNING, f"{aim.underlying}: {note}")
