"""An account's history: trades and cash movements, read in time spans that no page limit can truncate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import structlog

from bot.core.errors import Retryable
from bot.core.orders import Fill, LedgerEntry, SetAside, Statement
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.exchange import trades, translate_orders
from bot.exchange.ccxt_link import Link
from bot.exchange.dialect import Dialect, Instrument, TradePage
from bot.exchange.errors import Refusal, Unbelievable
from bot.exchange.fields import Row, has, moment, number, text
from bot.exchange.orders import Orders
from bot.exchange.statement import Page

log = structlog.get_logger(__name__)

_SPAN: Final = timedelta(days=7)
"""How far back orders are looked for, to learn whose trades they made."""
_SLACK: Final = timedelta(seconds=1)
"""How far past our own clock a span that ends now reaches: the newest trade may be ahead of it."""
_LATE: Final = timedelta(minutes=10)
"""How long a trade may stay invisible; a span that was empty is read again from this long before its end."""
_PRICED: Final = 60.0
"""Seconds for which the price of an asset that fees are paid in counts."""
_NAMED: Final = 60
"""Orders that are asked for, one by one, to learn whose trades they made; older trades stay without a client id."""


@dataclass(frozen=True, slots=True)
class _Unread:
    """A symbol's trades that could not be read, and where the earliest span that holds one began."""

    since: datetime
    rows: tuple[SetAside, ...]


