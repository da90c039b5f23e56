"""What every answer of the v3 interface has in common: the payload, lists in it, and rows of orders and trades."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from bot.core.types import ZERO, Symbol
from bot.exchange.ccxt_link import Link
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, has, number, row_of, rows_of, text

CATEGORY: Final = "USDT-FUTURES"
OF_CATEGORY: Final[Mapping[str, object]] = {"category": CATEGORY}
PAGE: Final = 100
"""Rows that one answer holds at most."""
_MOST_PAGES: Final = 10

_STATUS: Final[Mapping[str, str]] = {
    "live": "open",
    "new": "open",
    "partially_filled": "open",
    "filled": "closed",
    "cancelled": "canceled",
}
_SAYS_CLOSING: Final[Mapping[str, bool]] = {"YES": True, "NO": False}


def data(answer: object) -> object:
    """Return the payload of an answer."""
    return row_of(answer, "answer").get("data")


def listed(answer: object, what: str) -> list[object]:
    """Return the list of an answer as it is; null stands for none, a missing list for nothing that could be believed.

    Raises:
        Unbelievable: the list is missing.
    """
    body = row_of(data(answer), what)
    if "list" not in body:
        raise Unbelievable(f"{what}: no 'list'")
    found = body["list"]
    if found is not None and not isinstance(found, list):
        raise Unbelievable(f"{what}: 'list' is no list")
    return found or []


class TooLong(Unbelievable):
    """A list that was not read to its end."""


async def pages(link: Link, name: str, query: Mapping[str, object], what: str) -> AsyncIterator[Sequence[object]]:
    """Read a list page by page, newest first.

    Raises:
        TooLong: it is longer than any that is read to its end.
    """
    asked = {**query, "limit": str(PAGE)}
    for _ in range(_MOST_PAGES):
        answer = await link.read(name, asked)
        rows = listed(answer, what)
        yield rows
        body = row_of(data(answer), what)
        if len(rows) < PAGE or not has(body, "cursor"):
            return
        asked["cursor"] = body["cursor"]
    raise TooLong(f"{what}: more than {_MOST_PAGES * PAGE} rows")


def is_of(item: object, venue_symbol: str) -> bool:
    """Whether a row is of a symbol; one that does not say is taken for it."""
    said = item.get("symbol") if isinstance(item, Mapping) else None
    return not isinstance(said, str) or said.upper() == venue_symbol


def order(item: object, symbol: Symbol) -> Row:
    """Put an order of the normal book into ccxt's dictionary; ccxt itself loses its average price and turns its fee.

    Raises:
        Unbelievable: it can't be read.
    """
    raw = row_of(item, "order")
    what = f"order {raw.get('clientOid') or raw.get('orderId')}"
    said = text(raw, "orderStatus", what)
    if said not in _STATUS:
        raise Unbelievable(f"{what}: unknown status {said!r}")
    return {
        "info": raw,
        "id": text(raw, "orderId", what),
        "clientOrderId": raw.get("clientOid") or None,
        "symbol": symbol,
        "timestamp": raw.get("createdTime"),
        "lastUpdateTimestamp": raw.get("updatedTime"),
        "type": text(raw, "orderType", what).lower(),
        "side": text(raw, "side", what).lower(),
        "price": raw.get("price"),
        "average": raw.get("avgPrice"),
        "amount": text(raw, "qty", what),
        "filled": text(raw, "cumExecQty", what),
        "reduceOnly": _reduces(raw, what),
        "status": _STATUS[said],
        "fee": _fee(raw, what) if _has_fee(raw) else None,
    }


def trade(item: object, symbols: Mapping[str, Symbol]) -> Row:
    """Put a fill into ccxt's dictionary; its fee is what was charged.

    Raises:
        Unbelievable: it can't be read.
    """
    raw = row_of(item, "trade")
    what = f"trade {raw.get('execId')}"
    return {
        "info": raw,
        "id": text(raw, "execId", what),
        "order": text(raw, "orderId", what),
        "symbol": symbols[text(raw, "symbol", what).upper()],
        "timestamp": raw.get("createdTime"),
        "side": text(raw, "side", what).lower(),
        "price": text(raw, "execPrice", what),
        "amount": text(raw, "execQty", what),
        "takerOrMaker": text(raw, "tradeScope", what).lower(),
        "fee": _fee(raw, what),
    }


def _reduces(raw: Row, what: str) -> bool:
    said = text(raw, "reduceOnly", what).upper()
    if said not in _SAYS_CLOSING:
        raise Unbelievable(f"{what}: reduceOnly is {raw['reduceOnly']!r}")
    return _SAYS_CLOSING[said]


def _has_fee(raw: Row) -> bool:
    """Whether an order was charged anything yet: until then its list of fees is empty, or of nulls."""
    found = raw.get("feeDetail")
    return isinstance(found, list) and any(isinstance(one, Mapping) and has(one, "fee") for one in found)


def _fee(raw: Row, what: str) -> Row:
    """Sum up what was charged, above 0; in one coin, since nobody would know what the sum of two is."""
    parts = rows_of(raw.get("feeDetail"), f"{what}: fees")
    coins = {text(part, "feeCoin", f"{what}: fee") for part in parts}
    if len(coins) != 1:
        raise Unbelievable(f"{what}: fees in {len(coins)} coins")
    cost: Decimal = sum((number(part, "fee", f"{what}: fee") for part in parts), ZERO)
    return {"currency": coins.pop().upper(), "cost": cost}
