"""The past of a pool with concentrated liquidity, from its own events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
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


ReadFees = Callable[[bytes], tuple[int, int | None]]
"""Reads what swaps pay out of a pool's state, and what those do that sell token1; None: the same."""
ReadKept = Callable[[NodeCalls, Address, bytes, str], Awaitable[tuple[int, int]]]
"""Reads what stays with the liquidity, from the pool's state (its words are at hand) after a block."""


@dataclass(frozen=True, slots=True)
class Change:
    """An event that changes what is taken of the fees, or the fee: its words of data, and what they say."""

    words: int
    said: Callable[[bytes], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class PastLayout:
    """What a pool's past is read from.

    Attributes:
        pool: the pool contract.
        swap: the topic of a swap, whose data begin with amount0, amount1, price, liquidity, tick.
        swap_words: how many words of data it has.
        kept: reads what stays with the liquidity at the start.
        changes: the other events that count, by their topics; they name fields of ``PoolEvent``.
        infers_fee: whether the fee changes without an event.
        mark: a call that only this protocol's pools answer; None where nothing tells them from the others.
        fees: reads the fees, where events tell their changes; None: ``fee()`` is for ever.
    """

    pool: PoolLayout
    swap: str
    swap_words: int
    kept: ReadKept
    changes: Mapping[str, Change] = field(default_factory=dict)
    infers_fee: bool = False
    mark: bytes | None = None
    fees: ReadFees | None = None

    async def read_fees(self, calls: NodeCalls, pool: Address, state: bytes) -> tuple[int, int | None]:
        """Return what swaps pay, and those that sell token1 (None: the same), hundredths of a basis point."""
        if self.fees is not None:
            return self.fees(state)
        return json_rpc.uint(await calls.fact(pool, FEE)), None


def packed_shares(word: int, bits: int, kept: Callable[[int], int]) -> ReadKept:
    """Return what reads the protocol's shares for both tokens out of a word of the state, token0's in the low bits."""

    async def read(calls: NodeCalls, pool: Address, state: bytes, block: str) -> tuple[int, int]:
        del calls, pool, block
        both = json_rpc.uint(state, word)
        return kept(both & (1 << bits) - 1), kept(both >> bits)

    return read


def new_shares(kept: Callable[[int], int]) -> Change:
    """Return the event that tells old shares and then new ones, for both tokens."""
    return Change(4, lambda data: {"kept0": kept(json_rpc.uint(data, 2)), "kept1": kept(json_rpc.uint(data, 3))})


@dataclass(frozen=True, slots=True)
class ConcentratedPast:
    """Implements PoolPast."""

    pool: Address
    layout: PastLayout
    about: PoolAbout

    @property
    def logs(self) -> tuple[Address, Topics]:
        """The pool's swaps and changes of liquidity."""
        return self.pool, ([self.layout.swap, MINT, BURN, INITIALIZE, *self.layout.changes],)

    async def stand(self, calls: NodeCalls, block: str) -> PoolStand | None:
        """Return where the pool stood after a block; None before it was initialised."""
        state = await calls.call(self.pool, self.layout.pool.state, block)
        liquidity = await calls.call(self.pool, LIQUIDITY, block)
        if state is None or liquidity is None or not json_rpc.uint(state):
            return None
        kept = await self.layout.kept(calls, self.pool, state, block)
        root, tick = json_rpc.uint(state), json_rpc.sint(state, 1)
        fee, fee1 = await self.layout.read_fees(calls, self.pool, state)
        infers = self.layout.infers_fee
        return PoolStand(fee, tick, json_rpc.uint(liquidity), *kept, root=root, infers_fee=infers, fee1=fee1)

    def events(self, logs: Sequence[Log], times: Mapping[int, int]) -> list[PoolEvent]:
        """Return what logs say."""
        return [self._event(log, (log.block, log.index, times[log.block])) for log in logs]

    def _event(self, log: Log, at: tuple[int, int, int]) -> PoolEvent:
        kind, data = log.topics[0], log.data
        if (change := self.layout.changes.get(kind)) is not None:
            require_whole(log, (change.words, 1))
            return PoolEvent(*at, **change.said(data))
        require_whole(log, _SHAPES.get(kind, (self.layout.swap_words, 1)))
        if kind == self.layout.swap:
            in0, in1 = (max(json_rpc.sint(data, word), 0) for word in (0, 1))
            tick, liquidity, root = json_rpc.sint(data, 4), json_rpc.uint(data, 3), json_rpc.uint(data, 2)
            return PoolEvent(*at, in0, in1, tick=tick, liquidity=liquidity, root=root)
        if kind == INITIALIZE:
            return PoolEvent(*at, tick=json_rpc.sint(data, 1), liquidity=0, root=json_rpc.uint(data, 0))
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
        (fee, _), spacing = await layout.read_fees(calls, address, state), await calls.fact(address, TICK_SPACING)
        about = PoolAbout(protocol, fee, json_rpc.sint(spacing), tokens[0], tokens[1])
        return ConcentratedPast(address, layout, about)

    return find
