"""ccxt's class of the venue, with what it does of its own accord left out and what it loses put back.

As it is, it approves a builder's fee and sets a referrer as soon as it has a key, adds the builder to every order, and
gives no action a last time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bot.exchange.errors import Unbelievable
from bot.venues.hyperliquid import signing
from bot.venues.hyperliquid.shared_reads import Fills, Shared

_MARKET_SLIPPAGE: Final = "0.05"
_STOP_SLIPPAGE: Final = "0.1"
"""How far beyond the mark, or beyond its trigger, an order's limit price lies: a fraction; the venue's own page uses 8
to 10% for stops. A stop whose limit lies on its trigger may rest unfilled."""
_MARK_AGE: Final = 60_000
"""Milliseconds for which a mark may bound a market order."""
_PAGE: Final = 2000
"""Documented: the most fills that one answer holds."""
_JUST: Final = 0.05
"""Seconds: the fills of all markets are asked for once for each of the symbols, one right after the other."""
_UNIT: Final = 1_000_000
"""Units of a margin change in one USDC."""

Row = Mapping[str, Any]


if TYPE_CHECKING:

    class _Ccxt:
        """What is used of ccxt's class."""

        options: dict[str, Any]
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
        def parse_trades(self, trades: list[Row], market: object = None) -> list[dict[str, Any]]: ...
        def parse_order_status(self, status: str | None) -> str | None: ...
        def parse_order_type(self, status: str | None) -> str | None: ...
        def parse_ws_ticker(self, ticker: Row, market: object = None) -> dict[str, Any]: ...
        def parse_funding_rate(self, info: Row, market: object = None) -> dict[str, Any]: ...
        def handle_public_address(self, name: str, params: Row) -> list[Any]: ...
        async def publicPostInfo(self, params: Row) -> Any: ...  # noqa: ANN401, N802
        async def privatePostExchange(self, params: Row) -> Any: ...  # noqa: ANN401, N802
        async def create_order(
            self, symbol: str, kind: str, side: str, amount: str, price: str | None, params: dict[str, Any]
        ) -> dict[str, Any]: ...
else:
    _Ccxt = object


