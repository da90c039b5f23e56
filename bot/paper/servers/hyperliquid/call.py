"""What a request is given: the venue as it is now, and the body that it came with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.types import Symbol
from bot.paper.servers.desk import Desk
from bot.paper.servers.frame import Call
from bot.paper.servers.hyperliquid import errors
from bot.paper.servers.hyperliquid.render import coin_of
from bot.paper.servers.wire import EPOCH


@dataclass(frozen=True, slots=True)
class Ask(Call):
    """A question; ``desk`` is whose address it names, None for one that nobody has."""

    desk: Desk | None

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Return the markets; an asset is its place among them."""
        return tuple(self.venue.rules.symbols)

    def symbol(self) -> Symbol:
        """Return the market of the coin that is asked for."""
        coin = self.params.text("coin")
        found = next((symbol for symbol in self.symbols if coin_of(symbol) == coin), None)
        if found is None:
            raise errors.unread(f"unknown coin {coin}")
        return found

    def span(self) -> tuple[datetime, datetime]:
        """Return the time span of a history, without end by default."""
        start, end = self.params.maybe_time("startTime"), self.params.maybe_time("endTime")
        return start or EPOCH, end or self.now


@dataclass(frozen=True, slots=True)
class Act(Call):
    """An action of a customer."""

    desk: Desk
    action: Mapping[str, object]

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Return the markets; an asset is its place among them."""
        return tuple(self.venue.rules.symbols)

    def asset(self, number: object) -> Symbol | None:
        """Return the market of an asset's number, if there is one."""
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < len(self.symbols):
            return None
        return self.symbols[number]