@dataclass(slots=True)
class History:
    """Trades and ledger of one account.

    ``empty`` holds the span per symbol that is known to hold no trade; ``unread`` the trades that could not be read,
    which are asked for again whenever trades are; ``prices`` what other assets were worth, and when that was read
    (monotonic seconds).
    """

    link: Link
    dialect: Dialect
    orders: Orders
    empty: dict[Symbol, tuple[datetime, datetime]] = field(default_factory=dict)
    unread: dict[Symbol, _Unread] = field(default_factory=dict)
    prices: dict[str, tuple[float, Decimal | None]] = field(default_factory=dict)

    async def fills(self, since: datetime, instruments: Mapping[Symbol, Instrument]) -> tuple[Fill, ...]:
        """Return our trades from ``since`` on, or as far back as the venue keeps them, oldest first.

        Rows are judged one by one: those that can't be read are reported with the ledger, among what is in no result.

        Raises:
            Retryable: a read failed.
        """
        fills: list[Fill] = []
        for symbol, one in instruments.items():
            fills.extend(await self._fills_of(symbol, one, since))
        return tuple(sorted(fills, key=lambda fill: (fill.at, fill.trade_id)))

    async def _fills_of(self, symbol: Symbol, one: Instrument, since: datetime) -> list[Fill]:
        now = self.link.clock.now()
        known_from, known_to = self.empty.get(symbol, (now, now))
        start = max(since, known_to) if known_from <= since else since
        if symbol in self.unread:
            start = min(start, self.unread[symbol].since)
        rows: dict[str, Row] = {}
        odd: dict[str, SetAside] = {}
        for begin, end in self._spans(start, now):
            async for page in self._trades(one, begin, end):
                odd |= {item.key: item for item in page.unread}
                for row in (row for row in page.rows if _is_of(row, one)):
                    if (fault := _fault(row, begin)) is not None:
                        odd[fault.key] = fault
                    else:
                        rows[text(row, "id", "trade")] = row
        if not rows and not odd:
            self.unread.pop(symbol, None)
            self.empty[symbol] = (since, max(start, now - _LATE))
            return []
        owners = await self._owners(rows.values().__iter__(), one) if rows else {}
        fills: list[Fill] = []
        for row in rows.values():
            try:
                fills.append(await self._fill(row, one, owners.get(text(row, "order", "trade"))))
            except Unbelievable as error:
                found = trades.unreadable(row.get("info"), error, moment(row, "timestamp", "trade"))
                odd[found.key] = found
        self._keep(symbol, odd, now)
        return fills

    def _keep(self, symbol: Symbol, odd: Mapping[str, SetAside], now: datetime) -> None:
        """Keep what could not be read, by the time at which it was first seen."""
        before = self.unread.pop(symbol, None)
        met = {item.key: item.at for item in before.rows} if before is not None else {}
        if odd:
            since = min(item.at for item in odd.values())
            self.unread[symbol] = _Unread(
                since, tuple(replace(item, at=met.get(key, now)) for key, item in odd.items())
            )
            log.warning("trades not read", symbol=symbol, count=len(odd), why=next(iter(odd.values())).why)

    async def _fill(self, row: Row, one: Instrument, owner: ClientOrderId | None) -> Fill:
        """Translate a trade; a fee in another asset counts at that asset's price, else as the market's fee would be."""
        size, realised = one.market.contract_size, self.dialect.realised(row)
        asset, cost = translate_orders.fee_of(row)
        rate = Decimal(1) if asset == self.dialect.facts.settle else await self.price(asset)
        told = translate_orders.fill(row, self.link.config.venue, size, owner, realised, cost * (rate or ZERO))
        if rate is not None:
            return told
        usual = one.market.maker_fee if told.is_maker else one.market.taker_fee
        return replace(told, fee=usual * abs(told.quantity) * told.price)

    async def price(self, asset: str) -> Decimal | None:
        """Return what an asset is worth, USD, as it was read within the last minute; None where it is unknown."""
        now = self.link.clock.monotonic()
        known = self.prices.get(asset)
        if known is None or now - known[0] >= _PRICED:
            try:
                value = await self.dialect.price(self.link, asset)
            except Retryable:
                value = None
            known = self.prices[asset] = now, value
        return known[1]

    def _spans(self, since: datetime, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Cut the time from ``since``, or from what the venue keeps, into spans that it answers."""
        begin = max(since, now - timedelta(days=self.dialect.facts.history_days) + _LATE)
        while begin < now:
            end = begin + self.dialect.facts.history_span - _SLACK
            yield begin, min(end, now + _SLACK)
            begin = end

    async def _trades(self, one: Instrument, begin: datetime, end: datetime) -> AsyncIterator[TradePage]:
        """Read a span; a page that is full is read again in halves, whichever end the venue would have cut."""
        page = await self.dialect.trades(self.link, one, begin, end)
        if not page.full:
            yield page
            return
        middle = _middle(begin, end, f"trades of {one.market.symbol}")
        for half in ((begin, middle), (middle, end)):
            async for part in self._trades(one, *half):
                yield part

    async def _owners(self, rows: Iterator[Row], one: Instrument) -> Mapping[str, ClientOrderId]:
        """Find the client ids of the orders that made some trades."""
        newest = sorted(rows, key=lambda row: -int(number(row, "timestamp", "trade")))
        wanted = list(dict.fromkeys(text(row, "order", "trade") for row in newest))
        unknown = [order for order in wanted if order not in self.orders.ids][:_NAMED]
        if unknown:
            oldest = moment(newest[-1], "timestamp", "trade") - timedelta(days=1)
            since = max(oldest, self.link.clock.now() - _SPAN)
            self.orders.ids.update(await self.dialect.children(self.link, one.venue_symbol, since))
        for order in unknown:
            if order not in self.orders.ids and (owner := await self._owner(order, one)) is not None:
                self.orders.ids[order] = owner
        return {order: self.orders.ids[order] for order in wanted if order in self.orders.ids}

    async def _owner(self, order: str, one: Instrument) -> ClientOrderId | None:
        try:
            row = await self.dialect.order(self.link, order, one)
        except Refusal as refusal:
            if (refusal.status, refusal.code) not in self.dialect.facts.unknown_order:
                raise
            return None
        return ClientOrderId(text(row, "clientOrderId", f"order {order}")) if has(row, "clientOrderId") else None

    async def ledger(self, since: datetime) -> Statement:
        """Return the cash movements from ``since`` on, oldest first, each once; and the trades that can't be read.

        Raises:
            Retryable: a read failed.
        """
        entries: dict[str, LedgerEntry] = {}
        aside: dict[str, SetAside] = {}
        for begin, end in self._spans(since, self.link.clock.now()):
            async for page in self._movements(begin, end):
                entries |= {entry.key: entry for entry in page.entries}
                aside |= {item.key: item for item in page.aside}
        ordered = sorted(entries.values(), key=lambda entry: (entry.at, entry.number, entry.key))
        aside |= {item.key: item for symbol in self.unread.values() for item in symbol.rows}
        return Statement(tuple(ordered), tuple(aside.values()))

    async def _movements(self, begin: datetime, end: datetime) -> AsyncIterator[Page]:
        page = await self.dialect.ledger_page(self.link, begin, end, self.price)
        if not page.full:
            yield page
            return
        middle = _middle(begin, end, "ledger")
        for half in ((begin, middle), (middle, end)):
            async for part in self._movements(*half):
                yield part


def _middle(begin: datetime, end: datetime, what: str) -> datetime:
    if end - begin < timedelta(milliseconds=2):
        raise Unbelievable(f"{what}: more than a page within a millisecond at {begin}")
    return begin + (end - begin) / 2


def _is_of(row: Row, one: Instrument) -> bool:
    """Whether a trade is of the symbol that was asked for, by the venue's own field: ccxt fills it in for every row."""
    told = row.get("info")
    return not isinstance(told, dict) or told.get("symbol") in (None, one.venue_symbol)


def _fault(row: Row, begin: datetime) -> SetAside | None:
    """Name a trade of a span that does not say which one it is, of which order and when."""
    try:
        _ = text(row, "id", "trade"), text(row, "order", "trade"), moment(row, "timestamp", "trade")
    except Unbelievable as error:
        return trades.unreadable(row.get("info"), error, begin)
    return None
