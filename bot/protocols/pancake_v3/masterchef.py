"""MasterChefV3: positions staked there keep earning fees, and CAKE besides.

What ``pendingCake`` says is as old as the pool's last trade. ``harvest`` pays more: first the growth goes on to the
block's own time, as the liquidity mining pool's ``accumulateReward`` has it. That is what is computed here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import Missing, Reads
from bot.chain.config import ChainConfig
from bot.chain.multicall import Call
from bot.chain.tokens import TokenBook
from bot.core.amm.concentrated import growth_inside
from bot.core.types import NOBODY, Address
from bot.protocols.concentrated.calls import OwnerCalls, RangeCalls
from bot.protocols.concentrated.farm import Stake
from bot.protocols.pancake_v3.settings import PancakeV3Settings

CAKE: Final = selector("CAKE()")
EMERGENCY: Final = selector("emergency()")
PERIOD: Final = selector("getLatestPeriodInfo(address)")
USER_POSITION: Final = selector("userPositionInfos(uint256)")
LM_POOL: Final = selector("lmPool()")
GROWTH: Final = selector("rewardGrowthGlobalX128()")
LIQUIDITY: Final = selector("lmLiquidity()")
LAST_TIME: Final = selector("lastRewardTimestamp()")
TICKS: Final = selector("lmTicks(int24)")
_PRECISION: Final = 10**12
_Q128: Final = 1 << 128
_UINT32: Final = (1 << 32) - 1
_UINT256: Final = (1 << 256) - 1
# words of userPositionInfos
_BOOSTED, _GROWTH_THEN, _REWARD, _POOL_NUMBER = 1, 4, 5, 7


@dataclass(frozen=True, slots=True)
class _Mining:
    """The calls of a pool's liquidity mining."""

    growth: Call
    liquidity: Call
    last_time: Call

    @classmethod
    def of(cls, address: Address) -> _Mining:
        return cls(Call(address, GROWTH), Call(address, LIQUIDITY), Call(address, LAST_TIME))


class MasterChef:
    """Implements Farm. Without a configured contract nothing is staked."""

    def __init__(self, chain: ChainConfig, key: str, settings: PancakeV3Settings, tokens: TokenBook) -> None:
        self._key = f"{key}.masterchef"
        self._tokens = tokens
        self._address = settings.masterchef
        self._configured = frozenset(settings.token_ids)
        self._staked: set[int] = set()
        self._infos: dict[int, Call] = {}
        self._lm_pools: dict[Address, Call] = {}
        self._periods: dict[Address, Call] = {}
        self._mining: dict[Address, _Mining] = {}
        self._ticks: dict[tuple[Address, int], Call] = {}
        self._owners: tuple[OwnerCalls, ...] = ()
        if settings.masterchef is not None:
            self._cake, self._emergency = Call(settings.masterchef, CAKE), Call(settings.masterchef, EMERGENCY)
            if settings.discover:
                self._owners = tuple(OwnerCalls(settings.masterchef, owner) for owner in chain.owners)

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return the contract, if one is configured."""
        return [] if self._address is None else [(self._key, self._address)]

    def ids(self, reads: Reads) -> tuple[Collection[int], bool]:
        """Return the ids that the owners have staked, as far as they are read yet, and whether these are all."""
        reads.want(owner.balance for owner in self._owners)
        staked, is_whole = set[int](), True
        if self._address is not None:
            try:
                reads.fact(self._cake)  # what has none is no MasterChef
            except Missing:
                is_whole = False
        for owner in self._owners:
            try:
                staked.update(owner.ids(reads))
            except Missing:
                is_whole = False
        self._staked = staked
        return staked, is_whole

    def stake(self, reads: Reads, token_id: int, where: RangeCalls) -> Stake | None:
        """Return what a position has earned; None where it is not staked."""
        if self._address is None or not (token_id in self._staked or token_id in self._configured):
            return None
        pool = where.pool.address
        info = self._infos.get(token_id)
        if info is None:
            data = USER_POSITION + json_rpc.encode_uint(token_id)
            info = self._infos[token_id] = Call(self._address, data, words=9)
        lm_pool = self._lm_pools.setdefault(pool, Call(pool, LM_POOL))
        period = self._periods.get(pool)
        if period is None:
            data = PERIOD + json_rpc.encode_address(pool)
            period = self._periods[pool] = Call(self._address, data, words=2)
        reads.want((info, lm_pool, period, self._emergency, self._cake))
        written = reads.take(info)
        if json_rpc.uint(written, _POOL_NUMBER) == 0:
            return None
        earned = json_rpc.uint(written, _REWARD)
        mining, is_shut = json_rpc.address(reads.take(lm_pool)), any(reads.take(self._emergency))
        if mining != NOBODY and not is_shut:
            inside = self._inside(reads, mining, where, reads.take(period))
            grown = (inside - json_rpc.uint(written, _GROWTH_THEN)) & _UINT256
            earned += grown * json_rpc.uint(written, _BOOSTED) >> 128
        reward = self._tokens.reward(reads, json_rpc.address(reads.fact(self._cake)), earned)
        return Stake(self._address, () if reward is None else (reward,), is_shut=is_shut)

    def _inside(self, reads: Reads, mining: Address, where: RangeCalls, period: bytes) -> int:
        """Return the rewards per unit of liquidity that grew inside a range up to the block's time, X128."""
        calls = self._mining.get(mining)
        if calls is None:
            calls = self._mining[mining] = _Mining.of(mining)
        ticks = where.tick_lower, where.tick_upper
        edges = [self._tick(mining, tick) for tick in ticks]
        reads.want((calls.growth, calls.liquidity, calls.last_time, *edges))
        growth, liquidity = json_rpc.uint(reads.take(calls.growth)), json_rpc.uint(reads.take(calls.liquidity))
        if liquidity:
            rate, until = json_rpc.uint(period, 0), json_rpc.uint(period, 1) & _UINT32
            now = int(reads.block.timestamp.timestamp())
            seconds = max(0, min(now, until) - json_rpc.uint(reads.take(calls.last_time)))
            growth += seconds * (rate * _Q128 // _PRECISION) // liquidity
        outside = json_rpc.uint(reads.take(edges[0]), 2), json_rpc.uint(reads.take(edges[1]), 2)
        return growth_inside(where.pool.state(reads).tick, ticks, growth, outside)

    def _tick(self, mining: Address, tick: int) -> Call:
        call = self._ticks.get((mining, tick))
        if call is None:
            call = self._ticks[mining, tick] = Call(mining, TICKS + json_rpc.encode_int(tick), words=3)
        return call
