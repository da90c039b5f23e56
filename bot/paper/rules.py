"""What the paper exchange is told: the rules of its venue and markets, and the prices of the world outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from bot.core.market import PerpMarket
from bot.core.types import Symbol, VenueId


class Flavour(StrEnum):
    """Whose customs the venue follows where Binance and Bitget differ."""

    BINANCE = "binance"
    BITGET = "bitget"


@dataclass(frozen=True, slots=True)
class MarkUpdate:
    """Prices of a market at one moment, USD.

    Attributes:
        mark: prices margin, triggers and funding.
        index: the spot price behind it.
        last: the traded price that the book stands around; None: the mark.
        funding_rate: the rate of the next settlement from now on; None: the rate in force stays.
        as_of: when the prices were true; None: now.
    """

    mark: Decimal
    index: Decimal
    last: Decimal | None = None
    funding_rate: Decimal | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Depth:
    """The shape of the order book: one level per basis point, outwards from the touch.

    Attributes:
        half_spread: distance of the touch from the traded price, as a fraction.
        usd_per_bp: notional that rests at each level, USD.
        levels: how many levels there are; beyond them nobody trades.
        refill: how long it takes until what we took rests there again.
    """

    half_spread: Decimal
    usd_per_bp: Decimal
    levels: int = 50
    refill: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class SymbolRules:
    """One perpetual of the venue.

    Attributes:
        market: tick, lot, limits, fees and margin tiers.
        depth: its order book.
        leverage: the leverage that a new account starts with.
        funding_rate: rate per interval until a MarkUpdate brings another.
        funding_interval: time between settlements, which fall on its multiples since midnight UTC.
        price_band: farthest that an order may be priced, or trade, from the mark, as a fraction.
    """

    market: PerpMarket
    depth: Depth
    leverage: Decimal
    funding_rate: Decimal
    funding_interval: timedelta
    price_band: Decimal = Decimal("0.05")


@dataclass(frozen=True, slots=True)
class VenueRules:
    """The venue: its name, whose customs it follows, its markets, and limits on accounts."""

    venue: VenueId
    flavour: Flavour
    symbols: Mapping[Symbol, SymbolRules]
    max_open_orders: int = 200
    max_stop_orders: int = 10
    history: int = 50
    stop_latency: timedelta = timedelta(0)
