"""Bitget's strategy orders: stops, in a book of their own, whose rows name neither side nor reduce-only.

dnbot's stops are of type ``tpsl`` and of a part of the position, which keep their client order id; a trigger price at
the endpoint of normal orders would make an immediate order.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from bot.core.types import ClientOrderId, Symbol
from bot.exchange.ccxt_link import Link
from bot.exchange.dialect import Found
from bot.exchange.errors import Refusal, Unbelievable
from bot.exchange.fields import Row, has, milliseconds_of, moment, number, row_of, rows_of, text
from bot.venues.bitget.unified import facts, rows

_PENDING: Final = "privateUtaGetV3TradeUnfilledStrategyOrders"
_HISTORY: Final = "privateUtaGetV3TradeHistoryStrategyOrders"
_STATUS: Final[Mapping[str, str]] = {
    "pending": "open",
    "submitting": "open",
    "success": "open",
    "failed": "rejected",
    "cancelled": "canceled",
}
"""``success`` says that it was set off; what came of that stands in the order that it became."""
_FIRED: Final = "success"
_SEARCHED: Final = timedelta(days=30)
"""How far back an ended strategy order is looked for; no answer may span more."""
_BECAME: Final = frozenset({"stop_loss_market", "position_stop_loss_market"})
"""What orders that stops became are called in the order history."""
_AROUND: Final = timedelta(seconds=60)
_CLOSES: Final[Mapping[str, str]] = {"long": "sell", "short": "buy"}


async def pending(link: Link, kind: str) -> tuple[object, ...]:
    """Read the waiting orders of a type, of all symbols; null is believed to be none if it is answered twice.

    Raises:
        Unbelievable: it is no list.
    """
    query = {**rows.OF_CATEGORY, "type": kind}
    found = rows.data(await link.read(_PENDING, query))
    if found is None:
        found = rows.data(await link.read(_PENDING, query))
    if found is not None and not isinstance(found, list):
        raise Unbelievable("strategy orders: no list")
    return tuple(found or ())


def order(item: object, symbol: Symbol, kind: str) -> Row:
    """Put a strategy order into ccxt's dictionary.

    A stop or take-profit only closes, whichever side it is of. In one-way mode nobody has shown what its side is
    called; where it is not named the order is taken to close a short, since dnbot holds nothing else.

    Raises:
        Unbelievable: it can't be read, or is a trigger order, whose side is not told.
    """
    raw = row_of(item, "strategy order")
    what = f"strategy order {raw.get('clientOid') or raw.get('orderId')}"
    said = text(raw, "status", what)
    if said not in _STATUS:
        raise Unbelievable(f"{what}: unknown status {said!r}")
    if kind == facts.TRIGGER:
        raise Unbelievable(f"{what}: a trigger order of {raw.get('qty')} whose side is not told")
    trigger = next((raw[key] for key in ("stopLoss", "takeProfit") if has(raw, key)), None)
    prefix = "sl" if has(raw, "stopLoss") else "tp"
    return {
        "info": raw,
        "id": text(raw, "orderId", what),
        "clientOrderId": raw.get("clientOid") or None,
        "symbol": symbol,
        "timestamp": raw.get("createdTime"),
        "lastUpdateTimestamp": raw.get("updatedTime"),
        "type": str(raw.get(f"{prefix}OrderType") or "market").lower(),
        "side": _CLOSES.get(str(raw.get("posSide") or "").lower(), "buy"),
        "price": None,
        "triggerPrice": trigger,
        "amount": raw.get("qty"),
        "filled": None,
        "reduceOnly": True,
        "status": _STATUS[said],
    }


def closes_all(row: Row) -> bool:
    """Whether an order closes the whole position: such a one has no quantity of its own."""
    raw = row_of(row.get("info"), "strategy order")
    return not has(raw, "qty") or number(raw, "qty", "strategy order") == 0


async def find(link: Link, client_id: ClientOrderId, symbol: Symbol, venue_symbol: str) -> Found | None:
    """Look for one of our stops among those that wait and those that ended."""
    for item in await pending(link, facts.TPSL):
        if _is_ours(item, client_id, venue_symbol):
            return await _found(link, row_of(item, "strategy order"), symbol, venue_symbol)
    return await ended(link, client_id, symbol, venue_symbol)


async def ended(link: Link, client_id: ClientOrderId, symbol: Symbol, venue_symbol: str) -> Found | None:
    """Look for one of our stops among those that ended."""
    since = link.clock.now() - _SEARCHED + _AROUND
    async for page in rows.pages(link, _HISTORY, _since(since), "ended strategy orders"):
        for item in page:
            if _is_ours(item, client_id, venue_symbol):
                return await _found(link, row_of(item, "strategy order"), symbol, venue_symbol)
    return None


def _is_ours(item: object, client_id: ClientOrderId, venue_symbol: str) -> bool:
    return isinstance(item, Mapping) and item.get("clientOid") == client_id and rows.is_of(item, venue_symbol)


def _since(since: datetime) -> Mapping[str, object]:
    return {**rows.OF_CATEGORY, "type": facts.TPSL, "startTime": str(milliseconds_of(since))}


async def _found(link: Link, raw: Row, symbol: Symbol, venue_symbol: str) -> Found:
    row = order(raw, symbol, facts.TPSL)
    if raw.get("status") != _FIRED:
        return Found(row, conditional=True)
    child = await _child(link, raw, venue_symbol)
    if child is None:
        raise Unbelievable(f"stop {raw.get('clientOid')} was set off, but no order that came of it can be told")
    return Found(row, conditional=True, child=child)


async def _child(link: Link, raw: Row, venue_symbol: str) -> str | None:
    """Return the number of the order that a stop became.

    The list of its orders is documented for orders in slices, and may be empty for a stop: then it is the one market
    order of a stop in the order history that fits in time, side and quantity.
    """
    number_ = text(raw, "orderId", "strategy order")
    query = {"orderId": number_, "limit": str(rows.PAGE)}
    listed: list[object] = []
    with suppress(Refusal, Unbelievable):  # the order history is asked next
        listed = rows.listed(await link.read("privateUtaGetV3TradeStrategySubOrders", query), "orders of a stop")
    found = {text(row_of(one, "order of a stop"), "subOrderId", "order of a stop") for one in listed}
    if len(found) > 1:
        raise Unbelievable(f"stop {raw.get('clientOid')} became {len(found)} orders")
    return next(iter(found), None) or await _in_history(link, raw, venue_symbol)


async def _in_history(link: Link, raw: Row, venue_symbol: str) -> str | None:
    at = moment(raw, "updatedTime", "strategy order")
    query = {**rows.OF_CATEGORY, "symbol": venue_symbol}
    query |= {"startTime": str(milliseconds_of(at - _AROUND)), "endTime": str(milliseconds_of(at + _AROUND))}
    found: list[str] = []
    async for page in rows.pages(link, "privateUtaGetV3TradeHistoryOrders", query, "ended orders"):
        listed = rows_of(list(page), "ended orders")
        stops = [row for row in listed if row.get("delegateType") in _BECAME and _fits(row, raw)]
        found += [text(row, "orderId", "order") for row in stops]
    if len(found) > 1:
        raise Unbelievable(f"stop {raw.get('clientOid')} may have become any of {len(found)} orders")
    return found[0] if found else None


def _fits(row: Row, raw: Row) -> bool:
    side = _CLOSES.get(str(raw.get("posSide") or "").lower(), "buy")
    return row.get("side") == side and number(row, "qty", "order") == number(raw, "qty", "strategy order")


async def children(link: Link, venue_symbol: str, since: datetime) -> Mapping[str, ClientOrderId]:
    """Map orders that stops became to the latter's client ids; a row that can't be read is left out."""
    found: dict[str, ClientOrderId] = {}
    async for page in rows.pages(link, _HISTORY, _since(since), "ended strategy orders"):
        for item in page:
            with suppress(Unbelievable):
                row = row_of(item, "strategy order")
                if row.get("status") != _FIRED or not rows.is_of(row, venue_symbol):
                    continue
                owner = ClientOrderId(text(row, "clientOid", "strategy order"))
                child = await _child(link, row, venue_symbol)
                if child is not None:
                    found[child] = owner
    return found
