"""Marks of a real venue for the paper exchange: its public endpoints, read without a key, and nothing else of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import aiohttp

from bot.core.errors import Retryable
from bot.core.snapshot import Quote
from bot.core.types import Symbol, Underlying
from bot.exchange import preflight, translate
from bot.exchange.account_view import Observer
from bot.exchange.ccxt_link import Link, side_by_side
from bot.exchange.dialect import Dialect, Instrument
from bot.exchange.fields import text
from bot.paper.engine.rules import MarkUpdate
from bot.paper.marks import MarkPoint

_FRESH: Final = timedelta(seconds=1)
"""A price that is younger is not asked for again."""
_NO_FEES: Final = {"maker": "0", "taker": "0"}
"""Fees are the paper account's own; the venue reports its own to customers only."""


@dataclass(slots=True)
class VenueMarks:
    """Mark, index, the middle of the order book's touch, and the funding rate, as a real venue reports them.

    ``refresh`` reads them; ``path`` gives what was read last, and refuses it once it is older than ``max_age``.
    """

    link: Link
    dialect: Dialect
    session: aiohttp.ClientSession
    symbols: Mapping[Underlying, Symbol]
    max_age: timedelta = timedelta(seconds=15)
    _instruments: Mapping[Symbol, Instrument] = field(default_factory=dict)
    _seen: Mapping[Underlying, MarkUpdate] = field(default_factory=dict)
    _read_at: datetime | None = None

    async def refresh(self) -> None:
        """Read the venue's prices, unless they are of this second.

        Raises:
            ConfigError: a symbol is unknown there, or no linear perpetual.
            Retryable: the venue did not answer, or not believably.
        """
        now = self.link.clock.now()
        if self._read_at is not None and timedelta(0) <= now - self._read_at < _FRESH:
            return
        if not self._instruments:
            self._instruments = await self._load()
        observer = Observer(self.link, self.dialect)
        async with side_by_side() as group:
            asked = {
                one: group.create_task(observer.quote(self._instruments[symbol], now))
                for one, symbol in self.symbols.items()
            }
        self._seen, self._read_at = {one: _update(task.result()) for one, task in asked.items()}, now

    async def _load(self) -> dict[Symbol, Instrument]:
        rows = await preflight.load_markets(self.link, reload=False)
        intervals = await self.dialect.intervals(self.link, tuple(rows))
        return {
            symbol: Instrument(
                translate.market(row, self.link.config.venue, _NO_FEES, ()),
                text(row, "id", f"market {symbol}"),
                Decimal(1),
                "cross",
                intervals.get(symbol),
            )
            for symbol, row in rows.items()
        }

    def path(self, since: datetime | None, now: datetime, underlyings: Sequence[Underlying]) -> list[MarkPoint]:
        """Return the prices that were read last, at ``now``; prices between two reads are not known.

        Raises:
            Retryable: nothing was read yet, or it is too old.
        """
        del since
        if self._read_at is None or now - self._read_at > self.max_age:
            raise Retryable(f"paper marks: {self.link.config.kind} was not read in the last {self.max_age}")
        return [MarkPoint(now, {one: self._seen[one] for one in underlyings})]

    async def close(self) -> None:
        """Release connections."""
        await self.link.api.close()
        await self.session.close()


def _update(quote: Quote) -> MarkUpdate:
    middle = (quote.book.bid + quote.book.ask) / 2
    rate = quote.funding.rate if quote.funding else None
    return MarkUpdate(quote.mark.price, quote.mark.index, middle, rate, quote.mark.as_of)
