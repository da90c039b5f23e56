"""What a snapshot needs to know of any AMM: the seam that a new curve implements."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Amounts:
    """What a position would pay out now, in raw token units, with the contract's own rounding."""

    principal0: int
    principal1: int
    fees0: int
    fees1: int

    @property
    def total0(self) -> int:
        """Token0 paid out by a full withdrawal, fees included, raw units."""
        return self.principal0 + self.fees0

    @property
    def total1(self) -> int:
        """Token1 paid out by a full withdrawal, fees included, raw units."""
        return self.principal1 + self.fees1


class Curve(Protocol):
    """A position on a curve together with the state of its pool, both from one block."""

    @property
    def liquidity(self) -> int:
        """The position's own liquidity (or LP tokens), raw units; 0 once it is burned."""

    @property
    def in_range(self) -> bool:
        """Whether the position trades at the pool's present price."""

    def amounts(self) -> Amounts:
        """Return the exact amounts that the contracts would pay out at this block."""

    def price(self) -> Decimal:
        """Return the pool's price: raw units of token1 per raw unit of token0."""

    def log_sensitivity(self) -> tuple[Decimal, Decimal]:
        """Return d(amount)/d(ln price) of token0 and token1, raw units (token0 falls, token1 rises)."""

    def compounded(self, root: int) -> Decimal:
        """Return the share of the principal that is fees left in the pool since the deposits, 0 where none are.

        ``root`` is the sum of sqrt(amount0 x amount1) over the deposits, raw units.
        """

    def principal_at(self, price: Decimal) -> tuple[Decimal, Decimal]:
        """Return the principal, raw units, if the pool stood at another price (raw token1 per token0); no rounding."""

    def span(self) -> tuple[float, float] | None:
        """Return what each token's amount changes by from one end of the range to the other, raw units.

        None: the position trades at every price.
        """

    def bounds(self) -> tuple[Decimal, Decimal] | None:
        """Return the prices (raw token1 per token0) between which the position trades; None: it trades at every one."""
