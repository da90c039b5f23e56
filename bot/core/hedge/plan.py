"""Plan: from a drift outside its band to orders in whole lots that bring it back, short only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from bot.core.decision import Alarm, Band, Remark, RemarkCode, Severity
from bot.core.explain import names, remark_words
from bot.core.hedge.allocation import Steering
from bot.core.hedge.markets import MarketState
from bot.core.hedge.target import HedgeTarget
from bot.core.orders import OrderKind, OrderRequest, TimeInForce
from bot.core.state import Arrival
from bot.core.types import ZERO, MarketKey

_WITHIN: Final = (Remark(RemarkCode.WITHIN_BAND),)
_WAITS: Final = (Remark(RemarkCode.WAITS),)
_DUST: Final = (Remark(RemarkCode.DUST),)


@dataclass(frozen=True, slots=True)
class Plan:
    """The orders wanted for one underlying, and what they are for."""

    orders: tuple[OrderRequest, ...]
    remarks: tuple[Remark, ...]
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

    ``steering`` says which market comes first, ``arrivals`` at which marks the trade was first wanted.
    """

    steering: Steering
    slippage: Decimal
    arrivals: Mapping[MarketKey, Arrival] = field(default_factory=dict)

    @property
    def rests(self) -> bool:
        """Whether orders rest."""
        return self.steering.rests

    def price(self, market_state: MarketState, quantity: Decimal) -> Decimal:
        """Return an order's limit price."""
        return market_state.resting_price(quantity) if self.rests else market_state.limit_price(quantity, self.slippage)

    def mark(self, market_state: MarketState, quantity: Decimal) -> Decimal:
        """Return the mark that an order's slippage is counted from: the one at which its trade was first wanted."""
        arrival = self.arrivals.get(market_state.key)
        return market_state.mark if arrival is None or arrival.buys != (quantity > 0) else arrival.mark


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
    if not (-band.outer <= least and most <= band.outer):
        return Plan((), _WAITS)
    return _hand_over(hedge_target, (least, most), band, style) or Plan((), _WITHIN)


def unread(chains: Iterable[str]) -> Plan:
    """Do nothing: a chain can't be read, so that the exposure is not whole."""
    return Plan((), (Remark(RemarkCode.UNREAD, where=", ".join(chains)),))


def with_reductions(
    plan: Plan, hedge_target: HedgeTarget, wanted: Mapping[MarketKey, Relief], slippage: Decimal
) -> Plan:
    """Add what the margin ladder wants closed, as far as the plan does not close it already.

    ``protective`` of the result are the orders that it asks for. Sales stay in the plan: the guards stop them.
    """
    if not wanted:
        return plan
    orders, protective, remarks = list(plan.orders), list[OrderRequest](), list(plan.remarks)
    for market_state in hedge_target.hedge_markets.open:
        relief = wanted.get(market_state.key)
        quantity = (
            market_state.whole_lots(min(relief.quantity, market_state.closable, market_state.rules.max_quantity))
            if relief
            else ZERO
        )
        if relief is None or quantity <= 0:
            continue
        planned = next(
            (one for one in orders if (one.venue, one.symbol) == market_state.key and one.quantity > 0), None
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
        remarks.append(Remark(RemarkCode.RELIEVES, quantity, why=relief.reason))
    return replace(plan, orders=tuple(orders), remarks=tuple(remarks), protective=frozenset(protective))


def _blind(hedge_target: HedgeTarget) -> Plan:
    venues = names(market.venue for market in hedge_target.hedge_markets.unreachable) or "no market"
    remarks = (Remark(RemarkCode.BLIND, where=venues),)
    return Plan((), remarks, (_alarm("blind", hedge_target, remarks),))


def _hand_over(
    hedge_target: HedgeTarget, drift: tuple[Decimal, Decimal], band: Band, style: ExecutionStyle
) -> Plan | None:
    """Move the short of a market that ends to others, by as much as the band has room for at a time.

    It is added elsewhere first, and reduced there only once it was, so that the drift leaves the band neither way. None
    where nothing is to be moved, or no other market takes it.
    """
    (least, most), markets = drift, hedge_target.hedge_markets.open
    ending = [item for item in markets if item.is_ending]
    left = sum((item.closable for item in ending), ZERO)
    takers = [
        item for item in style.steering.to_open(markets) if not item.is_ending and style.steering.is_healthy(item)
    ]
    if left <= 0 or not takers:
        return None
    moves = Remark(RemarkCode.HANDS_OVER, left)
    plan = _buy(hedge_target, min(left, -most), style, ending) if most < 0 else None
    if plan is None or not plan.orders:
        plan = _sell(hedge_target, min(left, least + band.outer), style, takers)
    return replace(plan, remarks=(moves, *plan.remarks[1:])) if plan.orders else None


def _sell(
    hedge_target: HedgeTarget, wanted: Decimal, style: ExecutionStyle, among: Sequence[MarketState] | None = None
) -> Plan:
    """Sell down: close what is long, then add to the short, market by market, the cheapest first, within their caps."""
    orders: list[OrderRequest] = []
    rest, is_capped = wanted, False
    for market_state in among or style.steering.to_open(hedge_target.hedge_markets.open):
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
    remarks = (Remark(RemarkCode.UNDER_HEDGED, wanted), *_trades(orders))
    if is_capped and rest >= first.smallest(first.mark):
        remarks = (*remarks, Remark(RemarkCode.CAPPED, rest))
        return Plan(tuple(orders), remarks, (_alarm("market-cap", hedge_target, remarks),))
    return Plan(tuple(orders), remarks)


def _buy(
    hedge_target: HedgeTarget, wanted: Decimal, style: ExecutionStyle, among: Sequence[MarketState] | None = None
) -> Plan:
    """Buy back the short, reduce-only, the cheapest market first; a whole remainder may be below the minimum."""
    orders: list[OrderRequest] = []
    rest = wanted
    others: list[Remark] = []
    for market_state in style.steering.to_close(among or hedge_target.hedge_markets.open):
        quantity = market_state.whole_lots(min(rest, market_state.closable, market_state.rules.max_quantity))
        if quantity <= 0:
            continue
        price = style.price(market_state, quantity)
        if quantity < market_state.smallest(price):
            if quantity < market_state.whole_lots(market_state.closable):
                others.append(Remark(RemarkCode.TOO_SMALL, quantity, where=market_state.market.venue))
                continue
            others.append(Remark(RemarkCode.REMAINDER))
        orders.append(_order(hedge_target, market_state, quantity, style, is_closing=True))
        rest -= quantity
    return Plan(tuple(orders), (Remark(RemarkCode.OVER_HEDGED, wanted), *_trades(orders), *others))


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
        mark=style.mark(market_state, quantity),
    )


def _trades(orders: Iterable[OrderRequest]) -> tuple[Remark, ...]:
    return tuple(_trade(order) for order in orders) or _DUST


def _trade(order: OrderRequest) -> Remark:
    code = RemarkCode.BUYS if order.quantity > 0 else RemarkCode.SELLS
    return Remark(code, abs(order.quantity), order.symbol, order.venue)


def _alarm(kind: str, hedge_target: HedgeTarget, remarks: Sequence[Remark]) -> Alarm:
    underlying = hedge_target.underlying
    return Alarm(f"{kind}:{underlying}", Severity.WARNING, f"{underlying}: {remark_words(remarks)}")
