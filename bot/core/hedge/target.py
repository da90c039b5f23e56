"""Target: the short that an exposure asks for, how far the account is from it, and how fast that distance moves."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.core.hedge.band import Diffusion
from bot.core.hedge.markets import HedgeMarkets, MarketState
from bot.core.hedge.volatility import YEAR, Volatility
from bot.core.lp.exposure import Exposure
from bot.core.policy import HedgePolicy, Policy
from bot.core.run_state import BotState, RunState
from bot.core.types import ZERO, Underlying


@dataclass(frozen=True, slots=True)
class HedgeTarget:
    """One underlying's exposure, wanted position (``target`` <= 0, base units) and markets.

    ``assumed`` is what the venues that are silent for long are taken to hold at most (<= 0): what was last seen there;
    None where that is not known, or not to be relied on yet.
    """

    underlying: Underlying
    exposure: Exposure
    ratio: Decimal
    target: Decimal
    hedge_markets: HedgeMarkets
    assumed: Decimal | None = None

    @property
    def in_flight(self) -> Decimal:
        """What unresolved orders may still add to the position."""
        return self.hedge_markets.selling + self.hedge_markets.buying

    @property
    def drift(self) -> Decimal | None:
        """Return position + in flight - target: above 0 is under-hedged. None where a venue is unknown."""
        position = self.hedge_markets.position
        return None if position is None or not self.hedge_markets.open else position + self.in_flight - self.target

    @property
    def drift_min(self) -> Decimal | None:
        """The smallest drift there can be: every unresolved sale and every stranger's one fills, no purchase does.

        None where unbounded.
        """
        if self.hedge_markets.unreachable and self.assumed is None:
            return None
        sales = self.hedge_markets.selling + self.hedge_markets.stranger_sales
        return self.hedge_markets.known_position + (self.assumed or ZERO) + sales - self.target

    @property
    def drift_max(self) -> Decimal:
        """The largest drift there can be: all our unresolved purchases fill, no sale does; unknown venues aren't long.

        Strangers' purchases are left out: no reduction waits for them.
        """
        return self.hedge_markets.known_position + self.hedge_markets.buying - self.target

    @property
    def short_notional(self) -> Decimal:
        """The USD notional that is short, orders in flight included.

        A venue that can't be read is taken to hold what it was last seen with; where that is not to be relied on, what
        the policy lets it hold, at most what the target asks for.
        """
        idle, first = max(-self.hedge_markets.idle, ZERO), self.hedge_markets.first
        known = sum((market_state.short_notional for market_state in self.hedge_markets.open), ZERO)
        known += idle * first.worst_price if first else ZERO
        if not self.hedge_markets.unreachable:
            return known
        if self.assumed is not None and first:
            return known - self.assumed * first.worst_price
        dark = sum((market.max_notional for market in self.hedge_markets.unreachable), ZERO)
        return known + (min(dark, -self.target * first.worst_price) if first else dark)


@dataclass(frozen=True, slots=True)
class TargetModifiers:
    """What bears on every target: the run state, and the share of the hedge that is kept (funding above its limit)."""

    bot: BotState
    keep: Decimal = Decimal(1)


def hedge_target_of(
    underlying: Underlying,
    exposure: Exposure,
    hedge: HedgePolicy,
    hedge_markets: HedgeMarkets,
    modifiers: TargetModifiers,
    assumed: Decimal | None = None,
) -> HedgeTarget:
    """Return target = -(hedge ratio x share kept) x exposure, or 0 where everything is to be closed."""
    ratio = hedge.ratio * modifiers.keep
    target = ZERO if modifiers.bot.state is RunState.FLATTENING else -ratio * exposure.amount
    return HedgeTarget(underlying, exposure, ratio, target, hedge_markets, assumed)


def diffusion(item: HedgeTarget, market_state: MarketState, policy: Policy, volatilities: Volatility) -> Diffusion:
    """Say how the drift moves and what correcting it costs on the market that gives mark, fee and lot."""
    return Diffusion(
        target=float(-item.target),
        slope=float(item.ratio) * volatilities.slope(item.underlying, item.exposure.sensitivity),
        volatility=volatilities.of(item.underlying),
        price=float(market_state.mark),
        cost=float(
            market_state.rules.taker_fee + max(market_state.ask - market_state.bid, ZERO) / (2 * market_state.mark)
        ),
        fixed_cost=float(policy.fixed_cost),
        step=market_state.smallest(market_state.limit_price(Decimal(-1), policy.guards.slippage)),
        interval=volatilities.history.spacing / YEAR,
    )
