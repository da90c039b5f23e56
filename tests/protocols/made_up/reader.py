"""Reads the pools of a hub, and what the owners have in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector, topic
from bot.chain.batched_reads import Missing, Reads
from bot.chain.config import ChainConfig
from bot.chain.logs import Log, Logs
from bot.chain.multicall import Call
from bot.chain.protocol import Found
from bot.chain.tokens import TokenBook, UnknownToken
from bot.core.lp.cost_basis import follow_liquidity
from bot.core.snapshot import Entry, LpPosition
from bot.core.types import Address, PoolId, PositionId
from bot.protocols.cost_basis import deposit, history, nothing
from bot.protocols.pool_prices import price_of_reserves
from tests.protocols.made_up.curve import Shares
from tests.protocols.made_up.settings import MadeUpSettings

POOLS: Final = selector("pools(bytes32)")
SHARES: Final = selector("shares(bytes32,address)")
JOINED: Final = topic("Joined(bytes32,address,uint256,uint256,uint256)")
LEFT: Final = topic("Left(bytes32,address,uint256)")


class MadeUpReader:
    """Implements ProtocolReader."""

    def __init__(self, chain: ChainConfig, key: str, settings: MadeUpSettings, tokens: TokenBook) -> None:
        self.name = settings.name
        self._chain, self._key, self._settings, self._tokens = chain, key, settings, tokens
        ids = {pool: bytes.fromhex(pool[2:]) for pool in settings.pools}
        self._pools = {pool: Call(settings.hub, POOLS + raw, words=5) for pool, raw in ids.items()}
        self._shares = {
            pool: [Call(settings.hub, SHARES + raw + json_rpc.encode_address(owner)) for owner in chain.owners]
            for pool, raw in ids.items()
        }

    def contracts(self) -> Sequence[tuple[str, Address]]:
        return [(f"{self._key}.hub", self._settings.hub)]

    def read(self, reads: Reads, found: Found) -> None:
        for pool in self._pools:
            try:
                self._read(reads, found, pool)
            except Missing:
                continue

    def _read(self, reads: Reads, found: Found, pool: PoolId) -> None:
        reads.want((self._pools[pool], *self._shares[pool]))
        state, name = reads.take(self._pools[pool]), f"{self._chain.name}:{self.name}:{pool}"
        tokens = self._tokens.pair(reads, json_rpc.address(state, 0), json_rpc.address(state, 1), insist=True)
        if isinstance(tokens, UnknownToken):
            found.leave_out(name, tokens, is_discovered=False)
            return
        reserves = json_rpc.uint(state, 2), json_rpc.uint(state, 3)
        found.price(price_of_reserves(pool, *tokens, reserves))
        held = sum(json_rpc.uint(reads.take(call)) for call in self._shares[pool])
        if held:
            curve = Shares(held, json_rpc.uint(state, 4), *reserves)
            amounts = curve.amounts()
            found.positions.append(LpPosition(PositionId(name), self.name, pool, *tokens, curve, amounts, entry=None))

    async def entry(self, logs: Logs, position: LpPosition, block: int) -> Entry | None:
        owners = [f"0x{json_rpc.encode_address(owner).hex()}" for owner in self._chain.owners]

        def change(log: Log) -> int:
            return json_rpc.uint(log.data) * (1 if log.topics[0] == JOINED else -1)

        newest_first = logs.newest_first(self._settings.hub, [([JOINED, LEFT], str(position.pool), owners)], block)
        events = await history(newest_first, position.curve.liquidity, change)
        if events is None:
            return None
        entry = nothing(events, block)
        for log in events:
            if log.topics[0] == JOINED:
                entry = deposit(entry, change(log), json_rpc.uint(log.data, 1), json_rpc.uint(log.data, 2))
            else:
                entry = follow_liquidity(entry, entry.liquidity + change(log), (0, 0))
        return entry
