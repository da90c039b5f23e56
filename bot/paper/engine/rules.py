"""Inputs of the paper exchange: the rules of its venue and markets, and the outside prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from bot.core.market import PerpMarket
from bot.core.types import Symbol, VenueId
from bot.paper.engine.conventions import Conventions


class MarginMode(StrEnum):
    """Whether a position stands for itself or the whole account for it."""

    CROSS = "cross"
    ISOLATED = "isolated"


class WindowKind(StrEnum):
    """How a venue is unavailable."""

    MAINTENANCE = "maintenance"
    """Nothing trades, triggers or is liquidated; orders are refused. Funding goes on."""
    OUTAGE = "outage"
    """The market goes on and resting stops stand, but no call is answered; what is sent is lost."""


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which the venue is unavailable, from ``start`` up to but without ``end``."""

    start: datetime
    end: datetime
    kind: WindowKind


@dataclass(frozen=True, slots=True)
class Deleveraging:
    """An auto-deleveraging (ADL) that will hit the account: a fraction of a position is closed at the mark, no fee."""

    at: datetime
    symbol: Symbol
    fraction: Decimal


@dataclass(frozen=True, slots=True)
class Hardships:
    """Simulated latencies, outages and forced trades; none by default.

    Attributes:
        order_latency: from the call until the order reaches the book (waited by whoever makes the call).
        cancel_latency: the same for a cancel.
        stop_latency: from a stop's trigger until it reaches the book.
        jitter: up to so much more of each latency, drawn.
        reject_rate: share of orders that are refused as if the venue were overloaded, drawn.
        windows: when the venue is away.
        deleveragings: ADL that will hit the account.
    """

    order_latency: timedelta = timedelta(0)
    cancel_latency: timedelta = timedelta(0)
    stop_latency: timedelta = timedelta(0)
    jitter: timedelta = timedelta(0)
    reject_rate: Decimal = Decimal(0)
    windows: tuple[Window, ...] = ()
    deleveragings: tuple[Deleveraging, ...] = ()

    def window(self, at: datetime) -> Window | None:
        """Return the window that a time falls in."""
        return next((window for window in self.windows if window.start <= at < window.end), None)


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
        queue: where a resting order of ours stands at its price: 0 the first one, which fills once the traded price has
            come to it; 1 the last one, which fills once the price is traded through by half a spread (the other side's
            touch has come to it); 2 behind hidden size too: by a whole spread. What fills has the market against it by
            so much. Venues tell nothing of queues: results are a range.
    """

    half_spread: Decimal
    usd_per_bp: Decimal
    levels: int = 50
    refill: timedelta = timedelta(seconds=5)
    queue: Decimal = Decimal(1)


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
        margin_mode: the margin mode that a new account starts with.
        liquidation_fee: fraction of the notional that a liquidation costs.
    """

    market: PerpMarket
    depth: Depth
    leverage: Decimal
    funding_rate: Decimal
    funding_interval: timedelta
    price_band: Decimal = Decimal("0.05")
    margin_mode: MarginMode = MarginMode.CROSS
    liquidation_fee: Decimal = Decimal("0.0125")


@dataclass(frozen=True, slots=True)
class VenueRules:
    """The venue.

    Attributes:
        venue: its name.
        conventions: its conventions where venues differ.
        symbols: its markets.
        hardships: its latencies, outages and forced trades.
        seed: the random seed of a new account.
        max_open_orders: per symbol, stops apart.
        max_stop_orders: per symbol.
        history: how many ended orders the account remembers.
    """

    venue: VenueId
    conventions: Conventions
    symbols: Mapping[Symbol, SymbolRules]
    hardships: Hardships = field(default_factory=Hardships)
    seed: int = 0
    max_open_orders: int = 200
    max_stop_orders: int = 10
    history: int = 50
