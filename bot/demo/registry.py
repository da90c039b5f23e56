"""Which protocols the demo plays: one line each. The scene's other pool is then Uniswap's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot.demo.algebra import AlgebraPool, IntegralPool
from bot.demo.chain import LocalChain
from bot.demo.full_range import FullRangePool
from bot.demo.pancake_v3 import PancakePool
from bot.demo.ranged import RangedPool, V3Pool
from bot.demo.slipstream import SlipstreamPool
from bot.demo.solidly import SolidlyPair
from bot.demo.uniswap_v2 import V2Pair
from bot.demo.uniswap_v4 import V4Pool

FULL_RANGE: Final[Mapping[str, Callable[[LocalChain], Awaitable[FullRangePool]]]] = {
    pool.protocol: pool.deploy for pool in (V2Pair, SolidlyPair)
}
"""What makes the pool of WBTC and ether, whose positions are LP tokens, by the protocol's name."""
RANGED: Final[Mapping[str, Callable[[LocalChain], Awaitable[RangedPool]]]] = {
    pool.protocol: pool.deploy for pool in (V3Pool, V4Pool, SlipstreamPool, PancakePool, AlgebraPool, IntegralPool)
}
"""What makes the pool of ether and USDC, whose positions lie between two ticks."""
USUAL: Final = V3Pool.protocol
PLAYED: Final = tuple(sorted({*FULL_RANGE, *RANGED}))
