"""Whether the caps of a policy leave room for a single order that a market takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from bot.core.errors import ConfigError
from bot.core.market import PerpMarket
from bot.core.policy import Policy


def require_room(policy: Policy, markets: Iterable[PerpMarket]) -> None:
    """Compare every cap with the smallest order of every market that it bounds.

    Raises:
        ConfigError: a cap is below it, so that nothing could ever be hedged there; the key says which.
    """
    for market in markets:
        for key, cap in _caps(policy, market):
            if cap < market.min_notional:
                raise ConfigError(
                    f"is {cap:f} USD, below the smallest order of {market.symbol} at {market.venue}, "
                    f"{market.min_notional:f} USD: nothing could be hedged there; write more",
                    key=key,
                )


def _caps(policy: Policy, market: PerpMarket) -> Iterator[tuple[str, Decimal]]:
    """Return the caps on a market with the keys that set them."""
    guards = policy.guards
    yield "guards.max_order_notional", guards.max_order_notional
    yield "guards.max_notional_per_underlying", guards.max_notional_per_underlying
    yield "guards.max_notional_total", guards.max_notional_total
    if market.venue in policy.venue_caps:
        yield f"venues.{market.venue}.max_notional_total", policy.venue_caps[market.venue]
    for hedge in policy.hedges.values():
        for one in hedge.markets:
            if (one.venue, one.symbol) == (market.venue, market.symbol):
                yield f"venues.{market.venue}.max_notional", one.max_notional
