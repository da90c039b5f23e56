"""Entry amounts of a position, from the pool manager's events.

They tell the liquidity alone. What it cost follows from the pool's price at that moment: that of the last swap before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.logs import Log, Logs
from bot.core.amm.liquidity_math import amount0_delta, amount1_delta
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.lp.cost_basis import follow_liquidity
from bot.core.snapshot import Entry, LpPosition
from bot.core.types import Address, PoolId
from bot.protocols.cost_basis import deposit, history, nothing
from bot.protocols.past_events import require_whole

INITIALIZE: Final = topic("Initialize(bytes32,address,address,uint24,int24,address,uint160,int24)")
MODIFY: Final = topic("ModifyLiquidity(bytes32,address,int24,int24,int256,bytes32)")
SWAP: Final = topic("Swap(bytes32,address,int128,int128,uint160,uint128,int24,uint24)")
SHAPES: Final = {INITIALIZE: (5, 4), MODIFY: (4, 3), SWAP: (6, 3)}
"""Words of data and number of topics."""
_FEW_BLOCKS: Final = 100
"""A pool that is traded has its last swap within them, and a busy one thousands within more."""


async def entry_of(logs: Logs, position: LpPosition, managers: tuple[Address, Address], block: int) -> Entry | None:
    """Compute the entry amounts from the position's changes of liquidity up to a block.

    ``managers``: the pool manager, and the position manager.
    """
    number = int(position.id.rpartition(":")[2])

    def change(log: Log) -> int:
        return json_rpc.sint(log.data, 2)

    events = await history(_changes(logs, position.pool, managers, number, block), position.curve.liquidity, change)
    if events is None:
        return None
    entry = nothing(events, block)
    for log in events:
        if change(log) > 0:
            stood = await _stood(logs, managers[0], position.pool, log)
            if stood is None:
                return None
            entry = deposit(entry, change(log), *_cost(log, *stood))
        else:
            entry = follow_liquidity(entry, entry.liquidity + change(log), (0, 0))
    return entry


async def _changes(
    logs: Logs, pool: PoolId, managers: tuple[Address, Address], number: int, block: int
) -> AsyncIterator[Log]:
    """Return the changes of one position's liquidity, newest first; fees that were collected alone are none."""
    sender = f"0x{json_rpc.encode_address(managers[1]).hex()}"
    async for log in logs.newest_first(managers[0], [(MODIFY, pool, sender)], block):
        require_whole(log, SHAPES[MODIFY])
        if json_rpc.uint(log.data, 3) == number and json_rpc.sint(log.data, 2):
            yield log


async def _stood(logs: Logs, manager: Address, pool: PoolId, at: Log) -> tuple[int, int] | None:
    """Return the pool's price (sqrtPriceX96) and tick before an event; None where no node tells."""
    async for log in logs.newest_first(manager, [([SWAP, INITIALIZE], pool)], at.block, _FEW_BLOCKS):
        if (log.block, log.index) < (at.block, at.index):
            require_whole(log, SHAPES[log.topics[0]])
            price, tick = (2, 4) if log.topics[0] == SWAP else (3, 4)
            return json_rpc.uint(log.data, price), json_rpc.sint(log.data, tick)
    return None


def _cost(log: Log, price: int, tick: int) -> tuple[int, int]:
    """Return what adding liquidity took, raw units, rounded up as the pool does (Pool.modifyLiquidity)."""
    lower, upper, added = (json_rpc.sint(log.data, word) for word in range(3))
    low, high = sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper)
    held = low if tick < lower else high if tick >= upper else price
    return _amount0_up(held, high, added), -amount1_delta(low, held, -added)


def _amount0_up(low: int, high: int, liquidity: int) -> int:
    """Return token0 between two prices, rounded up; the pool rounds up in each of two steps, as one division does."""
    return -amount0_delta(low, high, -liquidity)
