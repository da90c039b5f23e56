"""Target: the short that an exposure asks for, how far the account is from it, and how fast that distance moves."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.core.hedge.band import Diffusion
from bot.core.hedge.markets import Lane, Lanes
from bot.core.hedge.volatility import YEAR, Volatility
from bot.core.lp.exposure import Exposure
from bot.core.policy import HedgePolicy, Policy
from bot.core.run_state import BotState, RunState
from bot.core.types import ZERO, Underlying


@dataclass(frozen=True, slots=True)
class Aim:
    """One underlying's exposure, wanted position (``target`` <= 0, base units) and markets.

    ``assumed`` is what the venues that are silent for long are taken to hold at most (<= 0): what was last seen there;
    None where that is not known, or not to be relied on yet.
    """

    underlying: Underlying
    exposure: Exposure
    ratio: Decimal
    target: Decimal
    lanes: Lanes
    assumed: Decimal | None = None

    @property
    def in_flight(self) -> Decimal:
        """What unresolved orders may still add to the position."""
        return self.lanes.selling + self.lanes.buying

    @property
    def drift(self) -> Decimal | None:
        """Give position + in flight - target: above 0 is under-hedged. None where a venue is unknown."""
        position = self.lanes.position
        return None if position is None or not self.lanes.open else position + self.in_flight - self.target

    @property
    def least(self) -> Decimal | None:
        """The smallest drift there can be: every unresolved sale fills, no purchase does; None where unbounded."""
        if self.lanes.dark and self.assumed is None:
            return None
        return self._known + (self.assumed or ZERO) + self.lanes.selling - self.target

    @property
    def most(self) -> Decimal:
        """The largest drift there can be: all unresolved purchases fill, no sale does; unknown venues aren't long."""
        return self._known + self.lanes.buying - self.target

    @property
    def _known(self) -> Decimal:
        return sum((lane.position for lane in self.lanes.open), ZERO)

    @property
    def short_notional(self) -> Decimal:
        """The USD notional that is short, orders in flight included.

        A venue that can't be read is taken to hold what it was last seen with; where that is not to be relied on, what
        the policy lets it hold, at most what the target asks for.
        """
        known = sum((lane.short_notional for lane in self.lanes.open), ZERO)
        if not self.lanes.dark:
            return known
        first = self.lanes.first
        if self.assumed is not None and first:
            return known - self.assumed * first.dearest
        dark = sum((market.max_notional for market in self.lanes.dark), ZERO)
        return known + (min(dark, -self.target * first.dearest) if first else dark)


@dataclass(frozen=True, slots=True)
class Stance:
    """What bears on every target: the run state, and the share of the hedge that is kept (funding above its limit)."""

    bot: BotState
    keep: Decimal = Decimal(1)


def aim(
    underlying: Underlying,
    exposure: Exposure,
    hedge: HedgePolicy,
    lanes: Lanes,
    stance: Stance,
    assumed: Decimal | None = None,
) -> Aim:
    """Give target = -(hedge ratio x share kept) x exposure, or 0 where everything is to be closed."""
    ratio = hedge.ratio * stance.keep
    target = ZERO if stance.bot.state is RunState.FLATTENING else -ratio * exposure.amount
    return Aim(underlying, exposure, ratio, target, lanes, assumed)


def diffusion(item: Aim, lane: Lane, policy: Policy, volatilities: Volatility) -> Diffusion:
    """Say how the drift moves and what correcting it costs on the market that gives mark, fee and lot."""
    return Diffusion(
        target=float(-item.target),
        slope=float(item.ratio) * volatilities.slope(item.underlying, item.exposure.sensitivity),
        volatility=volatilities.of(item.underlying),
        price=float(lane.mark),
        cost=float(lane.rules.taker_fee + max(lane.ask - lane.bid, ZERO) / (2 * lane.mark)),
        fixed_cost=float(policy.fixed_cost),
        step=lane.smallest(lane.limit_price(Decimal(-1), policy.guards.slippage)),
        interval=volatilities.history.spacing / YEAR,
    )
