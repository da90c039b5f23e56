"""The calls that read concentrated liquidity, made once per owner, pool and range, and the state that they give."""

from __future__ import annotations

from collections.abc import Sequence
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


MOST_HELD: Final = 10**9
"""Positions of one owner; what counts more is the balance of another kind of token."""


def counted(reads: Reads, balance: Call) -> int:
    """Read how many positions an owner has.

    Raises:
        Missing: that is not there yet.
        ContractError: more than any owner has, as a token counts that is no list of positions.
    """
    count = json_rpc.uint(reads.take(balance))
    if count > MOST_HELD:
        raise ContractError(balance, f"{count} positions of one owner (is it the contract that it should be?)")
    return count


class OwnerCalls:
    """How the ids that an account holds in a contract are found."""

    def __init__(self, contract: Address, owner: Address) -> None:
        self._contract = contract
        self._owner = json_rpc.encode_address(owner)
        self._by_index: dict[int, Call] = {}
        self.balance = balance_of(contract, owner)

    def count(self, reads: Reads) -> int:
        """Read how many there are.

        Raises:
            Missing, ContractError: see ``counted``.
        """
        return counted(reads, self.balance)

    def ids(self, reads: Reads, places: Sequence[int] | None = None) -> list[int]:
        """Read the ids at these places of the list, or all.

        Raises:
            Missing: they are not there yet.
            ContractError: it is no list of positions.
        """
        made = self._by_index
        wanted = range(self.count(reads)) if places is None else places
        self._by_index = {place: made.get(place) or self._call(place) for place in wanted}
        reads.want(self._by_index.values())
        return [json_rpc.uint(reads.take(call)) for call in self._by_index.values()]

    def pass_on(self, reads: Reads, places: Sequence[int]) -> None:
        """Have these places not fetched ahead for the next block."""
        reads.pass_on(self._by_index[place] for place in places)

    def _call(self, place: int) -> Call:
        """Make the call ``tokenOfOwnerByIndex(owner, place)``."""
        return Call(self._contract, TOKEN_OF_OWNER + self._owner + json_rpc.encode_uint(place), gas=10_000)


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
        ticks = len(key) // json_rpc.WORD - 2
        self.tick_lower, self.tick_upper = json_rpc.sint(key, ticks), json_rpc.sint(key, ticks + 1)
        self.lower, self.upper = pool.tick(self.tick_lower), pool.tick(self.tick_upper)
        book = layout.book_key(manager, self.tick_lower, self.tick_upper)
        self.book = Call(pool.address, POOL_POSITIONS + book, words=layout.pool.book_owed + 2, gas=15_000)
