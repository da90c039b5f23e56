"""ccxt's dictionaries to the domain: pure, strict, never a default.

Every function raises Unbelievable where a field that it needs is missing. ccxt is told to keep numbers as text, so
that a price here is digit for digit the venue's; other venues' floats are read as the decimals they print as.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.errors import ConfigError
from bot.core.market import Book, Funding, MarginTier, Mark, PerpMarket
from bot.core.snapshot import PerpPosition
from bot.core.types import ZERO, Symbol, Underlying, VenueId
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, has, moment, number, positive, row_of, text

UNLIMITED: Final = Decimal(10) ** 18
"""The largest order where a venue names none; a number, since the journal holds no infinite ones."""

_HOURS: Final = re.compile(r"([1-9][0-9]{0,3})h")
"""A funding interval, such as ``8h``."""


def check_kind(row: Row, symbol: Symbol, settle: str) -> None:
    """Check that a ccxt market is what dnbot hedges with: a linear perpetual, settled in the venue's money.

    Raises:
        ConfigError: it is not.
    """
    if row.get("swap") is not True or row.get("contract") is not True:
        raise ConfigError(f"{symbol} is a {row.get('type')} market; a linear perpetual is needed", key="symbol")
    if row.get("linear") is not True or row.get("inverse") is True:
        raise ConfigError(
            f"{symbol} is an inverse contract (settled in {row.get('settle')}); use a linear one such as "
            f"{row.get('base')}/{settle}:{settle}",
            key="symbol",
        )
    if row.get("settle") != settle:
        raise ConfigError(
            f"{symbol} settles in {row.get('settle')}; this venue is configured for {settle}", key="symbol"
        )


def market(row: Row, venue: VenueId, fees: Row, tiers: tuple[MarginTier, ...]) -> PerpMarket:
    """Translate a ccxt market, with the account's own fees.

    ccxt writes None for a limit that the venue does not have: no minimum of a quantity then means one lot, no minimum
    notional 0, no maximum ``UNLIMITED``.
    """
    symbol = Symbol(text(row, "symbol", "market"))
    what = f"market {symbol}"
    size = positive(row, "contractSize", what)
    precision = row_of(row.get("precision"), f"{what}: precision")
    limits = row_of(row.get("limits"), f"{what}: limits")
    lot = positive(precision, "amount", what) * size
    amount = row_of(limits.get("amount"), f"{what}: limits.amount")
    most = [_limit(limits, kind, "max", what) for kind in ("amount", "market")]
    least = _limit(limits, "amount", "min", what) if has(amount, "min") else None
    cost = _limit(limits, "cost", "min", what)
    return PerpMarket(
        venue=venue,
        symbol=symbol,
        underlying=Underlying(text(row, "base", what)),
        tick=positive(precision, "price", what),
        lot=lot,
        min_quantity=lot if least is None else max(lot, least * size),
        max_quantity=min((one * size for one in most if one is not None), default=UNLIMITED),
        min_notional=ZERO if cost is None else cost,
        contract_size=size,
        maker_fee=number(fees, "maker", f"fees of {symbol}"),
        taker_fee=number(fees, "taker", f"fees of {symbol}"),
        tiers=tiers,
    )


def _limit(limits: Row, kind: str, end: str, what: str) -> Decimal | None:
    one = limits.get(kind)
    if not isinstance(one, Mapping) or not has(one, end):
        return None
    return number(one, end, f"{what}: limits.{kind}") or None


def tiers(rows: Sequence[Row], symbol: Symbol) -> tuple[MarginTier, ...]:
    """Translate a margin table; continuity gives the amounts: a_i = a_(i-1) + floor_i (r_i - r_(i-1)).

    Raises:
        Unbelievable: the table is empty, has gaps or does not start at zero.
    """
    what = f"margin tiers of {symbol}"
    result: list[MarginTier] = []
    for row in rows:
        floor, rate = number(row, "minNotional", what), positive(row, "maintenanceMarginRate", what)
        last = result[-1] if result else None
        if floor != (last.notional_cap if last else 0):
            raise Unbelievable(f"{what}: a tier starts at {floor}, the one before ends elsewhere")
        amount = last.maintenance_amount + floor * (rate - last.maintenance_rate) if last else ZERO
        cap, leverage = positive(row, "maxNotional", what), positive(row, "maxLeverage", what)
        result.append(MarginTier(floor, cap, rate, amount, leverage))
    if not result:
        raise Unbelievable(f"{what}: the table is empty")
    return tuple(result)


def mark(rows: Sequence[Row], symbol: Symbol, answered_at: datetime) -> Mark:
    """Translate mark and index price from the first dictionary that carries each.

    Args:
        rows: ccxt funding rates, tickers or mark prices of the symbol.
        symbol: for the message.
        answered_at: dates the mark where none of the dictionaries has a time.
    """
    what = f"mark price of {symbol}"
    with_mark = _first(rows, "markPrice", what)
    at = moment(with_mark, "timestamp", what) if has(with_mark, "timestamp") else answered_at
    return Mark(
        positive(with_mark, "markPrice", what), positive(_first(rows, "indexPrice", what), "indexPrice", what), at
    )


def _first(rows: Sequence[Row], key: str, what: str) -> Row:
    for row in rows:
        if has(row, key):
            return row
    raise Unbelievable(f"{what}: no answer carries '{key}'")


def book(row: Row, symbol: Symbol, contract_size: Decimal, answered_at: datetime) -> Book:
    """Translate the touch of an order book.

    Raises:
        Unbelievable: a side is empty, or the book is crossed.
    """
    what = f"order book of {symbol}"
    (bid, bid_size), (ask, ask_size) = (_level(row, side, what) for side in ("bids", "asks"))
    if bid >= ask:
        raise Unbelievable(f"{what}: bid {bid} is not below ask {ask}")
    at = moment(row, "timestamp", what) if has(row, "timestamp") else answered_at
    return Book(bid, bid_size * contract_size, ask, ask_size * contract_size, at)


def _level(row: Row, side: str, what: str) -> tuple[Decimal, Decimal]:
    levels = row.get(side)
    if not isinstance(levels, list) or not levels or not isinstance(levels[0], list | tuple):
        raise Unbelievable(f"{what}: no {side}")
    level = dict(zip(("price", "size"), levels[0], strict=False))
    return positive(level, "price", what), positive(level, "size", what)


def funding(row: Row, symbol: Symbol, interval: timedelta, answered_at: datetime) -> Funding:
    """Translate a funding rate."""
    what = f"funding rate of {symbol}"
    at = moment(row, "timestamp", what) if has(row, "timestamp") else answered_at
    return Funding(number(row, "fundingRate", what), moment(row, "fundingTimestamp", what), interval, at)


def interval(row: Row, symbol: Symbol) -> timedelta:
    """Translate ccxt's funding interval, such as ``8h``."""
    shown = text(row, "interval", f"funding interval of {symbol}")
    found = _HOURS.fullmatch(shown)
    if found is None:
        raise Unbelievable(f"funding interval of {symbol}: {shown[:20]!r} is no number of hours")
    return timedelta(hours=int(found[1]))


