"""Balance and positions, row by row; "flat" is what a whole list leaves out, and its own total proves it whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core.errors import ConfigError
from bot.core.market import MarginTier
from bot.core.snapshot import Balance, PerpPosition, Unread
from bot.core.types import ZERO, Symbol
from bot.exchange import translate
from bot.exchange.dialect import Instrument
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, has, number, positive, row_of, rows_of, text

_CENT: Final = Decimal("0.01")
"""USD by which a sum of positions may miss the account's own total."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a list of positions says of the instruments."""

    positions: Mapping[Symbol, PerpPosition]
    unread: tuple[Unread, ...]
    unrealised: Decimal
    isolated: Decimal
    """The maintenance margin of isolated positions, which the account's own figure leaves out."""


def held(state: Row, coins: Mapping[str, Instrument]) -> Held:
    """Validate every position by itself; those of other coins count for the account's sums only.

    Raises:
        Unbelievable: the list is not whole.
    """
    rows: dict[str, list[object]] = {}
    listed = state.get("assetPositions")
    if not isinstance(listed, list):
        raise Unbelievable("positions: no list")
    for item in listed:
        inner = item.get("position") if isinstance(item, Mapping) else None
        rows.setdefault(str(inner.get("coin")) if isinstance(inner, Mapping) else "", []).append(item)
    _check_whole(state, listed)
    found: dict[Symbol, PerpPosition] = {}
    unread: list[Unread] = []
    isolated = ZERO
    for coin, one in coins.items():
        symbol = one.market.symbol
        try:
            found[symbol] = read = _position(rows.get(coin, ()), one)
        except Unbelievable as error:
            unread.append(Unread(None, f"the position of {symbol}", str(error)))
            continue
        if read.is_isolated:
            isolated += _maintenance(_value(row_of(rows[coin][0], "position")), one.market.tiers)
    return Held(found, tuple(unread), _sum(listed, "unrealizedPnl"), isolated)


def _value(item: Row) -> Decimal:
    return number(row_of(item["position"], "position"), "positionValue", "position")


def _sum(listed: Sequence[object], key: str) -> Decimal:
    rows = [row_of(row_of(item, "position").get("position"), "position") for item in listed]
    return sum((number(row, key, "position") for row in rows), ZERO)


def _check_whole(state: Row, listed: Sequence[object]) -> None:
    """Compare the positions' value with the account's own total, so that none can be missing."""
    total = number(row_of(state.get("marginSummary"), "margin"), "totalNtlPos", "margin")
    value = _sum(listed, "positionValue")
    if total - value > max(_CENT, total / 1000):
        raise Unbelievable(f"positions: {value} USD are listed, and the account's total is {total}")


def _position(items: Sequence[object], one: Instrument) -> PerpPosition:
    symbol, what = one.market.symbol, f"position {one.market.symbol}"
    if not items:
        return translate.flat(symbol, one.leverage)
    if len(items) > 1:
        raise Unbelievable(f"{what}: named twice")
    outer = row_of(items[0], what)
    if text(outer, "type", what) != "oneWay":
        raise Unbelievable(f"{what}: type {outer['type']!r}; dnbot knows one-way positions")
    row = row_of(outer.get("position"), what)
    size = number(row, "szi", what)
    if size == 0:
        return translate.flat(symbol, one.leverage)
    set_to = row_of(row.get("leverage"), what)
    mode = text(set_to, "type", what)
    if mode not in {"cross", "isolated"}:
        raise Unbelievable(f"{what}: unknown margin mode {mode!r}")
    unrealised, used = number(row, "unrealizedPnl", what), number(row, "marginUsed", what)
    liquidation = number(row, "liquidationPx", what) if has(row, "liquidationPx") else ZERO
    return PerpPosition(
        symbol=symbol,
        size=size,
        entry_price=positive(row, "entryPx", what),
        unrealised=unrealised,
        liquidation_price=liquidation if liquidation > 0 else None,
        margin=used - unrealised if mode == "isolated" else used,
        leverage=positive(set_to, "value", what),
        is_isolated=mode == "isolated",
    )


def _maintenance(value: Decimal, tiers: Sequence[MarginTier]) -> Decimal:
    tier = next((one for one in tiers if value <= one.notional_cap), tiers[-1])
    return value * tier.maintenance_rate - tier.maintenance_amount


def classic(state: Row, read: Held) -> Balance:
    """Return the balance of an account whose perpetuals have their own money."""
    summary = row_of(state.get("marginSummary"), "margin")
    equity, used = (number(summary, key, "margin") for key in ("accountValue", "totalMarginUsed"))
    kept = number(state, "crossMaintenanceMarginUsed", "margin") + read.isolated
    return Balance(equity - read.unrealised, equity, equity - used, used, kept)


def pooled(state: Row, spot: object, read: Held, asset: str) -> Balance:
    """Return the balance of an account whose money is all in the spot state, for perpetuals as well.

    Whether an open loss is already taken off there is told both ways; it is taken off here, and a gain is not added.

    Raises:
        ConfigError: some of the money is borrowed.
    """
    rows = [row for row in rows_of(row_of(spot, "spot").get("balances"), "balances") if row.get("coin") == asset]
    if len(rows) > 1:
        raise Unbelievable(f"balances: {asset} is named twice")
    if not rows:
        return Balance(ZERO, ZERO, ZERO, ZERO, ZERO)
    what = f"balance of {asset}"
    if has(rows[0], "borrowed") and number(rows[0], "borrowed", what) > 0:
        raise ConfigError(
            f"the account has borrowed {rows[0]['borrowed']} {asset}; pay it back: dnbot hedges with its own"
        )
    total = number(rows[0], "total", what)
    hold = number(rows[0], "spotHold" if has(rows[0], "spotHold") else "hold", what)
    equity = total + min(ZERO, read.unrealised)
    kept = number(state, "crossMaintenanceMarginUsed", "margin") + read.isolated
    return Balance(equity - read.unrealised, equity, equity - hold, hold, kept)
