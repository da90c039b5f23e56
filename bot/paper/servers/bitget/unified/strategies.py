"""The v3 interface's endpoints of strategy orders: stops of a position (``tpsl``), and trigger orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core.orders import OrderKind, TimeInForce
from bot.paper.engine.account import Order
from bot.paper.servers.bitget.unified import errors, render
from bot.paper.servers.bitget.unified.call import CATEGORY, Private
from bot.paper.servers.bitget.unified.trading import cancel, named, place, quantity, reduces, side
from bot.paper.servers.desk import Wish, waits

_TYPES: Final = frozenset({render.TPSL, render.TRIGGER})
_CLOSES: Final = {"long": Decimal(-1), "short": Decimal(1)}


def place_strategy_order(call: Private) -> object:
    """Take a stop of a part of the position or of all of it, or a trigger order; each becomes a market order."""
    call.futures()
    symbol = call.symbol()
    call.must_trade()
    kind = call.params.maybe("type") or render.TPSL
    if kind not in _TYPES:
        raise errors.wrong("type")
    is_trigger = kind == render.TRIGGER
    order_type = call.params.maybe("triggerOrderType" if is_trigger else "slOrderType") or "market"
    if order_type != "market":
        raise errors.wrong("orderType")
    closes = not is_trigger and (call.params.maybe("tpslMode") or "full") == "full"
    sign = side(call) if is_trigger else _closing_side(call)
    size = min(abs(call.desk.size(symbol)), call.market(symbol).max_quantity) if closes else quantity(call)
    if not size:
        raise errors.no_position()
    wish = Wish(
        symbol,
        sign * size,
        OrderKind.STOP_MARKET,
        TimeInForce.GTC,
        reduce_only=reduces(call) if is_trigger else True,
        trigger=call.params.decimal("triggerPrice" if is_trigger else "stopLoss"),
        kind_text=kind,
        closes=closes,
    )
    return render.ids(place(call, wish))


def _closing_side(call: Private) -> Decimal:
    """Return the sign of a stop: of the side that is named, or of what closes the position's side that is."""
    if call.params.maybe("side") is not None:
        return side(call)
    found = _CLOSES.get(call.params.text("posSide").lower())
    if found is None:
        raise errors.wrong("posSide")
    return found


def cancel_strategy_order(call: Private) -> object:
    """Cancel a waiting strategy order; the answer says nothing."""
    order = named(call)
    if order is None or order.kind is not OrderKind.STOP_MARKET or not waits(order):
        raise errors.no_such_order()
    cancel(call, order)
    return None


def unfilled_strategy_orders(call: Private) -> object:
    """Return the waiting strategy orders of a type: a bare list, of all symbols."""
    if call.category() != CATEGORY:
        return []
    orders = [order for order in reversed(call.desk.working()) if _is_asked_for(call, order)]
    return [_row(call, order, listed=True) for order in orders]


def history_strategy_orders(call: Private) -> object:
    """Return the strategy orders that were set off or cancelled."""
    call.category()
    ended = [order for order in call.desk.orders() if order.status.is_final and _is_asked_for(call, order)]
    wanted = [(order.number, order) for order in ended if call.is_in_span(order.placed_at)]
    return call.page(wanted, lambda order: _row(call, order, listed=False), empty=[])


def strategy_sub_orders(call: Private) -> object:
    """Return the order that a strategy order became; none while it waits."""
    number = call.params.maybe_integer("orderId")
    order = None if number is None else call.desk.numbered(number)
    if order is None or order.kind is not OrderKind.STOP_MARKET:
        raise errors.no_such_order()
    became = order.due_at is not None and order.status.is_final
    return {"list": [{"subOrderId": str(order.number)}] if became else [], "cursor": None}


def _is_asked_for(call: Private, order: Order) -> bool:
    kind = call.params.maybe("type")
    wish = call.desk.wish(order)
    own = render.TPSL if wish is None else wish.kind_text
    return order.kind is OrderKind.STOP_MARKET and kind in (None, own)


def _row(call: Private, order: Order, *, listed: bool) -> object:
    return render.strategy(call.market(order.symbol), order, call.desk.wish(order), listed=listed)
