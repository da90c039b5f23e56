"""Actions on orders: each order of an action is answered for itself, and changes nothing where it is refused."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from bot.core.market import PerpMarket
from bot.core.orders import OrderKind, OrderStatus, Rejected, RejectReason, TimeInForce
from bot.core.types import ClientOrderId, Symbol
from bot.paper.engine.account import Order
from bot.paper.engine.book import touch
from bot.paper.engine.money import price_down, price_up
from bot.paper.servers.desk import Wish
from bot.paper.servers.hyperliquid import account, errors
from bot.paper.servers.hyperliquid.call import Act
from bot.paper.servers.hyperliquid.conventions import CONVENTIONS
from bot.paper.servers.hyperliquid.render import Json, own_id
from bot.paper.servers.wire import places, plain

_TIF: Final = {"Gtc": TimeInForce.GTC, "Ioc": TimeInForce.IOC, "Alo": TimeInForce.POST_ONLY}
_DECIMALS: Final = 6
_DIGITS: Final = 5
"""Documented: significant digits of a price that is no whole number, and decimals of a price and a size together."""
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,12})?")
_CLOID: Final = re.compile(r"0x[0-9a-f]{32}")
_UNMATCHED: Final = "Order could not immediately match against any resting orders."
_FAR: Final = Decimal("0.8")
_CENT: Final = Decimal("1e-8")


class _RefusedError(Exception):
    """An order is refused with this text."""


def place(call: Act) -> Json:
    """Place orders."""
    if call.action.get("grouping") != "na":
        raise errors.refused("Only orders without grouping are served.")
    return _statuses("order", [_placed(call, wire) for wire in _list(call, "orders")])


def modify(call: Act) -> Json:
    """Replace an order by another one."""
    replaced = _replaced(call, call.action)
    if isinstance(replaced, dict) and "error" in replaced:
        raise errors.refused(str(replaced["error"]))
    return {"type": "default"}


def batch_modify(call: Act) -> Json:
    """Replace orders by others."""
    return _statuses("order", [_replaced(call, one) for one in _list(call, "modifies")])


def cancel(call: Act) -> Json:
    """Cancel orders by their numbers."""
    return _statuses("cancel", [_cancelled(call, one.get("a"), one.get("o")) for one in _list(call, "cancels")])


def cancel_by_cloid(call: Act) -> Json:
    """Cancel orders by their client ids."""
    rows = _list(call, "cancels")
    return _statuses("cancel", [_cancelled(call, one.get("asset"), _cloid(one.get("cloid"))) for one in rows])


def _statuses(kind: str, statuses: list[object]) -> Json:
    return {"type": kind, "data": {"statuses": statuses}}


def _list(call: Act, name: str) -> list[Json]:
    rows = call.action.get(name)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise errors.unread(name)
    return rows


def _replaced(call: Act, wire: object) -> object:
    row = wire if isinstance(wire, dict) else {}
    order, asked = row.get("order"), row.get("oid")
    if not isinstance(order, dict):
        raise errors.unread("order")
    _check(order)
    if _cancelled(call, order["a"], asked) != "success":
        return {"error": "Cannot modify canceled or filled order"}
    return _placed(call, order)


def _cancelled(call: Act, asset: object, asked: object) -> object:
    order = account.by_id(call.desk, asked)
    is_there = order is not None and not order.status.is_final and order.symbol == call.asset(asset)
    outcome = call.desk.cancel(order) if is_there and order is not None else None
    if outcome is None:
        return {"error": f"{CONVENTIONS.cancel_rejected} asset={asset}"}
    return {"error": f"{outcome.code} asset={asset}"} if isinstance(outcome, Rejected) else "success"


def _cloid(value: object) -> str:
    if not isinstance(value, str) or not _CLOID.fullmatch(value.lower()):
        raise errors.unread("cloid")
    return value.lower()


def _check(wire: Json) -> None:
    """Check the form of an order; what has a wrong one spoils the whole action."""
    fields = {"a": int, "b": bool, "p": str, "s": str, "r": bool, "t": dict}
    for name, kind in fields.items():
        if not isinstance(wire.get(name), kind):
            raise errors.unread(f"order.{name}")
    for name in ("p", "s"):
        if not _NUMBER.fullmatch(str(wire[name])):
            raise errors.unread(f"order.{name}")
    if "c" in wire:
        _cloid(wire["c"])


def _placed(call: Act, wire: Json) -> object:
    _check(wire)
    asset = wire["a"]
    symbol = call.asset(asset)
    if symbol is None:
        return {"error": f"{CONVENTIONS.code(RejectReason.UNKNOWN_SYMBOL)} asset={asset}"}
    name = _cloid(wire["c"]) if "c" in wire else f"oid-{call.desk.engine.account.orders_made + 1}"
    try:
        wish = _wish(call, symbol, wire)
    except _RefusedError as refused:
        return {"error": f"{refused} asset={asset}"}
    outcome = call.desk.place(ClientOrderId(name), wish)
    if isinstance(outcome, Rejected):
        bid, ask = touch(call.desk.rules(symbol), call.desk.engine.account.markets[symbol].last)
        return {"error": errors.text_of(outcome, int(str(asset)), plain(bid), plain(ask))}
    return _told(outcome, int(str(asset)))


def _told(order: Order, asset: int) -> Json:
    if order.filled:
        average = abs(order.paid / order.filled).quantize(_CENT)
        return {"filled": {"totalSz": plain(abs(order.filled)), "avgPx": plain(average), "oid": order.number}}
    if order.status is not OrderStatus.OPEN:
        return {"error": f"{_UNMATCHED} asset={asset}"}
    cloid = own_id(order)
    return {"resting": {"oid": order.number, **({} if cloid is None else {"cloid": cloid})}}


def _wish(call: Act, symbol: Symbol, wire: Json) -> Wish:
    market = call.market(symbol)
    price, size = Decimal(str(wire["p"])), Decimal(str(wire["s"]))
    if size == 0:
        raise _RefusedError(CONVENTIONS.code(RejectReason.BELOW_MIN_QUANTITY))
    if size % market.lot:
        raise _RefusedError(CONVENTIONS.code(RejectReason.BAD_LOT))
    _check_price(price, market)
    quantity = size if wire["b"] else -size
    terms: Json = wire["t"] if isinstance(wire["t"], dict) else {}
    reduce_only = wire["r"] is True
    if isinstance(trigger := terms.get("trigger"), dict):
        return _stop(symbol, quantity, price, trigger, market, reduce_only=reduce_only)
    limit = terms.get("limit")
    in_force = _TIF.get(str(limit.get("tif"))) if isinstance(limit, dict) else None
    if in_force is None:
        raise errors.unread("order.t")
    bounded = _bounded(call, symbol, quantity, price)
    return Wish(symbol, quantity, OrderKind.LIMIT, in_force, reduce_only, price=bounded)


def _check_price(price: Decimal, market: PerpMarket) -> None:
    """Check digits and decimals; a whole number is always a price."""
    decimals, digits = _DECIMALS - places(market.lot), len(price.normalize().as_tuple().digits)
    if price <= 0 or places(price) > decimals or (price % 1 and digits > _DIGITS):
        raise _RefusedError(CONVENTIONS.code(RejectReason.BAD_TICK))


def _stop(
    symbol: Symbol, quantity: Decimal, price: Decimal, trigger: Json, market: PerpMarket, *, reduce_only: bool
) -> Wish:
    if trigger.get("isMarket") is not True or trigger.get("tpsl") != "sl":
        raise _RefusedError(CONVENTIONS.code(RejectReason.OTHER))
    if not _NUMBER.fullmatch(str(trigger.get("triggerPx"))):
        raise errors.unread("order.t.trigger.triggerPx")
    at = Decimal(str(trigger["triggerPx"]))
    _check_price(at, market)
    if (price < at) if quantity > 0 else (price > at):
        raise _RefusedError(CONVENTIONS.code(RejectReason.WOULD_TRIGGER))
    return Wish(
        symbol, quantity, OrderKind.STOP_MARKET, TimeInForce.GTC, reduce_only, trigger=at, kind_text=plain(price)
    )


def _bounded(call: Act, symbol: Symbol, quantity: Decimal, price: Decimal) -> Decimal:
    """Return a limit price; one that only bounds what the order takes counts as at the edge of the engine's band."""
    one, mark = call.desk.rules(symbol), call.desk.engine.account.markets[symbol].mark
    if abs(price - mark) > mark * _FAR:
        raise _RefusedError(CONVENTIONS.code(RejectReason.PRICE_OUT_OF_BAND))
    if quantity > 0:
        return min(price, price_down(mark * (1 + one.price_band), one.market.tick))
    return max(price, price_up(mark * (1 - one.price_band), one.market.tick))
