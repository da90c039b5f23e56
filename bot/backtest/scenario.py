"""The scenario file: which pools, which positions in them, which perpetuals; what a backtest replays."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from bot.app.settings.sources import read_toml
from bot.core.errors import ConfigError
from bot.core.types import Underlying
from bot.protocols.registry import PROTOCOLS, REPLAYED
from bot.setting_types.base import Table
from bot.setting_types.fields import Duration, Fraction, Integer, NotNegative, Number, Positive, UnderlyingKey


class TokenSpec(Table):
    """A token of a pool."""

    symbol: str = Field(min_length=1, description="its name", examples=["WETH"])
    decimals: Annotated[Integer, Field(ge=0, le=36)] = Field(description="its decimals")
    underlying: UnderlyingKey = Field(description="what it is a claim on: ETH, BTC, USD, …")


class PositionSpec(Table):
    """Liquidity put into a pool at the first row; it joins what is in the pool."""

    name: str = Field(default="", description="its name in reports; made up where left out")
    value: Positive = Field(description="its worth at the start, USD")
    width: Annotated[Fraction, Field(gt=0)] | None = Field(
        default=None, description="half-width of the range: from price/(1+width) to price x (1+width)"
    )
    full: bool = Field(default=False, description="the full range")

    @model_validator(mode="after")
    def _one_range(self) -> Self:
        if self.full == (self.width is not None):
            raise ValueError("give `width`, or `full = true`")
        return self


class ModelKind(StrEnum):
    """How a generated price moves."""

    GBM = "gbm"
    JUMPS = "jumps"
    HESTON = "heston"


class MarketModel(Table):
    """A generated market: its price, and a pool that arbitrage keeps within its fee of it."""

    kind: ModelKind = Field(default=ModelKind.GBM, description="gbm, jumps (Merton), heston (stochastic volatility)")
    seed: Integer = Field(default=1, description="the same seed gives the same market")
    start: datetime = Field(description="first moment, with a zone")
    days: Annotated[Integer, Field(ge=1, le=36_500)] = Field(default=30, description="length")
    price: Positive = Field(default=Decimal(2000), description="price at the start, USD")
    volatility: Annotated[Fraction, Field(ge=0)] = Field(default=Decimal("0.8"), description="yearly volatility")
    drift: Fraction = Field(default=Decimal(0), description="yearly drift of the log price")
    jumps_a_year: NotNegative = Field(default=Decimal(50), description="jumps: how many a year")
    jump_size: Annotated[Fraction, Field(ge=0)] = Field(default=Decimal("0.03"), description="jumps: their deviation")
    reversion: Positive = Field(default=Decimal(5), description="heston: how fast the variance returns, a year")
    variance_volatility: NotNegative = Field(default=Decimal("1.2"), description="heston: volatility of the variance")
    correlation: Annotated[Fraction, Field(ge=-1, le=1)] = Field(
        default=Decimal("-0.3"), description="heston: of price and variance"
    )
    liquidity: Positive = Field(default=Decimal(10_000_000), description="worth of the pool's full range, USD")
    fee_share: NotNegative = Field(
        default=Decimal(1),
        description="all fees over the loss against rebalancing; swaps besides arbitrage bring what is missing; about "
        "0.8 to 1.2 in real pools",
    )
    noise_volume: NotNegative | None = Field(
        default=None, description="swaps a day besides arbitrage, USD; left out: as many as `fee_share` asks for"
    )
    basis: Fraction = Field(default=Decimal(0), description="perpetual above the pool's market, on average, fraction")
    basis_deviation: Annotated[Fraction, Field(ge=0)] = Field(
        default=Decimal(0), description="standard deviation of the basis, which returns within an hour"
    )
    funding_rate: Fraction = Field(
        default=Decimal("-0.00003"), description="funding per 8 h on average, fraction; cautious where left out"
    )
    funding_deviation: Annotated[Fraction, Field(ge=0)] = Field(
        default=Decimal(0), description="standard deviation of the funding rate, fraction"
    )

    @model_validator(mode="after")
    def _aware(self) -> Self:
        if self.start.tzinfo is None:
            raise ValueError("`start` needs a zone, such as 2026-01-01T00:00:00Z")
        return self


class PoolSpec(Table):
    """A pool: recorded minutes, or a generated market; and the positions in it."""

    name: str = Field(min_length=1, description="its name")
    protocol: str = Field(default=REPLAYED, description="whose pool it is; stands on its positions")
    path: Path | None = Field(default=None, description="a folder of CSV files, one CSV, or one Parquet file")
    model: MarketModel | None = Field(default=None, description="a generated market instead of a recorded one")
    fee: Annotated[Integer, Field(ge=0, lt=1_000_000)] = Field(description="hundredths of a basis point (500 = 0.05%)")
    tick_spacing: Annotated[Integer, Field(ge=1)] = Field(default=10, description="tick spacing")
    token0: TokenSpec = Field(description="token0, as the pool has it")
    token1: TokenSpec = Field(description="token1")
    interval: Duration = Field(default=timedelta(minutes=1), description="what one row spans")
    max_gap: Duration | None = Field(default=None, description="a hole up to this long is reported and jumped over")
    positions: tuple[PositionSpec, ...] = Field(min_length=1, description="positions")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"`protocol` {self.protocol!r} is none of {', '.join(PROTOCOLS)}")
        if (self.path is None) == (self.model is None):
            raise ValueError("give `path` (recorded) or `model` (generated)")
        if Underlying("USD") not in (self.token0.underlying, self.token1.underlying):
            raise ValueError("one of its tokens must be a USD stable; other pairs can't be priced from a pool alone")
        if self.token0.underlying == self.token1.underlying:
            raise ValueError("both of its tokens are USD; there is nothing to hedge")
        return self


class PerpSpec(Table):
    """Recorded candles of a perpetual."""

    path: Path = Field(description="a CSV or Parquet file: timestamp, open, high, low, close, volume")
    interval: Duration = Field(default=timedelta(minutes=5), description="what one candle spans")
    timezone: str | None = Field(default=None, description='zone of times that carry none, such as "UTC"')
    funding: Path | None = Field(default=None, description="a CSV file: timestamp, rate (fraction per settlement)")
    max_gap: Duration | None = Field(default=None, description="a hole up to this long is reported and jumped over")


class Scenario(Table):
    """What is replayed. Relative paths start at the file's own folder."""

    start: datetime | None = Field(default=None, description="first moment, with a zone; left out: the data's")
    end: datetime | None = Field(default=None, description="last moment")
    collateral: Number | None = Field(default=None, gt=0, description="deposit at the venue, USD; left out: as set")
    latency: Duration | None = Field(default=None, description="from a decision until its order is in the book")
    pools: tuple[PoolSpec, ...] = Field(min_length=1, description="pools")
    perps: dict[UnderlyingKey, PerpSpec] = Field(
        default_factory=dict, description="perpetuals; without one the pool's own price is the mark"
    )

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [pool.name for pool in self.pools]
        if len(set(names)) != len(names):
            raise ValueError("two pools have one name; give each its own")
        for moment in (self.start, self.end):
            if moment is not None and moment.tzinfo is None:
                raise ValueError("`start` and `end` need a zone, such as 2026-01-01T00:00:00Z")
        return self


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file (or ``scenario.toml`` in a folder).

    Raises:
        ConfigError: it is missing, no TOML, or does not make sense.
    """
    file = path / "scenario.toml" if path.is_dir() else path
    layer = read_toml(file)
    try:
        found = Scenario.model_validate(layer.values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(first["msg"].removeprefix("Value error, "), source=str(file), key=key) from error
    return _anchored(found, file.parent)


def _anchored(scenario: Scenario, folder: Path) -> Scenario:
    """Make relative paths start at the file's folder."""
    pools = tuple(
        pool if pool.path is None else pool.model_copy(update={"path": folder / pool.path}) for pool in scenario.pools
    )
    perps = {
        name: perp.model_copy(
            update={"path": folder / perp.path, "funding": None if perp.funding is None else folder / perp.funding}
        )
        for name, perp in scenario.perps.items()
    }
    return scenario.model_copy(update={"pools": pools, "perps": perps})
