"""Start-up checks: what must hold before a real account may be traded, each failure with its remedy. Only reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from bot.core.errors import ConfigError
from bot.core.snapshot import Unread
from bot.core.types import Symbol
from bot.exchange import translate
from bot.exchange.ccxt_link import MAX_OFFSET, Link, side_by_side
from bot.exchange.dialect import Dialect, Instrument, Settings
from bot.exchange.errors import Refusal, Unbelievable
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
_GONE: Final = "is not listed any more"


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks read of every market, and what of one that is known already could not be read again."""

    instruments: Mapping[Symbol, Instrument] = field(default_factory=dict)
    settings: Mapping[Symbol, Settings] = field(default_factory=dict)
    unread: tuple[Unread, ...] = ()


def probe(has: Mapping[str, object], venue: str) -> None:
    """Check that ccxt can do on a venue what dnbot needs.

    Raises:
        ConfigError: a capability is missing; emulated ones count.
    """
    missing = [name for name in _NEEDED if not has.get(name)]
    missing += [" or ".join(names) for names in _NEEDED_ONE_OF if not any(has.get(name) for name in names)]
    if missing:
        raise ConfigError(f"{venue} can't be used: ccxt lacks {', '.join(missing)} there", key="kind")


async def load_markets(
    link: Link, *, reload: bool, known: Mapping[Symbol, Instrument] | None = None
) -> Mapping[Symbol, Row]:
    """Load the venue's markets and pick the configured ones.

    One that is ``known`` and not listed any more is left out, and ccxt goes on knowing it.

    Raises:
        ConfigError: a symbol is unknown, or no linear perpetual settled in the venue's money.
        Retryable: the venue did not answer believably.
    """
    before = link.api.markets or {}
    # ccxt keeps an answer without markets, too: it is asked for again
    listed = row_of(await link.read("load_markets", reload or not before), "markets")
    chosen: dict[Symbol, Row] = {}
    gone: list[object] = []
    for symbol in link.config.symbols:
        row = listed.get(symbol)
        if known and symbol in known and symbol in before and not _is_same(row, known[symbol]):
            gone.append(before[symbol])
            continue
        if not isinstance(row, Mapping) and link.api.odd_markets:
            odd = ", ".join(f"{name} ({why})" for name, why in link.api.odd_markets.items())
            raise Unbelievable(
                f"{symbol} is not among the markets of {link.config.venue}, of which can't be read: {odd}"
            )
        if not isinstance(row, Mapping):
            near = [str(one) for one in listed if str(one).startswith(f"{symbol.split('/')[0]}/")][:3]
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ConfigError(f"{link.config.venue} has no market {symbol}{hint}", key="symbol")
        translate.check_kind(row, symbol, link.facts.settle)
        chosen[symbol] = row
    if gone:
        link.api.set_markets([*listed.values(), *gone])
    return chosen


def _is_same(row: object, known: Instrument) -> bool:
    """Whether a market is the one that was known; another contract may come to the same name at ccxt."""
    return isinstance(row, Mapping) and row.get("id") == known.venue_symbol


async def _instruments(
    link: Link, dialect: Dialect, rows: Mapping[Symbol, Row], known: Mapping[Symbol, Instrument]
) -> Checked:
    """Read everything about the configured symbols that changes rarely, each judged by itself."""
    intervals = await dialect.intervals(link, tuple(rows)) if rows else {}
    async with side_by_side() as group:
        tasks = {
            symbol: group.create_task(_judged(link, dialect, row, intervals.get(symbol), known.get(symbol)))
            for symbol, row in rows.items()
        }
    read = {symbol: task.result()[0] for symbol, task in tasks.items()}
    odd, left = link.api.odd_markets, {symbol: one for symbol, one in known.items() if symbol not in rows}
    kept = {symbol: one if one.venue_symbol in odd else replace(one, shut=_GONE) for symbol, one in left.items()}
    instruments = {**read, **kept}
    settings = {symbol: Settings(one.leverage, one.margin_mode) for symbol, one in instruments.items()}
    faults = [fault for task in tasks.values() if (fault := task.result()[1])]
    faults += [
        Unread(symbol, f"the rules of {symbol}", odd[one.venue_symbol])
        for symbol, one in left.items()
        if one.venue_symbol in odd
    ]
    return Checked(instruments, settings, tuple(faults))


