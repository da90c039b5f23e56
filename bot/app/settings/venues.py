"""``[venues.NAME]``: where the shorts are held."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bot.app.settings.base import Table
from bot.app.settings.fields import Duration, Fraction, PerpSymbol, Positive, UnderlyingKey

Cost = Annotated[Fraction, Field(ge=0, lt=1)]


class MarkSource(StrEnum):
    """Where the paper venue's marks come from."""

    POOL = "pool"
    SCRIPT = "script"


class PaperClock(StrEnum):
    """Which clock the paper venue's funding runs by."""

    SYSTEM = "system"
    CHAIN = "chain"


class PaperSettings(Table):
    """A simulated venue: nothing leaves the machine."""

    kind: Literal["paper"] = Field(description="the kind of venue", examples=["paper"])
    symbols: dict[UnderlyingKey, PerpSymbol] = Field(
        min_length=1,
        description="the perpetual that carries each underlying",
        examples=[{"ETH": "ETH/USDT:USDT", "BTC": "BTC/USDT:USDT"}],
    )
    max_notional: Positive = Field(default=Decimal(1_000_000), description="largest short per symbol here, USD")
    deposit: Positive = Field(default=Decimal(20_000), description="collateral that the account starts with, USD")
    leverage: Annotated[Positive, Field(ge=1, le=125)] = Field(
        default=Decimal(5), description="notional per unit of initial margin; it locks margin and never sizes the hedge"
    )
    mark: MarkSource = Field(
        default=MarkSource.POOL, description='"pool": the deepest pool\'s own price; "script": a file'
    )
    script: Path | None = Field(
        default=None, description='file of scripted marks for mark = "script"', examples=["marks.csv"]
    )
    clock: PaperClock = Field(default=PaperClock.SYSTEM, description='"system", or "chain": the newest block\'s time')
    half_spread: Cost = Field(default=Decimal("0.0001"), description="half of the bid/ask spread, fraction of the mark")
    depth_per_bp: Positive = Field(
        default=Decimal(100_000), description="notional that moves the price by one basis point, USD"
    )
    maker_fee: Cost = Field(default=Decimal("0.0002"), description="fee of a resting order, fraction of notional")
    taker_fee: Cost = Field(default=Decimal("0.0005"), description="fee of an immediate order, fraction of notional")
    funding_rate: Annotated[Fraction, Field(ge=Decimal("-0.03"), le=Decimal("0.03"))] = Field(
        default=Decimal("0.0001"),
        description="funding per interval, fraction of notional; a short receives a positive one",
    )
    funding_interval: Duration = Field(default=timedelta(hours=8), description="time between fundings")

    @model_validator(mode="after")
    def _each_its_own(self) -> Self:
        for underlying, symbol in self.symbols.items():
            if symbol.partition("/")[0] != underlying:
                raise ValueError(f"{symbol} does not carry {underlying}; write {underlying}/…")
        return self

    @model_validator(mode="after")
    def _script_with_its_mark(self) -> Self:
        if (self.mark is MarkSource.SCRIPT) != (self.script is not None):
            raise ValueError('`script` names the file of mark = "script"; give both or neither')
        return self


VenueSettings = PaperSettings
