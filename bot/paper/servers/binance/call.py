"""What a Binance endpoint is given, and the parameters that many of them take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.types import Symbol
from bot.paper.servers.binance import errors
from bot.paper.servers.frame import Call, CustomerCall
from bot.paper.servers.wire import VenueError

_WEEK = timedelta(days=7)
KEPT = timedelta(days=90)
"""How far back trades, orders and income reach (documented: three months; what refuses says 90 days)."""


@dataclass(frozen=True, slots=True)
class Public(Call):
    """A call that anybody may make."""

    def symbol(self) -> Symbol:
        """Return the mandatory symbol."""
        symbol = self.venue.ids.get(self.params.text("symbol"))
        if symbol is None:
            raise errors.unknown_symbol()
        return symbol

    def symbols(self) -> list[Symbol]:
        """Return the symbol that was asked for, or all."""
        return list(self.venue.ids.values()) if self.params.maybe("symbol") is None else [self.symbol()]


@dataclass(frozen=True, slots=True)
class Private(Public, CustomerCall):
    """A call of a customer."""

    def span(self) -> tuple[datetime, datetime]:
        """Return the time span of a history: startTime to endTime, at most seven days, by default the last seven."""
        start, end = self.params.maybe_time("startTime"), self.params.maybe_time("endTime")
        if start is not None and end is not None and end < start:
            raise VenueError(400, "-4022", "Start time can't be later than end time.")
        if start is None:
            end = self.now if end is None else end
            return end - _WEEK, end
        return start, min(end or self.now, start + _WEEK)

    def kept_span(self) -> tuple[datetime, datetime]:
        """Return the time span of a history that refuses to be asked for what the venue does not keep any more."""
        start, end = self.span()
        if start < self.now - KEPT:
            raise errors.too_long_ago(KEPT.days)
        return start, end

    def limit(self, default: int, most: int) -> int:
        """Return how many entries were asked for."""
        limit = self.params.maybe_integer("limit")
        if limit is not None and limit <= 0:
            raise errors.missing("limit")
        return min(limit or default, most)
