"""Collateral off its peg: a settlement currency counts as dollars while it stands near one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from bot.core.decision import Alarm, Severity
from bot.core.inputs import Dispute, Hold
from bot.core.market import settled_in
from bot.core.snapshot import Snapshot
from bot.core.types import VenueId


@dataclass(frozen=True, slots=True)
class Collateral:
    """A currency that a venue's markets settle in.

    ``price`` is what one is worth, USD: of all sources the farthest from a dollar; None where none can tell, which is
    never taken for 1. ``sources`` say who told it, or why nobody could; empty: nobody was asked.
    """

    venue: VenueId
    currency: str
    price: Decimal | None
    sources: str

    @property
    def words(self) -> str:
        """Return what is known of it."""
        if self.price is not None:
            return f"{self.currency} at {self.price:.4f} USD ({self.sources})"
        return f"{self.currency}, of which nobody tells the price ({self.sources or 'no feed is configured'})"

    def is_off(self, most: Decimal) -> bool:
        """Whether it is known to stand farther from a dollar than a fraction."""
        return self.price is not None and abs(self.price - 1) > most


def collaterals(snapshot: Snapshot) -> tuple[Collateral, ...]:
    """Return what the venues that could be read settle in, and what that is worth."""
    said = [price for view in snapshot.chains for price in view.dollars]
    found = []
    for view in snapshot.known_venues:
        for currency in sorted({settled_in(symbol) for symbol in view.positions}):
            about = [one for one in said if one.currency == currency]
            prices = [one.price for one in about if one.price is not None]
            sources = [one.source for one in about if not prices or one.price is not None]
            price = max(prices, key=lambda price: abs(price - 1), default=None)
            found.append(Collateral(view.venue, currency, price, "; ".join(sources)))
    return tuple(found)


def off_peg(found: Iterable[Collateral], most: Decimal) -> tuple[Dispute, ...]:
    """Hold adds where the collateral is off its peg: a short there is paid in it, and its loss can't be hedged."""
    return tuple(
        Dispute(
            f"depeg:{one.venue}:{one.currency}",
            one.venue,
            None,
            f"{one.words} is more than {most:.1%} off par: nothing is added at {one.venue}, "
            "which settles in it; what closes and protects goes on",
            Hold.ADDS,
            is_critical=True,
        )
        for one in found
        if one.is_off(most)
    )


def silence_alarms(found: Iterable[Collateral]) -> list[Alarm]:
    """Return alarms about collaterals whose price was asked for and is not known."""
    return [
        Alarm(
            f"collateral:{one.venue}:{one.currency}",
            Severity.WARNING,
            f"{one.venue} settles in {one.words}: a depeg would not be seen",
        )
        for one in found
        if one.price is None and one.sources
    ]
