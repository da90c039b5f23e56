"""Searching the logs for what a read misses, for as long as a read may wait for it; a later read goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from bot.chain import json_rpc
from bot.chain.logs import Logs
from bot.chain.protocol import Search
from bot.core.errors import Retryable
from bot.core.types import ChainName
from bot.ports import Notes

log = structlog.get_logger(__name__)


class Searching:
    """Looks through the logs for so many seconds at most; ``notes`` keep how far that got."""

    def __init__(self, chain: ChainName, logs: Logs, notes: Notes, seconds: float) -> None:
        self._chain = chain
        self._logs = logs
        self._notes = notes
        self._seconds = seconds

    async def __call__(self, searches: Iterable[Search], block: int) -> bool:
        """Look from a block back; tell whether something came of it."""
        try:
            async with asyncio.timeout(self._seconds):
                with json_rpc.taken_at_their_word():
                    return any([await one.look(self._logs, block, self._notes) for one in searches])
        except TimeoutError:
            return False
        except Retryable as error:
            log.warning("logs could not be searched", chain=self._chain, reason=str(error))
            return False
