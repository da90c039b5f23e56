"""The assumptions of a replay, in words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from bot.backtest.replay_venue import SimVenue
from bot.core.policy import Policy, Style

ASSUMPTIONS: Final = (
    "The positions join the pool's liquidity; swaps come as they came, however the pool is changed by that.",
    "A row's fees go to a range by the share of the row's ticks in it, at the liquidity that the row ends with.",
    "A decision is made at the end of each row, on what is known by then; prices between two rows are not seen.",
    "Our own orders move the paper book by its depth and nothing else; it refills within seconds.",
    "Gas is not counted: the positions are not touched.",
)
RESTING: Final = (
    "While an order rests, prices go a seeded Brownian way to the next row, and every 2 s is decided.",
    "A resting order stands {queue}; what rests in reality lies between first and last (`queue` of the paper venue).",
)
_PLACES: Final = {
    Decimal(0): "first at its price and fills once the traded price has come to it",
    Decimal(1): "last at its price and fills once the price is traded through by half a spread",
    Decimal(2): "behind hidden size and fills once the price is traded through by a spread",
}


def assumptions(policy: Policy, venues: Sequence[SimVenue]) -> tuple[str, ...]:
    """Return the assumptions of a replay."""
    if policy.execution.style is not Style.MAKER:
        return ASSUMPTIONS
    queues = sorted({rules.depth.queue for venue in venues for rules in venue.engine.rules.symbols.values()})
    places = "; ".join(_PLACES.get(queue, f"{queue:.0%} back in the queue at its price") for queue in queues)
    return (*ASSUMPTIONS, RESTING[0], RESTING[1].format(queue=places))
