"""Binance's working orders: the normal book, and the conditional orders of its algo service."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.snapshot import OpenOrder
from bot.exchange import translate_orders, working_orders
from bot.exchange.ccxt_link import Link
from bot.exchange.dialect import Instrument
from bot.exchange.errors import Unbelievable
from bot.exchange.facts import Listing
from bot.exchange.fields import Row, row_of
from bot.exchange.working_orders import Listed


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
    """Whether a row is of a symbol; one that does not say so is nobody else's."""
    said = item.get("symbol") if isinstance(item, Mapping) else None
    return not isinstance(said, str) or said == one.venue_symbol


def open_order(row: Row, one: Instrument) -> OpenOrder:
    """Translate a working order; one with ``closePosition`` has no quantity and closes the whole position."""
    closes_all = row_of(row.get("info"), "order").get("closePosition") is True
    return translate_orders.open_order(row, one.market.contract_size, closes_all=closes_all)
