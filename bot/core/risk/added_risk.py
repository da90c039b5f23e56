"""The limits on added risk beyond plain caps: margin, the ladder, stops that fired, positions that jumped, money spent.

Each is a guard that stops or cuts what adds, and lets pass what reduces.
"""

from __future__ import annotations

from bot.core.decision import Approved, Refused
from bot.core.orders import OrderRequest
from bot.core.risk.context import RiskContext, Verdict, reduced_to, worth
from bot.core.risk.liquidation import room
from bot.core.state import Rung
from bot.core.types import ZERO


def whole_view(order: OrderRequest, context: RiskContext) -> Verdict:
    """Nothing is added while a chain can't be read: the exposure is not whole."""
    if order.reduce_only or not context.unread:
        return Approved(order)
    return Refused(order, "unread chain", f"{', '.join(context.unread)} can't be read")


def settling(order: OrderRequest, context: RiskContext) -> Verdict:
    """After a position moved without an order of ours nothing is added there until it has stood still for a while."""
    watch = context.markets.get((order.venue, order.symbol))
    if order.reduce_only or watch is None or watch.unsettled is None or context.at >= watch.unsettled:
        return Approved(order)
    reason = f"the position moved without an order of ours; nothing is added until {watch.unsettled:%H:%M:%S} UTC"
    return Refused(order, "position jump", reason)


def cool_down(order: OrderRequest, context: RiskContext) -> Verdict:
    """After a stop has fired nothing is opened again for a while, on any venue."""
    fired = context.fired.get(order.underlying)
    if order.reduce_only or fired is None:
        return Approved(order)
    until = fired + context.risk.stop.cool_down
    if context.at >= until:
        return Approved(order)
    return Refused(order, "cool-down", f"a stop of {order.underlying} fired; no re-entry until {until:%H:%M:%S} UTC")


def margin_ladder(order: OrderRequest, context: RiskContext) -> Verdict:
    """Nothing is added to a venue while one of its shorts is being topped up or reduced."""
    if order.reduce_only:
        return Approved(order)
    for (venue, symbol), other in context.markets.items():
        if venue == order.venue and other.rung.height >= Rung.TOP_UP.height:
            return Refused(order, "margin ladder", f"{symbol} is on the step {other.rung.value}")
    return Approved(order)


def missing_stop(order: OrderRequest, context: RiskContext) -> Verdict:
    """Nothing is added to a short that has no verified stop."""
    watch = context.markets.get((order.venue, order.symbol))
    if order.reduce_only or watch is None or watch.bare_since is None:
        return Approved(order)
    return Refused(order, "missing stop", f"no verified stop since {watch.bare_since:%H:%M:%S} UTC")


def spending(order: OrderRequest, context: RiskContext) -> Verdict:
    """Nothing is added while the day's funding or costs are above their limit."""
    if order.reduce_only or not context.spent:
        return Approved(order)
    return Refused(order, "spending limit", context.spent[0].reason)


def order_share(order: OrderRequest, context: RiskContext) -> Verdict:
    """One order adds at most a share of the capital."""
    if order.reduce_only:
        return Approved(order)
    most = context.capital * context.policy.max_order_share
    reason = f"one order is at most {context.policy.max_order_share:.0%} of the capital"
    return reduced_to(order, context, most, "share of capital", reason)


def venue_cap(order: OrderRequest, context: RiskContext) -> Verdict:
    """All shorts on one venue stay within its cap."""
    most = context.venue_caps.get(order.venue)
    if order.reduce_only or most is None:
        return Approved(order)
    left = most - context.venue_shorts.get(order.venue, ZERO)
    return reduced_to(order, context, left, "venue cap", f"shorts at {order.venue} are at most {most:f} USD")


def margin(order: OrderRequest, context: RiskContext) -> Verdict:
    """What is added leaves the buffer to liquidation; what fits is done, the rest is refused."""
    view = context.views.get(order.venue)
    if order.reduce_only or view is None:
        return Approved(order)
    wanted = abs(order.quantity) * worth(order, context.market_state(order))
    most, why = room(view, order.symbol, wanted, context.risk)
    return Approved(order) if most >= wanted else reduced_to(order, context, most, "margin", f"headroom ends at {why}")
