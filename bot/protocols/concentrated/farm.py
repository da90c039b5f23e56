"""Farms: contracts that hold positions for their owners and pay rewards for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.chain.batched_reads import Reads
from bot.core.snapshot import Reward
from bot.core.types import Address
from bot.protocols.concentrated.calls import RangeCalls


@dataclass(frozen=True, slots=True)
class Stake:
    """How a farm holds a position.

    Attributes:
        farm: the contract.
        rewards: what it has earned besides fees.
        earns_fees: whether the fees stay the owner's; else what the position's words say of them means nothing.
        is_shut: whether the farm says that it is paid no more.
    """

    farm: Address
    rewards: tuple[Reward, ...]
    earns_fees: bool = True
    is_shut: bool = False


class Farm(Protocol):
    """The farms of one deployment."""

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return every configured contract address with its dotted key."""

    def ids(self, reads: Reads) -> tuple[Collection[int], bool]:
        """Return the ids that are staked for an owner, as far as they are read yet, and whether these are all."""

    def stake(self, reads: Reads, token_id: int, where: RangeCalls) -> Stake | None:
        """Return how a position is staked; None where it is not.

        Raises:
            Missing: an answer is not there yet.
        """
