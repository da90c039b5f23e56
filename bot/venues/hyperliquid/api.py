"""ccxt's class of the venue, without what it does unasked, and with the data that it drops.

As it is, it approves a builder's fee and sets a referrer as soon as it has a key, adds the builder to every order, and
gives no action a last time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from bot.venues.hyperliquid import signing
from bot.venues.hyperliquid.reads import Reads
from bot.venues.hyperliquid.shared_reads import Row

_MARKET_SLIPPAGE: Final = "0.05"
_STOP_SLIPPAGE: Final = "0.1"
"""How far beyond the mark, or beyond its trigger, an order's limit price lies: a fraction; the venue's own page uses 8
to 10% for stops. A stop whose limit lies on its trigger may rest unfilled."""
_UNIT: Final = 1_000_000
"""Units of a margin change in one USDC."""


class Ways(Reads):
    """Mixin before ccxt's class."""

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
            params = {**params, "expiresAfter": self._expires(params["nonce"])}
            if self.vault:
                params["vaultAddress"] = self.vault
        return super().sign(path, api, method, params)

    async def private_post_exchange(self, params: Row) -> Any:  # noqa: ANN401 - ccxt's own types
        """Send an action; drop what is cached of the account's orders that it may have changed, or may still change."""
        action, until = params["action"], self._expires(params["nonce"])
        self.kept.begin(action, until)
        try:
            answer = await super().private_post_exchange(params)
        except BaseException:
            self.kept.lost(action, until)
            raise
        data = answer["response"].get("data") or {}
        if not self.kept.assets:
            self.kept.assets |= {int(one["baseId"]): one["baseName"] for one in self.markets.values() if one["swap"]}
        self.kept.done(action, data.get("statuses", ()), self.milliseconds())
        return answer

    async def _act(self, action: dict[str, Any]) -> Any:  # noqa: ANN401 - ccxt's own types
        nonce = self.incrementing_nonce()
        signature = self.sign_l1_action(action, nonce)
        return await self.private_post_exchange({"action": action, "nonce": nonce, "signature": signature})

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

    # -- streams --------------------------------------------------------------------------------------------------

    async def watch_mark_prices(self, symbols: Sequence[str]) -> dict[str, Any]:
        """Wait for the state of one of some markets, which the venue tells with every block."""
        url = self.urls["api"]["ws"]["public"]
        futures = []
        for symbol in symbols:
            name, coin = f"ticker:{symbol}", self.market(symbol)["baseName"]
            asked = {"method": "subscribe", "subscription": {"type": "activeAssetCtx", "coin": coin}}
            futures.append(self.watch(url, name, asked, name))
        ticker = await type(futures[0]).race(futures)
        return {ticker["symbol"]: ticker}

    def handle_message(self, client: object, message: Row) -> None:
        """Note that the stream is alive."""
        self.kept.heard = self.milliseconds()
        super().handle_message(client, message)

    def handle_active_asset_ctx(self, client: object, message: Row) -> Any:  # noqa: ANN401 - ccxt's own types
        """Keep a market's state for those who ask for it; its rules were read before."""
        data = message["data"]
        if (known := self.kept.told.get(data["coin"])) is not None:
            self.kept.told[data["coin"]] = {**known, **data["ctx"], "readAt": self.milliseconds()}
        return super().handle_active_asset_ctx(client, message)

    def parse_ws_ticker(self, ticker: Row, market: object = None) -> dict[str, Any]:
        """Name the mark, which hints are taken from."""
        return {**super().parse_ws_ticker(ticker, market), "markPrice": ticker.get("markPx")}

    def handle_order(self, client: object, message: Row) -> None:
        """Keep nothing of the account's orders that was read before this, unless it is what we did ourselves."""
        behind = int(self.options.get("timeDifference", 0))
        for row in message["data"]:
            at = int(row["statusTimestamp"]) + behind
            self.kept.heard_of(row["order"].get("cloid"), at)
        super().handle_order(client, message)


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
    """Return ccxt's class with this module's mixin."""
    return type(api_class.__name__, (Ways, api_class), {"describe": _describe(api_class)})


def _describe(api_class: type) -> Callable[[Any], Any]:
    """Name what the class can do beyond ccxt's own words: margin tables are read by the dialect."""

    def describe(self: Any) -> Any:  # noqa: ANN401 - ccxt's own types
        told = api_class.describe(self)  # type: ignore[attr-defined] # ccxt's
        told["has"] |= {"fetchLeverageTiers": True, "createTriggerOrder": True, "watchMarkPrices": True}
        return told

    return describe
