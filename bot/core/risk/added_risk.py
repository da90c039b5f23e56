"""The limits on added risk beyond plain caps: margin, the ladder, stops that fired, positions that jumped, money spent.

Each is a guard that stops or cuts what adds, and lets pass what reduces.
"""

from __future__ import annotations

from bot.core.decision import Approved, Refused
from bot.core.orders import OrderRequest
from bot.core.risk.context import Situation, Verdict, cut, worth
from bot.core.risk.liquidation import room
from bot.core.state import Rung, market_key
from bot.core.types import ZERO


def whole_view(order: OrderRequest, situation: Situation) -> Verdict:
    """Nothing is added while a chain can't be read: the exposure is not whole."""
    if order.reduce_only or not situation.unread:
        return Approved(order)
    return Refused(order, "unread chain", f"{', '.join(situation.unread)} can't be read")


def settling(order: OrderRequest, situation: Situation) -> Verdict:
    """After a position moved without an order of ours nothing is added there until it has stood still for a while."""
    watch = situation.markets.get(market_key(order.venue, order.symbol))
    if order.reduce_only or watch is None or watch.unsettled is None or situation.at >= watch.unsettled:
        return Approved(order)
    reason = f"the position moved without an order of ours; nothing is added until {watch.unsettled:%H:%M:%S} UTC"
    return Refused(order, "position jump", reason)


def cool_down(order: OrderRequest, situation: Situation) -> Verdict:
    """After a stop has fired nothing is opened again for a while, on any venue."""
    fired = situation.fired.get(order.underlying)
    if order.reduce_only or fired is None:
        return Approved(order)
    until = fired + situation.risk.stop.cool_down
    if situation.at >= until:
        return Approved(order)
    return Refused(order, "cool-down", f"a stop of {order.underlying} fired; no re-entry until {until:%H:%M:%S} UTC")


def margin_ladder(order: OrderRequest, situation: Situation) -> Verdict:
    """Nothing is added to a venue while one of its shorts is being topped up or reduced, or has no verified stop."""
    if order.reduce_only:
        return Approved(order)
    for key, other in situation.markets.items():
        venue, _, symbol = key.partition("|")
        if venue == order.venue and other.rung.height >= Rung.TOP_UP.height:
            return Refused(order, "margin ladder", f"{symbol} is on the step {other.rung.value}")
    watch = situation.markets.get(market_key(order.venue, order.symbol))
    if watch is not None and watch.bare > situation.risk.stop.grace:
        return Refused(order, "missing stop", f"no verified stop for {watch.bare} cycles")
    return Approved(order)


def spending(order: OrderRequest, situation: Situation) -> Verdict:
    """Nothing is added while the day's funding or costs are above their limit."""
    if order.reduce_only or not situation.spent:
        return Approved(order)
    return Refused(order, "spending limit", situation.spent[0])


def order_share(order: OrderRequest, situation: Situation) -> Verdict:
    """One order adds at most a share of the capital."""
    if order.reduce_only:
        return Approved(order)
    most = situation.capital * situation.policy.max_order_share
    reason = f"one order is at most {situation.policy.max_order_share:.0%} of the capital"
    return cut(order, situation, most, "share of capital", reason)


def venue_cap(order: OrderRequest, situation: Situation) -> Verdict:
    """All shorts on one venue stay within its cap."""
    most = situation.venue_caps.get(order.venue)
    if order.reduce_only or most is None:
        return Approved(order)
    left = most - situation.venue_shorts.get(order.venue, ZERO)
    return cut(order, situation, left, "venue cap", f"shorts at {order.venue} are at most {most:f} USD")


def margin(order: OrderRequest, situation: Situation) -> Verdict:
    """What is added leaves the buffer to liquidation; what fits is done, the rest is refused."""
    view = situation.views.get(order.venue)
    if order.reduce_only or view is None:
        return Approved(order)
    wanted = abs(order.quantity) * worth(order, situation.lane(order))
    most, why = room(view, order.symbol, wanted, situation.risk)
    return Approved(order) if most >= wanted else cut(order, situation, most, "margin", f"headroom ends at {why}")
