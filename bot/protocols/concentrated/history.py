"""The past of a pool with concentrated liquidity, from its own events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector, topic
from bot.chain.config import ChainConfig
from bot.chain.logs import Log, Topics
from bot.chain.pool_past import FindPool, NodeCalls, PoolAbout, PoolEvent
from bot.chain.tokens import TOKEN0, TOKEN1
from bot.core.types import Address, PoolId
from bot.protocols.concentrated.calls import LIQUIDITY
from bot.protocols.concentrated.layout import PoolLayout
from bot.protocols.past_events import require_whole

FEE: Final = selector("fee()")
TICK_SPACING: Final = selector("tickSpacing()")
MINT: Final = topic("Mint(address,address,int24,int24,uint128,uint256,uint256)")
BURN: Final = topic("Burn(address,int24,int24,uint128,uint256,uint256)")
INITIALIZE: Final = topic("Initialize(uint160,int24)")
_SHAPES: Final = {MINT: (4, 4), BURN: (3, 4), INITIALIZE: (2, 1)}
"""Words of data and number of topics."""


@dataclass(frozen=True, slots=True)
class ConcentratedPast:
    """Implements PoolPast."""

    pool: Address
    layout: PoolLayout
    about: PoolAbout

    @property
    def logs(self) -> tuple[Address, Topics]:
        """The pool's swaps and changes of liquidity."""
        return self.pool, ([self.layout.swap, MINT, BURN, INITIALIZE],)

    async def stand(self, calls: NodeCalls, block: str) -> tuple[int, int] | None:
        """Return tick and liquidity after a block; None before the pool was initialised."""
        state = await calls.call(self.pool, self.layout.state, block)
        liquidity = await calls.call(self.pool, LIQUIDITY, block)
        if state is None or liquidity is None or not json_rpc.uint(state):
            return None
        return json_rpc.sint(state, 1), json_rpc.uint(liquidity)

    def events(self, logs: Sequence[Log], times: Mapping[int, int]) -> list[PoolEvent]:
        """Return what logs say."""
        return [self._event(log, (log.block, log.index, times[log.block])) for log in logs]

    def _event(self, log: Log, at: tuple[int, int, int]) -> PoolEvent:
        kind, data = log.topics[0], log.data
        require_whole(log, _SHAPES.get(kind, (self.layout.swap_words, 1)))
        if kind == self.layout.swap:
            in0, in1 = (max(json_rpc.sint(data, word), 0) for word in (0, 1))
            return PoolEvent(*at, in0, in1, tick=json_rpc.sint(data, 4), liquidity=json_rpc.uint(data, 3))
        if kind == INITIALIZE:
            return PoolEvent(*at, tick=json_rpc.sint(data, 1), liquidity=0)
        lower, upper = (json_rpc.sint(bytes.fromhex(text[2:])) for text in log.topics[2:4])
        added = json_rpc.uint(data, 1) if kind == MINT else -json_rpc.uint(data, 0)
        return PoolEvent(*at, added=added, lower=lower, upper=upper)


def finder(protocol: str, layout: PoolLayout) -> FindPool:
    """Return what recognises a pool with this layout."""

    async def find(calls: NodeCalls, config: ChainConfig, pool: PoolId) -> ConcentratedPast | None:
        del config
        address = Address(pool)
        state = await calls.call(address, layout.state)
        if state is None or len(state) < 2 * json_rpc.WORD:
            return None
        if layout.mark is not None and await calls.call(address, layout.mark) is None:
            return None
        tokens = [await calls.token(json_rpc.address(await calls.fact(address, data))) for data in (TOKEN0, TOKEN1)]
        fee, spacing = await calls.fact(address, FEE), await calls.fact(address, TICK_SPACING)
        about = PoolAbout(protocol, json_rpc.uint(fee), json_rpc.sint(spacing), tokens[0], tokens[1])
        return ConcentratedPast(address, layout, about)

    return find
