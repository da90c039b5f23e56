"""The calls that read pools and positions, made once for each, and the state that they give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import ContractError, Reads
from bot.chain.multicall import Call
from bot.core.types import Address, PoolId

POOL_MANAGER: Final = selector("poolManager()")
NEXT_ID: Final = selector("nextTokenId()")
POOL_AND_POSITION: Final = selector("getPoolAndPositionInfo(uint256)")
POOL_KEYS: Final = selector("poolKeys(bytes25)")
SLOT0: Final = selector("getSlot0(bytes32)")
LIQUIDITY: Final = selector("getLiquidity(bytes32)")
GROWTH: Final = selector("getFeeGrowthGlobals(bytes32)")
OUTSIDE: Final = selector("getTickFeeGrowthOutside(bytes32,int24)")
POSITION: Final = selector("getPositionInfo(bytes32,address,int24,int24,bytes32)")

KEY_WORDS: Final = 5
SHORT_ID_BYTES: Final = 25
"""The manager keeps this much of a pool's id with a position."""
_LOWER_BITS, _UPPER_BITS, _TICK_BITS, _SHORT_ID_BITS = 8, 32, 24, 56


@dataclass(frozen=True, slots=True)
class PoolKey:
    """What a pool is made of; ``id`` is the hash of it, ``fee`` hundredths of a basis point (``DYNAMIC``: it moves)."""

    id: PoolId
    token0: Address
    token1: Address
    fee: int
    tick_spacing: int
    hook: Address

    @classmethod
    def of(cls, answer: bytes) -> PoolKey | None:
        """Read one from the first words of an answer; None where there is none."""
        words = answer[: KEY_WORDS * json_rpc.WORD]
        if not any(words):
            return None
        return cls(
            PoolId(f"0x{keccak(words).hex()}"),
            json_rpc.address(answer, 0),
            json_rpc.address(answer, 1),
            json_rpc.uint(answer, 2),
            json_rpc.sint(answer, 3),
            json_rpc.address(answer, 4),
        )


def raw(pool: PoolId) -> bytes:
    """Return a pool's id as the ABI has it."""
    return bytes.fromhex(pool[2:])


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool at one block."""

    sqrt_price_x96: int
    tick: int
    liquidity: int
    fee_growth: tuple[int, int]


class PoolCalls:
    """The state of a pool."""

    def __init__(self, view: Address, key: PoolKey) -> None:
        self.key = key
        self._view = view
        pool = raw(key.id)
        self._slot0 = Call(view, SLOT0 + pool, words=4)
        self._growth = Call(view, GROWTH + pool, words=2)
        self._liquidity = Call(view, LIQUIDITY + pool)
        self._ticks: dict[int, Call] = {}

    def state(self, reads: Reads) -> PoolState:
        """Read the pool.

        Raises:
            Missing: it is not there yet.
        """
        reads.want((self._slot0, self._growth, self._liquidity))
        slot0, growth, liquidity = (reads.take(call) for call in (self._slot0, self._growth, self._liquidity))
        return PoolState(
            sqrt_price_x96=json_rpc.uint(slot0, 0),
            tick=json_rpc.sint(slot0, 1),
            liquidity=json_rpc.uint(liquidity),
            fee_growth=(json_rpc.uint(growth, 0), json_rpc.uint(growth, 1)),
        )

    def tick(self, tick: int) -> Call:
        """Make the call for the fee growth outside a tick."""
        call = self._ticks.get(tick)
        if call is None:
            data = OUTSIDE + raw(self.key.id) + json_rpc.encode_int(tick)
            call = self._ticks[tick] = Call(self._view, data, words=2)
        return call


@dataclass(frozen=True, slots=True)
class Place:
    """Where a position lies, which never changes; ``book`` reads its liquidity and the fee growth last credited."""

    pool: PoolCalls
    tick_lower: int
    tick_upper: int
    lower: Call
    upper: Call
    book: Call

    @classmethod
    def of(cls, pool: PoolCalls, info: int, call: Call, view: Address) -> Place:
        """Make one from a position's packed word, which ``call`` answered with.

        Raises:
            ContractError: the word is of another pool.
        """
        if info >> _SHORT_ID_BITS != int.from_bytes(raw(pool.key.id)[:SHORT_ID_BYTES], "big"):
            raise ContractError(call, "answered a position of another pool than its key's")
        lower, upper = _tick(info >> _LOWER_BITS), _tick(info >> _UPPER_BITS)
        number = call.data[-json_rpc.WORD :]
        words = json_rpc.encode_address(call.target) + json_rpc.encode_int(lower) + json_rpc.encode_int(upper) + number
        book = Call(view, POSITION + raw(pool.key.id) + words, words=3)
        return cls(pool, lower, upper, pool.tick(lower), pool.tick(upper), book)


def _tick(bits: int) -> int:
    """Read a signed tick from the low bits."""
    word = bits & ((1 << _TICK_BITS) - 1)
    return word - (1 << _TICK_BITS) if word >> (_TICK_BITS - 1) else word
