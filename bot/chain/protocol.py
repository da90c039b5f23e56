"""What the chain reader needs of a protocol: the seam that a new AMM implements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.chain.batched_reads import Reads
from bot.chain.config import ChainConfig
from bot.chain.logs import Logs
from bot.chain.tokens import TokenBook, UnknownToken
from bot.core.snapshot import Entry, LeftOut, LpPosition, PoolPrice
from bot.core.types import Address, PoolId, PositionId


@dataclass(slots=True)
class Found:
    """What a pass over the readers found; prices are kept once per pool."""

    positions: list[LpPosition] = field(default_factory=list)
    prices: dict[PoolId, PoolPrice] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)

    def price(self, price: PoolPrice | None) -> None:
        """Take a pool's price, where it has one."""
        if price is not None:
            self.prices[price.pool] = price

    def leave_out(self, position: str, token: UnknownToken, *, is_discovered: bool) -> None:
        """Note a position that holds an unknown token, unless the user wants to hear nothing of that."""
        if token.reason is not None:
            self.left_out.append(LeftOut(PositionId(position), token.reason, is_discovered))


class Source(Protocol):
    """Contracts that something is read from."""

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return every configured contract address with its dotted key."""

    def read(self, reads: Reads, found: Found) -> None:
        """Add the positions and pool prices of the reads' block; what is missing goes on the reads' list.

        Raises:
            Retryable: a contract did not answer as one of this protocol does.
            SkipCycle: what it answered contradicts itself.
        """


class ProtocolReader(Source, Protocol):
    """The positions and pools of one deployment of a protocol."""

    @property
    def name(self) -> str:
        """The deployment's name in the configuration."""

    async def entry(self, logs: Logs, position: LpPosition, block: int) -> Entry | None:
        """Reckon the entry amounts of a position from its events up to a block; None where they don't add up.

        Raises:
            Retryable: the node did not answer.
        """


@dataclass(frozen=True, slots=True)
class Sources:
    """All that is read on one chain: the deployments with positions, and the pools that only price things."""

    readers: Sequence[ProtocolReader]
    references: Sequence[Source] = ()


MakeSources = Callable[[ChainConfig, TokenBook], Sources]
"""Builds a chain's sources; the wiring hands in the protocols' registry."""
