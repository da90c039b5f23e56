"""Shares of a constant product, fees left in it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.core.amm.curve import Amounts


@dataclass(frozen=True, slots=True)
class Shares:
    """Implements Curve."""

    liquidity: int
    total: int
    reserve0: int
    reserve1: int

    @property
    def in_range(self) -> bool:
        return self.liquidity > 0

    def amounts(self) -> Amounts:
        return Amounts(
            self.reserve0 * self.liquidity // self.total, self.reserve1 * self.liquidity // self.total, fees0=0, fees1=0
        )

    def price(self) -> Decimal:
        return Decimal(self.reserve1) / self.reserve0

    def log_sensitivity(self) -> tuple[Decimal, Decimal]:
        half = self._part / 2
        return -half * self.reserve0, half * self.reserve1

    def compounded(self, root: int) -> Decimal:
        return max(1 - root / (self._part * Decimal(self.reserve0 * self.reserve1).sqrt()), Decimal(0))

    def principal_at(self, price: Decimal) -> tuple[Decimal, Decimal]:
        k = Decimal(self.reserve0 * self.reserve1)
        return self._part * (k / price).sqrt(), self._part * (k * price).sqrt()

    def span(self) -> None:
        return

    def bounds(self) -> None:
        return

    @property
    def _part(self) -> Decimal:
        return Decimal(self.liquidity) / self.total
