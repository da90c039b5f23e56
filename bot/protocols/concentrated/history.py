"""The past of a pool with concentrated liquidity, from its own events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector, topic
from bot.chain.config import ChainConfig
from bot.chain.logs import Log, Topics
from bot.chain.pool_past import FindPool, NodeCalls, PoolAbout, PoolEvent, PoolStand
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


STATE_SHARE: Final = 5
"""The word of a pool's state that holds the protocol's share."""


@dataclass(frozen=True, slots=True)
class PastLayout:
    """What a pool's past is read from.

    Attributes:
        pool: the pool contract.
        mark: a call that only this protocol's pools answer; None where nothing tells them from the others.
        swap: the topic of a swap, whose data begin with amount0, amount1, price, liquidity, tick.
        swap_words: how many words of data it has.
        share: the topic of a change of the protocol's share; the new one stands in words 2 and 3.
        share_bits: how many bits each token's share has in the pool's state.
        kept: what a share leaves of a fee, of ``PARTS``.
    """

    pool: PoolLayout
    swap: str
    swap_words: int
    share: str
    share_bits: int
    kept: Callable[[int], int]
    mark: bytes | None = None


@dataclass(frozen=True, slots=True)
class ConcentratedPast:
    """Implements PoolPast."""

    pool: Address
    layout: PastLayout
    about: PoolAbout

    @property
    def logs(self) -> tuple[Address, Topics]:
        """The pool's swaps and changes of liquidity."""
        return self.pool, ([self.layout.swap, self.layout.share, MINT, BURN, INITIALIZE],)

    async def stand(self, calls: NodeCalls, block: str) -> PoolStand | None:
        """Return where the pool stood after a block; None before it was initialised."""
        state = await calls.call(self.pool, self.layout.pool.state, block)
        liquidity = await calls.call(self.pool, LIQUIDITY, block)
        if state is None or liquidity is None or not json_rpc.uint(state):
            return None
        both, bits = json_rpc.uint(state, STATE_SHARE), self.layout.share_bits
        kept = [self.layout.kept(share) for share in (both & (1 << bits) - 1, both >> bits)]
        return PoolStand(self.about.fee, json_rpc.sint(state, 1), json_rpc.uint(liquidity), *kept)

    def events(self, logs: Sequence[Log], times: Mapping[int, int]) -> list[PoolEvent]:
        """Return what logs say."""
        return [self._event(log, (log.block, log.index, times[log.block])) for log in logs]

    def _event(self, log: Log, at: tuple[int, int, int]) -> PoolEvent:
        kind, data = log.topics[0], log.data
        require_whole(log, _SHAPES.get(kind) or ((self.layout.swap_words, 1) if kind == self.layout.swap else (4, 1)))
        if kind == self.layout.swap:
            in0, in1 = (max(json_rpc.sint(data, word), 0) for word in (0, 1))
            return PoolEvent(*at, in0, in1, tick=json_rpc.sint(data, 4), liquidity=json_rpc.uint(data, 3))
        if kind == self.layout.share:
            kept0, kept1 = (self.layout.kept(json_rpc.uint(data, word)) for word in (2, 3))
            return PoolEvent(*at, kept0=kept0, kept1=kept1)
        if kind == INITIALIZE:
            return PoolEvent(*at, tick=json_rpc.sint(data, 1), liquidity=0)
        lower, upper = (json_rpc.sint(bytes.fromhex(text[2:])) for text in log.topics[2:4])
        added = json_rpc.uint(data, 1) if kind == MINT else -json_rpc.uint(data, 0)
        return PoolEvent(*at, added=added, lower=lower, upper=upper)


def finder(protocol: str, layout: PastLayout) -> FindPool:
    """Return what recognises a pool with this layout."""

    async def find(calls: NodeCalls, config: ChainConfig, pool: PoolId) -> ConcentratedPast | None:
        del config
        address = Address(pool)
        state = await calls.call(address, layout.pool.state)
        if state is None or len(state) < 2 * json_rpc.WORD:
            return None
        if layout.mark is not None and await calls.call(address, layout.mark) is None:
            return None
        tokens = [await calls.token(json_rpc.address(await calls.fact(address, data))) for data in (TOKEN0, TOKEN1)]
        fee, spacing = await calls.fact(address, FEE), await calls.fact(address, TICK_SPACING)
        about = PoolAbout(protocol, json_rpc.uint(fee), json_rpc.sint(spacing), tokens[0], tokens[1])
        return ConcentratedPast(address, layout, about)

    return find
