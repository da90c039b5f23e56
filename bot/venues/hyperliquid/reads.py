"""What is read through ccxt's class of the venue. A read that costs much is made once, and again when it has to be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bot.exchange.errors import Unbelievable
from bot.venues.hyperliquid.shared_reads import AT_ONCE, Kept, Row

_MARK_AGE: Final = 60_000
"""Milliseconds for which a mark may bound a market order."""
_STATE_AGE: Final = 5_000
"""Milliseconds for which a market's state is believed, while the middle of its book is what it was then."""
_MOVED: Final = Decimal("0.0005")
"""How far the middle of a book may be from there, as a fraction."""
_RULES_AGE: Final = 5_000
"""Milliseconds for which what changes rarely serves all who ask."""
_PAGE: Final = 2000
"""Documented: the most fills that one answer holds."""
_REACH: Final = 15 * 60_000
"""Milliseconds that fills are read back at least, so that one read serves all who ask for recent ones."""

if TYPE_CHECKING:

    class _Ccxt:
        """What is used of ccxt's class."""

        options: dict[str, Any]
        markets: dict[str, dict[str, Any]]
        urls: dict[str, Any]
        privateKey: str  # noqa: N815 - ccxt's name
        has: dict[str, Any]

        def milliseconds(self) -> int: ...
        def incrementing_nonce(self) -> int: ...
        def packb(self, action: object) -> bytes: ...
        def ecdsa(self, request: str, secret: str, algorithm: str, hash: None) -> dict[str, Any]: ...  # noqa: A002
        def market(self, symbol: str) -> dict[str, Any]: ...
        def sign(self, path: str, api: object, method: str, params: dict[str, Any]) -> dict[str, Any]: ...
        def set_sandbox_mode(self, enabled: bool) -> None: ...  # noqa: FBT001
        def parse_trade(self, trade: Row, market: object = None) -> dict[str, Any]: ...
        def parse_order_status(self, status: str | None) -> str | None: ...
        def parse_order_type(self, status: str | None) -> str | None: ...
        def parse_ws_ticker(self, ticker: Row, market: object = None) -> dict[str, Any]: ...
        def parse_funding_rate(self, info: Row, market: object = None) -> dict[str, Any]: ...
        def handle_public_address(self, name: str, params: Row) -> list[Any]: ...
        def handle_order(self, client: object, message: Row) -> None: ...
        def handle_message(self, client: object, message: Row) -> None: ...
        def handle_active_asset_ctx(self, client: object, message: Row) -> Any: ...  # noqa: ANN401
        def watch(self, url: str, name: str, message: Row, subscription: str) -> Any: ...  # noqa: ANN401
        async def fetch_order_book(self, symbol: str, limit: int | None = None) -> dict[str, Any]: ...
        async def public_post_info(self, params: Row) -> Any: ...  # noqa: ANN401
        async def private_post_exchange(self, params: Row) -> Any: ...  # noqa: ANN401
        async def create_order(
            self, symbol: str, kind: str, side: str, amount: str, price: str | None, params: dict[str, Any]
        ) -> dict[str, Any]: ...
else:
    _Ccxt = object


