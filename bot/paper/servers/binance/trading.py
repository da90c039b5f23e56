"""Binance's order endpoints: the normal book, and the conditional book of its algo service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.core.orders import OrderKind, OrderStatus, Rejected, TimeInForce
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.paper.engine.account import Order
from bot.paper.servers.binance import errors, render
from bot.paper.servers.binance.call import Private
from bot.paper.servers.desk import Wish, waits
from bot.paper.servers.wire import VenueError, millis, plain

_CONDITIONAL: Final = {"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}
_TIF: Final = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "GTX": TimeInForce.POST_ONLY}
_FORGOTTEN: Final = timedelta(days=3)
"""How long an order that ended without a fill can be queried."""


def new_order(call: Private) -> object:
    """Accept an order for the normal book."""
    symbol = call.symbol()
    quantity = _side(call)
    kind = call.params.text("type")
    if kind in _CONDITIONAL:
        raise errors.use_algo_service()
    if kind not in {"LIMIT", "MARKET"}:
        raise errors.bad_order_type()
    quantity *= _quantity(call, symbol)
    price, in_force = _limit_terms(call, kind)
    wish = Wish(
        symbol,
        quantity,
        OrderKind.LIMIT if kind == "LIMIT" else OrderKind.MARKET,
        in_force,
        reduce_only=call.params.flag("reduceOnly"),
        price=price,
        kind_text=kind,
    )
    order = _place(call, wish, call.params.maybe("newClientOrderId"))
    if (call.params.maybe("newOrderRespType") or "ACK") != "RESULT":
        order = replace(order, status=OrderStatus.OPEN, filled=ZERO, paid=ZERO)
    return render.placed(call.market(symbol), order, wish)


def new_algo_order(call: Private) -> object:
    """Accept an order for the conditional book."""
    if call.params.text("algoType") != "CONDITIONAL":
        raise errors.missing("algoType")
    symbol = call.symbol()
    quantity = _side(call)
    kind = call.params.text("type")
    if kind != "STOP_MARKET":
        raise errors.bad_order_type()
    closes = call.params.flag("closePosition")
    if closes and call.params.maybe("quantity") is not None:
        raise VenueError(400, "-4137", "Target strategy invalid for orderType STOP_MARKET,closePosition true")
    quantity *= call.market(symbol).max_quantity if closes else _quantity(call, symbol)
    wish = Wish(
        symbol,
        quantity,
        OrderKind.STOP_MARKET,
        TimeInForce.GTC,
        reduce_only=closes or call.params.flag("reduceOnly"),
        trigger=call.params.decimal("triggerPrice"),
        kind_text=kind,
        closes=closes,
    )
    order = _place(call, wish, call.params.maybe("clientAlgoId"))
    return render.algo_request(call.market(symbol), order, wish)


def _side(call: Private) -> Decimal:
    """Return the sign of the order, after checking that it fits the position mode."""
    if not call.desk.permissions.trade:
        raise errors.unauthorised()
    if call.desk.hedge_mode or (call.params.maybe("positionSide") or "BOTH") != "BOTH":
        raise errors.wrong_position_side()
    match call.params.text("side"):
        case "BUY":
            return Decimal(1)
        case "SELL":
            return Decimal(-1)
        case _:
            raise errors.bad_side()


def _quantity(call: Private, symbol: Symbol) -> Decimal:
    quantity = call.params.decimal("quantity")
    if quantity <= 0:
        raise VenueError(400, "-4003", "Quantity less than or equal to zero.")
    if quantity % call.market(symbol).lot:
        raise errors.too_precise()
    return quantity


def _limit_terms(call: Private, kind: str) -> tuple[Decimal | None, TimeInForce]:
    """Return price and time in force, which a limit order needs and a market order must not have."""
    if kind == "MARKET":
        for name in ("price", "timeInForce"):
            if call.params.maybe(name) is not None:
                raise errors.unread(name)
        return None, TimeInForce.IOC
    in_force = _TIF.get(call.params.text("timeInForce"))
    if in_force is None:
        raise errors.bad_time_in_force()
    price = call.params.decimal("price")
    if price <= 0:
        raise VenueError(400, "-4001", "Price less than 0.")
    return price, in_force


def _place(call: Private, wish: Wish, client_id: str | None) -> Order:
    if wish.symbol in call.venue.shut and not wish.reduce_only:
        raise errors.shut()
    name = client_id or f"paper-{millis(call.now)}-{call.desk.engine.account.orders_made + 1}"
    outcome = call.desk.place(ClientOrderId(name), wish)
    if isinstance(outcome, Rejected):
        raise errors.refused(outcome, plain(call.market(wish.symbol).min_notional))
    return outcome


def query_order(call: Private) -> object:
    """Return one order of the normal book."""
    order = _wanted(call, "orderId", "origClientOrderId", lambda one: not waits(one))
    if order is None or order.symbol != call.symbol() or _forgotten(call, order):
        raise errors.order_not_found()
    return _render(call, order)


def open_order(call: Private) -> object:
    """Return one working order of the normal book."""
    order = _wanted(call, "orderId", "origClientOrderId", lambda one: not waits(one) and not one.status.is_final)
    if order is None or order.symbol != call.symbol():
        raise errors.order_not_found()
    return _render(call, order)


def query_algo_order(call: Private) -> object:
    """Return one order of the conditional book."""
    order = _wanted(call, "algoId", "clientAlgoId", _conditional)
    if order is None or _forgotten(call, order):
        raise errors.order_not_found()
    return _render_algo(call, order)


def open_orders(call: Private) -> object:
    """Return the working orders of the normal book."""
    symbol = call.symbol() if call.params.maybe("symbol") else None
    return [_render(call, order) for order in call.desk.working(symbol) if not _conditional(order)]


def open_algo_orders(call: Private) -> object:
    """Return the working orders of the conditional book."""
    symbol = call.symbol() if call.params.maybe("symbol") else None
    return [_render_algo(call, order) for order in call.desk.working(symbol) if _conditional(order)]


def all_orders(call: Private) -> object:
    """Return a symbol's orders of the normal book, ended ones too."""
    return [_render(call, order) for order in _history(call, "orderId") if not waits(order)]


