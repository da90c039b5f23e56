"""The venue's own past: a candle a minute of mark, index and last price, kept as the prices come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.market import Candle, PriceKind
from bot.core.types import Symbol
from bot.paper.engine.account import Market
from bot.paper.servers.wire import EPOCH

_MINUTE: Final = timedelta(minutes=1)
_KEPT: Final = 3 * 1440
"""Minutes of each price that are kept."""


@dataclass(slots=True)
class Candles:
    """Minutes by symbol and price; a minute in which no price came is what the one before closed with."""

    _minutes: dict[tuple[Symbol, PriceKind], list[Candle]] = field(default_factory=dict)

    def take(self, at: datetime, markets: Mapping[Symbol, Market]) -> None:
        """Take the prices that are in force from a time on."""
        minute = at - (at - EPOCH) % _MINUTE
        for symbol, market in markets.items():
            for kind in PriceKind:
                self._add(self._minutes.setdefault((symbol, kind), []), minute, getattr(market, kind.value))

    def rows(self, symbol: Symbol, kind: PriceKind, span: timedelta, now: datetime) -> Iterator[Candle]:
        """Return candles of a whole number of minutes, the one that is not over yet included, oldest first."""
        row: Candle | None = None
        for candle in self._whole(symbol, kind, now):
            start = candle.at - (candle.at - EPOCH) % span
            if row is not None and row.at == start:
                high, low = max(row.high, candle.high), min(row.low, candle.low)
                row = replace(row, high=high, low=low, close=candle.close)
                continue
            if row is not None:
                yield row
            row = replace(candle, at=start)
        if row is not None:
            yield row

    def _add(self, minutes: list[Candle], minute: datetime, price: Decimal) -> None:
        if minutes and minutes[-1].at == minute:
            minutes[-1] = minutes[-1].and_then(price)
            return
        before = minutes[-1].close if minutes else price
        minutes.append(Candle(minute, before, before, before, before).and_then(price))
        del minutes[:-_KEPT]

    def _whole(self, symbol: Symbol, kind: PriceKind, now: datetime) -> Iterator[Candle]:
        minutes = self._minutes.get((symbol, kind), [])
        for number, candle in enumerate(minutes):
            yield candle
            until = minutes[number + 1].at if number + 1 < len(minutes) else now
            at = candle.at + _MINUTE
            while at < until:
                yield Candle(at, candle.close, candle.close, candle.close, candle.close)
                at += _MINUTE
