"""Whether the bot is alive: the age of the last finished cycle, by a clock that never goes backwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.core.record import CycleRecord
from bot.core.run_state import RunState
from bot.core.snapshot import VenueUnknown
from bot.core.view.cycle import CycleView
from bot.ports import Clock
from bot.telemetry.publisher import Shown


class Pulse:
    """Remembers when the last cycle was finished; until there is one it counts from its own creation."""

    def __init__(self, clock: Clock, limit: float) -> None:
        self._clock = clock
        self._since = clock.monotonic()
        self._record: CycleRecord | None = None
        self.limit = limit

    def take(self, shown: Shown) -> None:
        """Note that a cycle was finished; nothing else counts."""
        if isinstance(shown, CycleView):
            self._since, self._record = self._clock.monotonic(), shown.record

    @property
    def age(self) -> float:
        """Seconds since the last finished cycle, or since the start."""
        return self._clock.monotonic() - self._since

    def live(self) -> Answer:
        """Return whether cycles are being finished."""
        age = self.age
        reasons = [f"no cycle was finished for {age:.0f} s, above {self.limit:g} s"] if age > self.limit else []
        return self._answer(age, reasons)

    def ready(self) -> Answer:
        """Return whether the exposure is being hedged: cycles are fresh, all venues are known, and the bot runs."""
        live = self.live()
        if self._record is None:
            return self._answer(self.age, [*live.reasons, "no cycle was finished yet"])
        bot = self._record.decision.state.bot
        venues = [
            f"venue {view.venue} can't be read: {view.reason}"
            for view in self._record.snapshot.venues
            if isinstance(view, VenueUnknown)
        ]
        states = [] if bot.state is RunState.RUNNING else [f"the bot is {bot.state.value}: {bot.reason}"]
        return self._answer(self.age, [*live.reasons, *venues, *states])

    def _answer(self, age: float, reasons: list[str]) -> Answer:
        cycle = None if self._record is None else self._record.cycle
        return Answer(tuple(reasons), cycle, age, self.limit)


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a health check; ``reasons`` is empty where all is well."""

    reasons: tuple[str, ...]
    cycle: int | None
    age: float
    limit: float

    @property
    def status(self) -> int:
        """The HTTP status."""
        return 503 if self.reasons else 200

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        return {
            "ok": not self.reasons,
            "reasons": list(self.reasons),
            "cycle": self.cycle,
            "age_seconds": round(self.age, 3),
            "limit_seconds": self.limit,
        }
