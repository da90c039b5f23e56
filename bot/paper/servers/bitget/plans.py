"""Bitget's endpoints of the conditional order book: trigger orders (plans), and stops of a position (TPSL)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core.orders import OrderKind, TimeInForce
from bot.core.types import Symbol
from bot.paper.engine.account import Order
from bot.paper.servers.bitget import errors, render
from bot.paper.servers.bitget.call import Private
from bot.paper.servers.bitget.render import Json
from bot.paper.servers.bitget.trading import adopt_mode, cancel_listed, coin, listed, place, side, size
from bot.paper.servers.desk import Wish, waits

_OF_POSITION: Final = {"pos_loss", "loss_plan"}
_HOLD: Final = {"long": -1, "buy": -1, "short": 1, "sell": 1}
"""The side that closes a position of that side."""


def place_plan_order(call: Private) -> object:
    """Accept a trigger order, which becomes a market order at its trigger."""
    symbol = call.symbol()
    call.must_trade()
    coin(call)
    if call.params.text("planType") != "normal_plan":
        raise errors.wrong("planType")
    if call.params.text("orderType").lower() != "market":
        raise errors.wrong("orderType")
    _check_trigger_type(call)
    adopt_mode(call, symbol)
    wish = Wish(
        symbol,
        side(call) * size(call),
        OrderKind.STOP_MARKET,
        TimeInForce.GTC,
        reduce_only=(call.params.maybe("reduceOnly") or "NO").upper() == "YES",
        trigger=call.params.decimal("triggerPrice"),
        kind_text="normal_plan",
    )
    return render.ids(place(call, wish))


def place_tpsl_order(call: Private) -> object:
    """Accept a stop loss: of a part of the position (``loss_plan``), or of all of it (``pos_loss``)."""
    symbol = call.symbol()
    call.must_trade()
    coin(call)
    kind = call.params.text("planType")
    if kind not in _OF_POSITION:
        raise errors.wrong("planType")
    _check_trigger_type(call)
    sign = _HOLD.get(call.params.text("holdSide").lower())
    if sign is None:
        raise errors.wrong("holdSide")
    closes = kind == "pos_loss"
    wish = Wish(
        symbol,
        sign * (_most(call, symbol) if closes else size(call)),
        OrderKind.STOP_MARKET,
        TimeInForce.GTC,
        reduce_only=True,
        trigger=call.params.decimal("triggerPrice"),
        kind_text=kind,
        closes=closes,
    )
    return render.ids(place(call, wish))


def _most(call: Private, symbol: Symbol) -> Decimal:
    return call.market(symbol).max_quantity


def _check_trigger_type(call: Private) -> None:
    if call.params.maybe("triggerType") not in {None, "mark_price", "fill_price"}:
        raise errors.wrong("triggerType")


def cancel_plan_order(call: Private) -> object:
    """Cancel waiting conditional orders: those of a list, else all (of a symbol, of a kind)."""
    symbol = call.maybe_symbol()
    wanted = listed(call)
    kind = call.params.maybe("planType")
    working = [order for order in call.desk.working(symbol) if waits(order)]
    if kind is not None and not wanted:
        working = [order for order in working if _is_of(call, order, kind)]
    return cancel_listed(call, working, wanted)


def plans_pending(call: Private) -> object:
    """Return the waiting conditional orders of a kind."""
    symbol, kind = call.maybe_symbol(), call.params.text("planType")
    orders = [order for order in call.desk.working(symbol) if order.kind is OrderKind.STOP_MARKET]
    return _page(call, [order for order in orders if _is_of(call, order, kind)])


def plans_history(call: Private) -> object:
    """Return the conditional orders of a kind that were set off or cancelled."""
    symbol, kind, status = call.maybe_symbol(), call.params.text("planType"), call.params.maybe("planStatus")
    orders = [order for order in call.desk.orders(symbol) if order.kind is OrderKind.STOP_MARKET]
    ended = [order for order in orders if order.status.is_final and _is_of(call, order, kind)]
    if status is not None:
        ended = [order for order in ended if _shown(call, order)["planStatus"] == status]
    return _page(call, ended)


def plan_sub_order(call: Private) -> object:
    """Return the normal order that a conditional one became; none while it waits."""
    call.product()
    number = call.params.maybe_integer("planOrderId")
    order = None if number is None else call.desk.numbered(number)
    if order is None or order.kind is not OrderKind.STOP_MARKET:
        raise errors.order_not_found()
    if order.due_at is None or not order.status.is_final:
        return []
    return [
        {
            "orderId": str(order.number),
            "price": "0",
            "type": "market",
            "status": "filled" if not order.remaining else "canceled",
        }
    ]


def _is_of(call: Private, order: Order, kind: str) -> bool:
    """Whether an order is of a plan type; ``profit_loss`` means every stop of a position."""
    wish = call.desk.wish(order)
    own = "normal_plan" if wish is None else wish.kind_text
    return own in _OF_POSITION if kind == "profit_loss" else own == kind


def _page(call: Private, orders: list[Order]) -> Json:
    number, name = call.params.maybe("orderId"), call.params.maybe("clientOid")
    wanted = [
        order
        for order in orders
        if call.is_in_span(order.placed_at)
        and (number is None or str(order.number) == number)
        and (name is None or order.client_id == name)
    ]
    page, last = call.page([(order.number, order) for order in wanted])
    return {"entrustedList": [_shown(call, order) for order in page] or None, "endId": last or None}


def _shown(call: Private, order: Order) -> Json:
    mode = call.desk.engine.account.modes[order.symbol]
    return render.plan(call.market(order.symbol), order, call.desk.wish(order), mode)
