"""Binance's positions, row by row: two answers that must agree on each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from bot.core.snapshot import PerpPosition, Unread
from bot.core.types import ZERO, Symbol
from bot.exchange import translate
from bot.exchange.dialect import Instrument
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, number, positive, row_of, text


def positions(
    risk: object, account: object, instruments: Sequence[Instrument]
) -> tuple[dict[Symbol, PerpPosition], tuple[Unread, ...]]:
    """Validate every instrument by itself; the rows of other symbols are ignored.

    Both answers leave out symbols without position and orders, so that only their agreement proves a flat one. What
    can't be read weighs on the margin of the whole account.

    Raises:
        Unbelievable: one of the answers is no list.
    """
    by_symbol, sizes = _by_symbol(risk, "positions"), _by_symbol(account, "account positions")
    found: dict[Symbol, PerpPosition] = {}
    unread: list[Unread] = []
    for one in instruments:
        key = one.venue_symbol
        try:
            found[one.market.symbol] = _agreed(by_symbol.get(key, ()), sizes.get(key, ()), one)
        except Unbelievable as error:
            unread.append(Unread(None, f"the position of {one.market.symbol}", str(error)))
    return found, tuple(unread)


def _by_symbol(answer: object, what: str) -> Mapping[str, Sequence[object]]:
    if not isinstance(answer, list):
        raise Unbelievable(f"{what}: no list")
    rows: dict[str, list[object]] = {}
    for item in answer:
        rows.setdefault(str(item.get("symbol")) if isinstance(item, Mapping) else "", []).append(item)
    return rows


def _agreed(risk: Iterable[object], account: Iterable[object], one: Instrument) -> PerpPosition:
    symbol = one.market.symbol
    rows, sizes = [row_of(item, "position") for item in risk], [row_of(item, "account position") for item in account]
    if len(rows) > 1 or len(sizes) > 1:
        raise Unbelievable(f"position {symbol}: named twice; the account is in hedge mode, dnbot needs one-way mode")
    read = _position(rows[0], one) if rows else translate.flat(symbol, one.leverage)
    size = number(sizes[0], "positionAmt", "account position") if sizes else ZERO
    if read.size != size:
        raise Unbelievable(f"{symbol}: the position reads {read.size} here and {size} in the account")
    return read


def _position(row: Row, one: Instrument) -> PerpPosition:
    """Translate a positionRisk row; the venue's own sign is kept, and its price must be there."""
    what = f"position {one.market.symbol}"
    if text(row, "positionSide", what) != "BOTH":
        raise Unbelievable(f"{what}: the account is in hedge mode; dnbot needs one-way mode")
    size = number(row, "positionAmt", what)
    if size == 0:
        return translate.flat(one.market.symbol, one.leverage)
    liquidation, isolated = number(row, "liquidationPrice", what), _isolated(row, what)
    return PerpPosition(
        symbol=one.market.symbol,
        size=size,
        entry_price=positive(row, "entryPrice", what),
        unrealised=number(row, "unRealizedProfit", what),
        liquidation_price=liquidation if liquidation > 0 else None,
        margin=isolated if isolated > 0 else number(row, "positionInitialMargin", what),
        leverage=one.leverage,
        is_isolated=isolated > 0,
    )


def _isolated(row: Row, what: str) -> Decimal:
    """Return the margin that an isolated position was given, 0 for a cross one."""
    return number(row, "isolatedWallet", what)
