"""Entry amounts from a position's own events: what went in, less the share of it that every withdrawal took out.

Events are read backwards only as far as the moment at which the position had nothing; what came before was closed.
Where they don't add up to the present liquidity (the node keeps no old logs, or LP tokens came from somebody else),
there is no answer, and the application falls back to what it saw first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from math import isqrt
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.logs import Log, Logs, Topics
from bot.core.lp.cost_basis import follow_liquidity
from bot.core.snapshot import Entry, EntrySource, LpPosition
from bot.core.types import Address

TRANSFER: Final = topic("Transfer(address,address,uint256)")
V2_MINT: Final = topic("Mint(address,uint256,uint256)")
V2_SYNC: Final = topic("Sync(uint112,uint112)")
V3_INCREASE: Final = topic("IncreaseLiquidity(uint256,uint128,uint256,uint256)")
V3_DECREASE: Final = topic("DecreaseLiquidity(uint256,uint128,uint256,uint256)")


async def v3_entry(logs: Logs, position: LpPosition, manager: Address, block: int) -> Entry | None:
    """Reckon the entry amounts of a position manager's token from its Increase- and DecreaseLiquidity events."""
    token_id = int(position.id.rpartition(":")[2])
    topics: Topics = ([V3_INCREASE, V3_DECREASE], f"0x{token_id:064x}")

    def change(log: Log) -> int:
        liquidity = json_rpc.uint(log.data, 0)
        return liquidity if log.topics[0] == V3_INCREASE else -liquidity

    history = await _history(logs.newest_first(manager, [topics], block), position.curve.liquidity, change)
    if history is None:
        return None
    entry = _nothing(history, block)
    for log in history:
        if log.topics[0] == V3_INCREASE:
            entry = _deposit(entry, change(log), json_rpc.uint(log.data, 1), json_rpc.uint(log.data, 2))
        else:
            entry = follow_liquidity(entry, entry.liquidity + change(log), (0, 0))
    return entry


async def v2_entry(logs: Logs, position: LpPosition, accounts: Sequence[Address], block: int) -> Entry | None:
    """Reckon the entry amounts of LP tokens from the Transfers to and from us, and the Mint of each that made some."""
    ours = [f"0x{json_rpc.encode_address(account).hex()}" for account in accounts]

    def change(log: Log) -> int:
        came, went = log.topics[2] in ours, log.topics[1] in ours
        return (came - went) * json_rpc.uint(log.data)

    filters: list[Topics] = [(TRANSFER, None, ours), (TRANSFER, ours)]
    history = await _history(
        logs.newest_first(Address(position.pool), filters, block), position.curve.liquidity, change
    )
    if history is None:
        return None
    entry = _nothing(history, block)
    for log in history:
        liquidity = change(log)
        if liquidity <= 0:
            entry = follow_liquidity(entry, entry.liquidity + liquidity, (0, 0))
            continue
        minted = _minted(await logs.of_transaction(log.tx), log)
        if minted is None:
            return None
        entry = _deposit(entry, liquidity, *minted)
    return entry


async def _history(newest_first: AsyncIterator[Log], liquidity: int, change: Callable[[Log], int]) -> list[Log] | None:
    """Collect events, oldest first, back to the one before which there was no liquidity; None if there is no such."""
    if liquidity == 0:
        return []
    events: list[Log] = []
    async for log in newest_first:
        events.append(log)
        liquidity -= change(log)
        if liquidity <= 0:
            return events[::-1] if liquidity == 0 else None
    return None


def _nothing(history: Sequence[Log], block: int) -> Entry:
    since = history[0].block if history else block
    return Entry(0, 0, liquidity=0, source=EntrySource.MINT_EVENTS, block=since, root=0)


def _deposit(entry: Entry, liquidity: int, amount0: int, amount1: int) -> Entry:
    return replace(
        entry,
        amount0=entry.amount0 + amount0,
        amount1=entry.amount1 + amount1,
        liquidity=entry.liquidity + liquidity,
        root=entry.root + isqrt(amount0 * amount1),
    )


def _minted(transaction: Sequence[Log], transfer: Log) -> tuple[int, int] | None:
    """Return the amounts of the Mint that made LP tokens: the pair's next event but for Sync.

    Anything else there means that they were the protocol's fee, or came from somebody: what they cost is unknown.
    """
    for log in transaction:
        if log.address == transfer.address and log.index > transfer.index and log.topics[:1] != (V2_SYNC,):
            return (json_rpc.uint(log.data, 0), json_rpc.uint(log.data, 1)) if log.topics[:1] == (V2_MINT,) else None
    return None
