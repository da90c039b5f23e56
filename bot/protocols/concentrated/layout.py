"""How a protocol's contracts store concentrated liquidity: which call answers what, in which ABI words.

Words are counted from 0. Forks differ in a few of them, so each is described by one record, and read by the same code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from eth_utils.crypto import keccak

from bot.chain import json_rpc
from bot.chain.abi import selector, topic
from bot.core.types import Address

INT24: Final = 3
FIRST_KEY_WORD: Final = 2
"""Where token0 stands in ``positions``; what identifies pool and range goes on from there to the upper tick."""

BookKey = Callable[[Address, int, int], bytes]
"""Makes the key under which a pool keeps what an account has in a range of ticks."""
PoolOf = Callable[[bytes], bytes]
"""Makes the factory's call for a pool out of the words of ``positions`` from token0 up to the ticks."""


def packed_key(account: Address, lower: int, upper: int) -> bytes:
    """Return keccak256(abi.encodePacked(account, lower, upper))."""
    ticks = b"".join(tick.to_bytes(INT24, "big", signed=True) for tick in (lower, upper))
    return keccak(bytes.fromhex(account[2:]) + ticks)


def joined_key(account: Address, lower: int, upper: int) -> bytes:
    """Return the bits of the account, the lower and the upper tick in a row, as the low ones of a word."""
    ticks = b"".join(tick.to_bytes(INT24, "big", signed=True) for tick in (lower, upper))
    return (bytes.fromhex(account[2:]) + ticks).rjust(json_rpc.WORD, b"\0")


def by_key(signature: str) -> PoolOf:
    """Return what makes the call of a function that takes these words as they are."""
    function = selector(signature)
    return lambda key: function + key


BY_FEE: Final = by_key("getPool(address,address,uint24)")


@dataclass(frozen=True, slots=True)
class PoolLayout:
    """A pool contract.

    Attributes:
        state: the call that answers price (word 0) and tick (word 1).
        growth0, growth1: the calls for the fee growth per unit of liquidity, X128.
        outside: the word of ``ticks(int24)`` where the fee growth outside begins, token0's and then token1's.
        book_owed: the word of ``positions(bytes32)`` where what is owed begins; growth stands in the two before it.
    """

    state: bytes = selector("slot0()")
    growth0: bytes = selector("feeGrowthGlobal0X128()")
    growth1: bytes = selector("feeGrowthGlobal1X128()")
    outside: int = 2
    book_owed: int = 3


@dataclass(frozen=True, slots=True)
class Deposits:
    """The manager's event of a deposit: its topic, and the word of the liquidity, which both amounts follow."""

    topic: str = topic("IncreaseLiquidity(uint256,uint128,uint256,uint256)")
    liquidity: int = 0


ACTUAL_DEPOSITS: Final = Deposits(topic("IncreaseLiquidity(uint256,uint128,uint128,uint256,uint256,address)"), 1)
"""One that tells the wished liquidity first, and then the actual one."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A deployment: the manager of positions, its factory, and the pools.

    Attributes:
        pool: the pools.
        lower: the word of ``positions(uint256)`` that holds the lower tick; the upper one and the liquidity follow,
            then the fee growth as last credited and what is owed, for each token.
        words: how many words ``positions`` answers.
        pool_of: makes the factory's call for a pool.
        book_key: the key of the manager's own position in a pool.
        burned: what ``positions`` reverts with where there is no such token: the contract's own proof of absence.
        deposits: the event of a deposit.
    """

    pool: PoolLayout = field(default_factory=PoolLayout)
    lower: int = 5
    words: int = 12
    pool_of: PoolOf = BY_FEE
    book_key: BookKey = packed_key
    burned: str = "Invalid token ID"
    deposits: Deposits = field(default_factory=Deposits)

    @property
    def upper(self) -> int:
        """The word of the upper tick."""
        return self.lower + 1

    @property
    def liquidity(self) -> int:
        """The word of the liquidity."""
        return self.lower + 2

    @property
    def credited(self) -> int:
        """The word where the fee growth as last credited begins."""
        return self.lower + 3

    @property
    def owed(self) -> int:
        """The word where what is owed begins."""
        return self.lower + 5

    @property
    def key(self) -> slice:
        """The bytes of ``positions`` that identify pool and range."""
        return slice(FIRST_KEY_WORD * json_rpc.WORD, (self.upper + 1) * json_rpc.WORD)
