"""The address's own budget of actions, 10,000 and one per USDC traded; what is left at last is for reductions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import structlog

from bot.core.snapshot import Unread
from bot.exchange.ccxt_link import Link
from bot.exchange.fields import number, row_of
from bot.venues.hyperliquid.identity import info

log = structlog.get_logger(__name__)

RESERVED: Final = 500
"""Actions that are left to reductions, stops and their replacements."""
LOW: Final = 2000
"""Actions left from which on an alarm is raised."""
_EVERY: Final = 120.0
"""Seconds between two reads."""


@dataclass(slots=True)
class Budget:
    """What is left, as it was read last; ``at`` is monotonic."""

    left: int | None = None
    at: float = field(default=float("-inf"))

    async def unread(self, link: Link, user: str) -> tuple[Unread, ...]:
        """Return what holds back adds, if anything; read again where that is due.

        Raises:
            Retryable: the venue did not answer believably.
        """
        now = link.clock.monotonic()
        if now - self.at >= _EVERY:
            row, what = row_of(await info(link, "userRateLimit", user=user), "budget"), "budget"
            self.left, self.at = int(number(row, "nRequestsCap", what) - number(row, "nRequestsUsed", what)), now
            if self.left < LOW:
                log.warning(
                    "few actions left for this address; each USDC that is traded adds one",
                    venue=link.config.venue,
                    left=self.left,
                    reserved=RESERVED,
                )
        if self.left is None or self.left >= RESERVED:
            return ()
        reason = f"{max(0, self.left)} left, and {RESERVED} are kept for reductions; each USDC that is traded adds one"
        return (Unread(None, "the address's budget of actions", reason),)
