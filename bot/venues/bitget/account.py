"""Bitget's positions and balance, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core.snapshot import Balance, PerpPosition, Unread
from bot.core.types import ZERO, Symbol
from bot.exchange import translate
from bot.exchange.dialect import Instrument
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, has, number, positive, row_of, rows_of, text
from bot.venues.bitget import facts

_ASSET: Final = facts.FACTS.settle


@dataclass(frozen=True, slots=True)
class Held:
    """What the list of positions says.

    Attributes:
        positions: those of the instruments that it names.
        missing: the instruments that it leaves out.
        rows: every row that can be counted towards the account's margin, strangers' ones too.
        unread: the rows that can't be read.
    """

    positions: Mapping[Symbol, PerpPosition]
    missing: tuple[Instrument, ...]
    rows: tuple[Row, ...]
    unread: tuple[Unread, ...]


def position_of(symbol: object) -> str:
    """Name a position, the same in every message."""
    return f"the position of {symbol}"


def held(answer: object, instruments: Sequence[Instrument]) -> Held:
    """Validate the list of positions row by row. One that can't be read weighs on the margin of the whole account.

    Raises:
        Unbelievable: it is no list.
    """
    if not isinstance(answer, list):
        raise Unbelievable("positions: no list")
    wanted = {one.venue_symbol: one for one in instruments}
    named: dict[str, PerpPosition] = {}
    rows: list[Row] = []
    unread: list[Unread] = []
    seen: set[str] = set()
    for item in answer:
        name = str(item.get("symbol") or "").upper() if isinstance(item, Mapping) else ""
        one = wanted.get(name)
        try:
            row = row_of(item, "position")
            _must_be_single(row, name, is_second=one is not None and name in seen)
            _margin(row)
            rows.append(row)
            if one is not None:
                named[name] = position(row, one, _FIELDS)
        except Unbelievable as error:
            what = position_of(one.market.symbol if one is not None else name or "a symbol without a name")
            unread.append(Unread(None, what, str(error)))
            named.pop(name, None)
        seen.add(name)
    positions = {wanted[name].market.symbol: position for name, position in named.items()}
    missing = tuple(one for one in instruments if one.venue_symbol not in seen)
    return Held(positions, missing, tuple(rows), tuple(unread))


def _must_be_single(row: Row, name: str, *, is_second: bool) -> None:
    mode = text(row, "posMode", f"position {name}") if has(row, "posMode") else "one_way_mode"
    if is_second or mode != "one_way_mode":
        raise Unbelievable(f"position {name}: the account is in hedge mode; dnbot needs one-way mode")


@dataclass(frozen=True, slots=True)
class PositionFields:
    """What a position's fields are called where the two interfaces differ."""

    side: str
    entry: str
    profit: str
    margin: str


_FIELDS: Final = PositionFields("holdSide", "openPriceAvg", "unrealizedPL", "marginSize")


def position(row: Row, one: Instrument, fields: PositionFields) -> PerpPosition:
    """Translate a position row; its side must be named, in one-way mode too."""
    what = f"position {one.market.symbol}"
    size = number(row, "total", what)
    if size == 0:
        return translate.flat(one.market.symbol, one.leverage)
    side = text(row, fields.side, what)
    if size < 0 or side not in ("long", "short"):
        raise Unbelievable(f"{what}: {size} {side!r} is no position")
    liquidation = number(row, "liquidationPrice", what) if has(row, "liquidationPrice") else ZERO
    return PerpPosition(
        symbol=one.market.symbol,
        size=size if side == "long" else -size,
        entry_price=positive(row, fields.entry, what),
        unrealised=number(row, fields.profit, what),
        liquidation_price=liquidation if liquidation > 0 else None,
        margin=number(row, fields.margin, what),
        leverage=positive(row, "leverage", what),
        is_isolated=row.get("marginMode") == "isolated",
    )


def _margin(row: Row) -> tuple[Decimal, Decimal, Decimal]:
    """Return what a position binds, what it must keep, and its profit; Bitget gives no sum of them."""
    what = f"position {row.get('symbol')}"
    size = number(row, "total", what)
    if size == 0:
        return ZERO, ZERO, ZERO
    kept = size * positive(row, "markPrice", what) * positive(row, "keepMarginRate", what)
    return number(row, "marginSize", what), kept, number(row, "unrealizedPL", what)


def not_flat(symbol: Symbol, answer: object) -> Unread | None:
    """Return why a symbol that the list leaves out is not flat after all, None where it is."""
    try:
        is_flat = all(number(row, "total", "position") == 0 for row in rows_of(answer, "position"))
    except Unbelievable as error:
        return Unread(None, position_of(symbol), str(error))
    reason = f"{symbol}: the position is missing in the list and there when asked for alone"
    return None if is_flat else Unread(None, position_of(symbol), reason)


def balance(accounts: Sequence[Row], positions: Sequence[Row]) -> Balance:
    """Build the balance; Bitget names no margins, so they are summed: margin sizes, and notional x maintenance rate.

    The profit is left empty while nothing is open.
    """
    rows = [row for row in accounts if str(row.get("marginCoin")).upper() == _ASSET]
    if len(rows) != 1:
        raise Unbelievable(f"account: {len(rows)} accounts in {_ASSET}")
    what = f"account {_ASSET}"
    equity = number(rows[0], "accountEquity", what)
    parts = [_margin(row) for row in positions]
    told = number(rows[0], "unrealizedPL", what) if has(rows[0], "unrealizedPL") else None
    profit = sum((part[2] for part in parts), ZERO) if told is None else told
    return Balance(
        wallet=equity - profit,
        equity=equity,
        available=number(rows[0], "crossedMaxAvailable", what),
        initial_margin=sum((part[0] for part in parts), ZERO),
        maintenance_margin=sum((part[1] for part in parts), ZERO),
    )