class Reads(_Ccxt):
    """Mixin before ccxt's class."""

    @property
    def kept(self) -> Kept:
        """What is kept, here and by the object that follows the streams."""
        shared: dict[str, Kept] = self.options.setdefault("shared", {})
        return shared.setdefault("kept", Kept())

    async def together(self, kind: str, more: Row) -> Any:  # noqa: ANN401 - ccxt's own types
        """Ask once for what several symbols ask for at the same time."""
        read = partial(self.public_post_info, {"type": kind, **more})
        return await self.kept.read(kind, read, self.milliseconds, _RULES_AGE)

    # -- markets --------------------------------------------------------------------------------------------------

    async def public_post_info(self, params: Row) -> Any:  # noqa: ANN401 - ccxt's own types
        """Ask; the states of all markets are kept, and each order as it was told last.

        ccxt overwrites the name in camel case by this one, so that its own methods ask here, too.
        """
        if params.get("type") == "metaAndAssetCtxs":
            return await self._states(str(params.get("dex") or ""), _RULES_AGE)
        count = self.kept.count
        answer = await super().public_post_info(params)
        if params.get("type") == "orderStatus":
            self.kept.orders[str(params["oid"])] = count, answer
        return answer

    async def _states(self, dex: str, age: int) -> Any:  # noqa: ANN401 - ccxt's own types
        return await self.kept.read(f"states {dex}", partial(self._new_states, dex), self.milliseconds, age)

    async def _new_states(self, dex: str) -> Any:  # noqa: ANN401 - ccxt's own types
        began = self.milliseconds()
        answer = await super().public_post_info({"type": "metaAndAssetCtxs", **_of(dex)})
        if len(answer) != 2 or len(answer[0]["universe"]) != len(answer[1]):  # noqa: PLR2004 - a pair
            raise Unbelievable("markets: not as many states as rules")
        for rules, state in zip(answer[0]["universe"], answer[1], strict=True):
            self.kept.told[rules["name"]] = {**rules, **state, "readAt": began}
        return answer

    async def fetch_order_book(self, symbol: str, limit: int | None = None) -> dict[str, Any]:
        """Return a book; who asks for the market's state at the same time is served by the same read."""
        read = partial(super().fetch_order_book, symbol, limit)
        kept = self.kept
        book: dict[str, Any] = await kept.read(f"book {symbol}", read, self.milliseconds, AT_ONCE, count=kept.acted)
        return book

    async def fetch_funding_rate(self, symbol: str, params: Row | None = None) -> dict[str, Any]:
        """Return a market's marks and funding, with the time at which they were asked for or told.

        What is kept holds while the book, which is read each time, has its middle where it was.
        """
        del params
        market, began = self.market(symbol), self.milliseconds()
        dex, coin = market["info"].get("dex") or "", market["baseName"]
        book = await self.fetch_order_book(symbol)
        row = self.kept.told.get(coin)
        if row is None or not self._holds(row, book):
            await self._states(dex, self.milliseconds() - began)
            row = self.kept.told.get(coin)
        if row is None:
            raise Unbelievable(f"{symbol}: the venue does not list {coin}")
        return {**self.parse_funding_rate(row, market), "timestamp": row["readAt"]}

    def _holds(self, row: Row, book: Row) -> bool:
        age = self.milliseconds() - row["readAt"]
        if not 0 <= age <= _STATE_AGE or not row.get("midPx") or not book["bids"] or not book["asks"]:
            return False
        middle = (Decimal(book["bids"][0][0]) + Decimal(book["asks"][0][0])) / 2
        return abs(middle - Decimal(row["midPx"])) <= middle * _MOVED

    async def _mark(self, symbol: str) -> str:
        """Return the mark that bounds a market order: the one that was told last, or a new one where that is old."""
        row = self.kept.told.get(self.market(symbol)["baseName"])
        if row is not None and 0 <= self.milliseconds() - row["readAt"] <= _MARK_AGE:
            return str(row["markPx"])
        return str((await self.fetch_funding_rate(symbol))["markPrice"])

    # -- the account ----------------------------------------------------------------------------------------------

    async def state(self, user: str, dex: str) -> Any:  # noqa: ANN401 - ccxt's own types
        """Return the venue's own account of money and positions; the parts of a view share it."""
        asked, kept = {"type": "clearinghouseState", "user": user, **_of(dex)}, self.kept
        read, count = partial(self._new_state, asked), max(kept.acted, kept.changed)
        return await kept.read(f"state {dex}", read, self.milliseconds, AT_ONCE, count=count)

    async def _new_state(self, asked: Row) -> Any:  # noqa: ANN401 - ccxt's own types
        answer = await self.public_post_info(asked)
        self.kept.held(answer["assetPositions"])
        return answer

    async def open_orders(self, user: str, dex: str) -> Any:  # noqa: ANN401 - ccxt's own types
        """Return the venue's own rows of all working orders, conditional ones included.

        A list is kept while the positions are what our own orders made of them, and is brought up to date by asking
        for the orders that we acted on since.
        """
        await self.state(user, dex)
        kept, name = self.kept, f"orders {dex}"
        read = partial(self.public_post_info, {"type": "frontendOpenOrders", "user": user, **_of(dex)})
        age = kept.age(self.milliseconds())
        rows = await kept.read(name, read, self.milliseconds, age, count=kept.changed)
        acted = kept.unread(kept.named(name).count)
        if not acted or not isinstance(rows, list):
            return rows
        told = await asyncio.gather(*(self._order(user, one) for one in acted))
        known = [row for row in rows if not isinstance(row, Mapping) or row.get("cloid") not in acted]
        return [*known, *(one["order"] for one in told if one["status"] == "open")]

    async def _order(self, user: str, client_id: str) -> Row:
        """Return an order with its status, as it was told after our last action on it; ask where it was not.

        Raises:
            Unbelievable: the venue took the action, and does not know the order yet.
        """
        act = self.kept.acts[client_id]
        count, told = self.kept.orders.get(client_id, (-1, {}))
        if count < act.count:
            told = await self.public_post_info({"type": "orderStatus", "user": user, "oid": client_id})
        if told.get("status") != "order":
            raise Unbelievable(f"order {client_id} was acted on, and is not told of yet")
        order: Row = told["order"]
        return order

    async def read_fills(self) -> list[object]:
        """Return the fills that were read last, of all markets."""
        return list(self.kept.named("fills").answer or ())

    async def all_fills(self, user: str, since: int, until: int | None = None, ended: int = 0) -> list[object]:
        """Return the fills of a span, of all markets: what is kept, or read page by page.

        What is kept must have been asked for after ``ended`` (ms), and after whatever happened to the account. A row
        that does not say when it was may be of any span.
        """
        now, kept = self.milliseconds(), self.kept
        begin = min(since, now - _REACH)
        read, age = partial(self._new_fills, user, begin), min(kept.age(now), now - ended - 1)
        count = max(kept.acted, kept.changed)
        rows = await kept.read("fills", read, self.milliseconds, age, count=count, since=begin)
        end = self.milliseconds() if until is None else until
        return [row for row in rows if (at := _time(row)) is None or since <= at <= end]

    async def _new_fills(self, user: str, since: int) -> tuple[object, ...]:
        begin, found = since, dict[str, object]()
        while True:
            page = await self.public_post_info({"type": "userFillsByTime", "user": user, "startTime": begin})
            found |= {_name(row): row for row in page}
            last = max((at for row in page if (at := _time(row)) is not None), default=begin)
            if len(page) < _PAGE:
                return tuple(found.values())
            if last <= begin:
                raise Unbelievable("fills: more than a page within a millisecond")
            begin = last

    def parse_trade(self, trade: Row, market: object = None) -> dict[str, Any]:
        """Read a fill; a builder's fee is part of its fee."""
        return super().parse_trade({key: value for key, value in trade.items() if key != "builderFee"}, market)

    def parse_order_status(self, status: str | None) -> str | None:
        """Put the venue's statuses into ccxt's, those included that ccxt does not know."""
        if status is not None and status.lower().endswith(("cancel", "canceled")):
            return "canceled"
        return super().parse_order_status(status)

    def parse_order_type(self, status: str | None) -> str | None:
        """Put the venue's order types into ccxt's."""
        words = (status or "").lower().split()
        return words[-1] if words and words[-1] in {"limit", "market"} else super().parse_order_type(status)


def _of(dex: str) -> dict[str, str]:
    return {"dex": dex} if dex else {}


def _name(row: object) -> str:
    """Tell a fill from others: by its own number and its order's, or by all that it says."""
    if isinstance(row, Mapping) and "tid" in row and "oid" in row:
        return f"{row['tid']}:{row['oid']}"
    return repr(row)


def _time(row: object) -> int | None:
    """Return when a fill was, ms; None where it does not say."""
    said = row.get("time") if isinstance(row, Mapping) else None
    return int(said) if isinstance(said, int | str) and str(said).isdecimal() else None
