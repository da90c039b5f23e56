"""``[risk]``: leverage, margin, the ladder, stops and losses, by a profile whose every number can be overridden."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from bot.app.settings.origins import Layer
from bot.core.policy import LadderPolicy, Level, LossPolicy, RiskPolicy, StopPolicy
from bot.setting_types.base import Table
from bot.setting_types.fields import Duration, Fraction, NotNegative, Positive

PositiveShare = Annotated[Fraction, Field(gt=0, le=1)]
Distance = Annotated[Fraction, Field(gt=0)]
HIGH_LEVERAGE: Final = Decimal(20)
"""A leverage above this needs the acknowledgement."""


class Profile(StrEnum):
    """How much risk the shorts themselves may carry."""

    CONSERVATIVE = "conservative"
    MODERATE = "moderate"
    HIGH = "high"


class LadderSettings(Table):
    """What happens on the way to liquidation; distances are rises of the mark, ratios maintenance margin / equity."""

    alert_distance: Distance = Field(default=Decimal("0.25"), description="distance to liquidation that alerts")
    top_up_distance: Distance = Field(default=Decimal("0.20"), description="distance at which margin is added")
    reduce_distance: Distance = Field(default=Decimal("0.12"), description="distance at which the short is reduced")
    freeze_distance: Distance = Field(default=Decimal("0.08"), description="distance at which the bot freezes as well")
    alert_ratio: PositiveShare = Field(default=Decimal("0.4"), description="margin ratio that alerts")
    top_up_ratio: PositiveShare = Field(default=Decimal("0.5"), description="margin ratio at which margin is added")
    reduce_ratio: PositiveShare = Field(default=Decimal("0.65"), description="margin ratio at which it is reduced")
    freeze_ratio: PositiveShare = Field(default=Decimal("0.8"), description="margin ratio at which the bot freezes")
    hysteresis: Annotated[Fraction, Field(gt=0, lt=1)] = Field(
        default=Decimal("0.2"), description="a step is left again this fraction beyond its level"
    )
    step: PositiveShare = Field(default=Decimal("0.25"), description="share of the short that one cycle closes")
    daily_top_up: NotNegative = Field(
        default=Decimal(10_000), description="largest sum of margin added per venue in 24 hours, USD"
    )
    spacing: Duration = Field(default=timedelta(minutes=1), description="least time between two additions at a venue")

    def policy(self) -> LadderPolicy:
        """Return the ladder as decide() takes it."""
        return LadderPolicy(
            alert=Level(self.alert_distance, self.alert_ratio),
            top_up=Level(self.top_up_distance, self.top_up_ratio),
            reduce=Level(self.reduce_distance, self.reduce_ratio),
            freeze=Level(self.freeze_distance, self.freeze_ratio),
            hysteresis=self.hysteresis,
            step=self.step,
            daily_top_up=self.daily_top_up,
            spacing=self.spacing,
        )


class StopSettings(Table):
    """The stop-loss that rests on the venue under every short."""

    inside: Annotated[Fraction, Field()] = Field(
        default=Decimal("0.03"), description="how far the trigger lies inside the liquidation price, fraction of that"
    )
    farthest: Distance = Field(default=Decimal(1), description="farthest that a new trigger lies above the mark")
    tolerance: Annotated[Fraction, Field(gt=0, lt=1)] = Field(
        default=Decimal("0.1"), description="how much nearer than wanted a resting trigger may be before it is moved"
    )
    size_tolerance: Annotated[Fraction, Field(ge=0, le=0.05)] = Field(
        default=Decimal("0.02"),
        description="how far a stop's size may be from the short's before it is replaced, to 5%",
    )
    grace_time: Duration = Field(
        default=timedelta(minutes=1),
        description="how long a short may be without a verified stop before it is reduced, or loudly kept",
    )
    reduce_distance: Annotated[Fraction, Field(ge=0)] = Field(
        default=Decimal("0.25"),
        description="distance to liquidation within which a short without a stop is reduced, a step per grace_time",
    )
    cool_down: Duration = Field(default=timedelta(hours=1), description="no re-entry for so long after a stop fired")

    def policy(self) -> StopPolicy:
        """Return the stop as decide() takes it."""
        return StopPolicy(
            inside=self.inside,
            farthest=self.farthest,
            tolerance=self.tolerance,
            size_tolerance=self.size_tolerance,
            grace_time=self.grace_time,
            reduce_distance=self.reduce_distance,
            cool_down=self.cool_down,
        )


class LossSettings(Table):
    """Limits on losses, as fractions of the capital (LP value + equity at the venues)."""

    hedge_day: Distance = Field(default=Decimal("0.4"), description="loss of the hedge alone in a UTC day that freezes")
    hedge_life: Distance = Field(default=Decimal(1), description="loss of the hedge since the last resume that halts")
    total_day: Distance = Field(default=Decimal("0.1"), description="loss of both together in a UTC day that freezes")
    total_life: Distance = Field(default=Decimal("0.25"), description="loss of both since the last resume that halts")
    funding_day: Distance = Field(
        default=Decimal("0.02"), description="funding paid in a UTC day beyond which nothing is added"
    )
    cost_day: Distance = Field(
        default=Decimal("0.01"), description="trading fees in a UTC day beyond which nothing is added"
    )
    funding_keep: Annotated[Fraction, Field(ge=0, le=1)] = Field(
        default=Decimal(1), description="share of the hedge that is kept while funding is above its limit"
    )

    def policy(self) -> LossPolicy:
        """Return the limits as decide() takes them."""
        return LossPolicy(
            hedge_day=self.hedge_day,
            hedge_life=self.hedge_life,
            total_day=self.total_day,
            total_life=self.total_life,
            funding_day=self.funding_day,
            cost_day=self.cost_day,
            funding_keep=self.funding_keep,
        )


class RiskSettings(Table):
    """How much risk the shorts themselves may carry."""

    profile: Profile = Field(
        default=Profile.CONSERVATIVE, description='"conservative" (10x), "moderate" (20x) or "high" (50x)'
    )
    i_understand_high_leverage: bool = Field(
        default=False, description="needed above 20x: a short at 50x is liquidated by a rise of less than 2%"
    )
    leverage: Annotated[Positive, Field(ge=1, le=125)] = Field(
        default=Decimal(10), description="leverage set at the venues; it locks margin and never sizes the hedge"
    )
    buffer: Distance = Field(default=Decimal("0.3"), description="distance to liquidation that every add must leave")
    max_margin_ratio: PositiveShare = Field(
        default=Decimal("0.3"), description="margin ratio that every add must leave at most"
    )
    settle_time: Duration = Field(
        default=timedelta(minutes=1), description="no adds for so long after a position moved by itself"
    )
    takeover: Duration = Field(
        default=timedelta(minutes=5), description="silence of a venue after which others take over within their caps"
    )
    ladder: LadderSettings = Field(default_factory=LadderSettings, description="on the way to liquidation")
    stop: StopSettings = Field(default_factory=StopSettings, description="the stop-loss resting under every short")
    loss: LossSettings = Field(default_factory=LossSettings, description="limits on losses")

    def policy(self) -> RiskPolicy:
        """Return the settings as decide() takes them."""
        return RiskPolicy(
            leverage=self.leverage,
            buffer=self.buffer,
            max_ratio=self.max_margin_ratio,
            ladder=self.ladder.policy(),
            stop=self.stop.policy(),
            loss=self.loss.policy(),
            settle_time=self.settle_time,
            takeover=self.takeover,
        )


_PROFILES: Final[Mapping[Profile, Mapping[str, object]]] = {
    Profile.CONSERVATIVE: {
        "risk": {
            "leverage": 10,
            "buffer": "30%",
            "ladder": {
                "alert_distance": "25%",
                "top_up_distance": "20%",
                "reduce_distance": "12%",
                "freeze_distance": "8%",
            },
            "stop": {"inside": "3%", "reduce_distance": "25%"},
            "loss": {"total_day": "10%", "total_life": "25%"},
        },
        "guards": {
            "max_order_notional": 25_000,
            "max_order_share": "25%",
            "max_notional_per_underlying": 100_000,
            "max_notional_total": 200_000,
        },
    },
    Profile.MODERATE: {
        "risk": {
            "leverage": 20,
            "buffer": "20%",
            "ladder": {
                "alert_distance": "16%",
                "top_up_distance": "12%",
                "reduce_distance": "8%",
                "freeze_distance": "5%",
            },
            "stop": {"inside": "2%", "reduce_distance": "16%"},
            "loss": {"total_day": "15%", "total_life": "35%"},
        },
        "guards": {
            "max_order_notional": 50_000,
            "max_order_share": "35%",
            "max_notional_per_underlying": 200_000,
            "max_notional_total": 400_000,
        },
    },
    Profile.HIGH: {
        "risk": {
            "leverage": 50,
            "buffer": "10%",
            "ladder": {
                "alert_distance": "8%",
                "top_up_distance": "6%",
                "reduce_distance": "4%",
                "freeze_distance": "2.5%",
            },
            "stop": {"inside": "1%", "reduce_distance": "8%"},
            "loss": {"total_day": "20%", "total_life": "50%"},
        },
        "guards": {
            "max_order_notional": 100_000,
            "max_order_share": "50%",
            "max_notional_per_underlying": 400_000,
            "max_notional_total": 800_000,
        },
    },
}
"""What each profile sets; the rest are defaults. The conservative one is written out, so that its origin is shown."""


def profile_layer(merged: Mapping[str, object]) -> list[Layer]:
    """Return the layer of the profile that the other layers ask for; none where the name is wrong.

    Every venue's leverage follows ``risk.leverage``, where that is given, else the profile's.
    """
    asked = _table(merged, "risk")
    try:
        profile = Profile(str(asked.get("profile", Profile.CONSERVATIVE)))
    except ValueError:
        return []
    values = dict(_PROFILES[profile])
    leverage = asked.get("leverage", _table(values, "risk")["leverage"])
    venues = {name: {"leverage": leverage} for name, venue in _table(merged, "venues").items() if _is_table(venue)}
    name = f"profile {profile.value}"
    return [Layer(name, values), Layer("risk.leverage" if "leverage" in asked else name, {"venues": venues})]


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _table(values: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}
