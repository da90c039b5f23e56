"""Farms of LP tokens: contracts that hold them for many owners, and tell by a function what is whose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import Field

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import ContractError, Reads
from bot.chain.multicall import Call
from bot.chain.tokens import balance_of
from bot.core.errors import ConfigError
from bot.core.types import Address
from bot.setting_types.base import Table
from bot.setting_types.fields import Checksummed, Integer

USER_INFO: Final = selector("userInfo(uint256,address)")
POOL_LENGTH: Final = selector("poolLength()")
STAKING_TOKEN: Final = selector("stakingToken()")
LP_TOKEN: Final = selector("lpToken()")
_SHARED: Final = [POOL_LENGTH, STAKING_TOKEN, LP_TOKEN, selector("rewardToken()")]
"""What farms of the usual kinds answer, and wallets and vaults of one's own don't."""


class FarmSettings(Table):
    """A contract in which the owners have staked LP tokens beside others."""

    contract: Checksummed = Field(description="the farm", examples=["0xa5f8C5Dbd5F286960b9d90548680aE5ebFf07652"])
    pair: Checksummed = Field(
        description="the pair whose LP tokens it holds", examples=["0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc"]
    )
    pool: Integer | None = Field(
        default=None,
        ge=0,
        description="the pair's number in a farm with many pools, asked by userInfo(pool, owner); left out: "
        "balanceOf(owner), as gauges and staking contracts of a single pair have it",
        examples=[2],
    )


class FarmCalls:
    """What accounts have staked in a farm."""

    def __init__(self, settings: FarmSettings, accounts: Sequence[Address]) -> None:
        self.address, self._pair = settings.contract, settings.pair
        self._staked = [_amount(settings, account) for account in accounts]
        self._whole = balance_of(settings.pair, settings.contract)

    def all(self) -> Sequence[Call]:
        """Return the calls that need nothing but addresses."""
        return (*self._staked, self._whole)

    def staked(self, reads: Reads) -> int:
        """Return the LP tokens that the farm holds for the accounts.

        Raises:
            Missing: it is not there yet.
            ContractError: it says more than it has, as of another pair's LP tokens.
        """
        reads.want(self.all())
        found = sum(json_rpc.uint(reads.take(call)) for call in self._staked)
        whole = json_rpc.uint(reads.take(self._whole))
        if found > whole:
            words = (
                f"says that {found} are staked, and has {whole} LP tokens of {self._pair}: is `pool` another pair's?"
            )
            raise ContractError(self._staked[0], words)
        return found


def _amount(settings: FarmSettings, account: Address) -> Call:
    if settings.pool is None:
        return balance_of(settings.contract, account)
    data = USER_INFO + json_rpc.encode_uint(settings.pool) + json_rpc.encode_address(account)
    return Call(settings.contract, data, gas=60_000)


class OwnHolders:
    """Makes sure, once, that accounts whose whole balance counts hold it for the user alone.

    Args:
        holders: the accounts.
        key: where they are configured.
        remedy: what to do with one that is shared.
    """

    def __init__(self, holders: Sequence[Address], key: str, remedy: str) -> None:
        self._probes = {holder: [Call(holder, data, words=0, gas=60_000) for data in _SHARED] for holder in holders}
        self._keys = {holder: f"{key}[{number}]" for number, holder in enumerate(holders, 1)}
        self._remedy = remedy

    def confirm(self, reads: Reads) -> None:
        """Ask those that were not asked yet.

        Raises:
            Missing: answers are not there yet.
            ConfigError: one is a farm, in which everybody's LP tokens are.
        """
        reads.want(call for calls in self._probes.values() for call in calls)
        for holder, calls in list(self._probes.items()):
            answers = [reads.outcome(call) for call in calls]
            if any(isinstance(answer, bytes) and len(answer) >= json_rpc.WORD for answer in answers):
                words = (
                    f"{holder} is a farm, in which others' LP tokens are, too, and would count whole: {self._remedy}"
                )
                raise ConfigError(words, key=self._keys[holder])
            del self._probes[holder]
