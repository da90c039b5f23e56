"""A perpetual market: its rules, and what it shows at one moment. Quantities are in base units, never in contracts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from bot.core.types import ZERO, Symbol, Underlying, VenueId


@dataclass(frozen=True, slots=True)
class MarginTier:
    """One step of a venue's margin table; notionals in USD.

    ``maintenance_amount`` is the constant that makes the maintenance margin continuous over the tiers.
    """

    notional_floor: Decimal
    notional_cap: Decimal
    maintenance_rate: Decimal
    maintenance_amount: Decimal
    max_leverage: Decimal


@dataclass(frozen=True, slots=True)
class PerpMarket:
    """The rules of one linear perpetual.

    ``tick`` is in USD, ``lot``, ``min_quantity`` and ``max_quantity`` are in base units, ``min_notional`` is in USD.
    ``contract_size`` is base units per contract and matters to adapters only. Fees are fractions of the notional;
    ``maintenance_fee`` is the one that the venue adds to every tier's maintenance rate. Where ``price_digits`` is
    set, a price that is no whole number has at most so many significant digits.
    """

    venue: VenueId
    symbol: Symbol
    underlying: Underlying
    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    min_notional: Decimal
    contract_size: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    tiers: tuple[MarginTier, ...]
    maintenance_fee: Decimal = ZERO
    price_digits: int | None = None

    def tick_at(self, price: Decimal) -> Decimal:
        """Return the step, USD, that orders of about a price must keep to."""
        if self.price_digits is None:
            return self.tick
        return max(self.tick, min(Decimal(1), Decimal(1).scaleb(price.adjusted() + 1 - self.price_digits)))

    def smallest(self, price: Decimal) -> Decimal:
        """Return the smallest order at ``price`` that the venue takes, in whole lots."""
        least = max(self.lot, self.min_quantity, self.min_notional / price)
        return (least / self.lot).to_integral_value(ROUND_CEILING) * self.lot


@dataclass(frozen=True, slots=True)
class Mark:
    """Mark and index price in USD."""

    price: Decimal
    index: Decimal
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Book:
    """The touch of the order book; prices in USD, sizes in base units."""

    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Funding:
    """The funding rate due next: a fraction of the mark notional per interval; shorts receive a positive one."""

    rate: Decimal
    next_at: datetime
    interval: timedelta
    as_of: datetime


@dataclass(frozen=True, slots=True)
class DollarPrice:
    """What one unit of a ``currency`` such as USDT is worth, USD, and who says so; None where ``source`` can't tell."""

    currency: str
    price: Decimal | None
    source: str


def settled_in(symbol: Symbol) -> str:
    """Return the currency that a perpetual is settled in: USDT for ETH/USDT:USDT. It is counted as a dollar."""
    return symbol.rpartition(":")[2]


class PriceKind(StrEnum):
    """Which price a candle is of."""

    MARK = "mark"
    INDEX = "index"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Candle:
    """Prices of the time from ``at`` on, USD."""

    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def and_then(self, price: Decimal) -> Candle:
        """Return the candle with one price more."""
        return replace(self, high=max(self.high, price), low=min(self.low, price), close=price)
