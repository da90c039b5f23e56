"""Guards: the last word on every order, each a small pure function.

What adds risk may be stopped or cut down. What reduces it is only ever cut to the step cap, or held while paused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.belief import Doubt
from bot.core.decision import Alarm, Approved, Refused, Severity
from bot.core.lanes import Lane, Lanes
from bot.core.orders import OrderRequest
from bot.core.policy import GuardPolicy
from bot.core.state import BotState, RunState
from bot.core.types import ZERO, Underlying

MINUTE: Final = timedelta(minutes=1)
STEP_CAP: Final = "step cap"


@dataclass(frozen=True, slots=True)
class Cut:
    """A smaller order in place of the one that was asked for."""

    order: OrderRequest
    guard: str
    reason: str

    @property
    def words(self) -> str:
        """Say what was done and why."""
        return f"cut to {self.order.quantity:f} by {self.guard}: {self.reason}"


Verdict = Approved | Cut | Refused


@dataclass(slots=True)
class Situation:
    """What the guards look at; ``shorts`` (USD by underlying) and ``order_times`` grow with each approved order."""

    at: datetime
    bot: BotState
    policy: GuardPolicy
    lanes: Mapping[Underlying, Lanes]
    doubts: tuple[Doubt, ...]
    shorts: dict[Underlying, Decimal]
    order_times: list[datetime]

    def lane(self, order: OrderRequest) -> Lane:
        """Give the market that an order is for."""
        for lane in self.lanes[order.underlying].open:
            if lane.market.venue == order.venue and lane.market.symbol == order.symbol:
                return lane
        raise KeyError(f"{order.symbol} on {order.venue} is no market of {order.underlying}")


@dataclass(slots=True)
class Ruling:
    """What the guards made of all orders."""

    approved: list[Approved] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)


Guard = Callable[[OrderRequest, Situation], Verdict]


def run_state(order: OrderRequest, situation: Situation) -> Verdict:
    """Paused: nothing goes out. Frozen, flattening or halted: nothing that adds risk."""
    match situation.bot.state:
        case RunState.RUNNING:
            return Approved(order)
        case RunState.PAUSED:
            return Refused(order, "run state", f"paused: {situation.bot.reason}")
        case RunState.FROZEN | RunState.FLATTENING | RunState.HALTED as state:
            if order.reduce_only:
                return Approved(order)
            return Refused(order, "run state", f"{state.value}: {situation.bot.reason}")


def unresolved(order: OrderRequest, situation: Situation) -> Verdict:
    """While nobody knows whether an order on the symbol has an effect, nothing is added there."""
    if order.reduce_only or not situation.lane(order).flight.is_unknown:
        return Approved(order)
    return Refused(order, "unresolved order", f"an order on {order.symbol} at {order.venue} is unresolved")


def belief(order: OrderRequest, situation: Situation) -> Verdict:
    """No risk is added on reads that are stale or contradict the marks."""
    if not order.reduce_only:
        for doubt in situation.doubts:
            if order.underlying in doubt.underlyings:
                return Refused(order, doubt.guard, doubt.reason)
    return Approved(order)


def step_cap(order: OrderRequest, situation: Situation) -> Verdict:
    """No single order is larger than the step cap; the rest follows in later cycles."""
    cap = situation.policy.max_order_notional
    return _cut(order, situation, cap, STEP_CAP, f"one order is at most {cap:f} USD")


def underlying_cap(order: OrderRequest, situation: Situation) -> Verdict:
    """The short of one underlying over all venues stays within its cap."""
    cap = situation.policy.max_notional_per_underlying
    if order.reduce_only:
        return Approved(order)
    room = cap - situation.shorts.get(order.underlying, ZERO)
    return _cut(order, situation, room, "notional cap", f"{order.underlying} shorts are at most {cap:f} USD")


def total_cap(order: OrderRequest, situation: Situation) -> Verdict:
    """All shorts together stay within their cap."""
    cap = situation.policy.max_notional_total
    if order.reduce_only:
        return Approved(order)
    room = cap - sum(situation.shorts.values(), ZERO)
    return _cut(order, situation, room, "total notional cap", f"all shorts together are at most {cap:f} USD")


def order_rate(order: OrderRequest, situation: Situation) -> Verdict:
    """Only so many orders a minute; reductions count, and pass."""
    limit = situation.policy.max_orders_per_minute
    if order.reduce_only or len(situation.order_times) < limit:
        return Approved(order)
    return Refused(order, "orders per minute", f"{limit} orders in a minute have gone out already")


GUARDS: Final[tuple[Guard, ...]] = (
    run_state,
    unresolved,
    belief,
    step_cap,
    underlying_cap,
    total_cap,
    order_rate,
)
"""In the order that they speak. Guards on margin, liquidation distance and losses join here."""


def _cut(order: OrderRequest, situation: Situation, room: Decimal, guard: str, reason: str) -> Verdict:
    """Cut an order down to ``room`` USD in whole lots, or refuse it where the venue would not take what is left."""
    lane = situation.lane(order)
    size = abs(order.quantity)
    if size * _worth(order, lane) <= room:
        return Approved(order)
    quantity = lane.whole_lots(max(room, ZERO) / _worth(order, lane))
    least = lane.rules.lot if order.reduce_only else lane.smallest(order.price or lane.mark)
    if quantity < least:
        return Refused(order, guard, f"{reason}: what is left of it is below the smallest order, {least:f}")
    return Cut(replace(order, quantity=quantity.copy_sign(order.quantity)), guard, reason)


def _worth(order: OrderRequest, lane: Lane) -> Decimal:
    """Give the most that a unit of the order can be worth, USD."""
    return max(lane.dearest, order.price or ZERO)


def check(orders: Iterable[OrderRequest], situation: Situation, guards: tuple[Guard, ...] = GUARDS) -> Ruling:
    """Let every guard speak on every order, those that reduce risk first; each sees what was approved before it."""
    ruling = Ruling()
    for order in sorted(orders, key=lambda item: not item.reduce_only):
        verdict, cuts = _judge(order, situation, guards)
        match verdict:
            case Approved():
                ruling.approved.append(verdict)
                ruling.cuts.extend(cuts)
                ruling.alarms.extend(_cut_alarm(cut) for cut in cuts)
                _count(verdict.order, situation)
            case Refused():
                ruling.refused.append(verdict)
                ruling.alarms.append(_refusal_alarm(verdict, situation))
    return ruling


def _judge(
    order: OrderRequest, situation: Situation, guards: tuple[Guard, ...]
) -> tuple[Approved | Refused, list[Cut]]:
    cuts: list[Cut] = []
    for guard in guards:
        match guard(order, situation):
            case Refused() as refused:
                return refused, []
            case Cut() as cut:
                cuts.append(cut)
                order = cut.order
            case Approved():
                pass
    return Approved(order), cuts


def _count(order: OrderRequest, situation: Situation) -> None:
    situation.order_times.append(situation.at)
    if not order.reduce_only:
        added = abs(order.quantity) * _worth(order, situation.lane(order))
        situation.shorts[order.underlying] = situation.shorts.get(order.underlying, ZERO) + added


def _cut_alarm(cut: Cut) -> Alarm:
    order = cut.order
    severity = Severity.INFO if cut.guard == STEP_CAP else Severity.WARNING
    return Alarm(f"{cut.guard}:{order.underlying}", severity, f"{order.symbol}: {cut.words}")


def _refusal_alarm(refused: Refused, situation: Situation) -> Alarm:
    order = refused.order
    is_asked_for = refused.guard == "run state" and situation.bot.state is not RunState.HALTED
    severity = Severity.INFO if is_asked_for else Severity.WARNING
    message = f"{order.symbol}: {order.quantity:f} refused, {refused.reason}"
    return Alarm(f"{refused.guard}:{order.underlying}", severity, message)
