"""A pool's past as a replay needs it: its description, its events, and the seam that reads both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bot.chain.config import ChainConfig
from bot.chain.logs import Log, Topics
from bot.core.amm.liquidity_math import amount0_delta, amount1_delta
from bot.core.types import Address, PoolId

PARTS: Final = 10**9
"""What the liquidity providers' share of a fee is told in."""
_PIPS: Final = 10**6


def kept_of(share: int, whole: int) -> int:
    """Return what a share of a fee leaves, of ``PARTS``; the share is told in parts of ``whole``."""
    return PARTS - share * PARTS // whole


@dataclass(frozen=True, slots=True)
class PoolToken:
    """A token as its contract describes it."""

    address: Address
    symbol: str
    decimals: int


@dataclass(frozen=True, slots=True)
class PoolAbout:
    """What does not change about a pool.

    Attributes:
        protocol: the protocol's name in the registry.
        fee: hundredths of a basis point.
        tick_spacing: 1 for a pool without ticks.
        is_full_range: whether all its liquidity lies over all prices.
    """

    protocol: str
    fee: int
    tick_spacing: int
    token0: PoolToken
    token1: PoolToken
    is_full_range: bool = False


@dataclass(frozen=True, slots=True)
class PoolEvent:
    """One event, raw units; 0 and None where it has no such field.

    Attributes:
        block, index: where it stands; ``time`` is the block's, seconds since 1970.
        in0, in1: what was swapped in, fee included.
        tick, liquidity: the pool's after it. Where a pool has reserves instead, the tick below their price, and the
            root of their product.
        added: liquidity put into the range from ``lower`` up to but without ``upper`` (< 0: taken out).
        fee: what swaps pay from here on, this one included, hundredths of a basis point.
        fee1: the same for swaps that sell token1, where it is another; None: ``fee`` is for both directions.
        kept0, kept1: how much of it stays with the liquidity that is paid for from here on, of ``PARTS``.
        taken0, taken1: what the protocol takes out of the fee from here on, hundredths of a basis point of what is
            swapped in.
        given0, given1: what the liquidity in range was given besides, as a gift.
        root: the pool's sqrtPriceX96 after it.
    """

    block: int
    index: int
    time: int
    in0: int = 0
    in1: int = 0
    tick: int | None = None
    liquidity: int | None = None
    added: int = 0
    lower: int = 0
    upper: int = 0
    fee: int | None = None
    fee1: int | None = None
    kept0: int | None = None
    kept1: int | None = None
    root: int | None = None
    taken0: int | None = None
    taken1: int | None = None
    given0: int = 0
    given1: int = 0


@dataclass(slots=True)
class PoolStand:
    """A pool between two events; None: not known yet. The fees, ``kept``, ``taken`` and ``root`` are ``PoolEvent``'s.

    ``infers_fee``: the fee changes without an event. What a swap paid beyond what its move of the price took is its fee
    where the liquidity stayed the same on the way; for others the fee that was seen last counts.
    """

    fee: int
    tick: int | None = None
    liquidity: int = 0
    kept0: int = PARTS
    kept1: int = PARTS
    root: int | None = None
    infers_fee: bool = False
    taken0: int = 0
    taken1: int = 0
    fee1: int | None = None

    def take(self, event: PoolEvent) -> tuple[int, int]:
        """Apply an event, and return what it left to the liquidity providers.

        What is added counts where the price is in its range; a swap tells all of it.
        """
        if event.fee is not None:
            self.fee, self.fee1 = event.fee, event.fee1
        paid = self._inferred(event) if self.infers_fee else None
        self._move(event)
        self.kept0 = self.kept0 if event.kept0 is None else event.kept0
        self.kept1 = self.kept1 if event.kept1 is None else event.kept1
        self.taken0 = self.taken0 if event.taken0 is None else event.taken0
        self.taken1 = self.taken1 if event.taken1 is None else event.taken1
        if paid is not None:
            return paid[0] * self.kept0 // PARTS, paid[1] * self.kept1 // PARTS
        whole, fee1 = _PIPS * PARTS, self.fee if self.fee1 is None else self.fee1
        return (
            event.given0 + event.in0 * (self.fee - self.taken0) * self.kept0 // whole,
            event.given1 + event.in1 * (fee1 - self.taken1) * self.kept1 // whole,
        )

    def _move(self, event: PoolEvent) -> None:
        if event.tick is not None:
            self.tick = event.tick
        if event.liquidity is not None:
            self.liquidity = event.liquidity
        elif event.added and self.tick is not None and event.lower <= self.tick < event.upper:
            self.liquidity += event.added
        self.root = self.root if event.root is None else event.root

    def _inferred(self, event: PoolEvent) -> tuple[int, int] | None:
        """Return what a swap paid as its fee, None where its price moved over a change of liquidity."""
        before, after = self.root, event.root
        if before is None or after is None or event.liquidity != self.liquidity or not (event.in0 or event.in1):
            return None
        if event.in0:
            paid = event.in0 - amount0_delta(before, after, self.liquidity) - 1, 0
        else:
            paid = 0, event.in1 - amount1_delta(before, after, self.liquidity) - 1
        if min(paid) < 0 or before == after:
            return None
        fee = max(paid) * _PIPS // max(event.in0, event.in1)
        if event.in1 and self.fee1 is not None:
            self.fee1 = fee
        else:
            self.fee = fee
        return paid


class NodeCalls(Protocol):
    """A node's contracts, one call at a time."""

    async def call(self, target: Address, data: bytes, block: str = "latest") -> bytes | None:
        """Call a contract; None where it refuses, is none, or the node has not kept that block's state."""

    async def fact(self, target: Address, data: bytes) -> bytes:
        """Call a contract that has to answer.

        Raises:
            ConfigError: it does not.
        """

    async def token(self, address: Address) -> PoolToken:
        """Ask a token what it is.

        Raises:
            ConfigError: it tells no decimals.
        """


class PoolPast(Protocol):
    """One pool as its protocol reads it from logs."""

    @property
    def about(self) -> PoolAbout:
        """What the pool is."""

    @property
    def logs(self) -> tuple[Address, Topics]:
        """The contract and the topics of the pool's events."""

    async def stand(self, calls: NodeCalls, block: str) -> PoolStand | None:
        """Return where the pool stood after a block (its number as JSON has it); None where that can't be read."""

    def events(self, logs: Sequence[Log], times: Mapping[int, int]) -> list[PoolEvent]:
        """Return what logs say, oldest first; ``times`` are those of their blocks.

        Raises:
            Retryable: one is cut short.
        """


FindPool = Callable[[NodeCalls, ChainConfig, PoolId], Awaitable[PoolPast | None]]
"""Looks whether a pool is one of the protocol's; None if not."""
