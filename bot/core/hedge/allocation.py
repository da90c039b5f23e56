"""Allocation: which market an order goes to first, by health, and by what trading and holding there should cost.

Caps are the plan's business; it takes the markets in the order that is given here. Only new orders are steered:
nothing is closed in one place to be opened in another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.core.hedge.markets import MarketState
from bot.core.inputs import Dispute, Hold
from bot.core.types import Symbol, VenueId

_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Steering:
    """What markets are compared by.

    Attributes:
        rests: whether orders rest (maker fee, no spread to cross) or take.
        horizon: how long a short is expected to be kept: so much funding counts.
        shut: where nothing may be added now: (venue, symbol), or (venue, None) for all of a venue.
    """

    rests: bool
    horizon: timedelta = timedelta(0)
    shut: frozenset[tuple[VenueId, Symbol | None]] = frozenset()

    def trading(self, market_state: MarketState) -> Decimal:
        """Return the cost of a trade, a fraction of its notional: the fee, and half the spread where it takes."""
        if self.rests:
            return market_state.rules.maker_fee
        return market_state.rules.taker_fee + max(market_state.ask - market_state.bid, Decimal(0)) / (
            2 * market_state.mark
        )

    def funding(self, market_state: MarketState) -> Decimal:
        """Return the funding that a short is expected to receive over the horizon, a fraction of its notional."""
        intervals = Decimal(self.horizon // _TICK) / Decimal(market_state.funding.interval // _TICK)
        return market_state.funding.rate * intervals

    def to_open(self, hedge_markets: Iterable[MarketState]) -> tuple[MarketState, ...]:
        """Order markets for a sale: the healthy ones first, then the cheapest; at the same cost as preferred."""
        return tuple(
            sorted(
                hedge_markets,
                key=lambda market_state: (
                    not self._is_healthy(market_state),
                    self.trading(market_state) - self.funding(market_state),
                ),
            )
        )

    def to_close(self, hedge_markets: Iterable[MarketState]) -> tuple[MarketState, ...]:
        """Order markets for a purchase: the cheapest and least funding given up; the last choice first."""
        backwards = tuple(hedge_markets)[::-1]
        return tuple(
            sorted(backwards, key=lambda market_state: self.trading(market_state) + self.funding(market_state))
        )

    def _is_healthy(self, market_state: MarketState) -> bool:
        venue, symbol = market_state.market.venue, market_state.market.symbol
        return not market_state.flight.is_unknown and self.shut.isdisjoint({(venue, None), (venue, symbol)})


def shut_markets(disputes: Iterable[Dispute]) -> frozenset[tuple[VenueId, Symbol | None]]:
    """Return where the account check lets nothing be added: (venue, symbol), or (venue, None) for a whole venue."""
    return frozenset((dispute.venue, dispute.symbol) for dispute in disputes if dispute.hold is not Hold.NOTHING)
