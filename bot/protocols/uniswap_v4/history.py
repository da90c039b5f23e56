"""A pool's past, from the pool manager's events under the pool's id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.config import ChainConfig
from bot.chain.logs import Log, Topics
from bot.chain.pool_past import NodeCalls, PoolAbout, PoolEvent, PoolStand
from bot.core.types import Address, PoolId
from bot.protocols.past_events import require_whole
from bot.protocols.uniswap_v4.calls import (
    LIQUIDITY,
    POOL_KEYS,
    POOL_MANAGER,
    SHORT_ID_BYTES,
    SLOT0,
    PoolKey,
    raw,
)
from bot.protocols.uniswap_v4.cost_basis import INITIALIZE, MODIFY, SHAPES, SWAP
from bot.protocols.uniswap_v4.settings import NAME, UniswapV4Settings

DONATE: Final = topic("Donate(bytes32,address,uint256,uint256)")
PROTOCOL_FEE: Final = topic("ProtocolFeeUpdated(bytes32,uint24)")
_SHAPES: Final = {**SHAPES, DONATE: (2, 3), PROTOCOL_FEE: (1, 2)}
_FEE_BITS: Final = 12
"""A protocol fee is two numbers in one: what token0's swaps pay stands in the low bits."""
_ID_LENGTH: Final = 66


def _taken(packed: int) -> tuple[int, int]:
    return packed & ((1 << _FEE_BITS) - 1), packed >> _FEE_BITS


@dataclass(frozen=True, slots=True)
class V4Past:
    """Implements PoolPast."""

    manager: Address
    view: Address
    pool: PoolId
    about: PoolAbout

    @property
    def logs(self) -> tuple[Address, Topics]:
        """All that moves the pool, and what is given to it."""
        return self.manager, ([SWAP, MODIFY, INITIALIZE, DONATE, PROTOCOL_FEE], self.pool)

    async def stand(self, calls: NodeCalls, block: str) -> PoolStand | None:
        """Return where the pool stood after a block; None before it was initialised."""
        state = await calls.call(self.view, SLOT0 + raw(self.pool), block)
        liquidity = await calls.call(self.view, LIQUIDITY + raw(self.pool), block)
        if state is None or liquidity is None or not json_rpc.uint(state):
            return None
        taken0, taken1 = _taken(json_rpc.uint(state, 2))
        fee, tick, root = json_rpc.uint(state, 3), json_rpc.sint(state, 1), json_rpc.uint(state)
        return PoolStand(fee, tick, json_rpc.uint(liquidity), root=root, taken0=taken0, taken1=taken1)

    def events(self, logs: Sequence[Log], times: Mapping[int, int]) -> list[PoolEvent]:
        """Return what logs say."""
        return [_event(log, (log.block, log.index, times[log.block])) for log in logs]


def _event(log: Log, at: tuple[int, int, int]) -> PoolEvent:
    kind, data, uint, sint = log.topics[0], log.data, json_rpc.uint, json_rpc.sint
    require_whole(log, _SHAPES[kind])
    if kind == SWAP:  # the amounts are the swapper's: what is paid in is below 0
        in0, in1 = max(-sint(data, 0), 0), max(-sint(data, 1), 0)
        tick, liquidity, root = sint(data, 4), uint(data, 3), uint(data, 2)
        return PoolEvent(*at, in0, in1, tick=tick, liquidity=liquidity, root=root, fee=uint(data, 5))
    if kind == INITIALIZE:
        return PoolEvent(*at, tick=sint(data, 4), liquidity=0, root=uint(data, 3))
    if kind == DONATE:
        return PoolEvent(*at, given0=uint(data, 0), given1=uint(data, 1))
    if kind == PROTOCOL_FEE:
        taken0, taken1 = _taken(uint(data))
        return PoolEvent(*at, taken0=taken0, taken1=taken1)
    return PoolEvent(*at, added=sint(data, 2), lower=sint(data, 0), upper=sint(data, 1))


async def find(calls: NodeCalls, config: ChainConfig, pool: PoolId) -> V4Past | None:
    """Ask the chain's configured deployments for the pool; one without a position of the manager's is not known."""
    if len(pool) != _ID_LENGTH:
        return None
    deployments = (one.settings for one in config.protocols)
    for settings in (one for one in deployments if isinstance(one, UniswapV4Settings)):
        state = await calls.call(settings.state_view, SLOT0 + raw(pool))
        short = raw(pool)[:SHORT_ID_BYTES].ljust(json_rpc.WORD, b"\0")
        answer = await calls.call(settings.position_manager, POOL_KEYS + short)
        key = None if answer is None else PoolKey.of(answer)
        if state is None or not json_rpc.uint(state) or key is None or key.id != pool:
            continue
        manager = json_rpc.address(await calls.fact(settings.position_manager, POOL_MANAGER))
        token0, token1 = [await calls.token(token) for token in (key.token0, key.token1)]
        about = PoolAbout(NAME, json_rpc.uint(state, 3), key.tick_spacing, token0, token1)
        return V4Past(manager, settings.state_view, pool, about)
    return None