def all_algo_orders(call: Private) -> object:
    """Return a symbol's orders of the conditional book, ended ones too."""
    return [_render_algo(call, order) for order in _history(call, "algoId") if _conditional(order)]


def modify_order(call: Private) -> object:
    """Amend quantity and price of a working limit order of the normal book."""
    order = _wanted(call, "orderId", "origClientOrderId", lambda one: not _conditional(one) and not one.status.is_final)
    symbol = call.symbol()
    sign = _side(call)
    quantity, price = sign * _quantity(call, symbol), call.params.decimal("price")
    if order is None or order.symbol != symbol or order.quantity * sign < 0:
        raise errors.order_not_found()
    if order.kind is not OrderKind.LIMIT:
        raise errors.only_limit()
    if symbol in call.venue.shut:
        raise errors.not_amendable()
    if (order.quantity, order.price) == (quantity, price):
        raise errors.same_order()
    outcome = call.desk.amend(order, quantity, price)
    if isinstance(outcome, Rejected):
        raise errors.refused(outcome, plain(call.market(symbol).min_notional))
    return render.modified(call.market(symbol), outcome, call.desk.wish(order))


def cancel_order(call: Private) -> object:
    """Cancel a working order of the normal book."""
    order = _wanted(call, "orderId", "origClientOrderId", lambda one: not _conditional(one))
    if order is None or order.symbol != call.symbol():
        raise errors.cancel_rejected()
    return render.cancelled(call.market(order.symbol), _cancel(call, order), call.desk.wish(order))


def cancel_algo_order(call: Private) -> object:
    """Cancel a waiting order of the conditional book."""
    order = _wanted(call, "algoId", "clientAlgoId", waits)
    if order is None:
        raise errors.cancel_rejected()
    return render.algo_request(call.market(order.symbol), _cancel(call, order), call.desk.wish(order))


def cancel_open_orders(call: Private) -> object:
    """Cancel a symbol's working orders of the normal book."""
    return _cancel_all(call, lambda order: not _conditional(order))


def cancel_open_algo_orders(call: Private) -> object:
    """Cancel a symbol's waiting orders of the conditional book."""
    return _cancel_all(call, waits)


def _cancel_all(call: Private, wanted: Callable[[Order], bool]) -> object:
    for order in [order for order in call.desk.working(call.symbol()) if wanted(order)]:
        _cancel(call, order)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def _cancel(call: Private, order: Order) -> Order:
    if not call.desk.permissions.trade:
        raise errors.unauthorised()
    if order.status.is_final:
        raise errors.cancel_rejected()
    outcome = call.desk.cancel(order)
    if isinstance(outcome, Rejected):
        raise errors.refused(outcome, "")
    return outcome


def _wanted(call: Private, number_name: str, client_name: str, fits: Callable[[Order], bool]) -> Order | None:
    """Return the order that a call names by its number or its client id."""
    number, client_id = call.params.maybe_integer(number_name), call.params.maybe(client_name)
    if number is not None:
        order = call.desk.numbered(number)
        return order if order is not None and fits(order) else None
    if client_id is None:
        message = f"Param '{client_name}' or '{number_name}' must be sent, but both were empty/null!"
        raise VenueError(400, "-1102", message)
    return next((order for order in call.desk.named(ClientOrderId(client_id)) if fits(order)), None)


def _history(call: Private, number_name: str) -> list[Order]:
    symbol, limit = call.symbol(), call.limit(500, 1000)
    first = call.params.maybe_integer(number_name)
    orders = [order for order in call.desk.orders(symbol) if not _forgotten(call, order)]
    if first is not None:
        return [order for order in orders if order.number >= first][:limit]
    start, end = call.kept_span()
    return [order for order in orders if start <= order.placed_at <= end][-limit:]


def _conditional(order: Order) -> bool:
    return order.kind is OrderKind.STOP_MARKET


def _forgotten(call: Private, order: Order) -> bool:
    """Whether the venue no longer tells of an order: three days after it ended without a fill."""
    return order.status.is_final and not order.filled and call.now - order.updated_at > _FORGOTTEN


def _render(call: Private, order: Order) -> object:
    return render.order(call.market(order.symbol), order, call.desk.wish(order))


def _render_algo(call: Private, order: Order) -> object:
    return render.algo_order(call.market(order.symbol), order, call.desk.wish(order))
