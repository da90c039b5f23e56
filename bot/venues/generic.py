"""Any other linear-perpetual venue that ccxt unifies well enough; found out by probing, not by facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.errors import ConfigError
from bot.core.market import PerpMarket
from bot.core.orders import LedgerKind, OrderKind, OrderRequest, TimeInForce
from bot.core.snapshot import Balance, OpenOrder, Unread
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.exchange import statement, translate, translate_orders
from bot.exchange.ccxt_link import Link
from bot.exchange.config import CcxtConfig
from bot.exchange.dialect import Found, Instrument, Settings, VenueAccount
from bot.exchange.errors import Unbelievable
from bot.exchange.facts import Listing, VenueFacts
from bot.exchange.fields import Row, has, milliseconds_of, moment, number, positive, row_of, rows_of, text
from bot.exchange.kind import VenueKind
from bot.exchange.limiter import Charge, Window
from bot.exchange.statement import LedgerRow, Page, Price
from bot.exchange.unified_calls import UnifiedCalls
from bot.exchange.working_orders import Listed

_GENTLE: Final = Window("requests", 8, 1.0, reserved=2)
"""Slow enough for every venue that dnbot names: their documented limits start at 10 requests a second."""
_PAGE: Final = 100
_REFUSED: Final[Mapping[str, str]] = {
    "okx": "its margin tiers count contracts instead of money, and no answer that ccxt unifies has its mark price",
    "bybit": (
        "its trades carry no realised profit, its isolated positions no margin, its unified balance not what is free, "
        "and ccxt reads the positions of one symbol alone"
    ),
}
"""Venues whose documented answers, as ccxt unifies them, were tried and are not enough; tests hold the reasons."""
_KINDS: Final[Mapping[str, LedgerKind]] = {
    "fee": LedgerKind.FEE,
    "trade": LedgerKind.REALISED,
    "funding": LedgerKind.FUNDING,
}


def _charges(_method: str, _path: str, _query: Mapping[str, str]) -> tuple[Charge, ...]:
    return (Charge(_GENTLE),)


def facts_of(ccxt_id: str, settle: str) -> VenueFacts:
    """Return the facts of a venue that is only known to ccxt.

    No answer proves a rejection there: what is not accepted is looked up.
    """
    return VenueFacts(
        ccxt_id=ccxt_id,
        settle=settle,
        hosts=frozenset(),
        demo_hosts=frozenset(),
        demo_header=None,
        options={"defaultType": "swap"},
        charges=_charges,
        counted={},
        silence=60.0,
        ok_codes=frozenset({"", "0", "00000", "200", "200000"}),
        payload=None,
        shapes={},
        rejections=(),
        unknown_order=frozenset(),
        clock_codes=frozenset(),
        key_codes=frozenset(),
        refused=_REFUSED.get(ccxt_id, ""),
    )


@dataclass(frozen=True, slots=True)
class Other(UnifiedCalls):
    """A venue through ccxt's unified reads alone."""

    facts: VenueFacts

    async def check_account(self, link: Link, symbols: Sequence[str]) -> None:
        """Check that the money is what the perpetuals settle in, and one-way mode where ccxt can read it."""
        del symbols
        if link.api.has.get("fetchPositionMode") is True:
            mode = row_of(await link.read("fetch_position_mode", link.config.symbols[0]), "position mode")
            if mode.get("hedged") is not False:
                raise ConfigError("the account is in hedge mode; switch it to one-way mode")
        totals = row_of(row_of(await link.read("fetch_balance"), "balance").get("total"), "balance")
        held = {str(name): number(totals, str(name), "balance") for name in totals if has(totals, str(name))}
        asset = self.facts.settle
        others = [name for name, amount in held.items() if amount > 0 and name != asset]
        if held.get(asset, ZERO) <= 0 and others:
            raise ConfigError(f"the account holds {', '.join(others)} but no {asset}; convert it to {asset}")

    async def settings(self, link: Link, symbol: Symbol, venue_symbol: str) -> Settings:
        """Read leverage and margin mode."""
        del venue_symbol
        row = row_of(await link.read("fetch_leverage", symbol), f"settings of {symbol}")
        mode = text(row, "marginMode", f"settings of {symbol}")
        return Settings(number(row, "shortLeverage", f"settings of {symbol}"), mode)

    async def intervals(self, link: Link, symbols: Sequence[Symbol]) -> Mapping[Symbol, timedelta]:
        """Read the intervals where the rates may lack them."""
        if link.api.has.get("fetchFundingInterval") is not True:
            return {}
        rows = {one: row_of(await link.read("fetch_funding_interval", one), "funding interval") for one in symbols}
        return {one: translate.interval(row, one) for one, row in rows.items()}

    def limits(self, market: PerpMarket, row: Row) -> PerpMarket:
        """Nothing is known beyond what ccxt unifies."""
        del row
        return market

    async def working(self, link: Link, listing: Listing, one: Instrument) -> Listed:
        """Read one book of a symbol's working orders; a full page may not be the whole of it."""
        symbol = one.market.symbol
        answer = await link.read("fetch_open_orders", symbol, None, None, dict(listing.params))
        rows = [row for row in rows_of(answer, f"orders of {symbol}") if row.get("symbol") == symbol]
        name, reason = f"the end of the list of orders of {symbol}", f"{len(rows)} orders may not be all"
        return Listed(tuple(rows), (Unread(symbol, name, reason),) if len(rows) >= _PAGE else ())

    def open_order(self, row: Row, listing: Listing, one: Instrument) -> OpenOrder:
        """Translate one of its rows."""
        return translate_orders.open_order(row, one.market.contract_size, reduce_only=listing.reduce_only)

    async def account(self, link: Link, instruments: Sequence[Instrument]) -> VenueAccount:
        """Read positions and balance; a symbol that is left out is flat only if it reads so when asked for alone."""
        isolated = link.config.margin_mode == "isolated"
        symbols = [one.market.symbol for one in instruments]
        listed = rows_of(await link.read("fetch_positions", symbols), "positions")
        rows = {text(row, "symbol", "position"): row for row in listed}
        if len(rows) != len(listed):
            raise Unbelievable(
                "positions: a symbol is named twice; the account is in hedge mode, dnbot needs one-way mode"
            )
        positions = {}
        for one in instruments:
            symbol = one.market.symbol
            row = rows.get(symbol) or row_of(await link.read("fetch_position", symbol), f"position {symbol}")
            positions[symbol] = translate.position(row, one.leverage, isolated=isolated)
        used = sum((row_margin(row, "initialMargin") for row in listed), ZERO)
        kept = sum((row_margin(row, "maintenanceMargin") for row in listed), ZERO)
        unrealised = sum((one.unrealised for one in positions.values()), ZERO)
        totals = row_of(await link.read("fetch_balance"), "balance")
        money = row_of(totals.get(self.facts.settle), f"balance of {self.facts.settle}")
        wallet = number(money, "total", "balance")
        return VenueAccount(
            Balance(wallet, wallet + unrealised, number(money, "free", "balance"), used, kept), positions
        )

    def order_params(self, request: OrderRequest, client_id: ClientOrderId, margin_mode: str) -> dict[str, object]:
        """Return ccxt's unified parameters."""
        params: dict[str, object] = {"clientOrderId": client_id, "marginMode": margin_mode}
        if request.reduce_only:
            params["reduceOnly"] = True
        if request.kind is OrderKind.LIMIT and request.time_in_force is TimeInForce.POST_ONLY:
            params["postOnly"] = True
        elif request.kind is OrderKind.LIMIT:
            params["timeInForce"] = request.time_in_force.upper()
        return params

    def cancel_params(self, client_id: ClientOrderId, *, conditional: bool) -> dict[str, object]:
        """Return ccxt's unified parameters."""
        return {"clientOrderId": client_id, **({"trigger": True} if conditional else {})}

    async def find(self, link: Link, client_id: ClientOrderId, symbol: Symbol, venue_symbol: str) -> Found | None:
        """Search the closed orders; the caller searches the open ones."""
        del venue_symbol
        rows = rows_of(await link.read("fetch_closed_orders", symbol, None, _PAGE), "closed orders")
        for row in rows:
            if row.get("clientOrderId") == client_id:
                return Found(row, conditional=False)
        return None

    async def children(self, link: Link, venue_symbol: str, since: datetime) -> Mapping[str, ClientOrderId]:
        """Nothing is known of what triggered orders become."""
        del link, venue_symbol, since
        return {}

    def realised(self, trade: Row) -> Decimal:
        """Refuse: ccxt does not unify it.

        Raises:
            Unbelievable: the venue's own row does not carry it under a usual name.
        """
        raw = row_of(trade.get("info"), "trade")
        for key in ("realizedPnl", "closedPnl", "fillPnl", "profit", "pnl", "realised_pnl"):
            if has(raw, key):
                return number(raw, key, "trade")
        raise Unbelievable("trade: no realised profit under a name that is known")

    async def ledger_page(self, link: Link, since: datetime, until: datetime, price: Price) -> Page:
        """Read ccxt's unified ledger."""
        params = {"until": milliseconds_of(until)}
        answer = await link.read("fetch_ledger", self.facts.settle, milliseconds_of(since), _PAGE, params)
        if not isinstance(answer, list):
            raise Unbelievable("ledger: no list")
        booked, aside = await statement.page(answer, self._ledger_rows, self.facts.settle, price, until)
        return Page(booked, len(answer) >= _PAGE, aside)

    def _ledger_rows(self, row: Row) -> Iterator[LedgerRow]:
        amount, name, unique = number(row, "amount", "ledger"), text(row, "type", "ledger"), text(row, "id", "ledger")
        signed = -abs(amount) if row.get("direction") == "out" else amount
        asset = text(row, "currency", "ledger") if has(row, "currency") else self.facts.settle
        kind, at = _KINDS.get(name, LedgerKind.DEPOSIT), moment(row, "timestamp", "ledger")
        yield LedgerRow(f"{name}:{unique}", _number(unique), name, kind, asset, signed, None, at)

    async def price(self, link: Link, asset: str) -> Decimal:
        """Read what an asset trades at."""
        row = row_of(await link.read("fetch_ticker", f"{asset}/{self.facts.settle}"), f"price of {asset}")
        return positive(row, "last", f"price of {asset}")


def row_margin(row: Row, key: str) -> Decimal:
    """Return a position's margin figure; a flat one may lack it."""
    return number(row, key, "position") if number(row, "contracts", "position") != 0 else ZERO


def _number(unique: str) -> int:
    return int(unique) if unique.isdecimal() else 0


def kind_of(ccxt_id: str) -> VenueKind:
    """Return the kind of a venue that is only known to ccxt; it settles in what its configured symbols name."""

    def dialect(config: CcxtConfig) -> Other:
        return Other(facts_of(ccxt_id, config.symbols[0].rpartition(":")[2]))

    return VenueKind(title="by capability", settle="USDT", dialect=dialect)
