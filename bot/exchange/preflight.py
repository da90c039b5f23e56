"""Start-up checks: what must hold before a real account may be traded, each failure with its remedy. Only reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from bot.core.errors import ConfigError
from bot.core.types import Symbol
from bot.exchange import translate
from bot.exchange.ccxt_link import Link, side_by_side
from bot.exchange.dialect import Dialect, Instrument, Settings
from bot.exchange.errors import Refusal
from bot.exchange.fields import Row, row_of, text

_NEEDED: Final = (
    "fetchMarkets",
    "fetchTime",
    "fetchOrderBook",
    "fetchFundingRate",
    "fetchPositions",
    "fetchBalance",
    "fetchOpenOrders",
    "fetchOrder",
    "fetchMyTrades",
    "fetchLedger",
    "fetchTradingFee",
    "createOrder",
    "cancelOrder",
    "setLeverage",
)
_NEEDED_ONE_OF: Final = (
    ("createTriggerOrder", "createStopMarketOrder", "createStopLossOrder"),
    ("fetchLeverageTiers", "fetchMarketLeverageTiers"),
)
_RESTRICTED: Final = 451
"""HTTP: unavailable for legal reasons."""


def probe(has: Mapping[str, object], venue: str) -> None:
    """Check that ccxt can do on a venue what dnbot needs.

    Raises:
        ConfigError: a capability is missing; emulated ones count.
    """
    missing = [name for name in _NEEDED if not has.get(name)]
    missing += [" or ".join(names) for names in _NEEDED_ONE_OF if not any(has.get(name) for name in names)]
    if missing:
        raise ConfigError(f"{venue} can't be used: ccxt lacks {', '.join(missing)} there", key="kind")


async def load_markets(link: Link, *, reload: bool) -> Mapping[Symbol, Row]:
    """Load the venue's markets and pick the configured ones.

    Raises:
        ConfigError: a symbol is unknown, or no active linear perpetual settled in the venue's money.
        Retryable: the venue did not answer believably.
    """
    listed = row_of(await link.read("load_markets", reload), "markets")
    chosen: dict[Symbol, Row] = {}
    for symbol in link.config.symbols:
        row = listed.get(symbol)
        if not isinstance(row, Mapping):
            near = [str(one) for one in listed if str(one).startswith(f"{symbol.split('/')[0]}/")][:3]
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ConfigError(f"{link.config.venue} has no market {symbol}{hint}", key="symbol")
        translate.check_kind(row, symbol, link.facts.settle)
        chosen[symbol] = row
    return chosen


async def _instruments(
    link: Link, dialect: Dialect, rows: Mapping[Symbol, Row]
) -> tuple[Mapping[Symbol, Instrument], Mapping[Symbol, Settings]]:
    """Read everything about the configured symbols that changes rarely."""
    intervals = await dialect.intervals(link, tuple(rows))
    async with side_by_side() as group:
        tasks = {
            symbol: group.create_task(_instrument(link, dialect, symbol, row, intervals.get(symbol)))
            for symbol, row in rows.items()
        }
    done = {symbol: task.result() for symbol, task in tasks.items()}
    return {symbol: one for symbol, (one, _) in done.items()}, {symbol: told for symbol, (_, told) in done.items()}


async def _instrument(
    link: Link, dialect: Dialect, symbol: Symbol, row: Row, interval: timedelta | None
) -> tuple[Instrument, Settings]:
    venue_symbol = text(row, "id", f"market {symbol}")
    table = translate.tiers(await dialect.tiers(link, symbol), symbol)
    market = translate.market(row, link.config.venue, await dialect.fees(link, symbol), table)
    told = await dialect.settings(link, symbol, venue_symbol)
    return Instrument(dialect.limits(market, row), venue_symbol, told.leverage, told.margin_mode, interval), told


def _remedy(link: Link, refusal: Refusal) -> str | None:
    """Say what is wrong and what to do where no waiting helps."""
    if refusal.status == _RESTRICTED:
        return "does not serve this location; run dnbot where the venue may be used"
    if refusal.code in link.facts.key_codes:
        return "does not accept the key"
    return link.facts.remedies.get(refusal.code)


async def check(
    link: Link, dialect: Dialect, *, reload: bool
) -> tuple[Mapping[Symbol, Instrument], Mapping[Symbol, Settings]]:
    """Make all start-up checks and give what they read.

    Raises:
        ConfigError: the user must change something.
        Retryable: the venue did not answer believably.
    """
    probe(link.api.has, link.config.venue)
    try:
        await link.sync_clock()
        rows = await load_markets(link, reload=reload)
        await dialect.check_account(link, [text(row, "id", "market") for row in rows.values()])
        read, settings = await _instruments(link, dialect, rows)
    except Refusal as refusal:
        remedy = _remedy(link, refusal)
        if remedy is None:
            raise
        raise ConfigError(f"{link.config.venue} {remedy}: {refusal.code} {refusal.message}".rstrip()) from refusal
    for symbol, one in read.items():
        most = one.market.tiers[0].max_leverage
        if link.config.leverage > most:
            raise ConfigError(f"leverage {link.config.leverage} is above {symbol}'s largest, {most}", key="leverage")
    return read, settings
