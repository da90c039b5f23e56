"""The v3 interface's endpoints of the normal order book."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core.orders import OrderKind, Rejected, TimeInForce
from bot.core.types import ClientOrderId
from bot.paper.engine.account import Order
from bot.paper.servers.bitget.render import Json
from bot.paper.servers.bitget.unified import errors, render
from bot.paper.servers.bitget.unified.account import adopt_mode
from bot.paper.servers.bitget.unified.call import Private
from bot.paper.servers.desk import Wish, waits
from bot.paper.servers.records import USDT
from bot.paper.servers.wire import millis

_IN_FORCE: Final = {"gtc": TimeInForce.GTC, "ioc": TimeInForce.IOC, "post_only": TimeInForce.POST_ONLY}
_SIDES: Final = {"buy": Decimal(1), "sell": Decimal(-1)}


def place_order(call: Private) -> object:
    """Accept an order; the answer names it and tells nothing of its fate.

    What the interface does not know is passed over: a trigger price makes no conditional order here.
    """
    call.futures()
    symbol = call.symbol()
    call.must_trade()
    kind = call.params.text("orderType").lower()
    if kind not in {"limit", "market"}:
        raise errors.wrong("orderType")
    in_force = _IN_FORCE.get((call.params.maybe("timeInForce") or "gtc").lower())
    if in_force is None:
        raise errors.wrong("timeInForce")
    is_limit = kind == "limit"
    adopt_mode(call, symbol)
    wish = Wish(
        symbol,
        side(call) * quantity(call),
        OrderKind.LIMIT if is_limit else OrderKind.MARKET,
        in_force if is_limit else TimeInForce.IOC,
        reduce_only=reduces(call),
        price=call.params.decimal("price") if is_limit else None,
        kind_text=kind,
    )
    return render.ids(place(call, wish))


def side(call: Private) -> Decimal:
    """Return the sign of the order."""
    found = _SIDES.get(call.params.text("side").lower())
    if found is None:
        raise errors.wrong("side")
    return found


def quantity(call: Private) -> Decimal:
    """Return the mandatory quantity."""
    wanted = call.params.decimal("qty")
    if wanted <= 0:
        raise errors.wrong("qty")
    return wanted


def reduces(call: Private) -> bool:
    """Whether the order may only reduce."""
    said = (call.params.maybe("reduceOnly") or "no").lower()
    if said not in {"yes", "no"}:
        raise errors.wrong("reduceOnly")
    return said == "yes"


def place(call: Private, wish: Wish) -> Order:
    """Send an order to the account."""
    if wish.symbol in call.venue.shut and not wish.reduce_only:
        raise errors.shut()
    made = call.desk.engine.account.orders_made + 1
    name = call.params.maybe("clientOid") or f"paper-{millis(call.now)}-{made}"
    outcome = call.desk.place(ClientOrderId(name), wish)
    if isinstance(outcome, Rejected):
        raise errors.refused(outcome)
    return outcome


def modify_order(call: Private) -> object:
    """Amend quantity, price or both of a working limit order; the answer names it and tells nothing of its fate."""
    order = named(call)
    call.must_trade()
    size, price = call.params.maybe_decimal("qty"), call.params.maybe_decimal("price")
    if size is None and price is None:
        raise errors.missing("qty")
    if order is None or order.status.is_final or order.kind is not OrderKind.LIMIT or order.price is None:
        raise errors.no_such_order()
    sign = 1 if order.quantity > 0 else -1
    outcome = call.desk.amend(order, order.quantity if size is None else sign * size, price or order.price)
    if isinstance(outcome, Rejected):
        raise errors.refused(outcome)
    return render.ids(outcome)


def cancel_order(call: Private) -> object:
    """Cancel a working order of the normal book."""
    order = named(call)
    if order is None or order.kind is OrderKind.STOP_MARKET:
        raise errors.no_such_order()
    return render.ids(cancel(call, order))


def cancel(call: Private, order: Order) -> Order:
    """Cancel an order, if it still works."""
    if not call.desk.permissions.trade:
        raise errors.not_allowed()
    if order.status.is_final:
        raise errors.no_such_order()
    outcome = call.desk.cancel(order)
    if isinstance(outcome, Rejected):
        raise errors.refused(outcome)
    return outcome


def cancel_symbol_order(call: Private) -> object:
    """Cancel the orders of the normal book, of a symbol or all; each row tells how it went."""
    call.futures()
    symbol = call.maybe_symbol()
    working = [order for order in call.desk.working(symbol) if order.kind is not OrderKind.STOP_MARKET]
    return {"list": [{**render.ids(cancel(call, order)), "code": "00000", "msg": "success"} for order in working]}


def order_info(call: Private) -> object:
    """Return one order of the normal book; one that a stop became is among them."""
    order = named(call)
    if order is None or waits(order):
        raise errors.no_such_order()
    return _row(call, order, listed=False)


def unfilled_orders(call: Private) -> object:
    """Return the working orders of the normal book."""
    symbol = call.maybe_symbol()
    working = [order for order in call.desk.working(symbol) if order.kind is not OrderKind.STOP_MARKET]
    return _page(call, working)


def history_orders(call: Private) -> object:
    """Return the ended orders of the normal book."""
    call.category()
    symbol = call.maybe_symbol()
    ended = [order for order in call.desk.orders(symbol) if order.status.is_final and not waits(order)]
    return _page(call, ended, empty=[])


def _page(call: Private, orders: list[Order], *, empty: object = None) -> Json:
    wanted = [(order.number, order) for order in orders if call.is_in_span(order.placed_at)]
    return call.page(wanted, lambda order: _row(call, order, listed=True), empty=empty)


def _row(call: Private, order: Order, *, listed: bool) -> Json:
    account = call.desk.engine.account
    paid_in = (trade.fee_asset for trade in call.desk.records.trades if trade.order == order.number)
    return render.order(
        call.market(order.symbol), order, account.modes[order.symbol], next(paid_in, USDT), listed=listed
    )


def named(call: Private) -> Order | None:
    """Return the order that a call names by its number, or else by its client id."""
    number, name = call.params.maybe_integer("orderId"), call.params.maybe("clientOid")
    if number is not None:
        return call.desk.numbered(number)
    if name is None:
        raise errors.missing("orderId")
    return next(iter(call.desk.named(ClientOrderId(name))), None)
