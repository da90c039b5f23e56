"""Bitget USDT-M, classic account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

from bot.core.errors import ConfigError
from bot.core.market import PerpMarket
from bot.core.orders import OrderKind, OrderRequest
from bot.core.snapshot import OpenOrder
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.exchange import statement, translate
from bot.exchange.ccxt_link import Link, side_by_side
from bot.exchange.dialect import Found, Instrument, Settings, TradePage, VenueAccount
from bot.exchange.errors import Refusal, Unbelievable
from bot.exchange.facts import Listing, VenueFacts
from bot.exchange.fields import (
    Row,
    has,
    milliseconds_of,
    number,
    positive,
    row_of,
    rows_of,
    text,
)
from bot.exchange.statement import Page, Price
from bot.exchange.unified_calls import UnifiedCalls
from bot.exchange.working_orders import Listed
from bot.venues.bitget import account, facts, ledger, orders

_ASSET: Final = facts.FACTS.settle
_PRODUCT: Final = orders.PRODUCT
_PRODUCT_AND_COIN: Final[Mapping[str, object]] = {**_PRODUCT, "marginCoin": _ASSET}
_MODES: Final[Mapping[str, str]] = {"crossed": "cross", "isolated": "isolated"}
_WITHDRAWS: Final = frozenset({"wwow", "withdraw"})
_TRADES: Final = frozenset({"coow", "trade"})


@dataclass(frozen=True, slots=True)
class Bitget(UnifiedCalls):
    """Bitget's classic dialect."""

    facts: VenueFacts = facts.FACTS

    async def check_account(self, link: Link, symbols: Sequence[str]) -> None:
        """Check the key, one-way mode for every symbol, single-asset mode, and that the money is USDT."""
        _check_key(row_of(orders.data(await link.read("privateSpotGetV2SpotAccountInfo")), "key permissions"))
        for symbol in symbols:
            told = await self._settings(link, symbol)
            mode = text(told, "posMode", "account settings")
            if mode != "one_way_mode":
                raise ConfigError(f"the Bitget account is in {mode} for {symbol}; switch it to one-way mode")
            if has(told, "assetMode") and told["assetMode"] != "single":
                raise ConfigError(
                    f"the Bitget account is in multi-assets mode (assetMode {told['assetMode']!r}); switch it to "
                    "single-asset mode (Futures, Settings, Asset mode)"
                )
        held = {
            text(row, "marginCoin", "account"): number(row, "accountEquity", "account")
            for row in await self._accounts(link)
        }
        others = [name for name, amount in held.items() if amount > 0 and name != _ASSET]
        if held.get(_ASSET, ZERO) <= 0 and others:
            raise ConfigError(f"the futures account holds {', '.join(others)} but no {_ASSET}; convert it to {_ASSET}")

    async def _settings(self, link: Link, venue_symbol: str) -> Row:
        query = {**_PRODUCT_AND_COIN, "symbol": venue_symbol}
        return row_of(orders.data(await link.read("privateMixGetV2MixAccountAccount", query)), "account settings")

    async def settings(self, link: Link, symbol: Symbol, venue_symbol: str) -> Settings:
        """Read leverage (of the short side, where isolated margin has two) and margin mode."""
        row = await self._settings(link, venue_symbol)
        mode = _MODES.get(text(row, "marginMode", "account settings"))
        if mode is None:
            raise Unbelievable(f"settings of {symbol}: unknown margin mode {row['marginMode']!r}")
        key = "crossedMarginLeverage" if mode == "cross" else "isolatedShortLever"
        return Settings(positive(row, key, f"settings of {symbol}"), mode)

    def limits(self, market: PerpMarket, row: Row) -> PerpMarket:
        """Add the largest order, which ccxt does not unify, and what is kept besides the table: the fee to close."""
        raw = row_of(row.get("info"), f"market {market.symbol}")
        most = [number(raw, key, "market") for key in ("maxMarketOrderQty", "maxOrderQty") if has(raw, key)]
        largest = min([market.max_quantity, *(one for one in most if one > 0)])
        return replace(market, max_quantity=largest, maintenance_fee=market.taker_fee)

    async def _accounts(self, link: Link) -> tuple[Row, ...]:
        return rows_of(orders.data(await link.read("privateMixGetV2MixAccountAccounts", dict(_PRODUCT))), "accounts")

    async def working(self, link: Link, listing: Listing, one: Instrument) -> Listed:
        """Read one book of a symbol's working orders, row by row."""
        return await orders.working(link, listing, one)

    def open_order(self, row: Row, listing: Listing, one: Instrument) -> OpenOrder:
        """Translate one of its rows."""
        return orders.open_order(row, listing, one)

    async def account(self, link: Link, instruments: Sequence[Instrument]) -> VenueAccount:
        """Read positions and account; a symbol that the list leaves out must be empty when asked for alone, too."""
        answer = orders.data(await link.read("privateMixGetV2MixPositionAllPosition", dict(_PRODUCT_AND_COIN)))
        held = account.held(answer, instruments)
        async with side_by_side() as group:
            accounts = group.create_task(self._accounts(link))
            missing = {one.market.symbol: group.create_task(self._alone(link, one)) for one in held.missing}
        faults = [fault for symbol, task in missing.items() if (fault := account.not_flat(symbol, task.result()))]
        wrong = {fault.what for fault in faults}
        flat = {
            one.market.symbol: translate.flat(one.market.symbol, one.leverage)
            for one in held.missing
            if account.position_of(one.market.symbol) not in wrong
        }
        return VenueAccount(
            account.balance(accounts.result(), held.rows), {**held.positions, **flat}, (*held.unread, *faults)
        )

    async def _alone(self, link: Link, one: Instrument) -> object:
        query = {**_PRODUCT_AND_COIN, "symbol": one.venue_symbol}
        return orders.data(await link.read("privateMixGetV2MixPositionSinglePosition", query))

    def order_params(self, request: OrderRequest, client_id: ClientOrderId, margin_mode: str) -> dict[str, object]:
        """Return the parameters of a normal or plan order."""
        params: dict[str, object] = {"clientOid": client_id, "marginMode": margin_mode, "hedged": False}
        if request.reduce_only:
            params["reduceOnly"] = True
        if request.kind is OrderKind.STOP_MARKET:
            return {**params, "triggerType": "mark_price"}
        return {**params, "force": request.time_in_force.value} if request.kind is OrderKind.LIMIT else params

    def cancel_params(self, client_id: ClientOrderId, *, conditional: bool) -> dict[str, object]:
        """Plan orders have their own endpoint."""
        plan: dict[str, object] = {"trigger": True, "planType": orders.PLAN}
        return {"clientOrderId": client_id, **plan} if conditional else {"clientOid": client_id}

    async def find(self, link: Link, client_id: ClientOrderId, symbol: Symbol, venue_symbol: str) -> Found | None:
        """Ask for the order's detail, then for waiting and for finished plan orders."""
        try:
            row = row_of(
                await link.read("fetch_order", client_id, symbol, {"clientOid": client_id}), f"order {client_id}"
            )
        except Refusal as refusal:
            if (refusal.status, refusal.code) not in self.facts.unknown_order:
                raise
        else:
            return Found(row, conditional=False)
        return await orders.find_plan(link, client_id, symbol, venue_symbol)

    async def children(self, link: Link, venue_symbol: str, since: datetime) -> Mapping[str, ClientOrderId]:
        """Map orders that plan orders became to the latter's client ids."""
        return await orders.children(link, venue_symbol, since)

    async def trades(self, link: Link, one: Instrument, since: datetime, until: datetime) -> TradePage:
        """Read a symbol's trades of a span, row by row."""
        return await orders.trades(link, one, since, until)

    def realised(self, trade: Row) -> Decimal:
        """Read the venue's own field."""
        return number(row_of(trade.get("info"), "trade"), "profit", "trade")

    async def ledger_page(self, link: Link, since: datetime, until: datetime, price: Price) -> Page:
        """Read the bills."""
        query = {**_PRODUCT, "startTime": milliseconds_of(since), "endTime": milliseconds_of(until)}
        query["limit"] = orders.PAGE
        body = row_of(orders.data(await link.read("privateMixGetV2MixAccountBill", query)), "bills")
        bills = body["bills"] if body["bills"] is not None else []
        if not isinstance(bills, list):
            raise Unbelievable("bills: no list")
        booked, aside = await statement.page(bills, partial(ledger.BILLS.rows, link=link), _ASSET, price, until)
        return Page(booked, len(bills) >= orders.PAGE, aside)

    async def price(self, link: Link, asset: str) -> Decimal:
        """Read what an asset trades at on the spot market; the venue's own coin has no perpetual."""
        answer = orders.data(await link.read("publicSpotGetV2SpotMarketTickers", {"symbol": f"{asset}{_ASSET}"}))
        rows = rows_of(answer, f"price of {asset}")
        if len(rows) != 1:
            raise Unbelievable(f"price of {asset}: {len(rows)} tickers")
        return positive(rows[0], "lastPr", f"price of {asset}")

    def margin_params(self, *, short: bool) -> dict[str, object]:
        """Name the side of the position."""
        return {"holdSide": "short" if short else "long"}


def _check_key(row: Row) -> None:
    allowed = row.get("authorities")
    if not isinstance(allowed, list) or not allowed:
        raise Unbelievable("key permissions: no 'authorities'")
    if _WITHDRAWS.intersection(allowed):
        raise ConfigError("the Bitget key may withdraw; make one without that permission")
    if not _TRADES.intersection(allowed):
        raise ConfigError("the Bitget key may not trade futures; give it futures orders, read and write")
