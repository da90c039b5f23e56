"""The calls that read a V3 deployment, made once per owner, pool and range, and the pool state that they give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import Reads
from bot.chain.multicall import Call
from bot.chain.tokens import balance_of
from bot.core.types import Address

FACTORY: Final = selector("factory()")
TOKEN_OF_OWNER: Final = selector("tokenOfOwnerByIndex(address,uint256)")
POSITIONS: Final = selector("positions(uint256)")
GET_POOL: Final = selector("getPool(address,address,uint24)")
SLOT0: Final = selector("slot0()")
LIQUIDITY: Final = selector("liquidity()")
FEE_GROWTH0: Final = selector("feeGrowthGlobal0X128()")
FEE_GROWTH1: Final = selector("feeGrowthGlobal1X128()")
TICKS: Final = selector("ticks(int24)")
POOL_POSITIONS: Final = selector("positions(bytes32)")
INT24: Final = 3


def position_call(manager: Address, token_id: int) -> Call:
    """Make the call ``positions(tokenId)`` of a position manager."""
    return Call(manager, POSITIONS + json_rpc.encode_uint(token_id), words=12)


class OwnerCalls:
    """How an owner's positions are found."""

    def __init__(self, manager: Address, owner: Address) -> None:
        self._manager = manager
        self._owner = json_rpc.encode_address(owner)
        self._by_index: list[Call] = []
        self.balance = balance_of(manager, owner)

    def by_index(self, count: int) -> list[Call]:
        """Make the first ``count`` calls ``tokenOfOwnerByIndex(owner, index)``."""
        for index in range(len(self._by_index), count):
            data = TOKEN_OF_OWNER + self._owner + json_rpc.encode_uint(index)
            self._by_index.append(Call(self._manager, data, gas=10_000))
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
    """The state of a pool. Of ``slot0`` only the price and the tick are read: forks differ in what follows."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.slot0 = Call(address, SLOT0, words=2, gas=10_000)
        self._growth0 = Call(address, FEE_GROWTH0, gas=10_000)
        self._growth1 = Call(address, FEE_GROWTH1, gas=10_000)
        self._liquidity = Call(address, LIQUIDITY, gas=10_000)
        self._ticks: dict[int, Call] = {}

    @staticmethod
    def lookup(factory: Address, tokens_and_fee: bytes) -> Call:
        """Make the factory's call ``getPool(token0, token1, fee)`` from its encoded arguments."""
        return Call(factory, GET_POOL + tokens_and_fee)

    def state(self, reads: Reads) -> PoolState:
        """Read the pool.

        Raises:
            Missing: it is not there yet.
        """
        reads.want((self.slot0, self._growth0, self._growth1, self._liquidity))
        slot0 = reads.take(self.slot0)
        return PoolState(
            sqrt_price_x96=json_rpc.uint(slot0, 0),
            tick=json_rpc.sint(slot0, 1),
            liquidity=json_rpc.uint(reads.take(self._liquidity)),
            fee_growth0=json_rpc.uint(reads.take(self._growth0)),
            fee_growth1=json_rpc.uint(reads.take(self._growth1)),
        )

    def tick(self, tick: int) -> Call:
        """Make the call ``ticks(tick)``."""
        call = self._ticks.get(tick)
        if call is None:
            call = self._ticks[tick] = Call(self.address, TICKS + json_rpc.encode_int(tick), words=4, gas=15_000)
        return call


class RangeCalls:
    """A range of a pool; ``key`` are the words token0, token1, fee, tickLower and tickUpper of ``positions``."""

    def __init__(self, pool: PoolCalls, key: bytes, manager: Address) -> None:
        self.pool = pool
        self.tokens = json_rpc.address(key, 0), json_rpc.address(key, 1)
        self.tick_lower, self.tick_upper = json_rpc.sint(key, 3), json_rpc.sint(key, 4)
        self.lower, self.upper = pool.tick(self.tick_lower), pool.tick(self.tick_upper)
        packed = bytes.fromhex(manager[2:]) + b"".join(
            tick.to_bytes(INT24, "big", signed=True) for tick in (self.tick_lower, self.tick_upper)
        )
        self.book = Call(pool.address, POOL_POSITIONS + keccak(packed), words=5, gas=15_000)
