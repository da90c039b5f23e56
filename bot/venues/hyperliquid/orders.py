"""Working orders and the fate of ended ones: what filled is told by fills alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from bot.core.snapshot import OpenOrder
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.exchange import translate_orders, working_orders
from bot.exchange.ccxt_link import Link
from bot.exchange.dialect import Found, Instrument
from bot.exchange.errors import Refusal, Unbelievable
from bot.exchange.fields import Row, flag, milliseconds_of, moment, number, row_of, text
from bot.exchange.working_orders import Listed

_SETTLED: Final = timedelta(minutes=1)
"""How long after an order's end all of its fills are surely told."""


async def working(link: Link, user: str, dex: str, coin: str, one: Instrument) -> Listed:
    """Read a symbol's working orders; the venue lists all of a user's at once, conditional ones among them."""
    answer = await link.read("open_orders", user, dex)
    if not isinstance(answer, list):
        raise Unbelievable(f"orders of {one.market.symbol}: no list")
    mine = [
        {**item, "ccxtStatus": "open"} if isinstance(item, Mapping) else item for item in answer if is_of(item, coin)
    ]
    return working_orders.parsed(link, mine, one.market.symbol, ("oid", "cloid"))


def open_order(row: Row, one: Instrument) -> OpenOrder:
    """Translate a working order; one that follows the position has no quantity of its own."""
    raw = row_of(row.get("info"), "order")
    closes_all = flag(raw, "isPositionTpsl", "order") if "isPositionTpsl" in raw else False
    return translate_orders.open_order(_unpriced(row), one.market.contract_size, closes_all=closes_all)


def _unpriced(row: Row) -> Row:
    """Leave out the price that only bounds what a stop becomes."""
    is_stop = row.get("triggerPrice") is not None and row.get("type") == "market"
    return {**row, "price": None} if is_stop else row


def is_of(item: object, coin: str) -> bool:
    """Whether a row is of a coin; one that does not say so is nobody else's."""
    said = item.get("coin") if isinstance(item, Mapping) else None
    return not isinstance(said, str) or said == coin


async def find(link: Link, user: str, client_id: ClientOrderId, symbol: Symbol) -> Found | None:
    """Ask for an order by its client id; for one that has ended, ask for its fills as well.

    Raises:
        Retryable: an answer is missing, or its fills are not all told yet.
    """
    try:
        row = row_of(await link.read("fetch_order", client_id, symbol), f"order {client_id}")
    except Refusal as refusal:
        if (refusal.status, refusal.code) not in link.facts.unknown_order:
            raise
        return None
    if row.get("symbol") != symbol:
        return None
    conditional = row.get("triggerPrice") is not None
    if row.get("status") == "open":
        return Found({**row, "filled": None if conditional else row.get("filled")}, conditional)
    return Found(await _ended(link, user, row, symbol, client_id), conditional)


async def _ended(link: Link, user: str, row: Row, symbol: Symbol, client_id: ClientOrderId) -> Row:
    what = f"order {client_id}"
    begin, number_ = moment(row, "timestamp", what), text(row, "id", what)
    ended = moment(row, "lastUpdateTimestamp", what)
    known = milliseconds_of(ended - (link.offset.value if link.offset else timedelta()))
    answer = await link.read("all_fills", user, milliseconds_of(begin - timedelta(seconds=1)), None, known)
    raw = answer if isinstance(answer, list) else []
    mine = (item for item in raw if isinstance(item, Mapping) and str(item.get("oid")) == number_)
    fills = [row_of(link.parse_trade(item, symbol), f"fill of {what}") for item in mine]
    filled = sum((number(fill, "amount", "fill") for fill in fills), ZERO)
    paid = sum((number(fill, "amount", "fill") * number(fill, "price", "fill") for fill in fills), ZERO)
    asked, left = number(row, "amount", what), number(row, "remaining", what)
    status = text(row, "status", what)
    is_settled = link.clock.now() - ended > _SETTLED
    if left and filled != asked - left and not is_settled:
        raise Unbelievable(f"{what}: {asked - left} filled, and the fills told so far come to {filled}")
    if status == "closed" and filled < asked:
        if not is_settled and not left:
            raise Unbelievable(f"{what}: filled, and the fills told so far come to {filled} of {asked}")
        status = "canceled"  # its rest was, or the venue has cut it to what there was to reduce
    fee = sum((number(row_of(fill.get("fee"), "fee"), "cost", "fee") for fill in fills), ZERO)
    return {
        **row,
        "status": status,
        "filled": str(filled),
        "remaining": str(asked - filled),
        "average": str(paid / filled) if filled else None,
        "fee": {"cost": str(fee)},
    }


def owners(fills: object) -> Mapping[str, ClientOrderId]:
    """Map the order numbers of fills to their client ids."""
    rows = [row for row in fills if isinstance(row, Mapping)] if isinstance(fills, list) else []
    return {str(row.get("oid")): ClientOrderId(str(row["cloid"])) for row in rows if row.get("cloid")}
