"""The settings of a paper venue, and the markets that it has: a large venue's rules for the usual ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from bot.core.market import MarginTier, PerpMarket
from bot.core.types import ZERO, Symbol, Underlying, VenueId
from bot.paper.engine.conventions import PLAIN, Conventions
from bot.paper.engine.rules import Depth, Hardships, MarginMode, SymbolRules, VenueRules


@dataclass(frozen=True, slots=True)
class Filters:
    """Steps and limits of a market: tick in USD, quantities in base units, notional in USD."""

    tick: Decimal
    lot: Decimal
    max_quantity: Decimal
    min_notional: Decimal
    tiers: tuple[MarginTier, ...]


@dataclass(frozen=True, slots=True)
class PaperConfig:
    """A paper venue.

    Attributes:
        venue: its name.
        file: the SQLite file of its account.
        symbols: the perpetual of each underlying.
        deposit: what a new account starts with, USD.
        leverage: initial leverage of every symbol.
        half_spread: distance of the touch from the mark, as a fraction.
        usd_per_bp: notional that rests in the book per basis point, USD; an order's impact comes from it.
        queue: where a resting order stands at its price: 0 first, 1 last, 2 behind hidden size.
        maker_fee, taker_fee: fractions of the notional.
        funding_rate: rate per interval; shorts receive a positive one.
        funding_interval: time between settlements.
        filters: markets that differ from their defaults.
        conventions: what the venue does where venues differ.
        margin_mode: the margin mode that a new account starts with.
        price_band: farthest that an order may be priced, or trade, from the mark, as a fraction.
        liquidation_fee: fraction of the notional that a liquidation costs.
        reserve: cash of other wallets that the account may ever bring in, USD.
        hardships: latencies, outages, refusals, auto-deleveraging; none by default.
        seed: where chance starts in a new account.
    """

    venue: VenueId
    file: Path
    symbols: Mapping[Underlying, Symbol]
    deposit: Decimal = Decimal(100_000)
    leverage: Decimal = Decimal(10)
    half_spread: Decimal = Decimal("0.0001")
    usd_per_bp: Decimal = Decimal(200_000)
    queue: Decimal = Decimal(1)
    maker_fee: Decimal = Decimal("0.0002")
    taker_fee: Decimal = Decimal("0.0005")
    funding_rate: Decimal = Decimal("0.0001")
    funding_interval: timedelta = timedelta(hours=8)
    filters: Mapping[Underlying, Filters] = field(default_factory=dict)
    conventions: Conventions = PLAIN
    margin_mode: MarginMode = MarginMode.CROSS
    price_band: Decimal = Decimal("0.05")
    liquidation_fee: Decimal = Decimal("0.0125")
    reserve: Decimal = ZERO
    hardships: Hardships = field(default_factory=Hardships)
    seed: int = 0


def tiers(*steps: tuple[int, str, int]) -> tuple[MarginTier, ...]:
    """Build a margin table from (notional cap in USD, maintenance rate, highest leverage), lowest first.

    The maintenance amounts follow, since they make the maintenance margin continuous over the tiers.
    """
    table: list[MarginTier] = []
    floor = amount = rate = ZERO
    for cap, next_rate, leverage in steps:
        amount += floor * (Decimal(next_rate) - rate)
        rate = Decimal(next_rate)
        table.append(MarginTier(floor, Decimal(cap), rate, amount, Decimal(leverage)))
        floor = Decimal(cap)
    return tuple(table)


def halved(table: Iterable[MarginTier]) -> tuple[MarginTier, ...]:
    """Return a margin table whose maintenance rates are half of what each tier's largest leverage binds."""
    result: list[MarginTier] = []
    for tier in table:
        rate, last = 1 / (2 * tier.max_leverage), result[-1] if result else None
        more = last.maintenance_amount + tier.notional_floor * (rate - last.maintenance_rate) if last else ZERO
        result.append(replace(tier, maintenance_rate=rate, maintenance_amount=more))
    return tuple(result)


_BTC_TIERS: Final = tiers(
    (50_000, "0.004", 125),
    (600_000, "0.005", 100),
    (3_000_000, "0.0065", 75),
    (12_000_000, "0.01", 50),
    (70_000_000, "0.02", 25),
    (100_000_000, "0.025", 20),
    (230_000_000, "0.05", 10),
    (480_000_000, "0.10", 5),
    (600_000_000, "0.125", 4),
    (800_000_000, "0.15", 3),
    (1_200_000_000, "0.25", 2),
    (1_800_000_000, "0.50", 1),
)
_OTHER_TIERS: Final = tiers(
    (5_000, "0.01", 75),
    (25_000, "0.015", 50),
    (100_000, "0.02", 25),
    (500_000, "0.025", 20),
    (1_000_000, "0.05", 10),
    (5_000_000, "0.125", 4),
    (10_000_000, "0.25", 2),
    (20_000_000, "0.50", 1),
)
_DEFAULTS: Final = {
    "BTC": Filters(Decimal("0.1"), Decimal("0.001"), Decimal(120), Decimal(100), _BTC_TIERS),
    "ETH": Filters(Decimal("0.01"), Decimal("0.001"), Decimal(2_000), Decimal(20), _BTC_TIERS),
}
_OTHER: Final = Filters(Decimal("0.0001"), Decimal("0.1"), Decimal(1_000_000), Decimal(5), _OTHER_TIERS)


def venue_rules(config: PaperConfig) -> VenueRules:
    """Return the engine's rules for a configuration."""
    return VenueRules(
        venue=config.venue,
        conventions=config.conventions,
        symbols={symbol: _symbol_rules(config, underlying, symbol) for underlying, symbol in config.symbols.items()},
        hardships=config.hardships,
        seed=config.seed,
    )


def _symbol_rules(config: PaperConfig, underlying: Underlying, symbol: Symbol) -> SymbolRules:
    usual = _DEFAULTS.get(underlying, _OTHER)
    if config.conventions.min_notional is not None:
        usual = replace(usual, min_notional=config.conventions.min_notional)
    filters = config.filters.get(underlying, usual)
    market = PerpMarket(
        venue=config.venue,
        symbol=symbol,
        underlying=underlying,
        tick=filters.tick,
        lot=filters.lot,
        min_quantity=filters.lot,
        max_quantity=filters.max_quantity,
        min_notional=filters.min_notional,
        contract_size=Decimal(1),
        maker_fee=config.maker_fee,
        taker_fee=config.taker_fee,
        tiers=halved(filters.tiers) if config.conventions.halves_initial_margin else filters.tiers,
        maintenance_fee=config.taker_fee if config.conventions.fee_in_maintenance else ZERO,
    )
    return SymbolRules(
        market=market,
        depth=Depth(config.half_spread, config.usd_per_bp, queue=config.queue),
        leverage=config.leverage,
        funding_rate=config.funding_rate,
        funding_interval=config.conventions.funding_interval or config.funding_interval,
        price_band=config.price_band,
        margin_mode=config.margin_mode,
        liquidation_fee=config.liquidation_fee,
    )
