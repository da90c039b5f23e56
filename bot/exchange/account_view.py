"""One validated view of a venue: account, working orders in every book, and the markets, read side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot.core.market import Funding
from bot.core.snapshot import OpenOrder, PerpPosition, Quote, Unread, VenueView
from bot.core.types import Symbol
from bot.exchange import translate, working_orders
from bot.exchange.ccxt_link import Link, side_by_side
from bot.exchange.dialect import Dialect, Instrument
from bot.exchange.errors import Refusal, Unbelievable
from bot.exchange.facts import Listing
from bot.exchange.fields import Row, has, row_of

log = structlog.get_logger(__name__)

_AHEAD: Final = timedelta(seconds=5)
"""How far ahead of our clock a venue's time stamp may lie."""

Books = tuple[list[OpenOrder], list[Unread]]


@dataclass(frozen=True, slots=True)
class Observer:
    """Takes views of one account."""

    link: Link
    dialect: Dialect

    async def view(self, instruments: Mapping[Symbol, Instrument]) -> VenueView:
        """Read everything at one moment.

        Rows and symbols are judged by themselves: what can't be read is named, and all else stands.

        Raises:
            Retryable: a read failed or is too old; no symbol at all can be read.
        """
        started = self.link.clock.now()
        async with side_by_side() as group:
            account = group.create_task(self.dialect.account(self.link, tuple(instruments.values())))
            quotes = {symbol: group.create_task(self._quote(one, started)) for symbol, one in instruments.items()}
            books = [
                group.create_task(self.listing(listing, one))
                for one in instruments.values()
                for listing in self.dialect.facts.listings
            ]
        positions, shown, unread = account.result().positions, _shown(quotes), list(account.result().unread)
        if not positions:
            raise Unbelievable(unread[0].reason if unread else "no position can be read")
        for symbol, task in quotes.items():
            if isinstance(fault := task.result(), Unbelievable | Refusal):
                unread.append(_unquoted(symbol, positions.get(symbol), fault))
        orders = [order for task in books for order in task.result()[0]]
        return VenueView(
            venue=self.link.config.venue,
            as_of=min([started, *(at for quote in shown.values() for at in (quote.mark.as_of, quote.book.as_of))]),
            quotes={symbol: quote for symbol, quote in shown.items() if symbol in positions},
            positions=positions,
            open_orders=tuple(_sized(order, positions) for order in orders),
            balance=account.result().balance,
            unread=tuple(dict.fromkeys((*unread, *(item for task in books for item in task.result()[1])))),
            shut={symbol: one.shut for symbol, one in instruments.items() if one.shut},
            key_ends=account.result().key_ends,
        )

    async def listing(self, listing: Listing, one: Instrument) -> Books:
        """Read one book of working orders of a symbol, and what of it can't be read."""
        symbol = one.market.symbol
        listed = await self.dialect.working(self.link, listing, one)
        return working_orders.read(listed, symbol, lambda row: self.dialect.open_order(row, listing, one))

    async def _quote(self, one: Instrument, started: datetime) -> Quote | Unbelievable | Refusal:
        """Read a market, or report why it can't be believed; a venue that does not answer fails the whole view."""
        try:
            return await self.quote(one, started)
        except (Unbelievable, Refusal) as fault:
            return fault

    async def quote(self, one: Instrument, started: datetime) -> Quote:
        """Read what one market shows.

        Raises:
            Retryable: a read failed, or is too old.
        """
        symbol = one.market.symbol
        async with side_by_side() as group:
            terms, *others = self.dialect.facts.mark_from
            reads = (self._terms(terms, symbol, others), *(self._row(name, symbol) for name in others))
            sources = [group.create_task(read) for read in reads]
            depth = group.create_task(self._row("fetch_order_book", symbol, 5))
        rows = [task.result() for task in sources]
        mark = translate.mark(rows, symbol, started)
        book = translate.book(depth.result(), symbol, one.market.contract_size, started)
        for what, at in (("mark", mark.as_of), ("book", book.as_of)):
            age = started - at
            if age > self.link.config.max_age or -age > _AHEAD:
                raise Unbelievable(f"the {what} of {symbol} is {age.total_seconds():.1f} s old")
        return Quote(one.market, mark, book, _funding(rows[0], one, started))

    async def _terms(self, name: str, symbol: Symbol, others: Sequence[str]) -> Row:
        """Read what tells the funding; nothing where that can't be read, and others tell the mark."""
        try:
            return await self._row(name, symbol)
        except (Unbelievable, Refusal) as fault:
            if not others:
                raise
            log.warning("funding not read", venue=self.link.config.venue, symbol=symbol, reason=str(fault))
            return {}

    async def _row(self, name: str, symbol: Symbol, *args: object) -> Row:
        return row_of(await self.link.read(name, symbol, *args), f"{name} of {symbol}")


def _shown(quotes: Mapping[Symbol, asyncio.Task[Quote | Unbelievable | Refusal]]) -> dict[Symbol, Quote]:
    """Return the markets that could be read.

    Raises:
        Retryable: none could, so that it concerns the venue and no single market.
    """
    results = {symbol: task.result() for symbol, task in quotes.items()}
    shown = {symbol: item for symbol, item in results.items() if isinstance(item, Quote)}
    if not shown:
        raise next(item for item in results.values() if not isinstance(item, Quote))
    return shown


def _unquoted(symbol: Symbol, position: PerpPosition | None, fault: Exception) -> Unread:
    """Name a market without a price: what is held there affects the whole account's margin by an unknown amount."""
    is_held = position is None or position.size != 0
    return Unread(None if is_held else symbol, f"the market of {symbol}", str(fault))


def _sized(order: OpenOrder, positions: Mapping[Symbol, PerpPosition]) -> OpenOrder:
    """Return an order that closes all of a position with its quantity: as much as there is now."""
    position = positions.get(order.symbol)
    return replace(order, remaining=-position.size) if order.closes_all and position is not None else order


def _funding(row: Row, one: Instrument, started: datetime) -> Funding | None:
    symbol = one.market.symbol
    try:
        interval = translate.interval(row, symbol) if has(row, "interval") else one.interval
        return None if interval is None else translate.funding(row, symbol, interval, started)
    except Unbelievable:
        return None
