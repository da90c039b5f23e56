"""Guards: small pure functions that approve, reduce or refuse every order, stops included.

What adds risk may be stopped or cut down. What reduces it is only ever cut to the step cap, or held while paused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bot.core.decision import Alarm, Approved, Reduced, Refused, Severity
from bot.core.explain import cut_words
from bot.core.hedge.markets import MarketState
from bot.core.inputs import Hold
from bot.core.orders import OrderKind, OrderRequest
from bot.core.risk import added_risk, turnover
from bot.core.risk.context import Guard, RiskContext, RiskVerdicts, Verdict, reduced_to, worth
from bot.core.run_state import RunState
from bot.core.types import ZERO

_STEP_CAP: Final = "step cap"
ORDER_RATE: Final = "orders per minute"


def short_only(order: OrderRequest, context: RiskContext) -> Verdict:
    """What says that it reduces must reduce, and nothing may ever make a position long."""
    position = context.market_state(order).position
    if order.reduce_only and order.quantity * position < 0 and abs(order.quantity) <= abs(position):
        return Approved(order)
    if not order.reduce_only and order.quantity < 0:
        return Approved(order)
    return Refused(
        order, "short only", f"{order.quantity:f} would not reduce the position {position:f}, or open a long"
    )


def _run_state(order: OrderRequest, context: RiskContext) -> Verdict:
    """Paused: only what the margin ladder asks for goes out. Frozen, flattening, halted: nothing that adds risk."""
    match context.bot.state:
        case RunState.RUNNING:
            return Approved(order)
        case RunState.PAUSED if order in context.protective:
            return Approved(order)
        case RunState.PAUSED:
            return Refused(order, "run state", f"paused: {context.bot.reason}")
        case RunState.FROZEN | RunState.FLATTENING | RunState.HALTED as state:
            if order.reduce_only:
                return Approved(order)
            return Refused(order, "run state", f"{state.value}: {context.bot.reason}")


def _unresolved(order: OrderRequest, context: RiskContext) -> Verdict:
    """While nobody knows whether an order on the symbol has an effect, nothing is added there."""
    if order.reduce_only or not context.market_state(order).flight.is_unknown:
        return Approved(order)
    return Refused(order, "unresolved order", f"an order on {order.symbol} at {order.venue} is unresolved")


def agreement(order: OrderRequest, context: RiskContext) -> Verdict:
    """While journal and venue disagree on a position, its underlying is not traded.

    A flatten and the margin ladder pass. What can't be read stops what adds risk on its symbol, or on the whole venue.
    """
    is_closing = order.reduce_only and context.bot.state is RunState.FLATTENING
    if is_closing or order in context.protective:
        return Approved(order)
    symbols = {
        (market_state.market.venue, market_state.market.symbol)
        for market_state in context.hedge_markets[order.underlying].open
    }
    for dispute in context.disputes:
        is_about = dispute.venue == order.venue and dispute.symbol in {None, order.symbol}
        holds_adds = dispute.hold is Hold.ADDS and is_about and not order.reduce_only
        holds_all = dispute.hold is Hold.ALL and (dispute.venue, dispute.symbol) in symbols
        if holds_adds or holds_all:
            return Refused(order, "account check", dispute.message)
    return Approved(order)


def _belief(order: OrderRequest, context: RiskContext) -> Verdict:
    """No risk is added on reads that are stale or contradict the marks; what does not rest on them is hedged."""
    if order.reduce_only:
        return Approved(order)
    for issue in context.issues:
        if issue.amounts is None and order.underlying in issue.underlyings:
            return Refused(order, issue.guard, issue.reason)
        left = context.addable.get(order.underlying) if order.underlying in (issue.amounts or ()) else None
        if left is not None and left < -order.quantity:
            price = worth(order, context.market_state(order))
            return reduced_to(order, context, left * price, issue.guard, issue.reason)
    return Approved(order)


def _step_cap(order: OrderRequest, context: RiskContext) -> Verdict:
    """No single order is larger than the step cap; the rest follows in later cycles."""
    cap = context.policy.max_order_notional
    return reduced_to(order, context, cap, _STEP_CAP, f"one order is at most {cap:f} USD")


def underlying_cap(order: OrderRequest, context: RiskContext) -> Verdict:
    """The short of one underlying over all venues stays within its cap."""
    cap = context.policy.max_notional_per_underlying
    if order.reduce_only:
        return Approved(order)
    room = cap - context.shorts.get(order.underlying, ZERO)
    return reduced_to(order, context, room, "notional cap", f"{order.underlying} shorts are at most {cap:f} USD")


def total_cap(order: OrderRequest, context: RiskContext) -> Verdict:
    """All shorts together stay within their cap."""
    cap = context.policy.max_notional_total
    if order.reduce_only:
        return Approved(order)
    room = cap - sum(context.shorts.values(), ZERO)
    return reduced_to(order, context, room, "total notional cap", f"all shorts together are at most {cap:f} USD")


def order_rate(order: OrderRequest, context: RiskContext) -> Verdict:
    """Only so many orders a minute; what reduces risk, or is urgent, counts and passes."""
    limit = context.policy.max_orders_per_minute
    if order.reduce_only or order.underlying in context.urgent or len(context.order_times) < limit:
        return Approved(order)
    return Refused(order, ORDER_RATE, f"{limit} orders in a minute have gone out already")


_GUARDS: Final[tuple[Guard, ...]] = (
    short_only,
    _run_state,
    _unresolved,
    agreement,
    _belief,
    added_risk.whole_view,
    added_risk.settling,
    added_risk.cool_down,
    added_risk.margin_ladder,
    added_risk.missing_stop,
    added_risk.spending,
    _step_cap,
    added_risk.order_share,
    underlying_cap,
    added_risk.venue_cap,
    total_cap,
    added_risk.margin,
    turnover.fuse,
    order_rate,
)
"""In the order of their evaluation."""


def check_stop(order: OrderRequest, market_state: MarketState) -> Approved | Refused:
    """Pass as a stop only what can do nothing but close a short, and does not fire at once."""
    sound = (
        order.kind is OrderKind.STOP_MARKET
        and order.reduce_only
        and order.quantity > 0
        and order.quantity <= -market_state.position
        and order.trigger is not None
    )
    if not sound:
        return Refused(
            order, "stop", f"a stop of {order.quantity:f} does not fit a position of {market_state.position:f}"
        )
    if order.trigger is not None and order.trigger <= market_state.mark:
        return Refused(order, "stop", f"too near liquidation for a stop: it would fire at {order.trigger:f} at once")
    return Approved(order)


def check(orders: Iterable[OrderRequest], context: RiskContext, guards: tuple[Guard, ...] = _GUARDS) -> RiskVerdicts:
    """Apply every guard to every order, those that reduce risk first; each sees what was approved before it."""
    verdicts = RiskVerdicts()
    waiting = sorted(orders, key=lambda item: not item.reduce_only)
    for place, order in enumerate(waiting, 1):
        verdict, cuts = _judge(order, context, guards)
        match verdict:
            case Approved():
                verdicts.approved.append(verdict)
                verdicts.reduced.extend(cuts)
                context.count(verdict.order, is_last=place == len(waiting))
            case Refused():
                verdicts.refused.append(verdict)
    return verdicts


def _judge(
    order: OrderRequest, context: RiskContext, guards: tuple[Guard, ...]
) -> tuple[Approved | Refused, list[Reduced]]:
    reduced: list[Reduced] = []
    for guard in guards:
        match guard(order, context):
            case Refused() as refused:
                return refused, []
            case Reduced() as smaller:
                reduced.append(smaller)
                order = smaller.order
            case Approved():
                pass
    return Approved(order), reduced


def alarms(verdicts: RiskVerdicts, context: RiskContext) -> tuple[Alarm, ...]:
    """Return alarms about what was reduced or refused."""
    reduced = (_reduced_alarm(item) for item in verdicts.reduced)
    return (*reduced, *(_refusal_alarm(item, context) for item in verdicts.refused))


def _reduced_alarm(item: Reduced) -> Alarm:
    order = item.order
    severity = Severity.INFO if item.guard == _STEP_CAP else Severity.WARNING
    return Alarm(f"{item.guard}:{order.underlying}", severity, f"{order.symbol}: {cut_words(item)}")


def _refusal_alarm(refused: Refused, context: RiskContext) -> Alarm:
    order = refused.order
    is_asked_for = refused.guard == "run state" and context.bot.state is not RunState.HALTED
    severity = Severity.INFO if is_asked_for else Severity.WARNING
    if refused.guard == turnover.TURNOVER:
        severity = Severity.CRITICAL
    message = f"{order.symbol}: {order.quantity:f} refused, {refused.reason}"
    return Alarm(f"{refused.guard}:{order.underlying}", severity, message)
