"""Recognise a contract of another protocol than the one under which it is configured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot.chain.multicall import Multicall, Plan, Result
from bot.chain.protocol import ProtocolReader
from bot.chain.rounds import Rounds
from bot.core.errors import DnbotError
from bot.core.snapshot import BlockStamp

_MOST: Final = 3
"""Names in a message: a contract that answers like more of them says nothing."""


async def look_alikes(
    readers: Mapping[str, ProtocolReader],
    multicall: Multicall,
    block: BlockStamp,
    ask: Callable[[Plan], Awaitable[list[Result]]],
) -> tuple[str, ...]:
    """Return the protocols that can read a contract, and find something there.

    Args:
        readers: made for it, by protocol.
        multicall: makes plans.
        block: the block to read at.
        ask: has a plan's calls answered.
    """
    names = []
    for name, reader in readers.items():
        try:
            found, _ = await Rounds([reader], multicall).read(block, (), ask)
        except DnbotError:
            continue
        if found.positions or found.prices or found.left_out:
            names.append(name)
    return tuple(names) if len(names) <= _MOST else ()
