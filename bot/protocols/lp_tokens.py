"""Entry amounts of LP tokens, from the events of the pool that makes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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


async def entry_of(
    logs: Logs,
    position: LpPosition,
    accounts: Sequence[Address],
    block: int,
    *,
    sync: str,
    farms: Collection[Address] = (),
) -> Entry | None:
    """Compute the entry amounts of LP tokens from the Transfers to and from us, and the Mint of each that made some.

    Args:
        logs: the chain's events.
        position: the LP tokens; its pool makes them.
        accounts: who holds them for us.
        block: the last block that counts.
        sync: the topic of the event that a mint has between Transfer and Mint.
        farms: where they stay ours while they are staked.
    """
    ours = [_word(account) for account in accounts]
    staked_in = {_word(farm) for farm in farms}

    def change(log: Log) -> int:
        if staked_in.intersection(log.topics[1:3]):
            return 0
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
        minted = _minted(await logs.of_transaction(log.tx), log, sync)
        if minted is None:
            return None
        entry = deposit(entry, liquidity, *minted)
    return entry


def _word(account: Address) -> str:
    return f"0x{json_rpc.encode_address(account).hex()}"


def _minted(transaction: Sequence[Log], transfer: Log, sync: str) -> tuple[int, int] | None:
    """Return the amounts of the Mint that made LP tokens: the pool's next event but for its Sync.

    Anything else there means that they were the protocol's fee, or came from somebody: what they cost is unknown.
    """
    for log in transaction:
        if log.address == transfer.address and log.index > transfer.index and log.topics[:1] != (sync,):
            return (json_rpc.uint(log.data, 0), json_rpc.uint(log.data, 1)) if log.topics[:1] == (MINT,) else None
    return None
