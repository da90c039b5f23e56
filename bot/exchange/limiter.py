"""Our own request budget, kept below what a venue documents, so that it never answers 429."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.exchange.errors import Busy
from bot.ports import Clock

_LEAST_SLEEP: Final = 0.001
"""Seconds; a wait below the clock's resolution would return with no time elapsed."""


@dataclass(frozen=True, slots=True)
class Window:
    """A budget of a venue: at most ``capacity`` units in any ``seconds``.

    The last ``reserved`` units are for orders that reduce risk.
    """

    name: str
    capacity: int
    seconds: float
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class Charge:
    """What one request takes from one budget."""

    window: Window
    cost: int = 1


@dataclass(slots=True)
class _Spent:
    """The charges of the last ``seconds``, oldest first."""

    window: Window
    entries: deque[tuple[float, int]] = field(default_factory=deque)
    total: int = 0

    def forget(self, now: float) -> None:
        while self.entries and now - self.entries[0][0] >= self.window.seconds:
            self.total -= self.entries.popleft()[1]

    def add(self, now: float, cost: int) -> None:
        self.entries.append((now, cost))
        self.total += cost

    def wait(self, now: float, cost: int, capacity: int) -> float:
        """Return the seconds until ``cost`` more units fit below ``capacity``."""
        over = self.total + cost - capacity
        if over <= 0:
            return 0.0
        for at, spent in self.entries:
            over -= spent
            if over <= 0:
                return max(0.0, at + self.window.seconds - now)
        return self.window.seconds


class Limiter:
    """Sliding windows: whatever moment a venue starts its own windows at, none of them can overflow.

    A token bucket would let twice its capacity pass within one window (a burst, then the refill), which is why the
    exact log of the last window is kept. Time is the clock's monotonic time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spent: dict[str, _Spent] = {}
        self._silent_until = 0.0
        self._turns = {False: asyncio.Lock(), True: asyncio.Lock()}

    async def acquire(self, charges: Sequence[Charge], *, urgent: bool, max_wait: float) -> None:
        """Wait for room in every budget and take it; ``urgent`` requests may use the reserve and have their own queue.

        Raises:
            Busy: there is no room within ``max_wait`` seconds; nothing was taken.
        """
        started = self._clock.monotonic()
        async with self._turns[urgent]:
            while (wait := self.delay(charges, urgent=urgent)) > 0:
                if self._clock.monotonic() - started + wait > max_wait:
                    raise Busy(f"no room for the request: {self._full(charges, urgent=urgent)}", wait)
                await self._clock.sleep(max(wait, _LEAST_SLEEP))
            now = self._clock.monotonic()
            for charge in charges:
                self._of(charge.window).add(now, charge.cost)

    def delay(self, charges: Sequence[Charge], *, urgent: bool) -> float:
        """Return the seconds until the charges fit, 0 if they fit now."""
        now = self._clock.monotonic()
        return max([self._silent_until - now, 0.0, *(self._wait(charge, now, urgent=urgent) for charge in charges)])

    def back_off(self, seconds: float) -> None:
        """Send nothing for ``seconds``: the venue answered 429 or 418. A shorter call never cuts a longer one short."""
        self._silent_until = max(self._silent_until, self._clock.monotonic() + seconds)

    def told(self, window: Window, used: int) -> None:
        """Take over the venue's own count of a window where it is higher (others may share the key)."""
        spent, now = self._of(window), self._clock.monotonic()
        spent.forget(now)
        if used > spent.total:
            spent.add(now, used - spent.total)

    def _wait(self, charge: Charge, now: float, *, urgent: bool) -> float:
        spent = self._of(charge.window)
        spent.forget(now)
        return spent.wait(now, charge.cost, charge.window.capacity - (0 if urgent else charge.window.reserved))

    def _full(self, charges: Sequence[Charge], *, urgent: bool) -> str:
        now = self._clock.monotonic()
        if self._silent_until > now:
            return "the venue asked for silence"
        return ", ".join(charge.window.name for charge in charges if self._wait(charge, now, urgent=urgent) > 0)

    def _of(self, window: Window) -> _Spent:
        return self._spent.setdefault(window.name, _Spent(window))
