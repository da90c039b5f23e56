"""Reads that answer for every market at once, and serve each of the symbols that asks for its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Shared:
    """A read that serves everybody who asks while it is under way."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    done: int = 0
    answer: Any = None

    async def read(self, read: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - ccxt's own types
        """Read, or return the answer that came while this waited for its turn."""
        before = self.done
        async with self.lock:
            if self.done == before:
                self.answer = await read()
                self.done += 1
            return self.answer


@dataclass(frozen=True, slots=True)
class Fills:
    """Fills from ``since`` (ms) on, of all markets, and when they were read (the event loop's seconds)."""

    since: int = -1
    at: float = float("-inf")
    rows: tuple[Mapping[str, Any], ...] = ()
