"""What the protocols' readers of past events share."""

from __future__ import annotations

from math import isqrt

from bot.chain import json_rpc
from bot.chain.logs import Log
from bot.core.amm.tick_math import tick_at_sqrt_ratio
from bot.core.errors import Retryable


def require_whole(log: Log, shape: tuple[int, int]) -> None:
    """Check that an event has its words of data and its topics.

    Raises:
        Retryable: it is cut short.
    """
    words, topics = shape
    if len(log.data) < words * json_rpc.WORD or len(log.topics) < topics:
        raise Retryable(f"answered an event of block {log.block} that is cut short")


def stand_of_reserves(reserve0: int, reserve1: int) -> tuple[int, int] | None:
    """Return the tick below the price of a constant product and the root of that product; None where one is empty."""
    if not reserve0 or not reserve1:
        return None
    return tick_at_sqrt_ratio(isqrt((reserve1 << 192) // reserve0)), isqrt(reserve0 * reserve1)
