"""The two curves of Solidly's pools: x y, and x^3 y + x y^3; fees are kept beside the reserves."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

from bot.core.amm.curve import Amounts
from bot.core.amm.decimal_context import PRECISE, require_price
from bot.core.errors import SkipCycle
from bot.core.types import ZERO

INDEX_UNIT: Final = 10**18
"""What a pool's fee index is told in: fees per LP token."""
_PARITY: Final = Decimal("1e-6")
_NEAR: Final = (1 - _PARITY, 1 + _PARITY)


def accrued(balance: int, index: int, supply_index: int, claimable: int) -> int:
    """Return the fees of one token that ``claimFees`` pays an account: those written down and those since."""
    return claimable + balance * (index - supply_index) // INDEX_UNIT if balance else claimable


@dataclass(frozen=True, slots=True)
class _Position:
    """LP tokens of a pool, with the state of the pool, raw units.

    Attributes:
        liquidity: LP tokens of the position, staked ones too.
        total_supply: ``totalSupply()`` of the pool.
        balance0: the pool's token0 balance (``burn`` pays from it, not from the reserve); balance1: token1.
        reserve0: ``getReserves()``, which make the price; reserve1: token1.
        fees0: what ``claimFees`` pays of token0; fees1: token1.
    """

    liquidity: int
    total_supply: int
    balance0: int
    balance1: int
    reserve0: int
    reserve1: int
    fees0: int
    fees1: int

    @property
    def in_range(self) -> bool:
        """Whether the position has liquidity: these pools trade at every price."""
        return self.liquidity > 0

    def amounts(self) -> Amounts:
        """Return what ``burn`` and ``claimFees`` pay, to the unit.

        Dust that is worth less than one unit of a token pays no principal at all: ``burn`` reverts.

        Raises:
            SkipCycle: the position has more LP tokens than there are.
        """
        if self.liquidity > self.total_supply:
            raise SkipCycle(f"a position has {self.liquidity} LP tokens of a pool that has {self.total_supply} in all")
        if self.liquidity == 0:
            return Amounts(0, 0, self.fees0, self.fees1)
        amount0 = self.liquidity * self.balance0 // self.total_supply
        amount1 = self.liquidity * self.balance1 // self.total_supply
        if amount0 == 0 or amount1 == 0:
            return Amounts(0, 0, self.fees0, self.fees1)
        return Amounts(amount0, amount1, self.fees0, self.fees1)

    def price(self) -> Decimal:
        """Return the pool's price, raw token1 per raw token0.

        Raises:
            SkipCycle: a reserve is empty, so that there is no price.
        """
        if self.reserve0 <= 0 or self.reserve1 <= 0:
            raise SkipCycle(f"a pool with reserves {self.reserve0} and {self.reserve1} has no price")
        with localcontext(PRECISE):
            return self._price()

    def log_sensitivity(self) -> tuple[Decimal, Decimal]:
        """Return d(amount)/d(ln price), raw units; token1's is minus the price times token0's, on any curve."""
        if self.liquidity == 0:
            return ZERO, ZERO
        price = self.price()
        with localcontext(PRECISE):
            slope = self._share() * self._slope(price)
            return -slope, slope * price

    def compounded(self, root: int) -> Decimal:
        """Return 0: fees are kept beside the pool, never in it."""
        del root
        return ZERO

    def principal_at(self, price: Decimal) -> tuple[Decimal, Decimal]:
        """Return the principal at another price: the share of the reserves there, and of balances beyond reserves.

        Raises:
            ValueError: the price is not above 0.
        """
        reserve0, reserve1 = self.reserves_at(price)
        with localcontext(PRECISE):
            share = self._share()
            return (
                share * (reserve0 + (self.balance0 - self.reserve0)),
                share * (reserve1 + (self.balance1 - self.reserve1)),
            )

    def reserves_at(self, price: Decimal) -> tuple[Decimal, Decimal]:
        """Return the pool's reserves at another price (raw token1 per token0).

        Raises:
            ValueError: the price is not above 0.
        """
        require_price(price)
        with localcontext(PRECISE):
            return self._reserves_at(price)

    def span(self) -> None:
        """Return None: these pools trade at every price."""
        return

    def bounds(self) -> None:
        """Return None: these pools trade at every price."""
        return

    def _share(self) -> Decimal:
        return Decimal(self.liquidity) / self.total_supply if self.liquidity else ZERO

    def _price(self) -> Decimal:
        raise NotImplementedError

    def _slope(self, price: Decimal) -> Decimal:
        """Return minus d(reserve0)/d(ln price)."""
        raise NotImplementedError

    def _reserves_at(self, price: Decimal) -> tuple[Decimal, Decimal]:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class VolatilePosition(_Position):
    """A position in a pool that keeps x y; implements Curve."""

    def _price(self) -> Decimal:
        return Decimal(self.reserve1) / self.reserve0

    def _slope(self, price: Decimal) -> Decimal:
        del price
        return Decimal(self.reserve0) / 2

    def _reserves_at(self, price: Decimal) -> tuple[Decimal, Decimal]:
        k = Decimal(self.reserve0 * self.reserve1)
        return (k / price).sqrt(), (k * price).sqrt()


@dataclass(frozen=True, slots=True)
class StablePosition(_Position):
    """A position in a pool that keeps x^3 y + x y^3 of whole tokens; implements Curve.

    With u = y/x, the price of x in y is P = -dy/dx = u (3 + u^2)/(1 + 3 u^2), so that ((1 - u)/(1 + u))^3 =
    (1 - P)/(1 + P): either follows from the other in closed form, and x^4 = k/(u + u^3). Hence
    dx/d(ln P) = -x (3 + u^2)(1 + 3 u^2)^2 / (12 (1 + u^2)(1 - u^2)^2), which has no bound at parity.

    Attributes:
        scale0: raw units of a whole token0, as the pool has it; scale1: token1.
    """

    scale0: int
    scale1: int

    def _whole(self) -> tuple[Decimal, Decimal]:
        return Decimal(self.reserve0) / self.scale0, Decimal(self.reserve1) / self.scale1

    def _price(self) -> Decimal:
        x, y = self._whole()
        return y * (3 * x * x + y * y) / (x * (x * x + 3 * y * y)) * self.scale1 / self.scale0

    def _slope(self, price: Decimal) -> Decimal:
        parity = Decimal(self.scale1) / self.scale0
        if _NEAR[0] < price / parity < _NEAR[1]:
            # no trade tells such prices apart: the mean slope over them, where the slope itself grows without bound
            down, up = (self._reserves_at(parity * edge)[0] for edge in _NEAR)
            return (down - up) / (2 * _PARITY)
        x, y = self._whole()
        u2 = (y / x) ** 2
        return Decimal(self.reserve0) * (3 + u2) * (1 + 3 * u2) ** 2 / (12 * (1 + u2) * (1 - u2) ** 2)

    def _reserves_at(self, price: Decimal) -> tuple[Decimal, Decimal]:
        x, y = self._whole()
        u = _ratio_at(price * self.scale0 / self.scale1)
        there = (x * y * (x * x + y * y) / (u * (1 + u * u))).sqrt().sqrt()
        return there * self.scale0, there * u * self.scale1


def _ratio_at(price: Decimal) -> Decimal:
    """Return y/x of a stable pool at a price of whole tokens."""
    cube = (1 - price) / (1 + price)
    root = (abs(cube) ** (Decimal(1) / 3)).copy_sign(cube) if cube else ZERO
    return (1 - root) / (1 + root)
