"""One order per market: what rests there and what is wanted are made into one, within the cycle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.decision import Approved, Cancel, Refused, Replaced
from bot.core.hedge.execution_style import TOUCH_MOVED, Work
from bot.core.hedge.markets import MarketState
from bot.core.hedge.plan import Plan
from bot.core.hedge.target import HedgeTarget
from bot.core.inputs import Pending
from bot.core.orders import OrderRequest
from bot.core.state import State
from bot.core.types import MarketKey

MINUTE: Final = timedelta(minutes=1)
_REQUOTES: Final = Decimal("0.5")
"""The share of the orders a minute that may do nothing but follow a touch."""
_RESIZED: Final = "another quantity is wanted"

Planner = Callable[[HedgeTarget], Plan]
"""Plans one underlying's orders."""


def requotes_left(state: State, most: int, now: datetime) -> int:
    """Return how many orders may follow a touch now, where ``most`` orders may go out in a minute."""
    orders, requotes = (recent(times, now) for times in (state.order_times, state.requote_times))
    return min(int(most * _REQUOTES) - len(requotes), most - len(orders))


def recent(times: Iterable[datetime], now: datetime) -> list[datetime]:
    """Return the times of the last minute."""
    return [at for at in times if now - at < MINUTE]


@dataclass(frozen=True, slots=True)
class Rework:
    """What becomes of one underlying's resting orders, and what is planned beside them.

    Attributes:
        hedge_target: with the orders that are replaced left out of account.
        plan: for all that is wanted; at most one order per market.
        replaced: the resting orders that an order of the plan takes the place of, by market.
        cancels: the resting orders that are cancelled without one.
        is_requote: whether nothing but a price makes the plan's orders.
    """

    hedge_target: HedgeTarget
    plan: Plan
    replaced: Mapping[MarketKey, Replaced] = field(default_factory=dict)
    cancels: tuple[Cancel, ...] = ()
    is_requote: bool = False


def rework_all(targets: Sequence[tuple[HedgeTarget, Work, Planner]], requotes: int) -> list[Rework]:
    """Rework every underlying's orders; at most so many of them only follow the touch, the first ones first."""
    done: list[Rework] = []
    for hedge_target, work, planned in targets:
        left = requotes - sum(len(item.replaced) for item in done if item.is_requote)
        done.append(rework(hedge_target, work, planned, may_requote=left > 0))
    return done


def rework(hedge_target: HedgeTarget, work: Work, planned: Planner, *, may_requote: bool) -> Rework:
    """Make one order per market of what rests there and what is wanted.

    An order that rests well, and is enough, is left alone; so is one that only the touch has left behind while there
    is no budget to follow it. Any other one is replaced within the cycle by the order for all that is wanted. Only what
    is replaced is left out of the plan, since its end is proven before the new order goes out; what is merely
    cancelled may still fill.
    """
    plan = planned(hedge_target)
    extra = tuple(_cancel(item, "another order rests there") for item in work.extra)
    if not work.resting:
        return Rework(hedge_target, plan, cancels=extra)
    is_requote = not plan.orders and set(work.reasons.values()) <= {TOUCH_MOVED}
    reasons = {} if is_requote and not may_requote else work.reasons
    stale = {*reasons, *((order.venue, order.symbol) for order in plan.orders)} & work.resting.keys()
    wanted, target = stale, hedge_target
    while wanted:
        left_out = [work.resting[key] for key in sorted(wanted)]
        target = hedge_target.among(hedge_target.hedge_markets.without(left_out))
        plan = planned(target)
        met = wanted & {(order.venue, order.symbol) for order in plan.orders}
        if met == wanted:
            break
        wanted, target, plan = met, hedge_target, planned(hedge_target)
    cancels = (_cancel(work.resting[key], reasons[key]) for key in sorted(reasons.keys() - wanted))
    states = {item.key: item for item in hedge_target.hedge_markets.open}
    replaced = {
        key: _replaced(work.resting[key], states[key], reasons.get(key, _RESIZED), is_requote=is_requote)
        for key in sorted(wanted)
    }
    return Rework(target, plan, replaced, (*extra, *cancels), is_requote)


def _cancel(item: Pending, reason: str) -> Cancel:
    request = item.intent.request
    return Cancel(item.intent.client_id, request.venue, request.symbol, reason)


def _replaced(item: Pending, market_state: MarketState, reason: str, *, is_requote: bool) -> Replaced:
    sent = item.intent.request
    least = market_state.smallest(market_state.mark)
    filled = sent.quantity - item.remaining
    return Replaced(_cancel(item, reason), filled, item.remaining, least, sent if is_requote else None)


def followed(reworks: Iterable[Rework], approved: Iterable[Approved]) -> int:
    """Count the approved orders that only follow the touch."""
    requoted = {key for item in reworks if item.is_requote for key in item.replaced}
    return sum(_key(item.order) in requoted for item in approved)


def with_replaced(
    approved: Iterable[Approved], refused: Iterable[Refused], reworks: Iterable[Rework], budget: str
) -> tuple[tuple[Approved, ...], tuple[Cancel, ...]]:
    """Link the approved orders to those that they replace, and return what is cancelled.

    An order that was to be replaced by one that was refused is cancelled all the same, unless it was the ``budget``
    of orders that refused it.
    """
    replaced = {key: item for rework in reworks for key, item in rework.replaced.items()}
    cancels = [cancel for rework in reworks for cancel in rework.cancels]
    orders = tuple(Approved(item.order, replaced.pop(_key(item.order), None)) for item in approved)
    kept = {_key(item.order) for item in refused if item.guard == budget}
    cancels += [item.cancel for key, item in replaced.items() if key not in kept]
    return orders, tuple(cancels)


def _key(order: OrderRequest) -> MarketKey:
    return order.venue, order.symbol
