"""The user's settings resolved to numbers: the third argument of decide()."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bot.core.types import Symbol, Underlying, VenueId

DEFAULT_AVERSION: Final = Decimal(50)
"""The risk aversion that is used where none is given; no budget of tracking error leads to a wider band than this."""


@dataclass(frozen=True, slots=True)
class RiskAversion:
    """Band from the dimensionless risk aversion a = lambda x V (V: value of all LP positions)."""

    a: Decimal


@dataclass(frozen=True, slots=True)
class TrackingBudget:
    """Band from a yearly tracking error, as a fraction of the LP value; never wider than the default's."""

    fraction: Decimal


@dataclass(frozen=True, slots=True)
class FixedWidth:
    """Band of a fixed width, as a fraction of the exposure."""

    fraction: Decimal


LEAST_TRADE: Final = Decimal("0.1")

BandPolicy = RiskAversion | TrackingBudget | FixedWidth


@dataclass(frozen=True, slots=True)
class HedgeMarket:
    """A perpetual that may carry the hedge of an underlying, up to ``max_notional`` USD."""

    venue: VenueId
    symbol: Symbol
    max_notional: Decimal


@dataclass(frozen=True, slots=True)
class HedgePolicy:
    """How one underlying is hedged: ``ratio`` of its exposure (0 to 1.5), on ``markets`` in order of preference."""

    ratio: Decimal
    markets: tuple[HedgeMarket, ...]


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """The limits that no strategy can go around; notionals in USD, deviations and shares as fractions.

    Attributes:
        max_order_notional: the step cap; a larger order is cut down to it.
        max_order_share: the largest order that adds, as a share of the capital (LP value + equity of the venues).
        max_notional_per_underlying: the largest short per underlying over all venues.
        max_notional_total: the largest sum of shorts over all underlyings.
        max_orders_per_minute: orders that may go out in any 60 seconds, of which half may follow a touch that moved;
            what reduces risk or is urgent passes.
        max_snapshot_age: the oldest block or venue read that a decision may rest on.
        max_pool_mark_deviation: the largest |pool price / mark - 1| at which a pool's state is believed.
        max_pool_average_deviation: the same against the recent average of pool price / mark.
        max_pool_step: the same against pool price / mark one observation before.
        max_depeg: how far a dollar token, or what a venue settles in, may be from par before it is off its peg.
        absence_blocks: how many blocks a position must stay absent before its short is unwound.
        slippage: how far from the touch an immediate order may fill.
        moved_grace: how long a position that moved to another contract stays hedged.
    """

    max_order_notional: Decimal
    max_order_share: Decimal
    max_notional_per_underlying: Decimal
    max_notional_total: Decimal
    max_orders_per_minute: int
    max_snapshot_age: timedelta
    max_pool_mark_deviation: Decimal
    max_pool_average_deviation: Decimal
    max_pool_step: Decimal
    max_depeg: Decimal
    absence_blocks: int
    slippage: Decimal
    moved_grace: timedelta = timedelta(minutes=10)


class Style(StrEnum):
    """How an order is worked."""

    MAKER = "maker"
    TAKER = "taker"


@dataclass(frozen=True, slots=True)
class ExecutionPolicy:
    """How orders are worked.

    Attributes:
        style: maker rests at the touch first (post-only); taker takes at once, within the slippage cap.
        deadline: how long after the drift left its band resting is given up and the rest is taken.
        patience: how far beyond its band the drift may run while orders rest, as a fraction of the band; a resting
            order is filled where the price comes back, so that farther out the rest is taken.
        urgent: multiple of the band beyond which no budget of orders holds an order up.
        horizon: how long a short is expected to be kept; the funding of that time decides where it is opened.
    """

    style: Style = Style.TAKER
    deadline: timedelta = timedelta(seconds=20)
    patience: Decimal = Decimal("0.1")
    urgent: Decimal = Decimal(2)
    horizon: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Level:
    """A step of the margin ladder: reached at this ``distance`` to liquidation, or at this margin ``ratio``.

    The distance is the rise of the mark that liquidates, as a fraction of it; the ratio is maintenance margin / equity.
    """

    distance: Decimal
    ratio: Decimal


