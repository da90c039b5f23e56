"""Bitget's working and ended orders: the normal book, and the plan orders beside it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

from bot.core.snapshot import OpenOrder, Unread
from bot.core.types import ClientOrderId, Symbol
from bot.exchange import translate_orders, working_orders
from bot.exchange.ccxt_link import Link
from bot.exchange.dialect import Found, Instrument, TradePage
from bot.exchange.errors import Unbelievable
from bot.exchange.facts import Listing
from bot.exchange.fields import Row, has, milliseconds_of, number, row_of, rows_of, text
from bot.exchange.trades import parsed as read_trades
from bot.exchange.working_orders import Listed

PRODUCT: Final[Mapping[str, object]] = {"productType": "USDT-FUTURES"}
PLAN: Final = "normal_plan"
PAGE: Final = 100
_MOST_PAGES: Final = 10
"""Pages of working orders that are read at most; the venue takes 400 orders a symbol."""
_SAYS_CLOSING: Final[Mapping[str, bool]] = {"YES": True, "NO": False}


async def working(link: Link, listing: Listing, one: Instrument) -> Listed:
    """Read one book, page by page; rows that the venue sends of other symbols are left out."""
    is_plan = listing.params.get("trigger") is True
    name = "privateMixGetV2MixOrderOrdersPlanPending" if is_plan else "privateMixGetV2MixOrderOrdersPending"
    query: dict[str, object] = {**PRODUCT, "symbol": one.venue_symbol, "limit": PAGE}
    if is_plan:
        query["planType"] = listing.params.get("planType", PLAN)
    raw: list[object] = []
    for _ in range(_MOST_PAGES):
        body = row_of(data(await link.read(name, query)), "orders")
        page = listed(body)
        raw += page
        if len(page) < PAGE or not has(body, "endId"):
            mine = [_tidied(item) for item in raw if _is_of(item, one)]
            return working_orders.parsed(link, mine, one.market.symbol, ("orderId", "clientOid"))
        query["idLessThan"] = body["endId"]
    symbol = one.market.symbol
    rest = Unread(symbol, f"the end of the list of orders of {symbol}", f"more than {_MOST_PAGES * PAGE} orders rest")
    found = working_orders.parsed(link, [_tidied(item) for item in raw if _is_of(item, one)], symbol, ("orderId",))
    return Listed(found.rows, (*found.unread, rest))


def _is_of(item: object, one: Instrument) -> bool:
    """Whether a row is of a symbol; one that does not say is taken for it. The documentation has lower case."""
    said = item.get("symbol") if isinstance(item, Mapping) else None
    return not isinstance(said, str) or said.upper() == one.venue_symbol


def _tidied(item: object) -> object:
    """Put the case of a symbol right, which ccxt looks up as it stands."""
    said = item.get("symbol") if isinstance(item, Mapping) else None
    return {**item, "symbol": said.upper()} if isinstance(item, Mapping) and isinstance(said, str) else item


_CAME_TO: Final[Mapping[str, str]] = {
    "success": "closed",
    "in_progress": "open",
    "fail": "rejected",
    "cancelled": "canceled",
}
"""What the statuses of the order that a plan order became (Get Trigger Sub Order) mean for the plan order itself."""
_HAS_ORDER: Final = frozenset({"success", "cancelled"})
"""Of these the order itself tells what was filled; a cancelled one may be filled in part."""


def open_order(row: Row, listing: Listing, one: Instrument) -> OpenOrder:
    """Translate a working order.

    A plan order has no ``reduceOnly`` (only normal orders do, and the stops of a position imply it). One whose size is
    0 closes the whole position.
    """
    raw = row_of(row.get("info"), "order")
    is_plan = listing.params.get("trigger") is True
    closes_all = is_plan and (not has(raw, "size") or number(raw, "size", "plan order") == 0)
    return translate_orders.open_order(
        {**row, "reduceOnly": _reduces(raw), "side": str(row.get("side") or "").lower()},
        one.market.contract_size,
        reduce_only=listing.reduce_only,
        closes_all=closes_all,
    )


def _reduces(raw: Row) -> bool | None:
    """Read ``reduceOnly``, in whatever case it is written; ccxt takes "no" for yes."""
    if not has(raw, "reduceOnly"):
        return None
    said = str(raw["reduceOnly"]).upper()
    if said not in _SAYS_CLOSING:
        raise Unbelievable(f"order {raw.get('orderId')}: reduceOnly is {raw['reduceOnly']!r}")
    return _SAYS_CLOSING[said]


def data(answer: object) -> object:
    """Return the payload of an answer."""
    return row_of(answer, "answer").get("data")


def listed(body: Row) -> list[object]:
    """Return a page's orders as they are; Bitget writes null for none.

    Raises:
        Unbelievable: the list is missing.
    """
    if "entrustedList" not in body:
        raise Unbelievable("orders: no 'entrustedList'")
    found = body["entrustedList"]
    if found is not None and not isinstance(found, list):
        raise Unbelievable("orders: 'entrustedList' is no list")
    return found or []


async def find_plan(link: Link, client_id: ClientOrderId, symbol: Symbol, venue_symbol: str) -> Found | None:
    """Ask for a plan order by client id, waiting or ended."""
    query = {**PRODUCT, "symbol": venue_symbol, "planType": PLAN, "clientOid": client_id}
    for name in ("privateMixGetV2MixOrderOrdersPlanPending", "privateMixGetV2MixOrderOrdersPlanHistory"):
        for item in listed(row_of(data(await link.read(name, query)), "plan orders")):
            if isinstance(item, Mapping) and item.get("clientOid") == client_id:
                return await _plan(link, row_of(_tidied(item), "plan order"), symbol)
    return None


async def _plan(link: Link, raw: Row, symbol: Symbol) -> Found:
    """Return what became of a plan order: an executed one is what the order that came of it is."""
    row = row_of(link.parse_order(raw, symbol), "plan order")
    if raw.get("planStatus") != "executed":
        return Found(row, conditional=True)
    status, child = await _sub_order(link, raw)
    if status in _HAS_ORDER and child:
        return Found(row, conditional=True, child=child)
    return Found({**row, "status": _CAME_TO[status], "filled": "0"}, conditional=True)


async def _sub_order(link: Link, raw: Row) -> tuple[str, str]:
    """Return the status and the number of the order that an executed plan order became; empty where it became none."""
    what = f"plan order {raw.get('clientOid')}"
    query = {**PRODUCT, "planType": PLAN, "planOrderId": text(raw, "orderId", "plan order")}
    rows = rows_of(data(await link.read("privateMixGetV2MixOrderPlanSubOrder", query)), "plan sub-orders")
    if len(rows) != 1:
        raise Unbelievable(f"{what} was executed, but {len(rows)} orders came of it")
    status = text(rows[0], "status", f"{what}: its order").lower()
    child = text(rows[0], "orderId", f"{what}: its order") if has(rows[0], "orderId") else ""
    if status not in _CAME_TO or (status == "success" and not child):
        raise Unbelievable(f"{what} was executed, and its order is {status!r}, number {child!r}")
    return status, child


async def trades(link: Link, one: Instrument, since: datetime, until: datetime) -> TradePage:
    """Read a symbol's trades of a span, row by row."""
    span = {"startTime": milliseconds_of(since), "endTime": milliseconds_of(until), "limit": PAGE}
    answer = await link.read("privateMixGetV2MixOrderFills", {**PRODUCT, "symbol": one.venue_symbol, **span})
    body = row_of(data(answer), "trades")
    found = body.get("fillList")
    if "fillList" not in body or not isinstance(found, list | None):
        raise Unbelievable(f"trades of {one.market.symbol}: no 'fillList'")
    mine = (item for item in found or [] if _is_of(item, one))
    return read_trades(link, mine, one, since, full=len(found or []) >= PAGE)


async def children(link: Link, venue_symbol: str, since: datetime) -> Mapping[str, ClientOrderId]:
    """Map orders that plan orders became to the latter's client ids; a row that can't be read is left out."""
    query = {**PRODUCT, "symbol": venue_symbol, "planType": PLAN, "planStatus": "executed"}
    query |= {"startTime": milliseconds_of(since), "limit": PAGE}
    body = row_of(data(await link.read("privateMixGetV2MixOrderOrdersPlanHistory", query)), "plan orders")
    found: dict[str, ClientOrderId] = {}
    for item in listed(body):
        with suppress(Unbelievable):
            row = row_of(item, "plan order")
            owner = ClientOrderId(text(row, "clientOid", "plan order"))
            _, child = await _sub_order(link, row)
            if child:
                found[child] = owner
    return found
