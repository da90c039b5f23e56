"""The market of a fast trend: its path, and the liquidity that is hedged along it."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.core.amm.tick_math import tick_at_sqrt_ratio
from bot.core.snapshot import LpPosition, Token
from bot.core.types import PoolId, PositionId, Underlying
from tests.core.amm.positions import at as v3_at
from tests.core.amm.roots import sqrt_ratio_at_price
from tests.core.scenes import BTC, ETH, MARKS, USDC, WBTC, WETH

D = Decimal

BLOCK: Final = timedelta(seconds=2)

VALUE: Final = 60_000
"""USD of liquidity in each of the two positions, in a range of 10% to either side."""

RANGE_TICKS: Final = 953

WARM: Final = 15
"""Blocks without a move, in which the hedge is put in place."""

TOKENS: Final = {ETH: WETH, BTC: WBTC}

Minutes = tuple[int, float]
"""So many minutes, and the move of each as a fraction."""


def path(moves: tuple[Minutes, ...], noise: float = 0.0001) -> Iterator[float]:
    """Return the price of each block as a multiple of the first."""
    rng, blocks = random.Random(7), timedelta(minutes=1) // BLOCK
    log = 0.0
    for _ in range(WARM):
        yield 1.0
    for minutes, move in moves:
        for _ in range(minutes * blocks):
            log += math.log1p(move) / blocks
            yield math.exp(log + noise * rng.gauss(0, 1))


class Liquidity:
    """A range position of one token and USDC, which trades as the price moves."""

    def __init__(self, underlying: Underlying) -> None:
        self.underlying, self.token = underlying, TOKENS[underlying]
        self._scale = D(10) ** (USDC.decimals - self.token.decimals)
        price = MARKS[underlying] * self._scale
        root = sqrt_ratio_at_price(price)
        centre = tick_at_sqrt_ratio(root)
        self._edges = centre - RANGE_TICKS, centre + RANGE_TICKS
        unit = v3_at(10**15, *self._edges, root).principal_at(price)
        self._liquidity = int(VALUE * 10**15 / ((unit[0] * price + unit[1]) / 10**USDC.decimals))

    def at(self, price: Decimal) -> LpPosition:
        token: Token = self.token
        curve = v3_at(self._liquidity, *self._edges, sqrt_ratio_at_price(price * self._scale))
        name = f"v3-{self.underlying}"
        return LpPosition(
            PositionId(name), "uniswap_v3", PoolId(f"0x{self.underlying}"), token, USDC, curve, curve.amounts(), None
        )