class Ways(_Ccxt):
    """Stands before ccxt's class."""

    vault = ""
    """The sub-account or vault that actions are done for; a login's ``vault``."""
    approver = ""
    """The account that approved the signer; a login's ``approver`` (``account`` is a method of ccxt's)."""

    async def initialize_client(self) -> bool:
        """Write nothing: no builder is approved, no referrer set."""
        return True

    def enable_demo_trading(self, enable: bool) -> None:  # noqa: FBT001 - ccxt's own signature
        """Take the testnet for the demo system."""
        self.set_sandbox_mode(enable)
        # shared by all objects of the class otherwise
        self.options["sandboxMode"] = enable

    # -- what is signed -------------------------------------------------------------------------------------------

    def _expires(self, nonce: int) -> int:
        """Return the venue's time after which an action is not to be done any more, ms."""
        return nonce - int(self.options.get("timeDifference", 0)) + int(self.options["recvWindow"])

    def sign_l1_action(
        self,
        action: object,
        nonce: int,
        vaultAdress: str | None = None,  # noqa: N803 - ccxt's name
        expiresAfter: int | None = None,  # noqa: N803 - ccxt's name
    ) -> dict[str, Any]:
        """Sign an action with its last time, for the vault that is configured."""
        del vaultAdress, expiresAfter
        connection = signing.action_hash(self.packb(action), nonce, self.vault, self._expires(nonce))
        signed = signing.digest(connection, testnet=bool(self.options.get("sandboxMode")))
        made = self.ecdsa(signed.hex(), self.privateKey[-64:], "secp256k1", None)
        return {"r": f"0x{made['r']}", "s": f"0x{made['s']}", "v": 27 + made["v"]}

    def sign(self, path: str, api: object, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send an action's last time and its vault along, as they were signed."""
        if path == "exchange":
            self.__dict__.pop("dnbot_fills", None)  # what comes of it is none of those
            params = {**params, "expiresAfter": self._expires(params["nonce"])}
            if self.vault:
                params["vaultAddress"] = self.vault
        return super().sign(path, api, method, params)

    async def _act(self, action: dict[str, Any]) -> Any:  # noqa: ANN401 - ccxt's own types
        nonce = self.incrementing_nonce()
        signature = self.sign_l1_action(action, nonce)
        return await self.privatePostExchange({"action": action, "nonce": nonce, "signature": signature})

    # -- writes ---------------------------------------------------------------------------------------------------

    async def create_order(
        self, symbol: str, kind: str, side: str, amount: str, price: str | None, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Send an order; what has no price of its own is bounded by its trigger, or by the mark."""
        trigger = params.get("triggerPrice")
        if kind == "market":
            price = trigger or await self._mark(symbol)
            params = {**params, "slippage": _STOP_SLIPPAGE if trigger else _MARKET_SLIPPAGE}
        made = await super().create_order(symbol, kind, side, amount, price, params)
        sent = {
            "clientOrderId": params.get("clientOrderId"),
            "symbol": symbol,
            "type": kind,
            "side": side,
            "amount": amount,
            "price": price if kind == "limit" else None,
            "triggerPrice": trigger,
            "reduceOnly": params.get("reduceOnly", False),
            "timestamp": self.milliseconds(),
        }
        return described(made, sent, rests=bool(trigger or params.get("postOnly")))

    async def add_margin(self, symbol: str, amount: str, params: Row | None = None) -> Any:  # noqa: ANN401 - ccxt's own types
        """Add USDC to an isolated position."""
        del params
        units = int(Decimal(amount) * _UNIT)
        asset = int(self.market(symbol)["baseId"])
        return await self._act({"type": "updateIsolatedMargin", "asset": asset, "isBuy": True, "ntli": units})

    # -- reads ----------------------------------------------------------------------------------------------------

    def _shared(self, key: str) -> Shared:
        kept: dict[str, Shared] = self.__dict__.setdefault("dnbot_shared", {})
        return kept.setdefault(key, Shared())

    async def contexts(self, dex: str) -> Mapping[str, Row]:
        """Return the rules and the present state of every market, by coin, each with the time of the read (ms).

        Raises:
            Unbelievable: there are not as many of one as of the other.
        """
        read = partial(self._contexts, dex)
        found: Mapping[str, Row] = await self._shared(f"contexts {dex}").read(read)
        return found

    async def _contexts(self, dex: str) -> Mapping[str, Row]:
        began = self.milliseconds()
        answer = await self.publicPostInfo({"type": "metaAndAssetCtxs", **({"dex": dex} if dex else {})})
        if len(answer) != 2 or len(answer[0]["universe"]) != len(answer[1]):  # noqa: PLR2004 - a pair
            raise Unbelievable("markets: not as many states as rules")
        return {
            rules["name"]: {**rules, **state, "readAt": began}
            for rules, state in zip(answer[0]["universe"], answer[1], strict=True)
        }

    async def open_orders(self, user: str, dex: str) -> Any:  # noqa: ANN401 - ccxt's own types
        """Return the venue's own rows of all working orders, conditional ones included."""
        asked = {"type": "frontendOpenOrders", "user": user, **({"dex": dex} if dex else {})}
        return await self._shared(f"orders {dex}").read(lambda: self.publicPostInfo(asked))

    async def fetch_funding_rate(self, symbol: str, params: Row | None = None) -> dict[str, Any]:
        """Return a market's marks and funding, with the time at which they were asked for."""
        del params
        market = self.market(symbol)
        row = (await self.contexts(market["info"].get("dex") or "")).get(market["baseName"])
        if row is None:
            raise Unbelievable(f"{symbol}: the venue does not list {market['baseName']}")
        marks: dict[str, tuple[int, str]] = self.__dict__.setdefault("dnbot_marks", {})
        marks[symbol] = (row["readAt"], row["markPx"])
        return {**self.parse_funding_rate(row, market), "timestamp": row["readAt"]}

    async def _mark(self, symbol: str) -> str:
        """Return the mark that bounds a market order: the one that was read last, or a new one where that is old."""
        at, mark = self.__dict__.get("dnbot_marks", {}).get(symbol, (0, ""))
        if self.milliseconds() - at > _MARK_AGE:
            mark = (await self.fetch_funding_rate(symbol))["markPrice"]
        return str(mark)

    async def together(self, kind: str, more: Row) -> Any:  # noqa: ANN401 - ccxt's own types
        """Ask once for what several symbols ask for at the same time."""
        return await self._shared(kind).read(lambda: self.publicPostInfo({"type": kind, **more}))

    async def fetch_my_trades(
        self, symbol: str, since: int, limit: int | None = None, params: Row | None = None
    ) -> list[dict[str, Any]]:
        """Return a symbol's fills of a span, oldest first; the venue answers for every market at once."""
        del limit
        user, more = self.handle_public_address("fetchMyTrades", params or {})
        rows = await self._fills(user, since, more.get("until"))
        coin = self.market(symbol)["baseName"]
        return self.parse_trades([row for row in rows if row["coin"] == coin])

    async def read_fills(self) -> list[Row]:
        """Return the fills that were read last, of all markets."""
        return list(self.__dict__.get("dnbot_fills", Fills()).rows)

    async def _fills(self, user: str, since: int, until: int | None) -> list[Row]:
        """Return the fills of a span: those that another symbol's question has just brought, or read page by page."""
        now, kept = asyncio.get_running_loop().time(), self.__dict__.get("dnbot_fills", Fills())
        if until is not None and kept.since == since and now - kept.at <= _JUST:
            return list(kept.rows)
        end, begin, found = until or self.milliseconds(), since, dict[str, Row]()
        while True:
            page = await self.publicPostInfo(
                {"type": "userFillsByTime", "user": user, "startTime": begin, "endTime": end}
            )
            found |= {f"{row['tid']}:{row['oid']}": row for row in page}
            last = max((int(row["time"]) for row in page), default=end)
            if len(page) < _PAGE:
                kept = Fills(since, asyncio.get_running_loop().time(), tuple(found.values()))
                self.__dict__["dnbot_fills"] = kept
                return list(kept.rows)
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

    def parse_ws_ticker(self, ticker: Row, market: object = None) -> dict[str, Any]:
        """Keep the price of a stream, which hints take for a mark."""
        return {**super().parse_ws_ticker(ticker, market), "markPrice": ticker.get("price")}


def described(made: Row, sent: Row, *, rests: bool) -> dict[str, Any]:
    """Put what the answer to an order says into ccxt's dictionary; without a status where it does not say all.

    Args:
        made: what ccxt made of the answer.
        sent: the order, in ccxt's words.
        rests: an order that rests is whole: it is none that may have filled in part first.
    """
    info = made.get("info")
    told: Row = info if isinstance(info, Mapping) else {}
    row = {**made, **sent, "status": None}
    if isinstance(filled := told.get("filled"), Mapping):
        done = Decimal(filled["totalSz"]) == Decimal(sent["amount"])
        row |= {"id": str(filled["oid"]), "filled": filled["totalSz"], "average": filled["avgPx"]}
        return {**row, "status": "closed" if done else "canceled"}
    if rests and isinstance(resting := told.get("resting"), Mapping):
        return {**row, "id": str(resting["oid"]), "filled": "0", "status": "open"}
    return row


def quiet(api_class: type) -> type:
    """Return ccxt's class with the ways of this module before its own."""
    return type(api_class.__name__, (Ways, api_class), {"describe": _describe(api_class)})


def _describe(api_class: type) -> Callable[[Any], Any]:
    """Name what the class can do beyond ccxt's own words: margin tables are read by the dialect."""

    def describe(self: Any) -> Any:  # noqa: ANN401 - ccxt's own types
        told = api_class.describe(self)  # type: ignore[attr-defined] # ccxt's
        told["has"] |= {"fetchLeverageTiers": True, "createTriggerOrder": True}
        return told

    return describe
