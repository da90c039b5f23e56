"""A pair's past, from its own events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.config import ChainConfig
from bot.chain.logs import Log, Topics
from bot.chain.pool_past import PARTS, NodeCalls, PoolAbout, PoolEvent, PoolStand
from bot.chain.tokens import TOKEN0, TOKEN1
from bot.core.types import Address, PoolId
from bot.protocols.past_events import require_whole, stand_of_reserves
from bot.protocols.uniswap_v2.forks import Terms, settings_of, terms_of
from bot.protocols.uniswap_v2.reader import FACTORY, FEE_TO, GET_RESERVES
from bot.protocols.uniswap_v2.settings import NAME
from bot.protocols.uniswap_v2.share import SYNC

SWAP: Final = topic("Swap(address,uint256,uint256,uint256,uint256,address)")
_SHAPES: Final = {SYNC: (2, 1), SWAP: (4, 1)}
"""Words of data and number of topics."""


@dataclass(frozen=True, slots=True)
class PairPast:
    """Implements PoolPast: a pair counts as liquidity over all prices."""

    pair: Address
    about: PoolAbout
    factory: Address
    terms: Terms

    @property
    def logs(self) -> tuple[Address, Topics]:
        """The pair's swaps, and the reserves after everything."""
        return self.pair, ([SYNC, SWAP],)

    async def stand(self, calls: NodeCalls, block: str) -> PoolStand | None:
        """Return where the pair stood after a block; None while it was empty.

        With the protocol's fee on, its part of the fees is taken from the liquidity. No event tells when that changes.
        """
        reserves = await calls.call(self.pair, GET_RESERVES, block)
        stand = None if reserves is None else stand_of_reserves(json_rpc.uint(reserves, 0), json_rpc.uint(reserves, 1))
        if stand is None:
            return None
        fee_to = await calls.call(self.factory, FEE_TO, block)
        is_on = fee_to is not None and any(fee_to)
        kept = PARTS * (self.terms.whole - self.terms.part) // self.terms.whole if is_on else PARTS
        return PoolStand(self.terms.fee, *stand, kept, kept)

    def events(self, logs: Sequence[Log], times: Mapping[int, int]) -> list[PoolEvent]:
        """Return what logs say."""
        found = []
        for log in logs:
            require_whole(log, _SHAPES[log.topics[0]])
            at, data = (log.block, log.index, times[log.block]), log.data
            if log.topics[0] == SWAP:
                found.append(PoolEvent(*at, in0=json_rpc.uint(data, 0), in1=json_rpc.uint(data, 1)))
            elif (stand := stand_of_reserves(json_rpc.uint(data, 0), json_rpc.uint(data, 1))) is not None:
                found.append(PoolEvent(*at, tick=stand[0], liquidity=stand[1]))
        return found


async def find(calls: NodeCalls, config: ChainConfig, pool: PoolId) -> PairPast | None:
    """Recognise a pair by its reserves."""
    address = Address(pool)
    if await calls.call(address, GET_RESERVES) is None:
        return None
    tokens = [await calls.token(json_rpc.address(await calls.fact(address, data))) for data in (TOKEN0, TOKEN1)]
    factory = json_rpc.address(await calls.fact(address, FACTORY))
    terms = terms_of(factory, settings_of(config.protocols, address))
    about = PoolAbout(NAME, terms.fee, 1, tokens[0], tokens[1], is_full_range=True)
    return PairPast(address, about, factory, terms)
