"""Stress reserve: the cost of leaving a venue under stress, and the loss if the venue fails.

Both are for the shorts that stand there, or those that the hedge wants there where they are larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.core.data_quality.collateral import Collateral
from bot.core.hedge.allocation import taker_cost
from bot.core.market import Funding
from bot.core.snapshot import VenueView
from bot.core.types import ZERO, Symbol, VenueId

_UNWINDING: Final = timedelta(hours=24)
WORST: Final = Decimal("0.015")
"""What a short paid in a day at the worst funding seen, fraction of its notional: ETH at the largest venue before the
Merge of 2022-09-15, when 8 h cost about 0.5% (so reported); the low before it was 0.157% per 8 h, in March 2020."""


@dataclass(frozen=True, slots=True)
class StressReserve:
    """What a venue's failure costs, USD, all >= 0.

    Attributes:
        short: the notional of the shorts.
        trading: buying all of it back at once, fee and half the spread; selling it anew elsewhere costs as much.
        funding: what all of it pays in 24 hours at the worst funding seen, or at the present one where that is worse.
        collateral: cash that is there, other wallets that are counted included.
        unrealised: profit of the shorts that is not paid out; below 0: a loss, which takes part of the cash.
    """

    short: Decimal
    trading: Decimal
    funding: Decimal
    collateral: Decimal
    unrealised: Decimal

    @property
    def unwinding(self) -> Decimal:
        """What getting out within 24 hours costs, if the last of it is bought back at their end."""
        return self.trading + self.funding

    @property
    def vanishing(self) -> Decimal:
        """What is lost if the venue vanishes with all that is there, and the hedge is sold anew elsewhere."""
        return max(self.collateral + self.unrealised, ZERO) + self.trading


@dataclass(frozen=True, slots=True)
class VenueAdvice:
    """A venue's equity, and the collateral that the targets there ask for; None where that is not known.

    ``settles`` is what all of that is held in, ``stress`` what the venue's failure would cost.
    """

    venue: VenueId
    equity: Decimal
    collateral: Decimal | None
    settles: tuple[Collateral, ...]
    stress: StressReserve


def venue_advice(
    view: VenueView,
    wanted: Mapping[Symbol, Decimal],
    needed: Sequence[Decimal | None],
    settled: Iterable[Collateral],
) -> VenueAdvice:
    """Return what a venue's account should hold, and what its failure would cost.

    Args:
        view: the venue.
        wanted: the notionals of the shorts that the hedge wants there, USD.
        needed: the collateral that each of those asks for, USD; None: not known.
        settled: the venues' collaterals.
    """
    known = [amount for amount in needed if amount is not None]
    return VenueAdvice(
        venue=view.venue,
        equity=view.balance.equity,
        collateral=sum(known, ZERO) if len(known) == len(needed) else None,
        settles=tuple(one for one in settled if one.venue == view.venue),
        stress=stress_reserve(view, wanted),
    )


def stress_reserve(view: VenueView, wanted: Mapping[Symbol, Decimal]) -> StressReserve:
    """Compute a venue's stress reserve; ``wanted`` are the notionals of the shorts that the hedge wants there, USD."""
    short = trading = funding = ZERO
    for symbol, quote in view.quotes.items():
        stands = -view.positions[symbol].size * quote.mark.price
        notional = max(stands, wanted.get(symbol, ZERO), ZERO)
        short += notional
        trading += notional * taker_cost(quote.market, (quote.book.bid, quote.book.ask), quote.mark.price)
        funding += notional * max(WORST, _paid_a_day(quote.funding))
    balance = view.balance
    return StressReserve(short, trading, funding, balance.wallet + balance.reserve, balance.equity - balance.wallet)


def _paid_a_day(funding: Funding | None) -> Decimal:
    """Return what a short pays in a day at the present rate, fraction of its notional; below 0: it receives.

    One that is unknown is the worst.
    """
    return -funding.rate * Decimal(_UNWINDING / funding.interval) if funding and funding.interval else WORST
