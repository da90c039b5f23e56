"""The mark up to which a short needs no action: how long a decision to leave it and its stop alone holds."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from bot.core.policy import RiskPolicy
from bot.core.risk import margin_ladder, stop_loss
from bot.core.risk.liquidation import MarginAccount, position_risks
from bot.core.snapshot import VenueView
from bot.core.state import MarketWatch, Rung
from bot.core.types import ZERO, MarketKey

_ANY: Final = Decimal("Infinity")


def calm_below(view: VenueView, markets: Mapping[MarketKey, MarketWatch], policy: RiskPolicy) -> Decimal:
    """Return a mark below which neither the venue nor the bot does anything about a short; infinite without one.

    It is below its stop, below the next step of the margin ladder, and where the stop need not follow. What a short is
    liquidated at stands still as long as nothing is traded.

    Args:
        view: the venue. Where something is to be done already, or several positions share their margin, it is 0.
        markets: what is remembered of the markets.
        policy: the limits.
    """
    held = [symbol for symbol, position in view.positions.items() if position.size]
    if not held:
        return _ANY
    shorts = position_risks(view)
    if len(held) > 1 or not shorts:
        return ZERO
    (short,), (symbol,) = shorts, held
    stops, rung = stop_loss.verified(short, view.open_orders), markets[view.venue, symbol].rung
    is_covered = abs(stop_loss.covered(stops) + short.size) <= -short.size * policy.stop.size_tolerance
    trigger = min((item.trigger for item in stops if item.trigger is not None), default=None)
    if short.liquidation is None or trigger is None or not is_covered or rung.height >= Rung.TOP_UP.height:
        return ZERO
    above = [level for step, level in margin_ladder.levels(policy.ladder).items() if step.height > rung.height]
    bounds = [trigger, short.liquidation / (1 + max(level.distance for level in above))]
    reached = MarginAccount(view).computed(symbol, min(level.ratio for level in above))
    wanted = trigger / (1 - policy.stop.tolerance)
    if wanted < short.liquidation * (1 - policy.stop.inside):
        bounds.append(wanted / (1 + policy.stop.farthest))
    return min([*bounds, *([] if reached is None else [reached])])