def flat(symbol: Symbol, leverage: Decimal) -> PerpPosition:
    """Return the position of a symbol that is proven to have none."""
    return PerpPosition(symbol, ZERO, None, ZERO, None, ZERO, leverage)


def position(row: Row, leverage: Decimal, *, isolated: bool) -> PerpPosition:
    """Translate a position: contracts x contract size, the sign from the side.

    ``leverage`` is the symbol's setting, for venues that do not repeat it here. A liquidation price of 0 or none means
    that the venue gives none. The margin is what an isolated position was given, else the initial margin.

    Raises:
        Unbelievable: a field is missing, or the account is in hedge mode.
    """
    symbol = Symbol(text(row, "symbol", "position"))
    what = f"position {symbol}"
    if row.get("hedged") is True:
        raise Unbelievable(f"{what}: the account is in hedge mode; dnbot needs one-way mode")
    used = number(row, "leverage", what) if has(row, "leverage") else leverage
    size = number(row, "contracts", what) * positive(row, "contractSize", what)
    if size == 0:
        return flat(symbol, used)
    if size < 0:
        raise Unbelievable(f"{what}: {size} contracts; ccxt's are positive, with the sign in the side")
    side = text(row, "side", what)
    if side not in ("long", "short"):
        raise Unbelievable(f"{what}: side {side!r} is neither long nor short")
    liquidation = number(row, "liquidationPrice", what) if has(row, "liquidationPrice") else ZERO
    return PerpPosition(
        symbol=symbol,
        size=size if side == "long" else -size,
        entry_price=positive(row, "entryPrice", what),
        unrealised=number(row, "unrealizedPnl", what),
        liquidation_price=liquidation if liquidation > 0 else None,
        margin=number(row, "positionMargin" if isolated else "initialMargin", what),
        leverage=used,
        is_isolated=isolated,
    )
