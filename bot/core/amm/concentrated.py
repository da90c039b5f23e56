"""Uniswap V3 and its forks: concentrated liquidity between two ticks."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final

from bot.core.amm.curve import Amounts
from bot.core.amm.decimal_context import PRECISE, from_x96, require_price
from bot.core.amm.liquidity_math import amount0_delta, amount1_delta
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.errors import SkipCycle
from bot.core.types import ZERO

_U128_MAX: Final = (1 << 128) - 1
_TWO: Final = Decimal(2)


@lru_cache(maxsize=1 << 10)
def _unit_slopes(sqrt_price_x96: int) -> tuple[Decimal, Decimal]:
    """Return -1/(2 sqrt P) and sqrt P/2 of a pool's square-root price.

    Raises:
        SkipCycle: the pool has no price yet.
    """
    root = _root(sqrt_price_x96)
    return PRECISE.divide(Decimal(-1), PRECISE.multiply(_TWO, root)), PRECISE.divide(root, _TWO)


def _root(sqrt_price_x96: int) -> Decimal:
    if sqrt_price_x96 <= 0:
        raise SkipCycle("a pool without a price (sqrtPriceX96 is 0): it is not initialised")
    return from_x96(sqrt_price_x96)


@lru_cache(maxsize=1 << 14)
def _unit_span(lower: int, upper: int) -> tuple[float, float]:
    """Return 1/sqrt a - 1/sqrt b and sqrt b - sqrt a of two ticks."""
    with localcontext(PRECISE):
        low, high = (from_x96(sqrt_ratio_at_tick(tick)) for tick in (lower, upper))
        return float(1 / low - 1 / high), float(high - low)


@dataclass(frozen=True, slots=True)
class PoolBook:
    """What the pool itself stores for the owner and range of a position (``pool.positions(key)``).

    The position manager owns all its positions in the pool; those of one range share one such book. Each book is
    rounded down on its own, so that the pool can hold a few units less than the manager promises, and it is the pool
    that pays.
    """

    liquidity: int
    fee_growth_inside_last0_x128: int
    fee_growth_inside_last1_x128: int
    tokens_owed0: int
    tokens_owed1: int


@dataclass(frozen=True, slots=True)
class ConcentratedPosition:
    """A position between two ticks, with the state of its pool; implements Curve.

    Attributes:
        liquidity: the position's own liquidity.
        tick_lower: lower boundary, included in the range.
        tick_upper: upper boundary, excluded.
        sqrt_price_x96: ``slot0.sqrtPriceX96``.
        tick: ``slot0.tick``; it can stand one below the tick of the price, right after a swap that ended on a boundary.
        fee_growth_global0_x128: the pool's fee growth per unit of liquidity, token0, modulo 2^256; 1: token1.
        fee_growth_outside_lower0_x128: ``ticks(tick_lower).feeGrowthOutside0X128``; and so on for upper and token1.
        fee_growth_inside_last0_x128: as the position was last credited; 1: token1.
        tokens_owed0: credited and not collected yet, principal already taken out included; 1: token1.
        pool_book: what caps the payment of a position held through the position manager; None for a position that its
            owner holds in the pool directly (its own book is the pool's), or where a few units too many do no harm.
    """

    liquidity: int
    tick_lower: int
    tick_upper: int
    sqrt_price_x96: int
    tick: int
    fee_growth_global0_x128: int
    fee_growth_global1_x128: int
    fee_growth_outside_lower0_x128: int
    fee_growth_outside_lower1_x128: int
    fee_growth_outside_upper0_x128: int
    fee_growth_outside_upper1_x128: int
    fee_growth_inside_last0_x128: int
    fee_growth_inside_last1_x128: int
    tokens_owed0: int
    tokens_owed1: int
    pool_book: PoolBook | None = None

    @property
    def in_range(self) -> bool:
        """Whether the position has liquidity that trades at the pool's present tick."""
        return self.liquidity > 0 and self.tick_lower <= self.tick < self.tick_upper

    def amounts(self) -> Amounts:
        """Return what ``decreaseLiquidity`` of everything and ``collect`` of the maximum pay, to the unit.

        Without liquidity it is what ``collect`` alone pays. ``fees`` holds everything that is not principal of this
        withdrawal: fees grown since the last credit, and tokens owed from before. Like the contracts, sums wrap at
        2^128.

        Raises:
            SkipCycle: the pool's book holds less liquidity than the position.
        """
        if self.liquidity == 0:
            return Amounts(0, 0, *self._owed_of_old())
        principal0, principal1 = self._principal()
        total0, total1 = self._owed_after_burn(principal0, principal1)
        principal0, principal1 = min(principal0, total0), min(principal1, total1)
        return Amounts(principal0, principal1, total0 - principal0, total1 - principal1)

    def price(self) -> Decimal:
        """Return the pool's price, raw token1 per raw token0.

        Raises:
            SkipCycle: the pool has no price yet.
        """
        with localcontext(PRECISE):
            return self._sqrt_price() ** 2

    def log_sensitivity(self) -> tuple[Decimal, Decimal]:
        """Return d(amount)/d(ln price): -L/(2 sqrt P) of token0 and +L sqrt P/2 of token1 in range, 0 outside."""
        if not self.in_range:
            return ZERO, ZERO
        liquidity, (unit0, unit1) = Decimal(self.liquidity), _unit_slopes(self.sqrt_price_x96)
        return PRECISE.multiply(liquidity, unit0), PRECISE.multiply(liquidity, unit1)

    def compounded(self, root: int) -> Decimal:
        """Return 0: fees stay apart from the principal."""
        del root
        return ZERO

    def principal_at(self, price: Decimal) -> tuple[Decimal, Decimal]:
        """Return the principal at another price: L(1/sqrt P - 1/sqrt b) and L(sqrt P - sqrt a), P held within [a, b].

        Raises:
            ValueError: the price is not above 0.
        """
        require_price(price)
        with localcontext(PRECISE):
            low, high = self._edges()
            root = max(low, min(price.sqrt(), high))
            return self.liquidity * (1 / root - 1 / high), self.liquidity * (root - low)

    def span(self) -> tuple[float, float]:
        """Return L(1/sqrt a - 1/sqrt b) of token0 and L(sqrt b - sqrt a) of token1."""
        span0, span1 = _unit_span(self.tick_lower, self.tick_upper)
        return self.liquidity * span0, self.liquidity * span1

    def bounds(self) -> tuple[Decimal, Decimal]:
        """Return the prices of the two ticks."""
        with localcontext(PRECISE):
            low, high = self._edges()
            return low**2, high**2

    def _edges(self) -> tuple[Decimal, Decimal]:
        """Return the square roots of the prices of the two ticks."""
        return from_x96(sqrt_ratio_at_tick(self.tick_lower)), from_x96(sqrt_ratio_at_tick(self.tick_upper))

    def _sqrt_price(self) -> Decimal:
        return _root(self.sqrt_price_x96)

    def _principal(self) -> tuple[int, int]:
        """Return what UniswapV3Pool.burn credits: the tick chooses the case, the square-root price sets the amounts."""
        low, high = sqrt_ratio_at_tick(self.tick_lower), sqrt_ratio_at_tick(self.tick_upper)
        if self.tick < self.tick_lower:
            return amount0_delta(low, high, self.liquidity), 0
        if self.tick < self.tick_upper:
            return (
                amount0_delta(self.sqrt_price_x96, high, self.liquidity),
                amount1_delta(low, self.sqrt_price_x96, self.liquidity),
            )
        return 0, amount1_delta(low, high, self.liquidity)

    def _owed_of_old(self) -> tuple[int, int]:
        """Return what is collected without a burn: nothing is credited first, in no book."""
        book = self.pool_book
        if book is None:
            return self.tokens_owed0, self.tokens_owed1
        return min(self.tokens_owed0, book.tokens_owed0), min(self.tokens_owed1, book.tokens_owed1)

    def _owed_after_burn(self, principal0: int, principal1: int) -> tuple[int, int]:
        """Return what is collected after burning everything: what is owed by then, as far as the pool's book goes."""
        ticks = self.tick_lower, self.tick_upper
        outside0 = self.fee_growth_outside_lower0_x128, self.fee_growth_outside_upper0_x128
        outside1 = self.fee_growth_outside_lower1_x128, self.fee_growth_outside_upper1_x128
        inside0 = growth_inside(self.tick, ticks, self.fee_growth_global0_x128, outside0)
        inside1 = growth_inside(self.tick, ticks, self.fee_growth_global1_x128, outside1)
        total0 = _credited(self.tokens_owed0, principal0, inside0 - self.fee_growth_inside_last0_x128, self.liquidity)
        total1 = _credited(self.tokens_owed1, principal1, inside1 - self.fee_growth_inside_last1_x128, self.liquidity)
        if (book := self.pool_book) is None:
            return total0, total1
        if book.liquidity < self.liquidity:
            raise SkipCycle(f"the pool knows of liquidity {book.liquidity} where a position has {self.liquidity}")
        growth0, growth1 = inside0 - book.fee_growth_inside_last0_x128, inside1 - book.fee_growth_inside_last1_x128
        return (
            min(total0, _credited(book.tokens_owed0, principal0, growth0, book.liquidity)),
            min(total1, _credited(book.tokens_owed1, principal1, growth1, book.liquidity)),
        )


def growth_inside(tick: int, ticks: tuple[int, int], growth: int, outside: tuple[int, int]) -> int:
    """Return the growth inside a range, up to a multiple of 2^256 (Tick.getFeeGrowthInside).

    Args:
        tick: the pool's.
        ticks: the range's lower and upper one.
        growth: the pool's, X128, of fees or of rewards.
        outside: what the range's two ticks store.
    """
    below = outside[0] if tick >= ticks[0] else growth - outside[0]
    above = outside[1] if tick < ticks[1] else growth - outside[1]
    return growth - below - above


def _credited(owed: int, principal: int, growth: int, liquidity: int) -> int:
    """Return the tokens owed after a burn (Position.update): growth counts modulo 2^256, tokens modulo 2^128.

    Growth needs no mask of its own: what it is off by, multiples of 2^256, the last one takes away.
    """
    return (owed + principal + (growth * liquidity >> 128)) & _U128_MAX
