"""Bitget's candles: of trades, of the mark price and of the index price, as far back as the venue has kept them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from bot.core.market import PriceKind
from bot.paper.servers.bitget import errors
from bot.paper.servers.bitget.call import Public
from bot.paper.servers.wire import millis, plain

_MINUTES: Final = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1H": 60, "2H": 120, "4H": 240, "1D": 1440}
_KINDS: Final = {"": PriceKind.LAST, "MARKET": PriceKind.LAST, "MARK": PriceKind.MARK, "INDEX": PriceKind.INDEX}
RECENT: Final = 1000
OLD: Final = 200


def candles(most: int, kind: PriceKind | None = None) -> Callable[[Public], object]:
    """Make an endpoint: the newest ``limit`` candles before ``endTime``; of one price, or of the one asked for."""

    def answer(call: Public) -> object:
        symbol, minutes = call.symbol(), _MINUTES.get(call.params.text("granularity"))
        price = kind or _KINDS.get((call.params.maybe("kLineType") or "").upper())
        limit = call.params.maybe_integer("limit") or 100
        if minutes is None or price is None or not 0 < limit <= most:
            raise errors.wrong("granularity" if minutes is None else "kLineType" if price is None else "limit")
        start, end = call.params.maybe_time("startTime"), call.params.maybe_time("endTime")
        rows = [
            row
            for row in call.venue.candles.rows(symbol, price, timedelta(minutes=minutes), call.now)
            if (start is None or row.at >= start) and (end is None or row.at < end)
        ]
        return [
            [str(millis(row.at)), *(plain(one) for one in (row.open, row.high, row.low, row.close)), "0", "0"]
            for row in rows[-limit:]
        ]

    return answer
