"""Does this pool pay, hedged? Fees against what the position gives away and what its hedge costs, in one table.

Hedged, a position earns its fees less its loss against rebalancing (LVR), less the hedge's trading costs, plus funding
(Milionis, Moallemi, Roughgarden, Zhang, arXiv 2208.06046). Funding is a range, since nobody knows it ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

FUNDING_LOW: Final = Decimal("-0.03285")
"""What a short gets a year, fraction of its notional, at the cautious end: -0.003% per 8 h, the lower quartile of what
an ETH perpetual paid (docs/evidence.md) from 2022-09-09 to 2022-12-31 (341 settlements, 37% of them below 0)."""
FUNDING_HIGH: Final = Decimal("0.1095")
"""At the other end: 0.01% per 8 h, the venues' interest part, which is nearly the most that a short gets for long."""
_UNKNOWN: Final = "unknown"

Span = tuple[Decimal, Decimal]
"""The low and the high end."""


@dataclass(frozen=True, slots=True)
class PoolResult:
    """What a hedged position brings in a time; USD.

    Attributes:
        value: the liquidity's worth at the start.
        years: how long.
        fees: what the liquidity provider earned, after the protocol's share; None: not known.
        lvr: the loss against rebalancing, above 0 where it lost; None: a price is missing.
        cost: what trading the hedge cost, above 0; ``opening`` what of it opening the short did.
        funding: what the short received at each end; below 0: paid.
        left_open: what the price made of what the hedge left open (the drift within its band, the basis), USD; that is
            chance, and no part of the answer; None: not known.
        rests_on: what the figures rest on, in words.
    """

    value: Decimal
    years: Decimal
    fees: Decimal | None
    lvr: Decimal | None
    cost: Decimal
    opening: Decimal
    funding: Span
    left_open: Decimal | None = None
    rests_on: Sequence[str] = ()

    @property
    def break_even(self) -> Span | None:
        """The fees that pay for all the rest, at the low and the high end of funding."""
        if self.lvr is None:
            return None
        low, high = (self.lvr + self.cost - funding for funding in self.funding)
        return low, high

    @property
    def net(self) -> Span | None:
        """What is left of the fees, at the low and the high end of funding."""
        if self.break_even is None or self.fees is None:
            return None
        low, high = (self.fees - needed for needed in self.break_even)
        return low, high

    @property
    def verdict(self) -> str:
        """Return the answer in one word."""
        if self.net is None:
            return _UNKNOWN
        low, high = self.net
        return "yes" if low > 0 else "no" if high <= 0 else "only if funding is good"

    def rows(self) -> list[tuple[str, str, str]]:
        """Return the table: what, USD, and a year as a share of the value."""
        lvr = None if self.lvr is None else -self.lvr
        return [
            ("fees to the liquidity provider", *self._cells((self.fees,))),
            ("loss against rebalancing", *self._cells((lvr,))),
            ("hedge, trading", *self._cells((-self.cost,))),
            ("of it opening the short, once", *self._cells((-self.opening,))),
            ("funding, low to high", *self._cells(self.funding)),
            ("net, low to high", *self._cells(self.net)),
            ("fees to break even, high to low", *self._cells(self.break_even)),
            ("does it pay, hedged?", self.verdict, ""),
            *(
                []
                if self.left_open is None
                else [("besides, by chance: drift and basis", *self._cells((self.left_open,)))]
            ),
        ]

    def _cells(self, amounts: Sequence[Decimal | None] | None) -> tuple[str, str]:
        known = [amount for amount in amounts or (None,) if amount is not None]
        if not known:
            return _UNKNOWN, ""
        whole = self.value * self.years
        shares = (f"{amount / whole:+.2%}" for amount in known) if whole > 0 else ()
        return " to ".join(f"{amount:+,.2f}" for amount in known), " to ".join(shares)

    def as_data(self) -> dict[str, object]:
        """Return everything as JSON values: USD as strings, unknown ones null."""

        def text(amount: Decimal | None) -> str | None:
            return None if amount is None else str(amount)

        def ends(span: Span | None) -> dict[str, str] | None:
            return None if span is None else {"low": str(span[0]), "high": str(span[1])}

        return {
            "value_usd": str(self.value),
            "years": str(self.years),
            "fees_usd": text(self.fees),
            "lvr_usd": text(self.lvr),
            "hedge_cost_usd": str(self.cost),
            "opening_cost_usd": str(self.opening),
            "funding_usd": ends(self.funding),
            "net_usd": ends(self.net),
            "left_open_usd": text(self.left_open),
            "fees_to_break_even_usd": ends(self.break_even),
            "pays": self.verdict,
            "rests_on": list(self.rests_on),
        }
