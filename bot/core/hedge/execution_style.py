"""Working an order: rest at the touch, follow it, and take what is left once it is time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.core.decision import Band
from bot.core.hedge.allocation import Steering, shut_markets
from bot.core.hedge.markets import MarketState
from bot.core.hedge.plan import ExecutionStyle
from bot.core.hedge.target import HedgeTarget
from bot.core.inputs import CycleInputs, Pending, PendingStatus
from bot.core.orders import OrderKind, TimeInForce
from bot.core.policy import ExecutionPolicy, Policy, Style
from bot.core.run_state import BotState, RunState
from bot.core.state import Arrival, State
from bot.core.types import ZERO, MarketKey

_RESTS: Final = (TimeInForce.GTC, TimeInForce.POST_ONLY)
TOUCH_MOVED: Final = "the touch has moved away"
_TOO_FAR: Final = "it would trade too far by now"


@dataclass(frozen=True, slots=True)
class Work:
    """How one underlying's drift is worked in this cycle.

    Attributes:
        outside: since when there has been something to work, None where there is nothing.
        style: whether orders rest now, which market comes first, and at which marks the trade was first wanted.
        is_urgent: whether the drift is so far out that no budget of orders may hold it up.
        resting: our orders that rest, by market; a second one on a market is in ``extra``.
        reasons: why some of those should not rest where they do any more, by market.
    """

    outside: datetime | None
    style: ExecutionStyle
    is_urgent: bool
    resting: Mapping[MarketKey, Pending] = field(default_factory=dict)
    extra: tuple[Pending, ...] = ()
    reasons: Mapping[MarketKey, str] = field(default_factory=dict)


def work(
    hedge_target: HedgeTarget, band: Band | None, inputs: CycleInputs, state: State, policy: Policy, now: datetime
) -> Work:
    """Decide how to trade, and which resting orders should rest no longer where they do.

    Nothing rests in a hurry: when the deadline is over, when the drift runs away from its band, or when the bot does
    anything else than running.
    """
    found = [item for item in inputs.pending if _is_resting(item, hedge_target)]
    resting = {_market(item): item for item in reversed(found)}
    drift = _settled_drift(hedge_target)
    is_outside = band is not None and drift is not None and abs(drift) > band.outer
    since = state.outside.get(hedge_target.underlying, now) if is_outside or found else None
    bands_out = _bands_out(drift, band)
    hurry = _hurry(bands_out, since, state.bot, policy.execution, now)
    rests = policy.execution.style is Style.MAKER and hurry is None
    bare = {key for key, watch in state.markets.items() if watch.bare_since is not None}
    steering = Steering(rests, policy.execution.horizon, shut_markets(inputs.disputes) | bare, now)
    states = {item.key: item for item in hedge_target.hedge_markets.open}
    arrivals = {} if since is None else _arrivals(hedge_target, drift, band, state.arrivals)
    reasons = {
        key: reason
        for key, item in resting.items()
        if (reason := hurry or _obsolete(item, states.get(key), hedge_target, band)) is not None
    }
    return Work(
        outside=since,
        style=ExecutionStyle(steering, policy.guards.slippage, arrivals),
        is_urgent=bands_out > policy.execution.urgent,
        resting=resting,
        extra=tuple(item for item in found if resting[_market(item)] is not item),
        reasons=reasons,
    )


def _arrivals(
    hedge_target: HedgeTarget, drift: Decimal | None, band: Band | None, before: Mapping[MarketKey, Arrival]
) -> dict[MarketKey, Arrival]:
    """Return the marks at which what is worked now was first wanted.

    A trade the other way, and what is wanted once the first want was filled (to the lot), are wanted anew.
    """
    markets, position = hedge_target.hedge_markets, hedge_target.hedge_markets.known_position
    kept = {item.key: before[item.key] for item in markets.open if item.key in before}
    if drift is None or band is None or abs(drift) <= band.outer:
        return kept
    buys = drift < 0
    wanted = position - (drift + band.inner if buys else drift - band.inner)
    found = {}
    for item in markets.open:
        was, lot = kept.get(item.key), item.rules.lot
        is_open = was is not None and (position < was.until - lot if buys else position > was.until + lot)
        found[item.key] = was if was and was.buys == buys and is_open else Arrival(item.mark, buys, wanted)
    return found


def _market(item: Pending) -> MarketKey:
    return item.intent.request.venue, item.intent.request.symbol


def _is_resting(item: Pending, hedge_target: HedgeTarget) -> bool:
    request = item.intent.request
    return (
        item.status is PendingStatus.OPEN
        and request.underlying == hedge_target.underlying
        and request.kind is OrderKind.LIMIT
        and request.time_in_force in _RESTS
    )


def _settled_drift(hedge_target: HedgeTarget) -> Decimal | None:
    """Return the drift without what is in flight; None where a venue is unknown."""
    return None if hedge_target.drift is None else hedge_target.drift - hedge_target.in_flight


def _bands_out(drift: Decimal | None, band: Band | None) -> Decimal:
    """Return how many bands the drift is out, 0 where that is unknown or there is no band."""
    return abs(drift) / band.outer if drift is not None and band is not None and band.outer > 0 else ZERO


def _hurry(
    bands_out: Decimal, since: datetime | None, bot: BotState, execution: ExecutionPolicy, now: datetime
) -> str | None:
    """Return why nothing may rest now, None where it may."""
    if bot.state is not RunState.RUNNING:
        return f"the bot is {bot.state.value}"
    if bands_out > execution.urgent:
        return f"the drift is more than {execution.urgent:f} bands out"
    if bands_out > 1 + execution.patience:
        return f"the drift is more than {execution.patience:.0%} beyond its band"
    if since is not None and now - since >= execution.deadline:
        return f"not filled within {execution.deadline.total_seconds():g} s"
    return None


def _obsolete(
    item: Pending, market_state: MarketState | None, hedge_target: HedgeTarget, band: Band | None
) -> str | None:
    """Return why a resting order should rest no longer where it does, None where it should."""
    request = item.intent.request
    if market_state is None or request.price is None:
        return None
    buys = request.quantity > ZERO
    if band is not None and (
        hedge_target.drift_max > band.outer
        if buys
        else hedge_target.drift_min is not None and hedge_target.drift_min < -band.outer
    ):
        return _TOO_FAR
    touch = market_state.resting_price(request.quantity)
    return TOUCH_MOVED if (request.price < touch if buys else request.price > touch) else None
