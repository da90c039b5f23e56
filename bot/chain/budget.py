"""How many requests a day an endpoint may be sent: spent evenly, so that the bot slows down and never runs out."""

from __future__ import annotations

from typing import Final

from bot.chain.rpc_errors import RateLimited
from bot.ports import Clock

DAY: Final = 86_400.0
RESERVE: Final = DAY / 24
"""Seconds' worth of requests that may be saved up, for a burst such as a look-up of entry amounts."""
LEAST_SAVED: Final = 20.0
"""Requests that may be saved up in any case: the first snapshot takes some ten."""
EASE: Final = 1.25
"""How much longer than sustainable a pause gets as the budget nears its end, so that something is left for bursts."""


class Budget:
    """The requests of one endpoint; ``per_day`` None: as many as are wanted."""

    def __init__(self, per_day: int | None, clock: Clock) -> None:
        self.per_day = per_day
        self.spent = 0
        self._clock = clock
        self._rate = 0.0 if per_day is None else per_day / DAY
        self._most = max(self._rate * RESERVE, LEAST_SAVED)
        # A restart starts with half: what was spent before it is forgotten, and must not be spent again.
        self._left, self._at = self._most / 2, clock.monotonic()

    def spend(self, calls: int, who: str) -> None:
        """Charge what a request costs; a provider counts each call of a batch.

        Raises:
            RateLimited: the budget does not cover it yet.
        """
        self.spent += calls
        if self.per_day is None:
            return
        left = self._now()
        if left < min(calls, self._most):
            seconds = (min(calls, self._most) - left) / self._rate
            self.spent -= calls
            raise RateLimited(f"{who}: its budget of {self.per_day} requests a day is used up for now", seconds)
        self._left = left - calls

    def pause(self, calls: float) -> float:
        """Return the seconds to leave between two rounds of so many requests; 0 while half of the savings are there."""
        if self.per_day is None:
            return 0.0
        half = self._most / 2
        return calls / self._rate * EASE * min(max(1 - self._now() / half, 0.0), 1.0)

    def _now(self) -> float:
        now = self._clock.monotonic()
        self._left = min(self._left + (now - self._at) * self._rate, self._most)
        self._at = now
        return self._left
