"""ccxt's dictionaries to the domain: pure, strict, never a default.

Every function raises Unbelievable where a field that it needs is missing. ccxt is told to keep numbers as text, so
that a price here is digit for digit the venue's; other venues' floats are read as the decimals they print as.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.adapters.exchange.errors import Unbelievable
from bot.adapters.exchange.fields import Row, flag, has, moment, number, positive, row_of, text
from bot.core.errors import ConfigError
from bot.core.market import Book, Funding, MarginTier, Mark, PerpMarket
from bot.core.orders import Fill, OrderKind, OrderReport, OrderStatus
from bot.core.snapshot import OpenOrder, PerpPosition
from bot.core.types import ZERO, ClientOrderId, Symbol, Underlying, VenueId

SETTLE: Final = "USDT"
"""The money that accounts hold and perpetuals settle in."""
UNLIMITED: Final = Decimal("Infinity")
"""The largest order where a venue names none."""

_STATUS: Final[Mapping[str, OrderStatus]] = {
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}


def check_kind(row: Row, symbol: Symbol) -> None:
    """Check that a ccxt market is what dnbot hedges with: an active linear perpetual, settled in USDT.

    Raises:
        ConfigError: it is not.
    """
    if row.get("swap") is not True or row.get("contract") is not True:
        raise ConfigError(f"{symbol} is a {row.get('type')} market; a linear perpetual is needed", key="symbol")
    if row.get("linear") is not True or row.get("inverse") is True:
        raise ConfigError(
            f"{symbol} is an inverse contract (settled in {row.get('settle')}); use a linear one such as "
            f"{row.get('base')}/{SETTLE}:{SETTLE}",
            key="symbol",
        )
    if row.get("settle") != SETTLE:
        raise ConfigError(
            f"{symbol} settles in {row.get('settle')}; this venue is configured for {SETTLE}", key="symbol"
        )
    if row.get("active") is not True:
        raise ConfigError(f"{symbol} is not open for trading on this venue", key="symbol")


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
    hours = shown.removesuffix("h")
    if not hours.isdecimal() or hours == shown or int(hours) == 0:
        raise Unbelievable(f"funding interval of {symbol}: {shown!r} is no number of hours")
    return timedelta(hours=int(hours))


def flat(symbol: Symbol, leverage: Decimal) -> PerpPosition:
    """Give the position of a symbol that is proven to have none."""
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
    )


def _signed(row: Row, quantity: Decimal, what: str) -> Decimal:
    side = text(row, "side", what)
    if side not in ("buy", "sell"):
        raise Unbelievable(f"{what}: side {side!r} is neither buy nor sell")
    if quantity < 0:
        raise Unbelievable(f"{what}: a quantity of {quantity}; ccxt's are positive, with the sign in the side")
    return quantity if side == "buy" else -quantity


def _optional_price(row: Row, key: str, what: str) -> Decimal | None:
    """Give a price where the order has one; ccxt writes None or 0 where it has none."""
    value = number(row, key, what) if has(row, key) else ZERO
    return value if value > 0 else None


def open_order(row: Row, contract_size: Decimal, *, reduce_only: bool | None = None) -> OpenOrder:
    """Translate a working order; ``reduce_only`` overrides the field where the book itself implies it."""
    venue_id = text(row, "id", "open order")
    what = f"open order {venue_id}"
    trigger = _optional_price(row, "triggerPrice", what)
    kind = text(row, "type", what)
    if kind not in ("market", "limit"):
        raise Unbelievable(f"{what}: type {kind!r} is neither market nor limit")
    remaining = number(row, "amount", what) - (
        number(row, "filled", what) if has(row, "filled") or trigger is None else 0
    )
    by_kind = OrderKind.LIMIT if kind == "limit" else OrderKind.MARKET
    return OpenOrder(
        client_id=ClientOrderId(text(row, "clientOrderId", what)) if has(row, "clientOrderId") else None,
        venue_order_id=venue_id,
        symbol=Symbol(text(row, "symbol", what)),
        kind=OrderKind.STOP_MARKET if trigger is not None and kind == "market" else by_kind,
        remaining=_signed(row, remaining * contract_size, what),
        price=_optional_price(row, "price", what),
        trigger=trigger,
        reduce_only=flag(row, "reduceOnly", what) if reduce_only is None else reduce_only,
        placed_at=moment(row, "timestamp", what),
    )


def status(row: Row) -> OrderStatus:
    """Translate an order's status."""
    said = text(row, "status", f"order {row.get('id')}")
    if said not in _STATUS:
        raise Unbelievable(f"order {row.get('id')}: unknown status {said!r}")
    return _STATUS[said]


def report(row: Row, client_id: ClientOrderId, contract_size: Decimal, *, conditional: bool) -> OrderReport:
    """Translate an order that carries ``client_id``.

    Args:
        row: ccxt's order.
        client_id: the id that it must carry.
        contract_size: base units per contract.
        conditional: it is from the trigger book, where an order that did not trigger has no fill to tell of.

    Raises:
        Unbelievable: a field is missing, the ids differ, or it claims to be closed without being filled.
    """
    venue_id = text(row, "id", f"order {client_id}")
    what = f"order {client_id}"
    if text(row, "clientOrderId", what) != client_id:
        raise Unbelievable(f"{what}: the answer carries {row.get('clientOrderId')!r}")
    quantity = positive(row, "amount", what) * contract_size
    filled = ZERO if conditional and not has(row, "filled") else number(row, "filled", what) * contract_size
    state = status(row)
    if filled > quantity or (state is OrderStatus.FILLED and filled != quantity):
        raise Unbelievable(f"{what}: {state.value}, but {filled} of {quantity} filled")
    fee = row.get("fee")
    return OrderReport(
        client_id=client_id,
        venue_order_id=venue_id,
        symbol=Symbol(text(row, "symbol", what)),
        status=state,
        quantity=_signed(row, quantity, what),
        filled=_signed(row, filled, what),
        average_price=positive(row, "average", what) if filled else None,
        fee=number(fee, "cost", what) if isinstance(fee, Mapping) and has(fee, "cost") else None,
        updated_at=moment(row, "lastUpdateTimestamp" if has(row, "lastUpdateTimestamp") else "timestamp", what),
    )


def fill(row: Row, venue: VenueId, contract_size: Decimal, client_id: ClientOrderId | None, realised: Decimal) -> Fill:
    """Translate a trade of ours; ``realised`` comes from the venue's own field, which ccxt does not unify."""
    trade_id = text(row, "id", "trade")
    what = f"trade {trade_id}"
    fee = row_of(row.get("fee"), f"{what}: fee")
    if text(fee, "currency", f"{what}: fee") != SETTLE:
        raise Unbelievable(f"{what}: its fee is in {fee['currency']}; only {SETTLE} can be booked")
    if text(row, "takerOrMaker", what) not in ("taker", "maker"):
        raise Unbelievable(f"{what}: {row.get('takerOrMaker')!r} is neither taker nor maker")
    return Fill(
        trade_id=trade_id,
        client_id=client_id,
        venue=venue,
        symbol=Symbol(text(row, "symbol", what)),
        quantity=_signed(row, positive(row, "amount", what) * contract_size, what),
        price=positive(row, "price", what),
        fee=number(fee, "cost", what),
        realised=realised,
        is_maker=row["takerOrMaker"] == "maker",
        at=moment(row, "timestamp", what),
    )
