"""Binance USDⓈ-M."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.errors import ConfigError
from bot.core.market import PerpMarket
from bot.core.orders import OrderKind, OrderRequest, TimeInForce
from bot.core.snapshot import Balance, OpenOrder
from bot.core.types import ZERO, ClientOrderId, Symbol, side_of
from bot.exchange import statement
from bot.exchange.ccxt_link import Link, side_by_side
from bot.exchange.dialect import Found, Instrument, Settings, TradePage, VenueAccount, WriteCall
from bot.exchange.errors import Refusal, Unbelievable
from bot.exchange.facts import Listing, VenueFacts
from bot.exchange.fields import (
    Row,
    flag,
    milliseconds_of,
    number,
    positive,
    row_of,
    rows_of,
    text,
)
from bot.exchange.precision import Sendable
from bot.exchange.statement import Page, Price
from bot.exchange.unified_calls import UnifiedCalls
from bot.exchange.working_orders import Listed
from bot.venues.binance import account, facts, ledger, orders

_USUAL_INTERVAL: Final = timedelta(hours=8)
"""Documented: what holds for a symbol that fundingInfo does not name."""
_LONGEST_INTERVAL: Final = 24
"""Hours; 8 at most are documented."""
_LEDGER_LIMIT: Final = 1000
_MODES: Final[Mapping[str, str]] = {"CROSSED": "cross", "ISOLATED": "isolated"}
_NO_ACCESS: Final = "-2015"
_PORTFOLIO: Final = "enablePortfolioMarginTrading"
_PORTFOLIO_MODE: Final = (
    "the Binance account is in portfolio margin mode, which dnbot does not speak; switch it off, or take a sub-account"
)


@dataclass(frozen=True, slots=True)
class Binance(UnifiedCalls):
    """Binance's dialect."""

    facts: VenueFacts = facts.FACTS

    async def check_account(self, link: Link, symbols: Sequence[str]) -> None:
        """Check the key, one-way mode, single-asset mode, and that the money is USDT."""
        del symbols  # all of this holds for the whole account
        key: Row = {}
        if not link.config.demo:
            key = row_of(await link.read("sapiGetAccountApiRestrictions"), "key permissions")
            _check_key(key)
        try:
            config = row_of(await link.read("fapiPrivateGetAccountConfig"), "account settings")
        except Refusal as refusal:
            # what the wallet takes and the futures system does not; seen where portfolio margin was switched on
            if refusal.code == _NO_ACCESS and key.get(_PORTFOLIO) is True:
                raise ConfigError(_PORTFOLIO_MODE) from refusal
            raise
        if flag(config, "dualSidePosition", "account settings"):
            raise ConfigError(
                "the Binance account is in hedge mode; switch it to one-way mode (Preferences, Position Mode)"
            )
        if flag(config, "multiAssetsMargin", "account settings"):
            raise ConfigError("the Binance account is in multi-assets mode; switch it to single-asset mode")
        if not flag(config, "canTrade", "account settings"):
            raise ConfigError("the Binance account may not trade futures; enable futures for the account and the key")
        assets = rows_of((await self._account(link))["assets"], "assets")
        held = {text(asset, "asset", "asset"): number(asset, "walletBalance", "asset") for asset in assets}
        asset = self.facts.settle
        others = [name for name, amount in held.items() if amount > 0 and name != asset]
        if held.get(asset, ZERO) <= 0 and others:
            raise ConfigError(f"the futures wallet holds {', '.join(others)} but no {asset}; convert it to {asset}")

    async def settings(self, link: Link, symbol: Symbol, venue_symbol: str) -> Settings:
        """Read leverage and margin mode."""
        answer = await link.read("fapiPrivateGetSymbolConfig", {"symbol": venue_symbol})
        rows = [row for row in rows_of(answer, "symbol settings") if row.get("symbol") == venue_symbol]
        if len(rows) != 1:
            raise Unbelievable(f"settings of {symbol}: {len(rows)} rows name it")
        mode = _MODES.get(text(rows[0], "marginType", "symbol settings"))
        if mode is None:
            raise Unbelievable(f"settings of {symbol}: unknown margin mode {rows[0]['marginType']!r}")
        return Settings(positive(rows[0], "leverage", "symbol settings"), mode)

    async def intervals(self, link: Link, symbols: Sequence[Symbol]) -> Mapping[Symbol, timedelta]:
        """Read the funding intervals; a symbol that is not named has the usual one, and an odd row none."""
        answer = await link.read("fapiPublicGetFundingInfo")
        rows = [row for row in answer if isinstance(row, Mapping)] if isinstance(answer, list) else []
        found = dict.fromkeys(symbols, _USUAL_INTERVAL)
        for symbol in symbols:
            name = row_of(link.api.market(symbol), f"market {symbol}").get("id")
            for row in (row for row in rows if row.get("symbol") == name):
                hours = row.get("fundingIntervalHours")
                if isinstance(hours, int) and 0 < hours <= _LONGEST_INTERVAL:
                    found[symbol] = timedelta(hours=hours)
                else:
                    found.pop(symbol, None)
        return found

    def limits(self, market: PerpMarket, row: Row) -> PerpMarket:
        """Nothing is left in the raw market."""
        del row
        return market

    async def _account(self, link: Link) -> Row:
        return row_of(await link.read("fapiPrivateV3GetAccount"), "account")

    async def working(self, link: Link, listing: Listing, one: Instrument) -> Listed:
        """Read one book of a symbol's working orders, row by row."""
        return await orders.working(link, listing, one)

    def open_order(self, row: Row, listing: Listing, one: Instrument) -> OpenOrder:
        """Translate one of its rows."""
        del listing  # every row says for itself what it is
        return orders.open_order(row, one)

    async def account(self, link: Link, instruments: Sequence[Instrument]) -> VenueAccount:
        """Read positions and account side by side; twice where they differ, since a trade may lie between them."""
        first = await self._account_once(link, instruments)
        return await self._account_once(link, instruments) if first.unread else first

    async def _account_once(self, link: Link, instruments: Sequence[Instrument]) -> VenueAccount:
        async with side_by_side() as group:
            asked = group.create_task(link.read("fapiPrivateV3GetPositionRisk")), group.create_task(self._account(link))
        risk, whole = asked[0].result(), asked[1].result()
        found, unread = account.positions(risk, whole["positions"], instruments)
        return VenueAccount(_balance(whole, self.facts.settle), found, unread)

    def order_params(self, request: OrderRequest, client_id: ClientOrderId, margin_mode: str) -> dict[str, object]:
        """Return the parameters of a normal or conditional order; the margin mode is the symbol's, not the order's."""
        del margin_mode
        params: dict[str, object] = {"clientOrderId": client_id}
        if request.reduce_only:
            params["reduceOnly"] = True
        if request.kind is OrderKind.STOP_MARKET:
            return {**params, "workingType": "MARK_PRICE"}
        if request.kind is OrderKind.LIMIT:
            params["timeInForce"] = (
                "GTX" if request.time_in_force is TimeInForce.POST_ONLY else request.time_in_force.upper()
            )
        return params

    def amending(
        self, request: OrderRequest, client_id: ClientOrderId, rounded: Sendable, one: Instrument
    ) -> WriteCall:
        """Return the call of Modify Order: quantity (what is filled included) and price are both mandatory.

        The order keeps its ids and goes to the end of the queue. One that is post-only is cancelled where it would
        trade at the new price; where the new price or quantity breaks a filter the order stays as it is.
        """
        order = {"symbol": one.venue_symbol, "origClientOrderId": client_id, "side": side_of(request.quantity).upper()}
        return WriteCall("fapiPrivatePutOrder", ({**order, "quantity": rounded.contracts, "price": rounded.price},))

    def cancel_params(self, client_id: ClientOrderId, *, conditional: bool) -> dict[str, object]:
        """Conditional orders are cancelled at the algo endpoint, by their own id."""
        return {"trigger": True, "clientAlgoId": client_id} if conditional else {"origClientOrderId": client_id}

    async def find(self, link: Link, client_id: ClientOrderId, symbol: Symbol, venue_symbol: str) -> Found | None:
        """Query both books by client id."""
        del venue_symbol
        for conditional in (False, True):
            params = self.cancel_params(client_id, conditional=conditional)
            try:
                row = row_of(await link.read("fetch_order", client_id, symbol, params), f"order {client_id}")
            except Refusal as refusal:
                if (refusal.status, refusal.code) not in self.facts.unknown_order:
                    raise
                continue
            return orders.became(row, link.venue_ms()) if conditional else Found(row, conditional=False)
        return None

    async def children(self, link: Link, venue_symbol: str, since: datetime) -> Mapping[str, ClientOrderId]:
        """Map orders that conditional ones became to the latter's client ids."""
        return await orders.children(link, venue_symbol, since)

    async def trades(self, link: Link, one: Instrument, since: datetime, until: datetime) -> TradePage:
        """Read a symbol's trades of a span, row by row."""
        return await orders.trades(link, one, since, until)

    def realised(self, trade: Row) -> Decimal:
        """Read the venue's own field."""
        return number(row_of(trade.get("info"), "trade"), "realizedPnl", "trade")

    async def ledger_page(self, link: Link, since: datetime, until: datetime, price: Price) -> Page:
        """Read the income history."""
        query = {"startTime": milliseconds_of(since), "endTime": milliseconds_of(until), "limit": _LEDGER_LIMIT}
        answer = await link.read("fapiPrivateGetIncome", query)
        if not isinstance(answer, list):
            raise Unbelievable("income: no list")
        booked, aside = await statement.page(
            answer, lambda row: ledger.rows(row, link), link.facts.settle, price, until
        )
        return Page(booked, len(answer) >= _LEDGER_LIMIT, aside)

    async def price(self, link: Link, asset: str) -> Decimal:
        """Read the mark of an asset's own perpetual."""
        answer = await link.read("fapiPublicGetPremiumIndex", {"symbol": f"{asset}{link.facts.settle}"})
        return positive(row_of(answer, f"price of {asset}"), "markPrice", f"price of {asset}")


def _check_key(row: Row) -> None:
    if flag(row, "enableWithdrawals", "key permissions"):
        raise ConfigError("the Binance key may withdraw; make one without that permission")
    if not flag(row, "ipRestrict", "key permissions"):
        raise ConfigError("the Binance key is not restricted to IP addresses; restrict it to this machine's")
    if row.get(_PORTFOLIO) is True and row.get("enableFutures") is not True:
        raise ConfigError(_PORTFOLIO_MODE)
    if not flag(row, "enableFutures", "key permissions"):
        raise ConfigError("the Binance key may not trade futures; enable futures for it")


def _balance(account: Row, settle: str) -> Balance:
    rows = [row for row in rows_of(account["assets"], "assets") if row.get("asset") == settle]
    if len(rows) != 1:
        raise Unbelievable(f"account: {len(rows)} assets named {settle}")
    keys = ("walletBalance", "marginBalance", "availableBalance", "initialMargin", "maintMargin")
    wallet, equity, available, initial, maintenance = (number(rows[0], key, f"asset {settle}") for key in keys)
    return Balance(wallet, equity, available, initial, maintenance)
