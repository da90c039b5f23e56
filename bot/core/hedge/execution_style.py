"""Working an order: rest at the touch, follow it, and take what is left at a deadline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.core.decision import Band, Cancel
from bot.core.hedge.allocation import Steering, shut_markets
from bot.core.hedge.plan import ExecutionStyle
from bot.core.hedge.target import HedgeTarget
from bot.core.inputs import CycleInputs, Pending, PendingStatus
from bot.core.orders import OrderKind, TimeInForce
from bot.core.policy import ExecutionPolicy, Policy, Style
from bot.core.run_state import BotState, RunState
from bot.core.state import State
from bot.core.types import ZERO

_RESTS: Final = (TimeInForce.GTC, TimeInForce.POST_ONLY)


@dataclass(frozen=True, slots=True)
class Work:
    """How one underlying's drift is worked in this cycle.

    ``outside`` is since when there has been something to work, None where there is nothing.
    """

    outside: datetime | None
    style: ExecutionStyle
    cancels: tuple[Cancel, ...]


def work(
    hedge_target: HedgeTarget, band: Band | None, inputs: CycleInputs, state: State, policy: Policy, now: datetime
) -> Work:
    """Decide how to trade, and which resting orders to take back.

    Nothing rests in a hurry: when the deadline is over, when the drift is far outside its band, or when the bot does
    anything else than running. An order that is taken back still counts as in flight; the next cycle replaces it.
    """
    resting = [item for item in inputs.pending if _is_resting(item, hedge_target)]
    drift = _settled_drift(hedge_target)
    is_outside = band is not None and drift is not None and abs(drift) > band.outer
    since = state.outside.get(hedge_target.underlying, now) if is_outside or resting else None
    hurry = _hurry(_bands_out(drift, band), since, state.bot, policy.execution, now)
    rests = policy.execution.style is Style.MAKER and hurry is None
    cancels = [
        Cancel(item.intent.client_id, item.intent.request.venue, item.intent.request.symbol, reason)
        for item in resting
        if (reason := hurry or _obsolete(item, hedge_target, band)) is not None
    ]
    steering = Steering(rests, policy.execution.horizon, shut_markets(inputs.disputes))
    return Work(since, ExecutionStyle(steering, policy.guards.slippage), tuple(cancels))


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
    """Say why nothing may rest now, None where it may."""
    if bot.state is not RunState.RUNNING:
        return f"the bot is {bot.state.value}"
    if bands_out > execution.urgent:
        return f"the drift is more than {execution.urgent:f} bands out"
    if since is not None and now - since >= execution.deadline:
        return f"not filled within {execution.deadline.total_seconds():g} s"
    return None


def _obsolete(item: Pending, hedge_target: HedgeTarget, band: Band | None) -> str | None:
    """Say why a resting order should rest no longer where it does, None where it should."""
    request = item.intent.request
    markets = (
        market_state
        for market_state in hedge_target.hedge_markets.open
        if (market_state.market.venue, market_state.market.symbol) == (request.venue, request.symbol)
    )
    market_state = next(markets, None)
    if market_state is None or request.price is None:
        return None
    buys = request.quantity > ZERO
    if band is not None and (
        hedge_target.drift_max > band.outer
        if buys
        else hedge_target.drift_min is not None and hedge_target.drift_min < -band.outer
    ):
        return "it would trade too far by now"
    if (
        request.price < market_state.resting_price(request.quantity)
        if buys
        else request.price > market_state.resting_price(request.quantity)
    ):
        return "the touch has moved away"
    return None
