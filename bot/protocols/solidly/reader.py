"""Reads configured pools: LP tokens of the owners and other holders, in wallets and in the pools' gauges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.batched_reads import Missing, Reads
from bot.chain.config import ChainConfig
from bot.chain.logs import Logs
from bot.chain.protocol import Found
from bot.chain.tokens import TokenBook, UnknownToken
from bot.core.snapshot import Entry, LpPosition, Reward
from bot.core.types import Address, PoolId, PositionId
from bot.protocols.lp_farms import OwnHolders
from bot.protocols.lp_tokens import entry_of
from bot.protocols.solidly.calls import Metadata, PoolCalls
from bot.protocols.solidly.reference import price_of
from bot.protocols.solidly.settings import SolidlySettings

SYNC: Final = topic("Sync(uint256,uint256)")


class SolidlyReader:
    """Reads one deployment; all LP tokens of a pool, whoever of us holds or has staked them, are one position."""

    def __init__(self, chain: ChainConfig, key: str, settings: SolidlySettings, tokens: TokenBook) -> None:
        self.name = settings.name
        self._chain = chain
        self._key = key
        self._settings = settings
        self._tokens = tokens
        self._accounts = tuple(dict.fromkeys((*chain.owners, *settings.holders)))
        self._own = OwnHolders(
            settings.holders, f"{key}.holders", "remove it: what is staked in the pools' gauges counts by itself"
        )
        self._pools = {pool: PoolCalls(pool, self._accounts, settings.voter) for pool in settings.pools}

    def contracts(self) -> Sequence[tuple[str, Address]]:
        """Return every configured contract address with its dotted key."""
        voter = self._settings.voter
        pools = [(f"{self._key}.pools[{at}]", pool) for at, pool in enumerate(self._settings.pools, 1)]
        return [*pools, *([] if voter is None else [(f"{self._key}.voter", voter)])]

    def read(self, reads: Reads, found: Found) -> None:
        """Add each pool's price, and our position in it if we have one."""
        try:
            self._own.confirm(reads)
        except Missing:
            return
        for pool in self._pools.values():
            try:
                self._read(reads, found, pool)
            except Missing:
                continue

    async def entry(self, logs: Logs, position: LpPosition, block: int) -> Entry | None:
        """Compute the entry amounts from the pool's Transfer and Mint events."""
        gauges = self._pools[Address(position.pool)].gauges
        return await entry_of(logs, position, self._accounts, block, sync=SYNC, farms=gauges)

    def _read(self, reads: Reads, found: Found, pool: PoolCalls) -> None:
        reads.want(pool.state())
        state = Metadata.of(reads.take(pool.metadata))
        balances = pool.balances((state.token0, state.token1))
        reads.want(balances)
        name = f"{self._chain.name}:{self.name}:{pool.address}"
        gauge = pool.gauge(reads)
        tokens = self._tokens.pair(reads, state.token0, state.token1, insist=True)
        staked = 0 if gauge is None else gauge.staked(reads)
        if isinstance(tokens, UnknownToken):
            found.leave_out(name, tokens, is_discovered=False)
            return
        held, *fees = pool.held(reads)
        supply, (balance0, balance1) = pool.supply(reads), (json_rpc.uint(reads.take(call)) for call in balances)
        curve = state.curve(held + staked, supply, (balance0, balance1), (fees[0], fees[1]))
        identity = PoolId(pool.address)
        found.price(price_of(identity, *tokens, curve))
        rewards: tuple[Reward, ...] = ()
        staked_in: Address | None = None
        farm_shut = False
        if gauge is not None:
            earned = gauge.earned(reads)
            reward = None if earned is None else self._tokens.reward(reads, *earned)
            rewards = () if reward is None else (reward,)
            staked_in = gauge.address if staked or rewards else None
            farm_shut = staked_in is not None and gauge.is_shut(reads)
        amounts = curve.amounts()
        if curve.liquidity or any(fees) or rewards:
            found.positions.append(
                LpPosition(
                    PositionId(name), self.name, identity, *tokens, curve, amounts, None, staked_in, rewards, farm_shut
                )
            )
