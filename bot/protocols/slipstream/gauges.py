"""Gauges: a staked position earns the gauge's rewards, and its fees go to the gauge."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import ContractError, Missing, Reads
from bot.chain.config import ChainConfig
from bot.chain.multicall import Call, Failed
from bot.chain.tokens import TokenBook
from bot.core.snapshot import Reward
from bot.core.types import NOBODY, Address
from bot.protocols.concentrated.calls import RangeCalls
from bot.protocols.concentrated.farm import Stake
from bot.protocols.slipstream.scan import GAUGE, PoolScan
from bot.protocols.slipstream.settings import SlipstreamSettings
from bot.protocols.voters import VOTER, is_killed, life_call, named

STAKED: Final = selector("stakedValues(address)")
EARNED: Final = selector("earned(address,uint256)")
KEPT: Final = selector("rewards(uint256)")
REWARD_TOKEN: Final = selector("rewardToken()")
_LIST_GAS: Final = 5_000_000
_EARNED_GAS: Final = 150_000


@dataclass(frozen=True, slots=True)
class _Held:
    gauge: Address
    owner: Address


class Gauges:
    """Implements Farm: the gauges of pools that are configured, that a position was seen in, that the factory lists."""

    def __init__(self, chain: ChainConfig, key: str, settings: SlipstreamSettings, tokens: TokenBook) -> None:
        self._key = key
        self._tokens = tokens
        self._settings = settings
        self._owners = chain.owners if settings.discover else ()
        self._scan = PoolScan(settings.position_manager, self._owners)
        self._pools: dict[Address, Call] = {pool: Call(pool, GAUGE) for pool in settings.pools}
        self._lists: dict[tuple[Address, Address], Call] = {}
        self._tokens_of: dict[Address, Call] = {}
        self._voters: dict[Address, Call] = {}
        self._lives: dict[tuple[Address, Address], Call] = {}
        self._earned: dict[tuple[int, _Held], tuple[Call, Call]] = {}
        self._staked: dict[int, _Held] = {}

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return the configured pools."""
        return [(f"{self._key}.pools[{at}]", pool) for at, pool in enumerate(self._settings.pools, 1)]

    def see(self, pool: Address) -> None:
        """Ask this pool's gauge too from now on."""
        if pool not in self._pools:
            self._pools[pool] = Call(pool, GAUGE)

    def ids(self, reads: Reads) -> tuple[Collection[int], bool]:
        """Return the ids that the owners have staked, as far as they are read yet, and whether these are all."""
        staked, is_whole = dict[int, _Held](), True
        if self._owners:
            try:
                for pool in self._scan.look(reads):
                    self.see(pool)
            except Missing:
                is_whole = False
            reads.want(self._pools.values())
            for call in self._pools.values():
                try:
                    gauge = json_rpc.address(reads.take(call))
                    if gauge != NOBODY:
                        staked.update(self._of_gauge(reads, gauge))
                except Missing:
                    is_whole = False
        self._staked = staked
        return staked, is_whole

    def stake(self, reads: Reads, token_id: int, where: RangeCalls) -> Stake | None:
        """Return what a position has earned; None where it is not staked."""
        self.see(where.pool.address)
        held = self._staked.get(token_id)
        if held is None:
            return None
        calls = self._earned.get((token_id, held))
        if calls is None:
            number = json_rpc.encode_uint(token_id)
            calls = self._earned[token_id, held] = (
                Call(held.gauge, EARNED + json_rpc.encode_address(held.owner) + number, gas=_EARNED_GAS),
                Call(held.gauge, KEPT + number),
            )
        token = self._tokens_of.get(held.gauge)
        if token is None:
            token = self._tokens_of[held.gauge] = Call(held.gauge, REWARD_TOKEN)
        reads.want((*calls, token))
        rewards = () if _is_lacking(reads.outcome(calls[0])) else self._rewards(reads, calls, token)
        return Stake(held.gauge, rewards, earns_fees=False, is_shut=self._is_shut(reads, held.gauge))

    def _rewards(self, reads: Reads, calls: Sequence[Call], token: Call) -> tuple[Reward, ...]:
        earned = sum(json_rpc.uint(reads.take(call)) for call in calls)
        reward = self._tokens.reward(reads, json_rpc.address(reads.fact(token)), earned)
        return () if reward is None else (reward,)

    def _is_shut(self, reads: Reads, gauge: Address) -> bool:
        """Ask the gauge's voter whether it was killed."""
        call = self._voters.get(gauge)
        if call is None:
            call = self._voters[gauge] = Call(gauge, VOTER, words=0)
        voter = named(reads.outcome(call))
        if voter is None:
            return False
        life = self._lives.get((voter, gauge))
        if life is None:
            life = self._lives[voter, gauge] = life_call(voter, gauge)
        return is_killed(reads.outcome(life))

    def _of_gauge(self, reads: Reads, gauge: Address) -> dict[int, _Held]:
        calls = {}
        for owner in self._owners:
            call = self._lists.get((gauge, owner))
            if call is None:
                data = STAKED + json_rpc.encode_address(owner)
                call = self._lists[gauge, owner] = Call(gauge, data, words=2, gas=_LIST_GAS)
            calls[owner] = call
        reads.want(calls.values())
        return {
            token_id: _Held(gauge, owner) for owner, call in calls.items() for token_id in _list(call, reads.take(call))
        }


def _is_lacking(answer: bytes | Failed) -> bool:
    """Return whether a gauge has no such function: MetaDEX03's tell it for a list of ids, and name no token."""
    return isinstance(answer, Failed) and not answer.data


def _list(call: Call, answer: bytes) -> list[int]:
    """Read an ABI array of numbers that stands alone.

    Raises:
        ContractError: it is cut short.
    """
    count = json_rpc.uint(answer, 1)
    if json_rpc.uint(answer, 0) != json_rpc.WORD or len(answer) < (2 + count) * json_rpc.WORD:
        raise ContractError(call, "answered no list of ids")
    return [json_rpc.uint(answer, 2 + at) for at in range(count)]
