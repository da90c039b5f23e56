"""Bitget USDT-M in a unified account, by the v3 interface's own endpoints: ccxt's unified methods lose much of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Final

import structlog

from bot.core.market import PerpMarket
from bot.core.orders import OrderKind, OrderRequest
from bot.core.snapshot import OpenOrder, Unread
from bot.core.types import ClientOrderId, Symbol, side_of
from bot.exchange import statement, trades, translate, translate_orders, working_orders
from bot.exchange.ccxt_link import Link, side_by_side
from bot.exchange.dialect import Found, Instrument, Settings, TradePage, VenueAccount, WriteCall
from bot.exchange.errors import Refusal, Unbelievable
from bot.exchange.facts import Listing, VenueFacts
from bot.exchange.fields import Row, has, milliseconds_of, number, positive, row_of, rows_of
from bot.exchange.precision import Sendable
from bot.exchange.statement import Page, Price
from bot.exchange.unified_calls import UnifiedReads
from bot.exchange.working_orders import Listed
from bot.venues.bitget.account import not_flat, position_of
from bot.venues.bitget.unified import account, facts, ledger, rows, strategies

log = structlog.get_logger(__name__)

_SETTINGS: Final = "privateUtaGetV3AccountSettings"
_POSITIONS: Final = "privateUtaGetV3PositionCurrentPosition"
_ORDER: Final = "privateUtaGetV3TradeOrderInfo"
_LEDGERS: Final = (rows.CATEGORY, "OTHER")
"""The categories of financial records that concern USDT futures: their own, and transfers."""


@dataclass(frozen=True, slots=True)
class UnifiedAccount(UnifiedReads):
    """A unified account's dialect."""

    facts: VenueFacts = facts.FACTS

    async def check_account(self, link: Link, symbols: Sequence[str]) -> None:
        """Ask what kind of account it is; check its mode, the key, and that the money is USDT, nothing borrowed."""
        del symbols  # all of this holds for the whole account
        settings = row_of(rows.data(await link.read(_SETTINGS)), "account settings")
        account.check_settings(settings, link.config.margin_mode)
        account.check_key(row_of(rows.data(await link.read("privateUtaGetV3AccountInfo")), "key permissions"))
        coins = await self._assets(link)
        account.check_money(coins)
        told = log.bind(venue=link.config.venue, level=settings["accountLevel"])
        told.info("unified account", coins_that_do_not_count=account.others_of(coins))

    async def _assets(self, link: Link) -> Row:
        return row_of(rows.data(await link.read("privateUtaGetV3AccountAssets")), "account")

    async def settings(self, link: Link, symbol: Symbol, venue_symbol: str) -> Settings:
        """Read leverage and margin mode."""
        row = row_of(rows.data(await link.read(_SETTINGS)), "account settings")
        return account.settings_of(row, symbol, venue_symbol, link.config.leverage)

    def limits(self, market: PerpMarket, row: Row) -> PerpMarket:
        """Put the steps right, which ccxt takes from the decimals; add the largest order, and the fee that is kept."""
        raw, what = row_of(row.get("info"), f"market {market.symbol}"), f"market {market.symbol}"
        most = [number(raw, key, what) for key in ("maxMarketOrderQty", "maxOrderQty") if has(raw, key)]
        return replace(
            market,
            tick=positive(raw, "priceMultiplier", what),
            lot=positive(raw, "quantityMultiplier", what),
            max_quantity=min([market.max_quantity, *(one for one in most if one > 0)]),
            maintenance_fee=market.taker_fee,
        )

    async def working(self, link: Link, listing: Listing, one: Instrument) -> Listed:
        """Read one book of a symbol's working orders, row by row."""
        symbol, kind = one.market.symbol, listing.params.get("type")
        if kind is not None:
            found = [item for item in await strategies.pending(link, str(kind)) if rows.is_of(item, one.venue_symbol)]
            return working_orders.judged(found, symbol, lambda item: strategies.order(item, symbol, str(kind)))
        query = {**rows.OF_CATEGORY, "symbol": one.venue_symbol}
        raw: list[object] = []
        rest: tuple[Unread, ...] = ()
        try:
            async for page in rows.pages(link, "privateUtaGetV3TradeUnfilledOrders", query, f"orders of {symbol}"):
                raw += page
        except rows.TooLong as error:
            rest = (Unread(symbol, f"the end of the list of orders of {symbol}", str(error)),)
        mine = [item for item in raw if rows.is_of(item, one.venue_symbol)]
        listed = working_orders.judged(mine, symbol, lambda item: rows.order(item, symbol))
        return Listed(listed.rows, (*listed.unread, *rest))

    def open_order(self, row: Row, listing: Listing, one: Instrument) -> OpenOrder:
        """Translate one of its rows."""
        return translate_orders.open_order(
            row,
            one.market.contract_size,
            reduce_only=listing.reduce_only,
            closes_all=bool(listing.params) and strategies.closes_all(row),
        )

    async def account(self, link: Link, instruments: Sequence[Instrument]) -> VenueAccount:
        """Read positions and account; a symbol that the list leaves out must be empty when asked for alone, too."""
        answer = await link.read(_POSITIONS, dict(rows.OF_CATEGORY))
        held = account.held(rows.listed(answer, "positions"), instruments)
        async with side_by_side() as group:
            assets = group.create_task(self._assets(link))
            missing = {one.market.symbol: group.create_task(self._alone(link, one)) for one in held.missing}
        faults = [fault for symbol, task in missing.items() if (fault := not_flat(symbol, task.result()))]
        wrong = {fault.what for fault in faults}
        flat = {
            one.market.symbol: translate.flat(one.market.symbol, one.leverage)
            for one in held.missing
            if position_of(one.market.symbol) not in wrong
        }
        unread = (*held.unread, *faults, *account.borrowed(assets.result()))
        return VenueAccount(account.balance(assets.result(), held), {**held.positions, **flat}, unread)

    async def _alone(self, link: Link, one: Instrument) -> object:
        query = {**rows.OF_CATEGORY, "symbol": one.venue_symbol}
        return rows.listed(await link.read(_POSITIONS, query), "positions")

    def placing(self, request: OrderRequest, client_id: ClientOrderId, rounded: Sendable, one: Instrument) -> WriteCall:
        """Return the call of the normal book's endpoint, or of the strategy orders' for a stop."""
        side = side_of(request.quantity).value
        order: dict[str, object] = {**rows.OF_CATEGORY, "symbol": one.venue_symbol, "clientOid": client_id}
        order |= {"side": side, "qty": rounded.contracts, "reduceOnly": "yes" if request.reduce_only else "no"}
        if request.kind is OrderKind.STOP_MARKET:
            order |= {"type": facts.TPSL, "tpslMode": "partial", "posSide": "short" if side == "buy" else "long"}
            order |= {"stopLoss": rounded.trigger, "slTriggerBy": "mark", "slOrderType": "market"}
            return WriteCall("privateUtaPostV3TradePlaceStrategyOrder", (order,))
        if (mode := account.margin_mode(one.margin_mode)) is not None:
            order["marginMode"] = mode
        if request.kind is OrderKind.LIMIT:
            order |= {"orderType": "limit", "price": rounded.price, "timeInForce": request.time_in_force.value}
        else:
            order["orderType"] = "market"
        return WriteCall("privateUtaPostV3TradePlaceOrder", (order,))

    def amending(
        self, request: OrderRequest, client_id: ClientOrderId, rounded: Sendable, one: Instrument
    ) -> WriteCall | None:
        """Return the call of Modify Order with the new price alone: its quantity is documented nowhere as old or new.

        Documented: the answer acknowledges, and the change may still fail, of which nobody tells; the order then stays
        as it was (``autoCancel``), and one that has ended is not modified. Reduce-only orders are not modified in
        batches, and never here.
        """
        if request.reduce_only:
            return None
        order = {**rows.OF_CATEGORY, "symbol": one.venue_symbol, "clientOid": client_id}
        return WriteCall("privateUtaPostV3TradeModifyOrder", ({**order, "price": rounded.price, "autoCancel": "no"},))

    def cancelling(self, client_id: ClientOrderId, one: Instrument, *, conditional: bool) -> WriteCall:
        """Return the call of the endpoint of the book that the order is in."""
        if conditional:
            return WriteCall("privateUtaPostV3TradeCancelStrategyOrder", ({"clientOid": client_id},))
        order = {**rows.OF_CATEGORY, "symbol": one.venue_symbol, "clientOid": client_id}
        return WriteCall("privateUtaPostV3TradeCancelOrder", (order,))

    def setting_up(self, now: Settings, wanted: Settings, one: Instrument) -> Iterable[WriteCall]:
        """Set leverage and margin mode at once; both must be named, since each has a default of its own."""
        del now
        mode = account.margin_mode(wanted.margin_mode)
        order: dict[str, object] = {**rows.OF_CATEGORY, "symbol": one.venue_symbol, "marginMode": mode}
        order["leverage"] = str(int(wanted.leverage))
        if mode == "isolated":
            order["posSide"] = "short"
        return (WriteCall("privateUtaPostV3AccountSetLeverage", (order,)),)

    def adding_margin(self, one: Instrument, amount: str) -> WriteCall:
        """Return the call that moves collateral to an isolated short."""
        order = {**rows.OF_CATEGORY, "symbol": one.venue_symbol, "posSide": "short", "operation": "add"}
        return WriteCall("privateUtaPostV3AccountSetMargin", ({**order, "amount": amount},))

    async def order(self, link: Link, number: str, one: Instrument) -> Row:
        """Read an order of the normal book by its number."""
        answer = rows.data(await link.read(_ORDER, {"orderId": number}))
        if answer is None or not rows.is_of(answer, one.venue_symbol):
            raise Refusal(200, facts.NO_SUCH_ORDER, f"there is no order {number} of {one.market.symbol}")
        return rows.order(answer, one.market.symbol)

    async def find(self, link: Link, client_id: ClientOrderId, symbol: Symbol, venue_symbol: str) -> Found | None:
        """Ask for the order, then for waiting and for ended stops.

        An order that a stop became may carry the stop's client id; whatever looks like one is asked for there first.
        """
        row = await self._by_client_id(link, client_id, symbol, venue_symbol)
        if row is None:
            return await strategies.find(link, client_id, symbol, venue_symbol)
        stop = None
        if row["reduceOnly"] is True and row["type"] == "market":
            stop = await strategies.ended(link, client_id, symbol, venue_symbol)
        return stop or Found(row, conditional=False)

    async def _by_client_id(
        self, link: Link, client_id: ClientOrderId, symbol: Symbol, venue_symbol: str
    ) -> Row | None:
        """Ask for an order of the normal book; the venue has no symbol to ask for, and may find another one's."""
        try:
            answer = rows.data(await link.read(_ORDER, {"clientOid": client_id}))
        except Refusal as refusal:
            if (refusal.status, refusal.code) not in self.facts.unknown_order:
                raise
            return None
        return None if answer is None or not rows.is_of(answer, venue_symbol) else rows.order(answer, symbol)

    async def children(self, link: Link, venue_symbol: str, since: datetime) -> Mapping[str, ClientOrderId]:
        """Map orders that stops became to the latter's client ids."""
        return await strategies.children(link, venue_symbol, since)

    async def trades(self, link: Link, one: Instrument, since: datetime, until: datetime) -> TradePage:
        """Read the fills of a span; they come of all symbols."""
        query = {**rows.OF_CATEGORY, "limit": str(rows.PAGE)}
        query |= {"startTime": str(milliseconds_of(since)), "endTime": str(milliseconds_of(until))}
        found = rows.listed(await link.read("privateUtaGetV3TradeFills", query), "fills")
        symbols = {one.venue_symbol: one.market.symbol}
        mine = (item for item in found if rows.is_of(item, one.venue_symbol))
        return trades.judged(mine, lambda item: rows.trade(item, symbols), since, full=len(found) >= rows.PAGE)

    def realised(self, trade: Row) -> Decimal:
        """Read the venue's own field."""
        return number(row_of(trade.get("info"), "trade"), "execPnl", "trade")

    async def ledger_page(self, link: Link, since: datetime, until: datetime, price: Price) -> Page:
        """Read the financial records; one that is in both lists has the same key in both."""
        found: list[object] = []
        full = False
        for category in _LEDGERS:
            query = {"category": category, "limit": str(rows.PAGE)}
            query |= {"startTime": str(milliseconds_of(since)), "endTime": str(milliseconds_of(until))}
            part = rows.listed(await link.read("privateUtaGetV3AccountFinancialRecords", query), "financial records")
            full = full or len(part) >= rows.PAGE
            found += part
        booked, aside = await statement.page(
            found, partial(ledger.RECORDS.rows, link=link), account.ASSET, price, until
        )
        return Page(booked, full, aside)

    async def price(self, link: Link, asset: str) -> Decimal:
        """Read what an asset trades at on the spot market; the venue's own coin has no perpetual."""
        query = {"category": "SPOT", "symbol": f"{asset}{account.ASSET}"}
        found = rows_of(rows.data(await link.read("publicUtaGetV3MarketTickers", query)), f"price of {asset}")
        if len(found) != 1:
            raise Unbelievable(f"price of {asset}: {len(found)} tickers")
        return positive(found[0], "lastPrice", f"price of {asset}")
