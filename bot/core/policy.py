"""What the user wants, resolved to numbers: the third argument of decide(). The settings build it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from bot.core.types import Symbol, Underlying, VenueId


@dataclass(frozen=True, slots=True)
class RiskAversion:
    """Band from the dimensionless risk aversion a = lambda x V (V: value of all LP positions)."""

    a: Decimal


@dataclass(frozen=True, slots=True)
class TrackingBudget:
    """Band from a yearly tracking error, as a fraction of the LP value."""

    fraction: Decimal


@dataclass(frozen=True, slots=True)
class FixedWidth:
    """Band of a fixed width, as a fraction of the exposure."""

    fraction: Decimal


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
    """The limits that no strategy can go around; notionals in USD, deviations as fractions.

    Attributes:
        max_order_notional: the step cap; a larger order is cut down to it.
        max_notional_per_underlying: the largest short per underlying over all venues.
        max_notional_total: the largest sum of shorts over all underlyings.
        max_orders_per_minute: orders that may go out in any 60 seconds.
        max_snapshot_age: the oldest block or venue read that a decision may rest on.
        max_pool_mark_deviation: the largest |pool price / mark - 1| at which a pool's state is believed.
        absence_blocks: how many blocks a position must stay absent before its short is unwound.
        slippage: how far from the touch an immediate order may fill.
    """

    max_order_notional: Decimal
    max_notional_per_underlying: Decimal
    max_notional_total: Decimal
    max_orders_per_minute: int
    max_snapshot_age: timedelta
    max_pool_mark_deviation: Decimal
    absence_blocks: int
    slippage: Decimal


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
        urgent: multiple of the band beyond which nothing rests at all.
    """

    style: Style = Style.TAKER
    deadline: timedelta = timedelta(seconds=20)
    urgent: Decimal = Decimal(3)


@dataclass(frozen=True, slots=True)
class Policy:
    """All settings that a decision depends on.

    Attributes:
        band: how the no-trade band is found.
        floor_width: half-width of the band, as a fraction of the exposure, where gamma gives none (out of range).
        fixed_cost: cost in USD of a trade of any size (0 on most venues).
        assumed_volatility: yearly volatility used until the marks' own history is long enough.
        hedges: the hedged underlyings; an exposure to any other one is shown and not hedged.
        guards: the limits.
        execution: how orders are worked.
    """

    band: BandPolicy
    floor_width: Decimal
    fixed_cost: Decimal
    assumed_volatility: Decimal
    hedges: Mapping[Underlying, HedgePolicy]
    guards: GuardPolicy
    execution: ExecutionPolicy = ExecutionPolicy()
