"""The perpetuals of a cycle as they are shown: size and value, liquidation, stops, margin, funding a year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.core.decision import PositionRisk
from bot.core.orders import OrderKind
from bot.core.record import CycleRecord
from bot.core.snapshot import Balance, PerpPosition, Quote, VenueView
from bot.core.types import ZERO, Symbol

_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Perp:
    """One market of a venue with our position in it (size 0 included); ``risk`` is the decision's word on a short."""

    view: VenueView
    quote: Quote
    position: PerpPosition
    risk: PositionRisk | None

    @property
    def labels(self) -> tuple[str, str]:
        """Venue and symbol."""
        return self.view.venue, self.position.symbol

    @property
    def notional(self) -> Decimal:
        """Size times mark, USD; negative for a short."""
        return self.position.size * self.quote.mark.price

    @property
    def liquidation_price(self) -> Decimal | None:
        """The nearest price of liquidation: a short's as the bot uses it, all marks of the account rising."""
        if not self.position.size:
            return None
        if self.risk is not None and self.position.size < 0:
            return self.risk.liquidation
        told = self.position.liquidation_price
        return told if told is not None and told > 0 else None

    @property
    def liquidation_distance(self) -> Decimal | None:
        """How far the mark may move against the position before liquidation, as a fraction of it; None if it can't."""
        price, mark = self.liquidation_price, self.quote.mark.price
        if price is None or mark <= 0:
            return None
        return max(price / mark - 1 if self.position.size < 0 else 1 - price / mark, ZERO)

    @property
    def stop_covered(self) -> Decimal:
        """Base units of the position that resting reduce-only stops would close."""
        symbol, size = self.position.symbol, self.position.size
        return sum((abs(left) for left in _stops(self.view, symbol) if left * size < 0), ZERO)

    @property
    def funding_a_year(self) -> Decimal | None:
        """Return the funding that a short would receive in a year at the present rate, as a fraction of its notional.

        None where the venue does not report it.
        """
        funding = self.quote.funding
        return funding.rate * Decimal(_YEAR / funding.interval) if funding and funding.interval else None


def perps(record: CycleRecord) -> Iterator[Perp]:
    """Return every market of every venue that could be read."""
    risks = {(risk.venue, risk.symbol): risk for risk in record.decision.position_risks}
    for view in record.snapshot.known_venues:
        for symbol, quote in view.quotes.items():
            yield Perp(view, quote, view.positions[symbol], risks.get((view.venue, symbol)))


def _stops(view: VenueView, symbol: Symbol) -> Iterator[Decimal]:
    for order in view.open_orders:
        if order.symbol == symbol and order.kind is OrderKind.STOP_MARKET and order.reduce_only:
            yield order.remaining


def margin_ratio(balance: Balance) -> Decimal | None:
    """Return maintenance margin over equity: liquidation is at 1; None where nothing is left to divide by."""
    return balance.maintenance_margin / balance.equity if balance.equity > 0 else None
