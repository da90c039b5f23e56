"""Binance's candles: of trades, of the mark price and of the index price, as far back as the venue has kept them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Final

from bot.core.market import PriceKind
from bot.paper.servers.binance import errors
from bot.paper.servers.binance.call import Public
from bot.paper.servers.binance.render import CASH
from bot.paper.servers.wire import VenueError, fixed, millis

_MINUTES: Final = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "1d": 1440}
_MOST: Final = 1500


def candles(kind: PriceKind) -> Callable[[Public], object]:
    """Make the endpoint of one price: from ``startTime`` on the oldest ``limit``, without it the newest."""

    def answer(call: Public) -> object:
        name = "pair" if kind is PriceKind.INDEX else "symbol"
        symbol, minutes = call.venue.ids.get(call.params.text(name)), _MINUTES.get(call.params.text("interval"))
        if symbol is None:
            raise errors.unknown_symbol()
        if minutes is None:
            raise VenueError(400, "-1120", "Invalid interval.")
        limit = min(call.params.maybe_integer("limit") or 500, _MOST)
        start, end = call.params.maybe_time("startTime"), call.params.maybe_time("endTime")
        span = timedelta(minutes=minutes)
        found = [
            row
            for row in call.venue.candles.rows(symbol, kind, span, call.now)
            if (start is None or row.at >= start) and (end is None or row.at <= end)
        ]
        chosen = found[-limit:] if start is None else islice(found, limit)
        return [
            [
                millis(row.at),
                *(fixed(price, CASH) for price in (row.open, row.high, row.low, row.close)),
                "0",
                millis(row.at + span) - 1,
                "0",
                0,
                "0",
                "0",
                "0",
            ]
            for row in chosen
        ]

    return answer
