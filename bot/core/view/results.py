"""What the liquidity and its hedge brought since the journal began, in the terms that a person asks for; USD."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.core.pnl.ledger import Book
from bot.core.snapshot import Snapshot
from bot.core.types import ZERO


@dataclass(frozen=True, slots=True)
class Results:
    """Gains are positive, costs negative; ``total`` is the sum of ``fees``, ``lvr``, ``costs``, ``funding``, ``rest``.

    Attributes:
        liquidity: what the positions brought by themselves, fees included.
        hedge: what the perpetuals brought, their costs included.
        fees: what the liquidity earned.
        lvr: its loss against rebalancing, the price of providing it (below 0).
        costs: trading fees, slippage and liquidation fees of the hedge.
        funding: received, or paid.
        rest: what prices did to what was not hedged, and what nothing explains.
        waiting: venues whose last changes are not explained yet; they are in no figure.
    """

    liquidity: Decimal = ZERO
    hedge: Decimal = ZERO
    fees: Decimal = ZERO
    lvr: Decimal = ZERO
    costs: Decimal = ZERO
    funding: Decimal = ZERO
    waiting: int = 0

    @property
    def total(self) -> Decimal:
        """Both together."""
        return self.liquidity + self.hedge

    @property
    def rest(self) -> Decimal:
        """What the named terms leave."""
        return self.total - self.fees - self.lvr - self.costs - self.funding


def results_of(book: Book, snapshot: Snapshot | None) -> Results:
    """Return what was booked; the shorts are carried from the marks that they were booked at to the snapshot's.

    Ledgers are read less often than prices: without that the hedge would lag behind the liquidity that it mirrors.
    """
    liquidity, hedge = book.total.liquidity, book.total.hedge
    costs = hedge.trading_fees + hedge.slippage + hedge.liquidation_fees
    return Results(
        liquidity=liquidity.total,
        hedge=hedge.total + book.total.residual + (ZERO if snapshot is None else _carried(book, snapshot)),
        fees=liquidity.fees,
        lvr=-liquidity.lvr,
        costs=costs,
        funding=hedge.funding,
        waiting=sum(item.waits is not None for item in book.accounts.values()),
    )


def _carried(book: Book, snapshot: Snapshot) -> Decimal:
    """Return what the marks did to the booked positions since they were booked."""
    total = ZERO
    for view in snapshot.known_venues:
        booked = book.accounts.get(view.venue)
        if booked is None:
            continue
        for symbol, size in booked.account.sizes.items():
            if size and symbol in booked.account.marks and (quote := view.quotes.get(symbol)) is not None:
                total += size * (quote.mark.price - booked.account.marks[symbol])
    return total
