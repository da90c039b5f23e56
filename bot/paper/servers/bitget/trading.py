"""Bitget's endpoints of the normal order book."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core.orders import OrderKind, Rejected, TimeInForce
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.paper.engine.account import Order
from bot.paper.engine.rules import MarginMode
from bot.paper.servers.bitget import errors, render
from bot.paper.servers.bitget.call import Private
from bot.paper.servers.bitget.render import Json
from bot.paper.servers.desk import Wish, waits
from bot.paper.servers.wire import VenueError, millis, plain

_FORCE: Final = {"gtc": TimeInForce.GTC, "ioc": TimeInForce.IOC, "post_only": TimeInForce.POST_ONLY}
_MODES: Final = {"crossed": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}


def place_order(call: Private) -> object:
    """Accept an order for the normal book; the answer names it and does not report its outcome."""
    symbol = call.symbol()
    call.must_trade()
    coin(call)
    kind = call.params.text("orderType").lower()
    if kind not in {"limit", "market"}:
        raise errors.wrong("orderType")
    is_limit = kind == "limit"
    in_force = _FORCE.get((call.params.maybe("force") or "gtc").lower())
    if is_limit and in_force is None:
        raise errors.wrong("force")
    adopt_mode(call, symbol)
    wish = Wish(
        symbol,
        side(call) * size(call),
        OrderKind.LIMIT if is_limit else OrderKind.MARKET,
        in_force if is_limit and in_force is not None else TimeInForce.IOC,
        reduce_only=(call.params.maybe("reduceOnly") or "NO").upper() == "YES",
        price=call.params.decimal("price") if is_limit else None,
        kind_text=kind,
    )
    return render.ids(place(call, wish))


def coin(call: Private) -> None:
    """Check the mandatory margin coin."""
    if call.params.text("marginCoin").upper() != "USDT":
        raise errors.wrong("marginCoin")


def side(call: Private) -> Decimal:
    """Return the sign of the order."""
    match call.params.text("side").lower():
        case "buy":
            return Decimal(1)
        case "sell":
            return Decimal(-1)
        case _:
            raise errors.wrong("side")


def size(call: Private) -> Decimal:
    """Return the mandatory size."""
    wanted = call.params.decimal("size")
    if wanted <= 0:
        raise errors.wrong("size")
    return wanted


def adopt_mode(call: Private, symbol: Symbol) -> None:
    """Take over the margin mode that an order names, which is refused while the symbol is busy in the other one."""
    wanted = _MODES.get(call.params.text("marginMode").lower())
    if wanted is None:
        raise errors.wrong("marginMode")
    if call.desk.engine.set_margin_mode(symbol, wanted) is not None:
        message = "Currently holding positions or orders, the margin mode cannot be adjusted"
        raise VenueError(400, "45117", message)


def place(call: Private, wish: Wish) -> Order:
    """Send an order to the account."""
    if wish.symbol in call.venue.shut and not wish.reduce_only:
        raise errors.shut()
    made = call.desk.engine.account.orders_made + 1
    name = call.params.maybe("clientOid") or f"paper-{millis(call.now)}-{made}"
    outcome = call.desk.place(ClientOrderId(name), wish)
    if isinstance(outcome, Rejected):
        raise errors.refused(outcome, plain(call.market(wish.symbol).min_notional))
    return outcome


def cancel_order(call: Private) -> object:
    """Cancel a working order of the normal book."""
    symbol = call.symbol()
    order = _named(call)
    if order is None or order.symbol != symbol or order.kind is OrderKind.STOP_MARKET:
        raise errors.nothing_to_cancel()
    return render.ids(cancel(call, order))


def cancel(call: Private, order: Order) -> Order:
    """Cancel an order, if it still works."""
    if not call.desk.permissions.trade:
        raise errors.not_allowed()
    if order.status.is_final:
        raise errors.nothing_to_cancel()
    outcome = call.desk.cancel(order)
    if isinstance(outcome, Rejected):
        raise errors.refused(outcome, "")
    return outcome


def batch_cancel_orders(call: Private) -> object:
    """Cancel orders of the normal book: those of a list, else all (of a symbol)."""
    symbol = call.maybe_symbol()
    wanted = listed(call)
    working = [order for order in call.desk.working(symbol) if order.kind is not OrderKind.STOP_MARKET]
    return cancel_listed(call, working, wanted)


def listed(call: Private) -> list[Json]:
    """Return the orders that a call names in a list."""
    found = call.params.values.get("orderIdList") or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise errors.wrong("orderIdList")
    return found


def cancel_listed(call: Private, working: list[Order], wanted: list[Json]) -> Json:
    """Cancel the working orders that a list names (all of them, where it is empty); return the result of each."""
    done: list[Json] = []
    failed: list[Json] = []
    if not wanted:
        done = [render.ids(cancel(call, order)) for order in working]
    for one in wanted:
        number, name = str(one.get("orderId") or ""), str(one.get("clientOid") or "")
        fits = [order for order in working if str(order.number) == number or (not number and order.client_id == name)]
        if fits:
            done.append(render.ids(cancel(call, fits[0])))
        else:
            error = errors.nothing_to_cancel()
            failed.append({"orderId": number, "clientOid": name, "errorMsg": error.message})
    return {"successList": done, "failureList": failed}


def order_detail(call: Private) -> object:
    """Return one order of the normal book."""
    symbol = call.symbol()
    order = _named(call)
    if order is None or order.symbol != symbol or waits(order):
        raise errors.order_not_found()
    return render.detail(call.market(order.symbol), order, *_setup(call, order))


def orders_pending(call: Private) -> object:
    """Return the working orders of the normal book."""
    symbol = call.maybe_symbol()
    working = [order for order in call.desk.working(symbol) if order.kind is not OrderKind.STOP_MARKET]
    return _entrusted(call, working)


def orders_history(call: Private) -> object:
    """Return the ended orders of the normal book."""
    symbol = call.maybe_symbol()
    ended = [order for order in call.desk.orders(symbol) if order.status.is_final and not waits(order)]
    return _entrusted(call, ended)


def _entrusted(call: Private, orders: list[Order]) -> Json:
    """Return a page of orders; null where there is none."""
    wanted = [order for order in orders if call.is_in_span(order.placed_at) and _fits(call, order)]
    page, last = call.page([(order.number, order) for order in wanted])
    rows = [_shown(call, order) for order in page]
    return {"entrustedList": rows or None, "endId": last or None}


def _fits(call: Private, order: Order) -> bool:
    number, name = call.params.maybe("orderId"), call.params.maybe("clientOid")
    return (number is None or str(order.number) == number) and (name is None or order.client_id == name)


def _shown(call: Private, order: Order) -> Json:
    """Put an order into the fields that lists have."""
    return render.order(call.market(order.symbol), order, *_setup(call, order), "status")


def _setup(call: Private, order: Order) -> tuple[MarginMode, Decimal, Decimal]:
    """Return the margin mode, the leverage and what the order's trades realised."""
    account = call.desk.engine.account
    profits = (trade.fill.realised for trade in call.desk.records.trades if trade.order == order.number)
    return account.modes[order.symbol], account.leverage[order.symbol], sum(profits, ZERO)


def _named(call: Private) -> Order | None:
    """Return the order that a call names by its number or its client id."""
    number, name = call.params.maybe_integer("orderId"), call.params.maybe("clientOid")
    if number is not None:
        return call.desk.numbered(number)
    if name is None:
        raise errors.missing("orderId")
    return next(iter(call.desk.named(ClientOrderId(name))), None)
