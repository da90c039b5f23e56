"""The stop-loss that rests on the venue under every short: where it belongs, and whether it is really there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from bot.core.decision import Alarm, Approved, Cancel, DropStop, PlaceStop, PositionRisk, Refused, Severity, StopAction
from bot.core.hedge.markets import MarketState
from bot.core.inputs import Pending, PendingStatus
from bot.core.orders import OrderKind, OrderRequest, TimeInForce
from bot.core.policy import StopPolicy
from bot.core.risk.guards import check_stop
from bot.core.snapshot import OpenOrder
from bot.core.types import ZERO, Symbol, Underlying

_HALF: Final = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Protection:
    """What is done about the stop of one market; ``trigger`` is that of the stop that covers the short now."""

    actions: tuple[StopAction, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    trigger: Decimal | None = None


def _trigger_for(mark: Decimal, liquidation: Decimal | None, tick: Decimal, policy: StopPolicy) -> Decimal:
    """Return a stop's trigger: ``inside`` the liquidation price, at most ``farthest`` above the mark, on the tick."""
    wanted = mark * (1 + policy.farthest)
    if liquidation is not None:
        wanted = min(wanted, liquidation * (1 - policy.inside))
    return (wanted / tick).to_integral_value(ROUND_FLOOR) * tick


def _is_right(trigger: Decimal | None, wanted: Decimal, liquidation: Decimal | None, policy: StopPolicy) -> bool:
    """Whether a resting trigger may stay: well inside the liquidation price, and not much nearer than it need be.

    It moves only past a tolerance on either side, since liquidation prices move a little all the time.
    """
    if trigger is None or trigger < wanted * (1 - policy.tolerance):
        return False
    return liquidation is None or trigger <= liquidation * (1 - policy.inside * _HALF)


def verified(position_risk: PositionRisk, orders: Iterable[OpenOrder]) -> list[OpenOrder]:
    """Return the stops that protect a short: listed by the venue, reduce-only, between the mark and liquidation.

    A trigger that the mark has passed protects nothing: a venue may have taken it on the wrong side, and never fire it.
    """
    mark, liquidation = position_risk.mark, position_risk.liquidation
    return [
        item
        for item in _stops(orders, position_risk.symbol)
        if item.reduce_only
        and item.trigger is not None
        and mark < item.trigger
        and (liquidation is None or item.trigger < liquidation)
    ]


def covered(stops: Iterable[OpenOrder]) -> Decimal:
    """Return what stops close, base units."""
    return sum((item.remaining for item in stops), ZERO)


def _stops(orders: Iterable[OpenOrder], symbol: Symbol) -> list[OpenOrder]:
    return [
        item for item in orders if item.symbol == symbol and item.kind is OrderKind.STOP_MARKET and item.remaining > 0
    ]


def protect(
    market_state: MarketState,
    underlying: Underlying,
    position_risk: PositionRisk | None,
    orders: Iterable[OpenOrder],
    pending: Iterable[Pending],
    policy: StopPolicy,
) -> Protection:
    """Decide what to do about the stops of one market.

    They are replaced where their size leaves the short's by more than a tolerance, so that small fills don't churn
    them; the new one goes out first, and the old one only once the venue has it, so that the short is never without.
    While the end of a stop that was sent is unknown no other one is sent: stops are never stacked. Without a short
    every stop is cancelled, unless a sale may still fill.
    """
    key = market_state.market.venue, market_state.market.symbol
    listed = _stops(orders, market_state.market.symbol)
    if market_state.position >= 0 or position_risk is None:
        stale = () if market_state.flight.selling else _cancels(market_state, listed, "no short is left")
        return Protection(tuple(DropStop(item) for item in stale))
    size, slack = -market_state.position, -market_state.position * policy.size_tolerance
    there = verified(position_risk, listed)
    triggers = (item.trigger for item in there if item.trigger)
    trigger = min(triggers, default=None) if covered(there) >= size - slack else None
    wanted = _trigger_for(market_state.mark, position_risk.liquidation, market_state.rules.tick, policy)
    right = [item for item in there if _is_right(item.trigger, wanted, position_risk.liquidation, policy)]
    pieces = _pieces(size, market_state.rules.max_quantity)
    if abs(covered(right) - size) <= slack and len(right) <= len(pieces):
        extra = [item for item in listed if item not in right]
        dropped = _cancels(market_state, extra, "another stop stands")
        return Protection(tuple(DropStop(item) for item in dropped), (), trigger)
    unsure = [item for item in pending if _is_unsure_stop(item, key, listed)]
    if unsure:
        return Protection((), _waits(market_state, trigger, unsure), trigger)
    return _placed(market_state, underlying, (pieces, wanted), listed, trigger)


