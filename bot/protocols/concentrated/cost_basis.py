"""Entry amounts of a position manager's token, from its own events."""

from __future__ import annotations

from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.logs import Log, Logs, Topics
from bot.core.lp.cost_basis import follow_liquidity
from bot.core.snapshot import Entry, LpPosition
from bot.core.types import Address
from bot.protocols.concentrated.layout import Deposits
from bot.protocols.cost_basis import deposit, history, nothing

DECREASE: Final = topic("DecreaseLiquidity(uint256,uint128,uint256,uint256)")


async def entry_of(logs: Logs, position: LpPosition, manager: Address, block: int, deposits: Deposits) -> Entry | None:
    """Compute the entry amounts from the token's IncreaseLiquidity and DecreaseLiquidity events up to a block."""
    token_id = int(position.id.rpartition(":")[2])
    topics: Topics = ([deposits.topic, DECREASE], f"0x{token_id:064x}")

    def change(log: Log) -> int:
        if log.topics[0] == deposits.topic:
            return json_rpc.uint(log.data, deposits.liquidity)
        return -json_rpc.uint(log.data, 0)

    events = await history(logs.newest_first(manager, [topics], block), position.curve.liquidity, change)
    if events is None:
        return None
    entry = nothing(events, block)
    for log in events:
        if log.topics[0] == deposits.topic:
            amount0, amount1 = (json_rpc.uint(log.data, deposits.liquidity + word) for word in (1, 2))
            entry = deposit(entry, change(log), amount0, amount1)
        else:
            entry = follow_liquidity(entry, entry.liquidity + change(log), (0, 0))
    return entry
