"""Entry amounts of LP tokens, from the pair's own events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import topic
from bot.chain.logs import Log, Logs, Topics
from bot.core.lp.cost_basis import follow_liquidity
from bot.core.snapshot import Entry, LpPosition
from bot.core.types import Address
from bot.protocols.cost_basis import deposit, history, nothing

TRANSFER: Final = topic("Transfer(address,address,uint256)")
MINT: Final = topic("Mint(address,uint256,uint256)")
SYNC: Final = topic("Sync(uint112,uint112)")


async def entry_of(logs: Logs, position: LpPosition, accounts: Sequence[Address], block: int) -> Entry | None:
    """Compute the entry amounts of LP tokens from the Transfers to and from us, and the Mint of each that made some."""
    ours = [f"0x{json_rpc.encode_address(account).hex()}" for account in accounts]

    def change(log: Log) -> int:
        came, went = log.topics[2] in ours, log.topics[1] in ours
        return (came - went) * json_rpc.uint(log.data)

    filters: list[Topics] = [(TRANSFER, None, ours), (TRANSFER, ours)]
    newest_first = logs.newest_first(Address(position.pool), filters, block)
    events = await history(newest_first, position.curve.liquidity, change)
    if events is None:
        return None
    entry = nothing(events, block)
    for log in events:
        liquidity = change(log)
        if liquidity <= 0:
            entry = follow_liquidity(entry, entry.liquidity + liquidity, (0, 0))
            continue
        minted = _minted(await logs.of_transaction(log.tx), log)
        if minted is None:
            return None
        entry = deposit(entry, liquidity, *minted)
    return entry


def _minted(transaction: Sequence[Log], transfer: Log) -> tuple[int, int] | None:
    """Return the amounts of the Mint that made LP tokens: the pair's next event but for Sync.

    Anything else there means that they were the protocol's fee, or came from somebody: what they cost is unknown.
    """
    for log in transaction:
        if log.address == transfer.address and log.index > transfer.index and log.topics[:1] != (SYNC,):
            return (json_rpc.uint(log.data, 0), json_rpc.uint(log.data, 1)) if log.topics[:1] == (MINT,) else None
    return None