async def _judged(
    link: Link, dialect: Dialect, row: Row, interval: timedelta | None, known: Instrument | None
) -> tuple[Instrument, Unread | None]:
    """Read a market's rules, or keep those that are known and say why.

    Raises:
        ConfigError: it can't be traded on as it is configured, and no rules are known yet.
        Retryable: its rules can't be read, and none are known yet.
    """
    symbol, fault = Symbol(text(row, "symbol", "market")), None
    shut = link.facts.shut(row, link.clock.now())
    try:
        one = await _instrument(link, dialect, symbol, row, interval)
    except (Refusal, Unbelievable) as error:
        if known is None and shut:
            remedy = f"{symbol} {shut}, and its rules can't be read ({error}); remove it from the venue's symbols"
            raise ConfigError(remedy, key="symbol") from error
        if known is None:
            raise
        one, fault = known, Unread(symbol, f"the rules of {symbol}", str(error))
    most = one.market.tiers[0].max_leverage
    if link.config.leverage > most:
        if known is None:
            raise ConfigError(f"leverage {link.config.leverage} is above {symbol}'s largest, {most}", key="leverage")
        shut = shut or f"allows a leverage of {most} at most by now, less than the configured {link.config.leverage}"
    return replace(one, shut=shut), fault


async def _instrument(link: Link, dialect: Dialect, symbol: Symbol, row: Row, interval: timedelta | None) -> Instrument:
    venue_symbol = text(row, "id", f"market {symbol}")
    table = translate.tiers(await dialect.tiers(link, symbol), symbol)
    market = translate.market(row, link.config.venue, await dialect.fees(link, symbol), table)
    told = await dialect.settings(link, symbol, venue_symbol)
    return Instrument(dialect.limits(market, row), venue_symbol, told.leverage, told.margin_mode, interval)


def _check_clock(link: Link) -> None:
    if link.offset is not None and not link.offset.is_small:
        off = -link.offset.value / timedelta(milliseconds=1)
        raise ConfigError(
            f"this machine's clock is {off:+.0f} ms off {link.config.venue}'s, and no order may leave above "
            f"{MAX_OFFSET / timedelta(milliseconds=1):.0f} ms; let NTP set it (timedatectl set-ntp true)"
        )


def _remedy(link: Link, refusal: Refusal) -> str | None:
    """Raise a ConfigError with fault and remedy where waiting can't help."""
    if refusal.status == _RESTRICTED:
        return "does not serve this location; run dnbot where the venue may be used"
    if refusal.code in link.facts.key_codes:
        return "does not accept the key"
    return link.facts.remedies.get(refusal.code)


async def check(
    link: Link, dialect: Dialect, *, reload: bool, known: Mapping[Symbol, Instrument] | None = None
) -> Checked:
    """Run all start-up checks and return what they read; ``known`` is what an earlier check read.

    Raises:
        ConfigError: the user must change something.
        Retryable: the venue did not answer believably.
    """
    if dialect.facts.refused:
        raise ConfigError(f"{link.config.venue} can't be used: {dialect.facts.refused}", key="kind")
    probe(link.api.has, link.config.venue)
    try:
        await link.sync_clock()
        if not reload:
            _check_clock(link)
        rows = await load_markets(link, reload=reload, known=known)
        names = {text(row, "id", "market"): link.facts.shut(row, link.clock.now()) for row in rows.values()}
        await dialect.check_account(link, [name for name, shut in names.items() if not shut] or list(names))
        return await _instruments(link, dialect, rows, known or {})
    except Refusal as refusal:
        remedy = _remedy(link, refusal)
        if remedy is None:
            raise
        raise ConfigError(f"{link.config.venue} {remedy}: {refusal.code} {refusal.message}".rstrip()) from refusal