@dataclass(frozen=True, slots=True)
class LadderPolicy:
    """What happens on the way to liquidation.

    Attributes:
        alert, top_up, reduce, freeze: the steps, from the farthest to the nearest.
        hysteresis: a step is left again where the distance is larger, and the ratio smaller, by this fraction.
        step: the share of the position that one cycle's reduction closes.
        daily_top_up: USD that may be added per venue in any 24 hours.
        spacing: the least time between two top-ups of a venue.
    """

    alert: Level
    top_up: Level
    reduce: Level
    freeze: Level
    hysteresis: Decimal
    step: Decimal
    daily_top_up: Decimal
    spacing: timedelta


@dataclass(frozen=True, slots=True)
class StopPolicy:
    """The stop-loss that rests on the venue under every short.

    Attributes:
        inside: how far its trigger lies inside the liquidation price, as a fraction of that.
        farthest: the farthest that a new trigger lies above the mark, as a fraction.
        tolerance: how much nearer than wanted a resting trigger may be before it is replaced, as a fraction.
        size_tolerance: how much smaller or larger than the short a stop may be before it is replaced, as a fraction.
        grace_time: how long a short may be without a verified stop before that is an emergency.
        reduce_distance: the distance to liquidation within which such a short is reduced then, a step each time that
            ``grace_time`` passes again; farther away it is kept, since selling it costs more than the missing stop.
        cool_down: how long nothing is opened again after a stop has fired.
    """

    inside: Decimal
    farthest: Decimal
    tolerance: Decimal
    size_tolerance: Decimal
    grace_time: timedelta
    reduce_distance: Decimal
    cool_down: timedelta


@dataclass(frozen=True, slots=True)
class LossPolicy:
    """Limits on what may be lost; fractions of the capital (LP value + equity of the venues).

    Attributes:
        hedge_day, hedge_life: loss of the hedge alone, in a UTC day and since the operator's last ``resume``.
        total_day, total_life: loss of liquidity and hedge together.
        funding_day: funding paid in a UTC day; beyond it nothing is added, and ``funding_keep`` of the hedge is kept.
        cost_day: trading fees in a UTC day; beyond it nothing is added.
        funding_keep: the share of the target that is kept while funding is above its limit (1: all of it).
    """

    hedge_day: Decimal
    hedge_life: Decimal
    total_day: Decimal
    total_life: Decimal
    funding_day: Decimal
    cost_day: Decimal
    funding_keep: Decimal


@dataclass(frozen=True, slots=True)
class RiskPolicy:
    """How much risk the shorts themselves may carry.

    Attributes:
        leverage: notional per unit of initial margin where the venue does not report its own.
        buffer: the distance to liquidation that every add must leave.
        max_ratio: the margin ratio that every add must leave at most.
        settle_time: how long nothing is added on a market whose position moved without an order of ours.
        takeover: how long a venue must be silent before others take over what it can't be asked for.
    """

    leverage: Decimal
    buffer: Decimal
    max_ratio: Decimal
    ladder: LadderPolicy
    stop: StopPolicy
    loss: LossPolicy
    settle_time: timedelta
    takeover: timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """All settings that a decision depends on.

    Attributes:
        band: how the no-trade band is found.
        floor_width: half-width of the band, as a fraction of the exposure, where gamma gives none (out of range).
        fixed_cost: cost in USD of a trade of any size (0 on most venues).
        least_trade: the smallest trade that is worth an order, as a share of the band's reach b + r.
        assumed_volatility: yearly volatility used until the marks' own history is long enough.
        hedges: the hedged underlyings; an exposure to any other one is shown and not hedged.
        accepted: the underlyings that the user leaves unhedged on purpose; any other one without a hedge is an alarm.
        hedge_rewards: whether unclaimed rewards are exposure.
        guards: the limits.
        risk: margin, stops and losses.
        execution: how orders are worked.
        venue_caps: the largest sum of shorts per venue, USD; a venue that is missing has none.
    """

    band: BandPolicy
    floor_width: Decimal
    fixed_cost: Decimal
    assumed_volatility: Decimal
    hedges: Mapping[Underlying, HedgePolicy]
    guards: GuardPolicy
    risk: RiskPolicy
    execution: ExecutionPolicy = ExecutionPolicy()
    least_trade: Decimal = LEAST_TRADE
    venue_caps: Mapping[VenueId, Decimal] = field(default_factory=dict)
    accepted: frozenset[Underlying] = frozenset()
    hedge_rewards: bool = False
