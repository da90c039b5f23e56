"""Uniswap V2 and its forks: constant product over the whole price range."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from math import isqrt

from bot.core.amm.curve import Amounts
from bot.core.amm.decimal_context import PRECISE, require_price
from bot.core.errors import SkipCycle
from bot.core.types import ZERO


@dataclass(frozen=True, slots=True)
class ConstantProductPosition:
    """LP tokens of a pair, with the state of the pair; implements Curve.

    Fees stay in the reserves, so that ``burn`` pays them with the principal (see ``compounded``). LP tokens that lie in
    the pair itself belong to whoever burns next; they are not counted.

    Attributes:
        liquidity: LP tokens of the position.
        total_supply: ``totalSupply()`` of the pair, before the protocol's share is minted.
        balance0: the pair's token0 balance (``burn`` pays from it, not from the reserve); balance1: token1.
        reserve0: ``getReserves()``, which make the price; reserve1: token1.
        k_last: ``kLast()``, the product of the reserves after the last mint or burn; 0 if the protocol fee was off.
        fee_on: whether the factory's ``feeTo`` is set.
        protocol_part: what the protocol then gets of sqrt(k)'s growth, of ``protocol_whole`` parts.
    """

    liquidity: int
    total_supply: int
    balance0: int
    balance1: int
    reserve0: int
    reserve1: int
    k_last: int
    fee_on: bool
    protocol_part: int = 1
    protocol_whole: int = 6

    @property
    def in_range(self) -> bool:
        """Whether the position has liquidity: a constant product trades at every price."""
        return self.liquidity > 0

    def amounts(self) -> Amounts:
        """Return what ``UniswapV2Pair.burn`` pays, to the unit.

        Dust that is worth less than one unit of a token pays nothing at all: ``burn`` reverts.

        Raises:
            SkipCycle: the position has more LP tokens than there are.
        """
        if self.liquidity == 0:
            return Amounts(0, 0, 0, 0)
        supply = self._supply_after_fee()
        amount0 = self.liquidity * self.balance0 // supply
        amount1 = self.liquidity * self.balance1 // supply
        if amount0 == 0 or amount1 == 0:
            return Amounts(0, 0, 0, 0)
        return Amounts(principal0=amount0, principal1=amount1, fees0=0, fees1=0)

    def price(self) -> Decimal:
        """Return the pair's price, raw token1 per raw token0.

        Raises:
            SkipCycle: a reserve is empty, so that there is no price.
        """
        if self.reserve0 <= 0 or self.reserve1 <= 0:
            raise SkipCycle(f"a pair with reserves {self.reserve0} and {self.reserve1} has no price")
        with localcontext(PRECISE):
            return Decimal(self.reserve1) / self.reserve0

    def log_sensitivity(self) -> tuple[Decimal, Decimal]:
        """Return d(amount)/d(ln price): minus half of token0 and plus half of token1, of what is in the reserves."""
        with localcontext(PRECISE):
            half = self._share() / 2
            return -half * self.reserve0, half * self.reserve1

    def compounded(self, root: int) -> Decimal:
        """Return the fees' share of the principal: sqrt(k) of the position grows by fees (and gifts) alone."""
        with localcontext(PRECISE):
            now = self._share() * Decimal(self.balance0 * self.balance1).sqrt()
            return max(1 - root / now, ZERO) if now else ZERO

    def principal_at(self, price: Decimal) -> tuple[Decimal, Decimal]:
        """Return the principal at another price: the share of sqrt(k/P) and sqrt(k P), and of balances beyond reserves.

        Raises:
            ValueError: the price is not above 0.
        """
        require_price(price)
        with localcontext(PRECISE):
            share = self._share()
            k = Decimal(self.reserve0 * self.reserve1)
            return (
                share * ((k / price).sqrt() + (self.balance0 - self.reserve0)),
                share * ((k * price).sqrt() + (self.balance1 - self.reserve1)),
            )

    def span(self) -> None:
        """Return None: a pair trades at every price."""
        return

    def bounds(self) -> None:
        """Return None: a pair trades at every price."""
        return

    def _share(self) -> Decimal:
        """Return the fraction of the pair that the position owns."""
        return Decimal(self.liquidity) / self._supply_after_fee() if self.liquidity else ZERO

    def _supply_after_fee(self) -> int:
        """Return the supply that ``burn`` divides by: the protocol's part of sqrt(k)'s growth is minted before."""
        if self.liquidity > self.total_supply:
            raise SkipCycle(f"a position has {self.liquidity} LP tokens of a pair that has {self.total_supply} in all")
        minted = 0
        if self.fee_on and self.k_last:
            root, root_last = isqrt(self.reserve0 * self.reserve1), isqrt(self.k_last)
            if root > root_last:
                part, rest = self.protocol_part, self.protocol_whole - self.protocol_part
                minted = self.total_supply * (root - root_last) * part // (root * rest + root_last * part)
        return self.total_supply + minted
