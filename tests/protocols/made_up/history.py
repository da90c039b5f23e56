"""A pool's past, from the hub's events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.config import ChainConfig
from bot.chain.logs import Log, Topics
from bot.chain.pool_past import NodeCalls, PoolAbout, PoolEvent, PoolStand
from bot.core.amm.tick_math import tick_at_sqrt_ratio
from bot.core.types import Address, PoolId
from bot.protocols.past_events import require_whole
from tests.protocols.made_up.reader import POOLS
from tests.protocols.made_up.settings import NAME, MadeUpSettings

TRADED: Final = topic("Traded(bytes32,uint256,uint256,uint256,uint256)")


@dataclass(frozen=True, slots=True)
class HubPast:
    """Implements PoolPast."""

    hub: Address
    pool: PoolId
    about: PoolAbout

    @property
    def logs(self) -> tuple[Address, Topics]:
        return self.hub, (TRADED, str(self.pool))

    async def stand(self, calls: NodeCalls, block: str) -> PoolStand | None:
        state = await calls.call(self.hub, POOLS + bytes.fromhex(self.pool[2:]), block)
        reserves = None if state is None else _of_reserves(state, 2)
        return None if reserves is None else PoolStand(self.about.fee, *reserves)

    def events(self, logs: Sequence[Log], times: Mapping[int, int]) -> list[PoolEvent]:
        found = []
        for log in logs:
            require_whole(log, (4, 2))
            in0, in1 = json_rpc.uint(log.data, 0), json_rpc.uint(log.data, 1)
            tick, liquidity = _of_reserves(log.data, 2) or (None, None)
            found.append(PoolEvent(log.block, log.index, times[log.block], in0, in1, tick, liquidity))
        return found


async def find(calls: NodeCalls, config: ChainConfig, pool: PoolId) -> HubPast | None:
    """Ask the chain's configured hubs for the pool."""
    hubs = [one.settings.hub for one in config.protocols if isinstance(one.settings, MadeUpSettings)]
    for hub in hubs:
        state = await calls.call(hub, POOLS + bytes.fromhex(pool[2:])) if len(pool) == 66 else None
        if state is not None and any(state[:32]):
            token0, token1 = [await calls.token(json_rpc.address(state, word)) for word in (0, 1)]
            return HubPast(hub, pool, PoolAbout(NAME, 3000, 1, token0, token1, is_full_range=True))
    return None


def _of_reserves(data: bytes, word: int) -> tuple[int, int] | None:
    reserve0, reserve1 = json_rpc.uint(data, word), json_rpc.uint(data, word + 1)
    if not reserve0 or not reserve1:
        return None
    return tick_at_sqrt_ratio(isqrt((reserve1 << 192) // reserve0)), isqrt(reserve0 * reserve1)