def _is_unsure_stop(item: Pending, key: tuple[str, str], listed: Iterable[OpenOrder]) -> bool:
    """Whether a stop was sent whose outcome is unknown, or one that the venue knows but does not list yet."""
    request = item.intent.request
    if (request.venue, request.symbol) != key or request.kind is not OrderKind.STOP_MARKET:
        return False
    is_listed = any(order.client_id == item.intent.client_id for order in listed)
    return item.status is not PendingStatus.OPEN or not is_listed


def _pieces(size: Decimal, most: Decimal) -> list[Decimal]:
    """Split a size into orders that the venue takes, smallest first."""
    count = int((size / most).to_integral_value(ROUND_CEILING))
    return sorted([most] * (count - 1) + [size - most * (count - 1)])


def _cancels(market_state: MarketState, orders: Iterable[OpenOrder], reason: str) -> tuple[Cancel, ...]:
    """Cancel stops; one without a client id is not ours and can't be."""
    venue, symbol = market_state.market.venue, market_state.market.symbol
    return tuple(Cancel(item.client_id, venue, symbol, reason) for item in orders if item.client_id is not None)


def _waits(market_state: MarketState, trigger: Decimal | None, unsure: list[Pending]) -> tuple[Alarm, ...]:
    if trigger is not None:
        return ()
    names = ", ".join(item.intent.client_id for item in unsure)
    message = f"{market_state.market.symbol} at {market_state.market.venue}: stop {names} is not seen to rest yet"
    return (Alarm(f"stop:{market_state.market.venue}:{market_state.market.symbol}", Severity.WARNING, message),)


def _placed(
    market_state: MarketState,
    underlying: Underlying,
    wanted: tuple[list[Decimal], Decimal],
    listed: list[OpenOrder],
    standing: Decimal | None,
) -> Protection:
    """Put stops of the right sizes there; the last of them replaces all the others."""
    pieces, trigger = wanted
    what = "resized" if standing is not None else "placed"
    requests = [
        _request(market_state, underlying, size, trigger, f"stop-loss {what}: short {-market_state.position:f}")
        for size in pieces
    ]
    verdicts = [check_stop(request, market_state) for request in requests]
    refused = [item for item in verdicts if isinstance(item, Refused)]
    if refused:
        message = f"{market_state.market.symbol} at {market_state.market.venue}: {refused[0].reason}"
        alarm = Alarm(f"stop:{market_state.market.venue}:{market_state.market.symbol}", Severity.CRITICAL, message)
        return Protection((), (alarm,), standing)
    old = _cancels(market_state, listed, "replaced by a stop of the right size and trigger")
    approved = [item for item in verdicts if isinstance(item, Approved)]
    actions = [PlaceStop(item) for item in approved[:-1]] + [PlaceStop(approved[-1], old)]
    return Protection(tuple(actions), (), standing)


def _request(
    market_state: MarketState, underlying: Underlying, size: Decimal, trigger: Decimal, reason: str
) -> OrderRequest:
    return OrderRequest(
        venue=market_state.market.venue,
        symbol=market_state.market.symbol,
        underlying=underlying,
        quantity=size,
        kind=OrderKind.STOP_MARKET,
        time_in_force=TimeInForce.GTC,
        reduce_only=True,
        reason=reason,
        trigger=trigger,
        mark=trigger,
    )
