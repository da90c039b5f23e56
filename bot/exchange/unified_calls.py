"""The calls of a venue that ccxt's unified methods serve well; a venue whose data they drop makes its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from bot.core.orders import OrderKind, OrderRequest
from bot.core.types import ClientOrderId, Symbol, side_of
from bot.exchange.ccxt_link import Link
from bot.exchange.dialect import Instrument, Settings, TradePage, WriteCall
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, milliseconds_of, row_of, rows_of
from bot.exchange.precision import Sendable


class UnifiedReads:
    """Part of a dialect: what ccxt's unified methods read of an account's terms."""

    __slots__ = ()

    async def fees(self, link: Link, symbol: Symbol) -> Row:
        """Read the account's fees."""
        return row_of(await link.read("fetch_trading_fee", symbol), f"fees of {symbol}")

    async def tiers(self, link: Link, symbol: Symbol) -> Sequence[Row]:
        """Read the margin table."""
        if link.api.has.get("fetchMarketLeverageTiers") is True:
            return rows_of(await link.read("fetch_market_leverage_tiers", symbol), f"margin tiers of {symbol}")
        table = row_of(await link.read("fetch_leverage_tiers", [symbol]), "margin tiers")
        return rows_of(table.get(symbol), f"margin tiers of {symbol}")

    async def intervals(self, link: Link, symbols: Sequence[Symbol]) -> Mapping[Symbol, timedelta]:
        """Nothing to read, where every funding rate carries its interval."""
        del link, symbols
        return {}


class UnifiedCalls(UnifiedReads, ABC):
    """Part of a dialect: writes and look-ups through ccxt's unified methods, with parameters of the venue's own."""

    __slots__ = ()

    @abstractmethod
    def order_params(self, request: OrderRequest, client_id: ClientOrderId, margin_mode: str) -> dict[str, object]:
        """Return ccxt's parameters for an order; the trigger price is added by the caller."""

    @abstractmethod
    def cancel_params(self, client_id: ClientOrderId, *, conditional: bool) -> dict[str, object]:
        """Return ccxt's parameters for cancelling by client id."""

    def margin_params(self, *, short: bool) -> dict[str, object]:
        """Return ccxt's parameters for adding margin to a position: in one-way mode mostly none."""
        del short
        return {}

    def placing(self, request: OrderRequest, client_id: ClientOrderId, rounded: Sendable, one: Instrument) -> WriteCall:
        """Return the call that places an order."""
        params = self.order_params(request, client_id, one.margin_mode)
        if rounded.trigger is not None:
            params["triggerPrice"] = rounded.trigger
        kind = "limit" if request.kind is OrderKind.LIMIT else "market"
        side = side_of(request.quantity).value
        return WriteCall("create_order", (request.symbol, kind, side, rounded.contracts, rounded.price, params))

    def cancelling(self, client_id: ClientOrderId, one: Instrument, *, conditional: bool) -> WriteCall:
        """Return the call that cancels an order."""
        params = self.cancel_params(client_id, conditional=conditional)
        return WriteCall("cancel_order", (client_id, one.market.symbol, params))

    def setting_up(self, now: Settings, wanted: Settings, one: Instrument) -> Iterator[WriteCall]:
        """Return the calls that change a symbol's margin mode and leverage."""
        if now.margin_mode != wanted.margin_mode:
            yield WriteCall("set_margin_mode", (wanted.margin_mode, one.market.symbol))
        if now.leverage != wanted.leverage:
            yield WriteCall("set_leverage", (int(wanted.leverage), one.market.symbol))

    def adding_margin(self, one: Instrument, amount: str) -> WriteCall:
        """Return the call that moves collateral to a short position."""
        return WriteCall("add_margin", (one.market.symbol, amount, self.margin_params(short=True)))

    async def order(self, link: Link, number: str, one: Instrument) -> Row:
        """Read an order of the normal book by its number."""
        return row_of(await link.read("fetch_order", number, one.market.symbol), f"order {number}")

    async def trades(self, link: Link, one: Instrument, since: datetime, until: datetime) -> TradePage:
        """Read a symbol's trades of a span."""
        symbol, most = one.market.symbol, link.facts.trades_page
        params = {"until": milliseconds_of(until)}
        answer = await link.read("fetch_my_trades", symbol, milliseconds_of(since), most, params)
        rows = rows_of(answer, f"trades of {symbol}")
        if any(row.get("symbol") != symbol for row in rows):
            raise Unbelievable(f"trades of {symbol}: another symbol's trade is among them")
        return TradePage(rows, full=len(rows) >= most)
