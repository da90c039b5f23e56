"""A paper account put behind a venue server: the same markets, marks and book as behind the Exchange port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.types import Symbol, Underlying
from bot.paper.config import PaperConfig, venue_rules
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.rules import MarkUpdate
from bot.paper.marks import MarkPoint, MarkSource
from bot.paper.servers.desk import Credentials, Desk, Permissions
from bot.paper.servers.venue import Step, Venue
from bot.ports import Clock

_HISTORY: Final = 1000
"""Ended orders that a served account's engine remembers, so that one step of time can't end more than are reported."""


class FixedMarks:
    """Prices that stand still until they are set; always fresh."""

    def __init__(self, prices: Mapping[Underlying, Decimal]) -> None:
        self.prices = dict(prices)

    def path(self, since: datetime | None, now: datetime, underlyings: Sequence[Underlying]) -> list[MarkPoint]:
        """Return the prices of now."""
        del since
        return [MarkPoint(now, {one: MarkUpdate(self.prices[one], self.prices[one]) for one in underlyings})]


@dataclass(frozen=True, slots=True)
class MarkWorld:
    """A venue server's market fed by a paper exchange's marks."""

    marks: MarkSource
    symbols: Mapping[Underlying, Symbol]

    def path(self, since: datetime | None, now: datetime) -> Sequence[Step]:
        """Return the prices by symbol.

        Raises:
            Retryable: a price is missing or too old.
        """
        points = self.marks.path(since, now, list(self.symbols))
        return [(point.at, {symbol: point.marks[one] for one, symbol in self.symbols.items()}) for point in points]


def venue_of(
    config: PaperConfig,
    marks: MarkSource,
    clock: Clock,
    credentials: Credentials,
    permissions: Permissions = Permissions(),  # noqa: B008 - frozen
) -> Venue:
    """Open a venue with one customer, whose account starts with the configured deposit; its file is not used."""
    rules = replace(venue_rules(config), history=_HISTORY)
    desk = Desk(credentials, PaperEngine.open(rules, clock.now(), config.deposit), permissions)
    return Venue(rules, [desk], MarkWorld(marks, config.symbols), clock, memory=timedelta(0))
