"""Allocation: which market an order goes to first, by health, and by what trading and holding there should cost.

Caps are the plan's business; it takes the markets in the order that is given here. Only new orders are steered:
nothing is closed in one place to be opened in another, but where a market ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from bot.core.hedge.markets import MarketState
from bot.core.inputs import Dispute, Hold
from bot.core.market import PerpMarket
from bot.core.types import ZERO, Symbol, VenueId

KEPT: Final = 0.7
"""What 8 h leave of a funding rate's distance from its mean: ETH, October to December 2022, where the rates'
autocorrelation was 0.58, 0.52 and 0.35 after one, two and three settlements (docs/evidence.md)."""
_EIGHT_HOURS: Final = timedelta(hours=8)


@lru_cache
def payments(horizon: timedelta, interval: timedelta) -> Decimal:
    """Return how many payments at the present rate a horizon's funding is forecast to come to.

    A rate is known for its next payment only; of what sets it apart ``KEPT`` is left 8 h later, so that a high rate
    counts for less the longer a short is kept: the sum of a geometric series, carried on to parts of an interval.
    """
    left, step = (KEPT ** (span / _EIGHT_HOURS) for span in (horizon, interval))
    return Decimal(repr((1 - left) / (1 - step)))


def taker_cost(rules: PerpMarket, touch: tuple[Decimal, Decimal], mark: Decimal) -> Decimal:
    """Return what taking costs, a fraction of the notional: the fee, and half the spread of the touch (bid, ask)."""
    return rules.taker_fee + max(touch[1] - touch[0], Decimal(0)) / (2 * mark)


@dataclass(frozen=True, slots=True)
class Steering:
    """What markets are compared by.

    Attributes:
        rests: whether orders rest (maker fee, no spread to cross) or take.
        horizon: how long a short is expected to be kept: so much funding counts.
        shut: where nothing may be added now: (venue, symbol), or (venue, None) for all of a venue.
        now: the present; left out: no funding rate counts as out of date.
    """

    rests: bool
    horizon: timedelta = timedelta(0)
    shut: frozenset[tuple[VenueId, Symbol | None]] = frozenset()
    now: datetime | None = None

    def trading(self, market_state: MarketState) -> Decimal:
        """Return the cost of a trade, a fraction of its notional: the fee, and half the spread where it takes."""
        if self.rests:
            return market_state.rules.maker_fee
        return taker_cost(market_state.rules, (market_state.bid, market_state.ask), market_state.mark)

    def funding(self, market_state: MarketState) -> Decimal:
        """Return the funding that a short is forecast to receive over the horizon, a fraction of its notional.

        Where it is unknown markets are distinguished by the rest alone.
        """
        funding = market_state.funding
        return ZERO if funding is None else funding.rate * payments(self.horizon, funding.interval)

    def is_known(self, market_state: MarketState) -> bool:
        """Whether a market's funding rate is of its present interval."""
        funding = market_state.funding
        return funding is not None and (self.now is None or self.now - funding.as_of <= funding.interval)

    def to_open(self, hedge_markets: Iterable[MarketState]) -> tuple[MarketState, ...]:
        """Order markets for a sale: healthy ones first, then the cheapest; at the same cost as preferred.

        A market whose funding is not known comes after those where it is.
        """
        return tuple(
            sorted(
                hedge_markets,
                key=lambda market_state: (
                    not self.is_healthy(market_state),
                    not self.is_known(market_state),
                    self.trading(market_state) - self.funding(market_state),
                ),
            )
        )

    def to_close(self, hedge_markets: Iterable[MarketState]) -> tuple[MarketState, ...]:
        """Order markets for a purchase: one that ends first, then unknown funding, then the cheapest.

        Cheapest counts the funding that is given up.
        """
        backwards = tuple(hedge_markets)[::-1]
        return tuple(
            sorted(
                backwards,
                key=lambda market_state: (
                    not market_state.is_ending,
                    self.is_known(market_state),
                    self.trading(market_state) + self.funding(market_state),
                ),
            )
        )

    def is_healthy(self, market_state: MarketState) -> bool:
        """Whether something may be added on a market now."""
        venue, symbol = market_state.market.venue, market_state.market.symbol
        return not market_state.flight.is_unknown and self.shut.isdisjoint({(venue, None), (venue, symbol)})


def shut_markets(disputes: Iterable[Dispute]) -> frozenset[tuple[VenueId, Symbol | None]]:
    """Return where the account check lets nothing be added: (venue, symbol), or (venue, None) for a whole venue."""
    return frozenset((dispute.venue, dispute.symbol) for dispute in disputes if dispute.hold is not Hold.NOTHING)
