"""One validated view of a venue: account, working orders in every book, and the markets, read side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.core.market import Funding
from bot.core.snapshot import OpenOrder, Quote, VenueView
from bot.core.types import Symbol
from bot.exchange import translate, translate_orders
from bot.exchange.ccxt_link import Link, side_by_side
from bot.exchange.dialect import Dialect, Instrument
from bot.exchange.errors import Unbelievable
from bot.exchange.facts import Listing
from bot.exchange.fields import Row, has, row_of, rows_of

_LISTED: Final = 100
"""Orders that a venue lists at most; a full list may not be whole."""
_AHEAD: Final = timedelta(seconds=5)
"""How far ahead of our clock a venue's time stamp may lie."""


@dataclass(frozen=True, slots=True)
class Observer:
    """Takes views of one account."""

    link: Link
    dialect: Dialect

    async def view(self, instruments: Mapping[Symbol, Instrument]) -> VenueView:
        """Read everything of one moment; whole or not at all.

        Raises:
            Retryable: a read failed, contradicts another, or is too old.
        """
        started = self.link.clock.now()
        async with side_by_side() as group:
            account = group.create_task(self.dialect.account(self.link, tuple(instruments.values())))
            quotes = {symbol: group.create_task(self.quote(one, started)) for symbol, one in instruments.items()}
            orders = [
                group.create_task(self.listing(listing, one))
                for one in instruments.values()
                for listing in self.dialect.facts.listings
            ]
        shown = {symbol: task.result() for symbol, task in quotes.items()}
        return VenueView(
            venue=self.link.config.venue,
            as_of=min([started, *(at for quote in shown.values() for at in (quote.mark.as_of, quote.book.as_of))]),
            quotes=shown,
            positions=account.result().positions,
            open_orders=tuple(order for task in orders for order in task.result()),
            balance=account.result().balance,
        )

    async def listing(self, listing: Listing, one: Instrument) -> tuple[OpenOrder, ...]:
        """Read one book of working orders of a symbol."""
        symbol, size = one.market.symbol, one.market.contract_size
        return tuple(
            translate_orders.open_order(row, size, reduce_only=listing.reduce_only)
            for row in await self.working(listing, symbol)
        )

    async def working(self, listing: Listing, symbol: Symbol) -> tuple[Row, ...]:
        """Read one book of working orders as ccxt's dictionaries.

        Raises:
            Unbelievable: an order of another symbol is among them, or the list is too long to be whole.
        """
        rows = rows_of(
            await self.link.read("fetch_open_orders", symbol, None, None, dict(listing.params)), f"orders of {symbol}"
        )
        if any(row.get("symbol") != symbol for row in rows):
            raise Unbelievable(f"orders of {symbol}: another symbol's order is among them")
        if len(rows) >= _LISTED:
            raise Unbelievable(f"orders of {symbol}: {len(rows)} are too many for one list; cancel the foreign ones")
        return rows

    async def quote(self, one: Instrument, started: datetime) -> Quote:
        """Read what one market shows.

        Raises:
            Retryable: a read failed, or is too old.
        """
        symbol = one.market.symbol
        async with side_by_side() as group:
            sources = [group.create_task(self._row(name, symbol)) for name in self.dialect.facts.mark_from]
            depth = group.create_task(self._row("fetch_order_book", symbol, 5))
        rows = [task.result() for task in sources]
        mark = translate.mark(rows, symbol, started)
        book = translate.book(depth.result(), symbol, one.market.contract_size, started)
        for what, at in (("mark", mark.as_of), ("book", book.as_of)):
            age = started - at
            if age > self.link.config.max_age or -age > _AHEAD:
                raise Unbelievable(f"the {what} of {symbol} is {age.total_seconds():.1f} s old")
        return Quote(one.market, mark, book, _funding(rows[0], one, started))

    async def _row(self, name: str, symbol: Symbol, *args: object) -> Row:
        return row_of(await self.link.read(name, symbol, *args), f"{name} of {symbol}")


def _funding(row: Row, one: Instrument, started: datetime) -> Funding:
    symbol = one.market.symbol
    interval = translate.interval(row, symbol) if has(row, "interval") else one.interval
    if interval is None:
        raise Unbelievable(f"the funding interval of {symbol} is not known")
    return translate.funding(row, symbol, interval, started)
