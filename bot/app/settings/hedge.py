"""``[hedge]`` and ``[guards]``: how much to short, when to trade, and limits that no order may pass."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from bot.core.policy import (
    DEFAULT_AVERSION,
    LEAST_TRADE,
    BandPolicy,
    ExecutionPolicy,
    FixedWidth,
    GuardPolicy,
    RiskAversion,
    Style,
    TrackingBudget,
)
from bot.setting_types.base import Table
from bot.setting_types.fields import Duration, Fraction, Integer, NotNegative, Number, Positive, UnderlyingKey

_LARGEST_RATIO = Decimal("1.5")


def _check_ratio(value: Decimal) -> Decimal:
    if not 0 <= value <= _LARGEST_RATIO:
        raise ValueError("is no hedge ratio; write 0 to 1.5 (1 hedges the whole exposure, whatever the leverage)")
    return value


Ratio = Annotated[Number, AfterValidator(_check_ratio)]
PositiveFraction = Annotated[Fraction, Field(gt=0, le=1)]


class BandSettings(Table):
    """When to trade: exactly one of the three ways to set the no-trade band."""

    risk_aversion: Positive | None = Field(
        default=None,
        description="dimensionless risk aversion (50: about 2% of exposure for a constant-product position)",
        examples=[50],
    )
    tracking_error: PositiveFraction | None = Field(
        default=None,
        description="budget of yearly tracking error, fraction of the LP value; errors of two underlyings, whose bands "
        "lean on each other, come to at most 1.1 times it",
        examples=["0.5%"],
    )
    fixed_width: PositiveFraction | None = Field(
        default=None, description="half-width, fraction of exposure", examples=["2%"]
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = sorted(self.model_fields_set)
        if len(given) != 1:
            what = f"{len(given)} kinds given ({', '.join(given)})" if given else "no kind given"
            raise ValueError(f"{what}; keep exactly one of risk_aversion, tracking_error, fixed_width")
        return self

    def policy(self) -> BandPolicy:
        """Return the kind that is set."""
        if self.risk_aversion is not None:
            return RiskAversion(self.risk_aversion)
        if self.tracking_error is not None:
            return TrackingBudget(self.tracking_error)
        if self.fixed_width is not None:
            return FixedWidth(self.fixed_width)
        raise AssertionError("validation lets exactly one kind through")


class UnderlyingSettings(Table):
    """What is different for one underlying."""

    enabled: bool = Field(
        default=True, description="false: its exposure is left unhedged on purpose, shown, and no alarm"
    )
    ratio: Ratio | None = Field(default=None, description="hedge ratio, 0 to 1.5; left out: hedge.ratio", examples=[1])


class HedgeSettings(Table):
    """How exposures are hedged."""

    ratio: Ratio = Field(default=Decimal(1), description="share of the exposure that is shorted, 0 to 1.5")
    fixed_cost: NotNegative = Field(default=Decimal(0), description="cost of a trade of any size, USD")
    least_trade: Annotated[Fraction, Field(ge=0, le=1)] = Field(
        default=LEAST_TRADE,
        description="smallest trade that is worth an order, share of the band's reach (its outer and its inner edge)",
    )
    floor_width: PositiveFraction = Field(
        default=Decimal("0.005"),
        description="half-width of the band where the position has no gamma, fraction of exposure",
    )
    assumed_volatility: Annotated[Fraction, Field(gt=0)] = Field(
        default=Decimal("0.8"), description="yearly volatility until the marks' own history is long enough, fraction"
    )
    band: BandSettings = Field(
        default_factory=lambda: BandSettings(risk_aversion=DEFAULT_AVERSION), description="when to trade"
    )
    hedge_rewards: bool = Field(
        default=False,
        description="true: unclaimed rewards of stakes are exposure, too, where their token has an underlying",
    )
    underlyings: dict[UnderlyingKey, UnderlyingSettings] = Field(
        default_factory=dict, description="exceptions for single underlyings"
    )


class GuardSettings(Table):
    """Limits that no strategy goes around; what reduces risk is never blocked by them."""

    max_order_notional: Positive = Field(
        default=Decimal(25_000), description="step cap: a larger order is cut to it, USD"
    )
    max_order_share: PositiveFraction = Field(
        default=Decimal("0.25"), description="largest order that adds, share of the capital (LP value + equity)"
    )
    max_notional_per_underlying: Positive = Field(
        default=Decimal(100_000), description="largest short per underlying over all venues, USD"
    )
    max_notional_total: Positive = Field(default=Decimal(200_000), description="largest sum of all shorts, USD")
    max_orders_per_minute: Integer = Field(
        default=300,
        ge=1,
        description="orders that may go out in any 60 seconds (a block every 2 s is 30 cycles a minute, each with an "
        "order per market); half of them may follow a touch that moved; what reduces risk or is urgent passes",
    )
    max_snapshot_age: Duration = Field(
        default=timedelta(seconds=60), description="oldest block or venue read that a decision may rest on"
    )
    max_pool_mark_deviation: PositiveFraction = Field(
        default=Decimal("0.02"), description="largest |pool price / mark - 1| at which a pool is believed, fraction"
    )
    max_pool_average_deviation: PositiveFraction = Field(
        default=Decimal("0.015"),
        description="largest deviation of pool price / mark from its own recent average, fraction",
    )
    max_pool_step: PositiveFraction = Field(
        default=Decimal("0.015"), description="largest change of pool price / mark between two looks, fraction"
    )
    max_depeg: PositiveFraction = Field(
        default=Decimal("0.02"),
        description="how far from par a dollar token, or what a venue settles in, may stand before it is called off "
        "its peg; nothing is added at that venue then",
    )
    absence_blocks: Integer = Field(
        default=3, ge=1, description="blocks a position must stay absent before its short is unwound"
    )
    moved_grace: Duration = Field(
        default=timedelta(minutes=10),
        description="how long a position that moved to a contract (a stake?) stays hedged until you name its id",
    )
    slippage: PositiveFraction = Field(
        default=Decimal("0.005"), description="how far from the touch an immediate order may fill, fraction"
    )

    def policy(self) -> GuardPolicy:
        """Return the limits as decide() takes them."""
        return GuardPolicy(
            max_order_notional=self.max_order_notional,
            max_order_share=self.max_order_share,
            max_notional_per_underlying=self.max_notional_per_underlying,
            max_notional_total=self.max_notional_total,
            max_orders_per_minute=self.max_orders_per_minute,
            max_snapshot_age=self.max_snapshot_age,
            max_pool_mark_deviation=self.max_pool_mark_deviation,
            max_pool_average_deviation=self.max_pool_average_deviation,
            max_pool_step=self.max_pool_step,
            max_depeg=self.max_depeg,
            absence_blocks=self.absence_blocks,
            moved_grace=self.moved_grace,
            slippage=self.slippage,
        )


class ExecutionSettings(Table):
    """How orders are worked."""

    style: Style = Field(
        default=Style.TAKER, description='"taker" takes at once; "maker" rests at the touch first (post-only)'
    )
    deadline: Duration = Field(
        default=timedelta(seconds=20), description="after this long outside the band what is left is taken"
    )
    patience: Annotated[Fraction, Field(ge=0)] = Field(
        default=Decimal("0.1"),
        description="how far beyond its band the drift may run while an order rests, fraction of the band; then the "
        "rest is taken",
    )
    urgent: Annotated[Positive, Field(ge=1)] = Field(
        default=Decimal(2), description="multiple of the band beyond which no budget of orders holds an order up"
    )
    horizon: Duration = Field(
        default=timedelta(hours=24),
        description="how long a short is kept, as far as funding counts in choosing among venues",
    )

    def policy(self) -> ExecutionPolicy:
        """Return the settings as decide() takes them."""
        return ExecutionPolicy(self.style, self.deadline, self.patience, self.urgent, self.horizon)
