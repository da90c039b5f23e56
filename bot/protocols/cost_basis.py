"""Entry amounts from a position's own events: what went in, less the share of it that every withdrawal took out.

Events are read backwards only as far as the moment at which the position had nothing; what came before was closed.
Where they don't add up to the present liquidity (the node keeps no old logs, or LP tokens came from somebody else),
there is no answer, and the application falls back to what it saw first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from math import isqrt

from bot.chain.logs import Log
from bot.core.snapshot import Entry, EntrySource


async def history(newest_first: AsyncIterator[Log], liquidity: int, change: Callable[[Log], int]) -> list[Log] | None:
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


def nothing(events: Sequence[Log], block: int) -> Entry:
    """Return the entry before the first event; ``block`` counts where there is none."""
    since = events[0].block if events else block
    return Entry(0, 0, liquidity=0, source=EntrySource.MINT_EVENTS, block=since, root=0)


def deposit(entry: Entry, liquidity: int, amount0: int, amount1: int) -> Entry:
    """Return the entry after a deposit."""
    return replace(
        entry,
        amount0=entry.amount0 + amount0,
        amount1=entry.amount1 + amount1,
        liquidity=entry.liquidity + liquidity,
        root=entry.root + isqrt(amount0 * amount1),
    )
