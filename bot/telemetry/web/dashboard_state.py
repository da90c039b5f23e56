"""The status page's memory: a bounded past of cycles, orders and events, and the clients that wait for more."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.orders import Intent, NotFound, Outcome
from bot.core.record import Event
from bot.core.telemetry_event import EventJournaled, OrderReported
from bot.core.types import ClientOrderId
from bot.core.view.cycle import CycleView
from bot.core.view.glance import glance
from bot.core.view.results import Results
from bot.journal.cycle_summary import CycleSummary, summarise
from bot.ports import Clock
from bot.telemetry.about import About
from bot.telemetry.changes import STATE
from bot.telemetry.health import Pulse
from bot.telemetry.publisher import Changed, Shown
from bot.telemetry.web import status_json
from bot.telemetry.web.status_json import Json

_ORDERS: Final = 50
_EVENTS: Final = 200


@dataclass(frozen=True, slots=True)
class Past:
    """What the page shows of the time before the start, oldest first: from the journal, say."""

    cycles: Sequence[CycleSummary] = ()
    orders: Sequence[tuple[Intent, Outcome | NotFound | None]] = ()
    events: Sequence[Event] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """What a reader has not received yet; ``last`` is the position to continue from."""

    last: int
    text: str


class Board:
    """Takes cycles, orders and events, and gives them as JSON."""

    def __init__(self, about: About, clock: Clock, pulse: Pulse, history: int) -> None:
        self._about, self._clock, self._pulse = about, clock, pulse
        self._started_at = clock.now()
        self._points: deque[str] = deque(maxlen=history)
        self._taken = 0
        self._orders: dict[ClientOrderId, Json] = {}
        self._events: deque[Event] = deque(maxlen=_EVENTS)
        self._view: CycleView | None = None
        self._changed = asyncio.Event()
        self.is_closed = False

    def remember(self, past: Past) -> None:
        """Add what was before the start."""
        for summary in past.cycles:
            self._add(summary)
        for intent, outcome in past.orders:
            self._order(intent, outcome)
        self._events.extend(past.events)

    def take(self, shown: Shown) -> None:
        """Handle an event; an order is shown with the cycle that it belongs to."""
        match shown:
            case CycleView(record=record):
                self._view = shown
                self._add(summarise(record))
                self._wake()
            case Changed(event):
                self._events.append(event)
                self._wake()
            case EventJournaled(event) if event.kind != STATE:
                self._events.append(event)
                self._wake()
            case OrderReported(intent, outcome):
                self._order(intent, outcome)
            case _:
                pass

    def close(self) -> None:
        """Release every reader."""
        self.is_closed = True
        self._wake()

    @property
    def changed(self) -> asyncio.Event:
        """What the next change sets; take it before ``update``, so that no change during the sending is missed."""
        return self._changed

    def update(self, after: int) -> Update:
        """Return the present status, and the points that came after position ``after``."""
        new = min(self._taken - after, len(self._points))
        points = [self._points[index] for index in range(len(self._points) - new, len(self._points))]
        return Update(self._taken, f'{{"status":{self.status()},"points":[{",".join(points)}]}}')

    def status(self) -> str:
        """Return all that is known now, as JSON; ``cycle`` is null before the first one."""
        about, pulse, view = self._about, self._pulse, self._view
        return status_json.dumps(
            {
                "bot": {"id": about.bot_id, "version": about.version, "mode": about.mode.value},
                "now": self._clock.now(),
                "started_at": self._started_at,
                "pulse": {"age_seconds": round(pulse.age, 3), "limit_seconds": pulse.limit},
                "glance": None if view is None else status_json.glance_line(glance(view, about.mode)),
                "last": None if view is None else status_json.cycle(view),
                "result": status_json.result(Results() if view is None else view.results),
                "orders": list(reversed(self._orders.values())),
                "events": [status_json.event(item) for item in reversed(self._events)],
            }
        )

    def _add(self, summary: CycleSummary) -> None:
        self._points.append(status_json.dumps(status_json.point(summary)))
        self._taken += 1

    def _order(self, intent: Intent, outcome: Outcome | NotFound | None) -> None:
        self._orders[intent.client_id] = status_json.order(intent, outcome)
        if len(self._orders) > _ORDERS:
            del self._orders[next(iter(self._orders))]

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


History = Callable[[], Past]
