"""A volatile pool's past, from its own events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector, topic
from bot.chain.config import ChainConfig
from bot.chain.logs import Log, Topics
from bot.chain.pool_past import NodeCalls, PoolAbout, PoolEvent, PoolStand
from bot.core.errors import ConfigError
from bot.core.types import Address, PoolId
from bot.protocols.past_events import require_whole, stand_of_reserves
from bot.protocols.solidly.calls import FACTORY, METADATA, Metadata
from bot.protocols.solidly.settings import NAME

SYNC: Final = topic("Sync(uint256,uint256)")
SWAP: Final = topic("Swap(address,address,uint256,uint256,uint256,uint256)")
FEES: Final = topic("Fees(address,uint256,uint256)")
GET_FEE: Final = selector("getFee(address,bool)")
_SHAPES: Final = {SYNC: (2, 1), SWAP: (4, 3), FEES: (2, 2)}
"""Words of data and number of topics."""
_BASIS: Final = 10_000
_PIPS: Final = 100
"""Hundredths of a basis point in one."""
_WORDS: Final = 7


@dataclass(frozen=True, slots=True)
class VolatilePast:
    """Implements PoolPast: it counts as liquidity over all prices, whose fees are kept beside it."""

    pool: Address
    factory: Address
    about: PoolAbout

    @property
    def logs(self) -> tuple[Address, Topics]:
        """The pool's swaps, what they paid, and the reserves after everything."""
        return self.pool, ([SYNC, SWAP, FEES],)

    async def stand(self, calls: NodeCalls, block: str) -> PoolStand | None:
        """Return where the pool stood after a block; None while it was empty."""
        answer = await calls.call(self.pool, METADATA, block)
        if answer is None:
            return None
        state = Metadata.of(answer)
        stand = stand_of_reserves(state.reserve0, state.reserve1)
        if stand is None:
            return None
        fee = await calls.call(self.factory, _fee_of(self.pool), block)
        return PoolStand(self.about.fee if fee is None else json_rpc.uint(fee) * _PIPS, *stand)

    def events(self, logs: Sequence[Log], times: Mapping[int, int]) -> list[PoolEvent]:
        """Return what logs say; a swap's fee is what the pool said of it just before, in basis points of the input."""
        found, paid = list[PoolEvent](), [0, 0]
        for log in logs:
            kind, data = log.topics[0], log.data
            require_whole(log, _SHAPES[kind])
            first, second = json_rpc.uint(data, 0), json_rpc.uint(data, 1)
            at = (log.block, log.index, times[log.block])
            if kind == FEES:
                paid = [paid[0] + first, paid[1] + second]
            elif kind == SWAP:
                fee = max(
                    -(-paid[0] * _BASIS // first) if first else 0, -(-paid[1] * _BASIS // second) if second else 0
                )
                found.append(PoolEvent(*at, in0=first, in1=second, fee=fee * _PIPS))
                paid = [0, 0]
            elif (stand := stand_of_reserves(first, second)) is not None:
                found.append(PoolEvent(*at, tick=stand[0], liquidity=stand[1]))
        return found


async def find(calls: NodeCalls, config: ChainConfig, pool: PoolId) -> VolatilePast | None:
    """Recognise a pool by its metadata.

    Raises:
        ConfigError: it is a stable one, whose curve no replay has.
    """
    del config
    address = Address(pool)
    answer = await calls.call(address, METADATA)
    if answer is None or len(answer) < _WORDS * json_rpc.WORD:
        return None
    state = Metadata.of(answer)
    if state.is_stable:
        raise ConfigError(f"{pool} is a stable pool (x^3 y + x y^3): only volatile ones of this kind can be replayed")
    factory = json_rpc.address(await calls.fact(address, FACTORY))
    fee = json_rpc.uint(await calls.fact(factory, _fee_of(address))) * _PIPS
    tokens = [await calls.token(token) for token in (state.token0, state.token1)]
    return VolatilePast(address, factory, PoolAbout(NAME, fee, 1, tokens[0], tokens[1], is_full_range=True))


def _fee_of(pool: Address) -> bytes:
    """Encode ``getFee(pool, false)``."""
    return GET_FEE + json_rpc.encode_address(pool) + bytes(json_rpc.WORD)
