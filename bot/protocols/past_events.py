"""What the protocols' readers of past events share."""

from __future__ import annotations

from bot.chain import json_rpc
from bot.chain.logs import Log
from bot.core.errors import Retryable


def require_whole(log: Log, shape: tuple[int, int]) -> None:
    """Insist that an event has its words of data and its topics.

    Raises:
        Retryable: it is cut short.
    """
    words, topics = shape
    if len(log.data) < words * json_rpc.WORD or len(log.topics) < topics:
        raise Retryable(f"answered an event of block {log.block} that is cut short")
