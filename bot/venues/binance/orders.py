"""Binance's working orders: the normal book, and the conditional orders of its algo service."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from bot.core.snapshot import OpenOrder
from bot.core.types import ClientOrderId
from bot.exchange import translate_orders, working_orders
from bot.exchange.ccxt_link import Link
from bot.exchange.dialect import Found, Instrument, TradePage
from bot.exchange.errors import Unbelievable
from bot.exchange.facts import Listing
from bot.exchange.fields import Row, has, milliseconds_of, number, positive, row_of, text
from bot.exchange.trades import parsed as read_trades
from bot.exchange.working_orders import Listed

_FIRED: Final = frozenset({"TRIGGERED", "FINISHED"})
_LAG: Final = 10_000
"""Milliseconds for which a conditional order that ended may still lack the number of the order that it became."""
_PAGE: Final = 100


async def working(link: Link, listing: Listing, one: Instrument) -> Listed:
    """Read one book, whole: the venue lists all of a symbol's orders at once."""
    is_algo = listing.params.get("trigger") is True
    name = "fapiPrivateGetOpenAlgoOrders" if is_algo else "fapiPrivateGetOpenOrders"
    answer = await link.read(name, {"symbol": one.venue_symbol})
    if not isinstance(answer, list):
        raise Unbelievable(f"orders of {one.market.symbol}: no list")
    mine = [item for item in answer if _is_of(item, one)]
    return working_orders.parsed(link, mine, one.market.symbol, ("algoId", "orderId", "clientAlgoId", "clientOrderId"))


def _is_of(item: object, one: Instrument) -> bool:
    """Whether a row is of a symbol; one that does not say is taken for it."""
    said = item.get("symbol") if isinstance(item, Mapping) else None
    return not isinstance(said, str) or said == one.venue_symbol


def open_order(row: Row, one: Instrument) -> OpenOrder:
    """Translate a working order; one with ``closePosition`` has no quantity and closes the whole position."""
    closes_all = row_of(row.get("info"), "order").get("closePosition") is True
    return translate_orders.open_order(row, one.market.contract_size, closes_all=closes_all)


def became(row: Row, now: int) -> Found:
    """Return what became of a conditional order, at a time in milliseconds.

    One that names the order that it became is what that one is; FINISHED is documented as "that order ended", filled or
    not. One that ended and for long names none, nor anything that it filled, became none.

    Raises:
        Unbelievable: it fired, and what of is not told yet.
    """
    raw = row_of(row.get("info"), "conditional order")
    what = f"conditional order {row.get('clientOrderId')}"
    if (child := _child(raw)) is not None:
        return Found(row, conditional=True, child=child)
    if raw.get("algoStatus") not in _FIRED:
        return Found(row, conditional=True)
    is_filled = has(raw, "actualQty") and number(raw, "actualQty", what) != 0
    if raw["algoStatus"] == "FINISHED" and not is_filled and now - positive(raw, "updateTime", what) > _LAG:
        return Found({**row, "status": "rejected", "filled": "0"}, conditional=True)
    raise Unbelievable(f"{what} triggered, but names no order yet")


def _child(raw: Row) -> str | None:
    has_any = has(raw, "actualOrderId") and str(raw["actualOrderId"]) != "0"
    return text(raw, "actualOrderId", "conditional order") if has_any else None


async def trades(link: Link, one: Instrument, since: datetime, until: datetime) -> TradePage:
    """Read a symbol's trades of a span, row by row."""
    span = {"startTime": milliseconds_of(since), "endTime": milliseconds_of(until), "limit": _PAGE}
    answer = await link.read("fapiPrivateGetUserTrades", {"symbol": one.venue_symbol, **span})
    if not isinstance(answer, list):
        raise Unbelievable(f"trades of {one.market.symbol}: no list")
    return read_trades(link, (item for item in answer if _is_of(item, one)), one, since, full=len(answer) >= _PAGE)


async def children(link: Link, venue_symbol: str, since: datetime) -> Mapping[str, ClientOrderId]:
    """Map orders that conditional ones became to the latter's client ids; a row that can't be read is left out."""
    query = {"symbol": venue_symbol, "startTime": milliseconds_of(since), "limit": _PAGE}
    answer = await link.read("fapiPrivateGetAllAlgoOrders", query)
    if not isinstance(answer, list):
        raise Unbelievable("conditional orders: no list")
    found: dict[str, ClientOrderId] = {}
    for item in answer:
        with suppress(Unbelievable):
            row = row_of(item, "conditional order")
            if (child := _child(row)) is not None:
                found[child] = ClientOrderId(text(row, "clientAlgoId", "conditional order"))
    return found
