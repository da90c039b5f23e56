"""ccxt's orders and trades to the domain: pure, strict, never a default (see ``translate``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.core.orders import Fill, OrderKind, OrderReport, OrderStatus
from bot.core.snapshot import OpenOrder
from bot.core.types import ZERO, ClientOrderId, Symbol, VenueId
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, flag, has, moment, number, positive, row_of, text

_STATUS: Final[Mapping[str, OrderStatus]] = {
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}
_KINDS: Final[Mapping[str, OrderKind]] = {"market": OrderKind.MARKET, "limit": OrderKind.LIMIT}


def _signed(row: Row, quantity: Decimal, what: str) -> Decimal:
    side = text(row, "side", what)
    if side not in ("buy", "sell"):
        raise Unbelievable(f"{what}: side {side!r} is neither buy nor sell")
    if quantity < 0:
        raise Unbelievable(f"{what}: a quantity of {quantity}; ccxt's are positive, with the sign in the side")
    return quantity if side == "buy" else -quantity


def _optional_price(row: Row, key: str, what: str) -> Decimal | None:
    """Return a price where the order has one; ccxt writes None or 0 where it has none."""
    value = number(row, key, what) if has(row, key) else ZERO
    return value if value > 0 else None


def open_order(
    row: Row, contract_size: Decimal, *, reduce_only: bool | None = None, closes_all: bool = False
) -> OpenOrder:
    """Translate a working order.

    ``reduce_only`` overrides the field where the book itself implies it; where neither says so it stays unknown. One
    that ``closes_all`` has no quantity of its own: what remains is 0 until the position is known.
    """
    venue_id = text(row, "id", "open order")
    what = f"open order {venue_id}"
    trigger = _optional_price(row, "triggerPrice", what)
    kind = text(row, "type", what)
    if kind not in ("market", "limit"):
        raise Unbelievable(f"{what}: type {kind!r} is neither market nor limit")
    by_kind = OrderKind.LIMIT if kind == "limit" else OrderKind.MARKET
    said = flag(row, "reduceOnly", what) if row.get("reduceOnly") is not None else None
    return OpenOrder(
        client_id=ClientOrderId(text(row, "clientOrderId", what)) if has(row, "clientOrderId") else None,
        venue_order_id=venue_id,
        symbol=Symbol(text(row, "symbol", what)),
        kind=OrderKind.STOP_MARKET if trigger is not None and kind == "market" else by_kind,
        remaining=ZERO if closes_all else _remaining(row, contract_size, trigger, what),
        price=_optional_price(row, "price", what),
        trigger=trigger,
        reduce_only=said if reduce_only is None else reduce_only,
        placed_at=moment(row, "timestamp", what),
        closes_all=closes_all,
    )


def _remaining(row: Row, contract_size: Decimal, trigger: Decimal | None, what: str) -> Decimal:
    """Return what may still fill, signed; an order that has not triggered has no fill to tell of."""
    filled = number(row, "filled", what) if has(row, "filled") or trigger is None else ZERO
    remaining = positive(row, "amount", what) - filled
    if remaining < 0:
        raise Unbelievable(f"{what}: {filled} filled of {row.get('amount')}")
    return _signed(row, remaining * contract_size, what)


def status(row: Row) -> OrderStatus:
    """Translate an order's status."""
    said = text(row, "status", f"order {row.get('id')}")
    if said not in _STATUS:
        raise Unbelievable(f"order {row.get('id')}: unknown status {said!r}")
    return _STATUS[said]


def report(
    row: Row, client_id: ClientOrderId, contract_size: Decimal, read_at: datetime, *, conditional: bool
) -> OrderReport:
    """Translate an order that carries ``client_id``.

    Args:
        row: ccxt's order.
        client_id: the id that it must carry.
        contract_size: base units per contract.
        read_at: when it was read, which counts as its last change where the venue names none.
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
    fee, reduces = row.get("fee"), row.get("reduceOnly")
    return OrderReport(
        client_id=client_id,
        venue_order_id=venue_id,
        symbol=Symbol(text(row, "symbol", what)),
        status=state,
        quantity=_signed(row, quantity, what),
        filled=_signed(row, filled, what),
        average_price=positive(row, "average", what) if filled else None,
        fee=number(fee, "cost", what) if isinstance(fee, Mapping) and has(fee, "cost") else None,
        updated_at=moment(row, "lastUpdateTimestamp", what) if has(row, "lastUpdateTimestamp") else read_at,
        kind=OrderKind.STOP_MARKET if conditional else _KINDS.get(str(row.get("type"))),
        reduce_only=reduces if isinstance(reduces, bool) else None,
        placed_at=moment(row, "timestamp", what) if has(row, "timestamp") else None,
    )


def fee_of(row: Row) -> tuple[str, Decimal]:
    """Return what a trade's fee was paid in, and how much; below 0 for a rebate."""
    what = f"trade {row.get('id')}: fee"
    fee = row_of(row.get("fee"), what)
    return text(fee, "currency", what), number(fee, "cost", what)


def fill(
    row: Row, venue: VenueId, contract_size: Decimal, client_id: ClientOrderId | None, realised: Decimal, fee: Decimal
) -> Fill:
    """Translate a trade of ours.

    ``realised`` comes from the venue's own field, which ccxt does not unify; ``fee`` is in USD, whatever it was paid
    in.
    """
    trade_id = text(row, "id", "trade")
    what = f"trade {trade_id}"
    if text(row, "takerOrMaker", what) not in ("taker", "maker"):
        raise Unbelievable(f"{what}: {row.get('takerOrMaker')!r} is neither taker nor maker")
    return Fill(
        trade_id=trade_id,
        client_id=client_id,
        venue=venue,
        symbol=Symbol(text(row, "symbol", what)),
        quantity=_signed(row, positive(row, "amount", what) * contract_size, what),
        price=positive(row, "price", what),
        fee=fee,
        realised=realised,
        is_maker=row["takerOrMaker"] == "maker",
        at=moment(row, "timestamp", what),
    )
