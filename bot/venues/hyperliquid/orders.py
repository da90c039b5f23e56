"""Working orders and the fate of ended ones: what filled is told by fills alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
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
    """Whether a row is of a coin; one that does not say is taken for it."""
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
    if row.get("status") != "open":
        return Found(await _ended(link, user, row, symbol, client_id), conditional)
    # the venue's time is that of its status, which a fill in part does not change
    row = {**row, "lastUpdateTimestamp": None}
    if conditional:
        return Found({**row, "filled": None}, conditional)
    if number(row, "filled", f"order {client_id}"):
        row = {**row, **(await _filled(link, user, row, symbol, 0)).told(row)}
    return Found(row, conditional)


@dataclass(frozen=True, slots=True)
class _Filled:
    """What the fills of an order come to, in contracts and the account's money."""

    amount: Decimal
    paid: Decimal
    fee: Decimal

    def told(self, row: Row) -> Row:
        """Return the fields of an order that its fills tell; the venue gives no average price."""
        asked = number(row, "amount", "order")
        average = str(self.paid / self.amount) if self.amount else None
        told = {"filled": str(self.amount), "remaining": str(asked - self.amount), "average": average}
        return {**told, "fee": {"cost": str(self.fee)}}


async def _filled(link: Link, user: str, row: Row, symbol: Symbol, known: int) -> _Filled:
    """Add up the fills of an order, as they were known at a time (ms, the venue's) or later."""
    what = f"order {row.get('clientOrderId')}"
    begin, number_ = moment(row, "timestamp", what), text(row, "id", what)
    answer = await link.read("all_fills", user, milliseconds_of(begin - timedelta(seconds=1)), None, known)
    raw = answer if isinstance(answer, list) else []
    mine = (item for item in raw if isinstance(item, Mapping) and str(item.get("oid")) == number_)
    fills = [row_of(link.parse_trade(item, symbol), f"fill of {what}") for item in mine]
    amounts = [number(fill, "amount", "fill") for fill in fills]
    paid = (amount * number(fill, "price", "fill") for amount, fill in zip(amounts, fills, strict=True))
    fees = (number(row_of(fill.get("fee"), "fee"), "cost", "fee") for fill in fills)
    return _Filled(sum(amounts, ZERO), sum(paid, ZERO), sum(fees, ZERO))


async def _ended(link: Link, user: str, row: Row, symbol: Symbol, client_id: ClientOrderId) -> Row:
    what = f"order {client_id}"
    ended = moment(row, "lastUpdateTimestamp", what)
    known = milliseconds_of(ended - (link.offset.value if link.offset else timedelta()))
    told = await _filled(link, user, row, symbol, known)
    asked, left, filled = number(row, "amount", what), number(row, "remaining", what), told.amount
    status = text(row, "status", what)
    is_settled = link.clock.now() - ended > _SETTLED
    if left and filled != asked - left and not is_settled:
        raise Unbelievable(f"{what}: {asked - left} filled, and the fills told so far come to {filled}")
    if status == "closed" and filled < asked:
        if not is_settled and not left:
            raise Unbelievable(f"{what}: filled, and the fills told so far come to {filled} of {asked}")
        status = "canceled"  # its rest was, or the venue has cut it to what there was to reduce
    return {**row, "status": status, **told.told(row)}


def owners(fills: object) -> Mapping[str, ClientOrderId]:
    """Map the order numbers of fills to their client ids."""
    rows = [row for row in fills if isinstance(row, Mapping)] if isinstance(fills, list) else []
    return {str(row.get("oid")): ClientOrderId(str(row["cloid"])) for row in rows if row.get("cloid")}
