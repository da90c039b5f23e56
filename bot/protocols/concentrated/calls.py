"""The calls that read concentrated liquidity, made once per owner, pool and range, and the state that they give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import ContractError, Reads
from bot.chain.multicall import Call
from bot.chain.tokens import balance_of
from bot.core.types import Address
from bot.protocols.concentrated.layout import Layout, PoolLayout

FACTORY: Final = selector("factory()")
OWNER_OF: Final = selector("ownerOf(uint256)")
TOKEN_OF_OWNER: Final = selector("tokenOfOwnerByIndex(address,uint256)")
POSITIONS: Final = selector("positions(uint256)")
LIQUIDITY: Final = selector("liquidity()")
TICKS: Final = selector("ticks(int24)")
POOL_POSITIONS: Final = selector("positions(bytes32)")


def position_call(manager: Address, token_id: int, layout: Layout) -> Call:
    """Make the call ``positions(tokenId)`` of a position manager."""
    return Call(manager, POSITIONS + json_rpc.encode_uint(token_id), words=layout.words)


def owner_call(manager: Address, token_id: int) -> Call:
    """Make the call ``ownerOf(tokenId)``; a burned token has none, so the answer may be nothing."""
    return Call(manager, OWNER_OF + json_rpc.encode_uint(token_id), words=0, gas=15_000)


MOST_HELD: Final = 100_000
"""Positions of one owner; an ERC-20 balance, taken for their number, would be counted up to for hours."""


class OwnerCalls:
    """How the ids that an account holds in a contract are found."""

    def __init__(self, contract: Address, owner: Address) -> None:
        self._contract = contract
        self._owner = json_rpc.encode_address(owner)
        self._by_index: list[Call] = []
        self.balance = balance_of(contract, owner)

    def ids(self, reads: Reads) -> list[int]:
        """Read the ids.

        Raises:
            Missing: they are not there yet.
            ContractError: it counts more than any owner has, as a token that is no list of positions does.
        """
        count = json_rpc.uint(reads.take(self.balance))
        if count > MOST_HELD:
            raise ContractError(self.balance, f"{count} positions of one owner (is it the contract that it should be?)")
        calls = self._calls(count)
        reads.want(calls)
        return [json_rpc.uint(reads.take(call)) for call in calls]

    def _calls(self, count: int) -> list[Call]:
        """Make the first ``count`` calls ``tokenOfOwnerByIndex(owner, index)``."""
        for index in range(len(self._by_index), count):
            data = TOKEN_OF_OWNER + self._owner + json_rpc.encode_uint(index)
            self._by_index.append(Call(self._contract, data, gas=10_000))
        return self._by_index[:count]


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool at one block; ``liquidity`` is what is in range."""

    sqrt_price_x96: int
    tick: int
    liquidity: int
    fee_growth0: int
    fee_growth1: int


class PoolCalls:
    """The state of a pool."""

    def __init__(self, address: Address, layout: PoolLayout) -> None:
        self.address = address
        self._state = Call(address, layout.state, words=2, gas=10_000)
        self._growth0 = Call(address, layout.growth0, gas=10_000)
        self._growth1 = Call(address, layout.growth1, gas=10_000)
        self._liquidity = Call(address, LIQUIDITY, gas=10_000)
        self._outside = layout.outside
        self._ticks: dict[int, Call] = {}

    def state(self, reads: Reads) -> PoolState:
        """Read the pool.

        Raises:
            Missing: it is not there yet.
        """
        reads.want((self._state, self._growth0, self._growth1, self._liquidity))
        state = reads.take(self._state)
        return PoolState(
            sqrt_price_x96=json_rpc.uint(state, 0),
            tick=json_rpc.sint(state, 1),
            liquidity=json_rpc.uint(reads.take(self._liquidity)),
            fee_growth0=json_rpc.uint(reads.take(self._growth0)),
            fee_growth1=json_rpc.uint(reads.take(self._growth1)),
        )

    def tick(self, tick: int) -> Call:
        """Make the call ``ticks(tick)``."""
        call = self._ticks.get(tick)
        if call is None:
            data = TICKS + json_rpc.encode_int(tick)
            call = self._ticks[tick] = Call(self.address, data, words=self._outside + 2, gas=15_000)
        return call


class RangeCalls:
    """A range of a pool. ``key`` are the words of ``positions`` from token0 up to the upper tick."""

    def __init__(self, pool: PoolCalls, key: bytes, manager: Address, layout: Layout) -> None:
        self.pool = pool
        self.tokens = json_rpc.address(key, 0), json_rpc.address(key, 1)
        ticks = len(key) // json_rpc.WORD - 2
        self.tick_lower, self.tick_upper = json_rpc.sint(key, ticks), json_rpc.sint(key, ticks + 1)
        self.lower, self.upper = pool.tick(self.tick_lower), pool.tick(self.tick_upper)
        book = layout.book_key(manager, self.tick_lower, self.tick_upper)
        self.book = Call(pool.address, POOL_POSITIONS + book, words=layout.pool.book_owed + 2, gas=15_000)
