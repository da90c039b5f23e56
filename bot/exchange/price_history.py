"""A perpetual's past from a venue's public endpoints, page by page: candles and funding rates, read without a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Final

import aiohttp

from bot.core.errors import ConfigError
from bot.core.market import Candle, PriceKind
from bot.core.types import Symbol
from bot.exchange import preflight
from bot.exchange.ccxt_link import Link
from bot.exchange.errors import Busy, Unbelievable
from bot.exchange.fields import milliseconds_of, moment, number, rows_of

PAGE: Final = 200
"""Candles of one request: what every venue gives at once, however old they are."""
_RATES: Final = 100
"""Funding rates of one request."""
_SHORTEST: Final = timedelta(hours=1)
"""No venue settles funding more often."""
_CANDLE: Final = 5


@dataclass(frozen=True, slots=True)
class Rate:
    """A funding rate, fraction of the notional, and when it was settled."""

    at: datetime
    rate: Decimal


@dataclass(slots=True)
class PerpPast:
    """Reads one perpetual of one venue."""

    link: Link
    session: aiohttp.ClientSession
    symbol: Symbol
    _loaded: bool = field(default=False)

    def require(self, since: datetime, span: timedelta, price: PriceKind) -> None:
        """Check that there are such candles from a time on.

        Raises:
            ConfigError: the venue has none of that price, or no longer.
        """
        facts, kept = self.link.facts, self.link.facts.candles_kept
        if price not in facts.candle_prices:
            have = ", ".join(sorted(one.value for one in facts.candle_prices))
            raise ConfigError(f"{self.link.config.kind} has no candles of the {price.value} price, only of: {have}")
        oldest = None if kept is None else self.link.clock.now() - kept * span
        if oldest is not None and since < oldest:
            raise ConfigError(
                f"{self.link.config.kind} keeps its newest {kept} candles: those of {span} begin on "
                f"{oldest:%Y-%m-%d at %H:%M} UTC, and {since:%Y-%m-%d %H:%M} is asked for; a longer interval reaches "
                "further back"
            )

    async def candles(self, since: datetime, span: timedelta, price: PriceKind) -> list[Candle]:
        """Return the candles of the next ``PAGE`` spans from a time on, oldest first; those that are missing, missing.

        Raises:
            ConfigError: the venue has no such perpetual.
            Unbelievable: what came are no candles of that time, or prices that are none.
            Retryable: the venue did not answer.
        """
        until = since + PAGE * span
        minutes = int(span / timedelta(minutes=1))
        params = {"until": milliseconds_of(until)} | ({} if price is PriceKind.LAST else {"price": price.value})
        frame = f"{minutes}m" if minutes < 60 else f"{minutes // 60}h" if minutes < 1440 else f"{minutes // 1440}d"  # noqa: PLR2004 - of an hour and a day
        asked = self.symbol, frame, milliseconds_of(since), PAGE, params
        found = await self._read("fetch_ohlcv", *asked)
        if not isinstance(found, list):
            raise Unbelievable(f"candles of {self.symbol}: expected a list")
        rows = [self._candle(row) for row in found]
        self._check_times([row.at for row in rows if row.at != until], since, until, span)
        return [row for row in rows if row.at != until]

    async def rates(self, since: datetime, until: datetime) -> list[Rate]:
        """Return the funding rates that were settled from a time up to but without another one, oldest first.

        Raises:
            As ``candles``.
        """
        found: dict[datetime, Rate] = {}
        if self.link.facts.funding_by_page:
            page = 1
            while rows := await self._rates(None, {"pageNo": page}):
                found |= {row.at: row for row in rows}
                if min(row.at for row in rows) < since or len(rows) < _RATES:
                    break
                page += 1
        else:
            start = since
            while start < until:
                end = min(start + _RATES * _SHORTEST, until)
                rows = await self._rates(start, {"until": milliseconds_of(end)})
                if any(not start <= row.at <= end for row in rows):
                    raise Unbelievable(f"funding of {self.symbol}: answered with rates of another time than asked for")
                found |= {row.at: row for row in rows}
                start = end
        return [found[at] for at in sorted(found) if since <= at < until]

    async def close(self) -> None:
        """Release connections."""
        await self.link.api.close()
        await self.session.close()

    async def _rates(self, since: datetime | None, params: dict[str, object]) -> list[Rate]:
        start = None if since is None else milliseconds_of(since)
        what = f"funding of {self.symbol}"
        rows = rows_of(await self._read("fetch_funding_rate_history", self.symbol, start, _RATES, params), what)
        return [Rate(moment(row, "timestamp", what), number(row, "fundingRate", what)) for row in rows]

    async def _read(self, name: str, *args: object) -> object:
        """Read, as soon as the request budget allows it."""
        while True:
            try:
                if not self._loaded:
                    await preflight.load_markets(self.link, reload=False)
                    self._loaded = True
                return await self.link.read(name, *args)
            except Busy as busy:
                await self.link.clock.sleep(busy.seconds)

    def _candle(self, row: object) -> Candle:
        if not isinstance(row, Sequence) or isinstance(row, str) or len(row) < _CANDLE:
            raise Unbelievable(f"candles of {self.symbol}: {str(row)[:40]} is none")
        when = moment({"time": row[0]}, "time", f"candles of {self.symbol}")
        try:
            opened, high, low, close = (Decimal(str(price)) for price in row[1:_CANDLE])
        except InvalidOperation as error:
            raise Unbelievable(f"candles of {self.symbol}: {when} has prices that are no numbers") from error
        prices = opened, high, low, close
        if not all(price.is_finite() and price > 0 for price in prices) or low > min(prices) or high < max(prices):
            raise Unbelievable(
                f"candles of {self.symbol}: {when} has prices that are none ({', '.join(map(str, prices))})"
            )
        return Candle(when, opened, high, low, close)

    def _check_times(self, times: Sequence[datetime], since: datetime, until: datetime, span: timedelta) -> None:
        if any(not since <= at < until or (at - since) % span for at in times):
            raise Unbelievable(f"candles of {self.symbol}: answered with candles of another time than asked for")
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise Unbelievable(f"candles of {self.symbol}: answered out of order, or twice")
