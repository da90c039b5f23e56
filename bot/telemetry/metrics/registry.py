"""Prometheus metrics: gauges read from the last cycle, and counters since the start."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.core.errors import ConfigError, Retryable, SkipCycle
from bot.core.orders import Accepted, Intent, LedgerEntry, NotFound, Outcome, Rejected, Unknown
from bot.core.telemetry_event import (
    CycleFailed,
    EventJournaled,
    Happening,
    LedgerRead,
    OrderReported,
    PhaseEnded,
    RpcFailed,
    StreamHeard,
    VenueFailed,
)
from bot.core.types import VenueId
from bot.core.view.cycle import CycleView
from bot.ports import Clock
from bot.telemetry.about import About
from bot.telemetry.health import Pulse
from bot.telemetry.metrics.gauges import GAUGES, Seen
from bot.telemetry.publisher import Changed, Shown

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_REMEMBERED: Final = 10_000
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric as the documentation lists it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str


class Metrics:
    """Every metric of one bot, in a registry of its own."""

    def __init__(self, about: About, clock: Clock, pulse: Pulse) -> None:
        # Else each counter gets a second series that nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library leaves this one function untyped
        self.definitions: list[Definition] = []
        self.registry = CollectorRegistry()
        self._last = _Last(clock)
        info = self._gauge("build_info", "Always 1; tells which bot this is.", "bot", "version", "mode")
        info.labels(about.bot_id, about.version, about.mode.value).set(1)
        age = self._gauge("last_cycle_age_seconds", "Time since a cycle was last finished, or since the start.")
        age.set_function(lambda: pulse.age)
        self._gauge("tasks", "What runs side by side in the daemon: asyncio's tasks.").set_function(_tasks)
        self._cycles = self._counter("cycles", "Cycles finished.")
        self._failures = self._counter("cycle_failures", "Cycles that ended in an error, by its name.", "error")
        self._seconds = self._histogram("cycle_seconds", "Time that a cycle took.")
        self._phases = self._histogram("cycle_phase_seconds", "Time that a part of a cycle took.", "phase")
        self._outcomes = self._counter(
            "order_outcomes", "What became of orders, each time it was told.", "venue", "symbol", "outcome", "reason"
        )
        self._refused = self._counter("orders_refused", "Orders that a guard stopped.", "guard")
        self._rpc_errors = self._counter("rpc_errors", "Requests to endpoints without a believable answer.", "chain")
        self._venue_errors = self._counter("venue_errors", "Requests to venues without a believable answer.", "venue")
        self._streams = self._gauge(
            "stream_age_seconds", "Time since a venue's stream last spoke; it only hurries cycles.", "venue", "stream"
        )
        self._heard: dict[tuple[str, str], float] = {}
        self._clock = clock
        self._ledger = self._gauge(
            "ledger_usd", "Cash moved since the start, by kind (funding, fee, realised, ...).", "venue", "kind"
        )
        self._booked = _Once()
        self._events = self._counter("events", "Events of the journal.", "kind")
        self.definitions += [Definition(item.name, "gauge", item.labels, item.help) for item in GAUGES]
        self._begin_at_zero(about)
        self.registry.register(self._last)
        ProcessCollector(registry=self.registry)

    def _begin_at_zero(self, about: About) -> None:
        """Begin the error counters' series at 0: a rate sees no increase in one that begins at 1."""
        for chain in about.chains:
            self._rpc_errors.labels(chain)
        for venue in about.venues:
            self._venue_errors.labels(venue)
        for error in (Retryable, SkipCycle, ConfigError):
            self._failures.labels(error.__name__)

    def take(self, shown: Shown) -> None:
        """Count what happened, or keep the cycle that the gauges are read off."""
        if isinstance(shown, CycleView):
            self._recorded(shown)
        elif not isinstance(shown, Changed):
            self._count(shown)

    def _count(self, happening: Happening) -> None:
        match happening:
            case CycleFailed(error):
                self._failures.labels(error).inc()
            case PhaseEnded(phase, seconds):
                self._phases.labels(phase.value).observe(seconds)
            case OrderReported(Intent(request=request), outcome):
                self._outcomes.labels(request.venue, request.symbol, *_describe(outcome)).inc()
            case EventJournaled(noted):
                self._events.labels(noted.kind).inc()
            case LedgerRead(venue, entries):
                self._add_up(venue, entries)
            case VenueFailed(venue):
                self._venue_errors.labels(venue).inc()
            case RpcFailed(chain):
                self._rpc_errors.labels(chain).inc()
            case StreamHeard(venue, stream):
                self._hear(venue, stream)

    def _recorded(self, view: CycleView) -> None:
        self._last.view, record = view, view.record
        self._cycles.inc()
        self._seconds.observe(record.seconds)
        for refused in record.decision.refused:
            self._refused.labels(refused.guard).inc()

    def _add_up(self, venue: VenueId, entries: Sequence[LedgerEntry]) -> None:
        """Add up cash movements by kind, each one once, though ledgers are read with an overlap."""
        for entry in entries:
            if self._booked.is_new((venue, entry.key)):
                self._ledger.labels(venue, entry.kind.value).inc(float(entry.amount))

    def _hear(self, venue: VenueId, stream: str) -> None:
        key = venue, stream
        if key not in self._heard:
            age = self._streams.labels(venue, stream)
            age.set_function(lambda: self._clock.monotonic() - self._heard[key])
        self._heard[key] = self._clock.monotonic()

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(self._defined(name, "gauge", text, labels), text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(self._defined(f"{name}_total", "counter", text, labels), text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        full = self._defined(name, "histogram", text, labels)
        return Histogram(full, text, labels, registry=self.registry, buckets=_BUCKETS)

    def _defined(self, name: str, kind: str, text: str, labels: tuple[str, ...]) -> str:
        full = f"dnbot_{name}"
        self.definitions.append(Definition(full, kind, labels, text))
        return full


def _describe(outcome: Outcome | NotFound) -> tuple[str, str]:
    """Return the outcome of an order in one word, and the venue's status or reason."""
    match outcome:
        case Accepted(report):
            return "accepted", report.status.value
        case Rejected(reason=reason):
            return "rejected", reason.value
        case Unknown():
            return "unknown", ""
        case NotFound():
            return "not_found", ""


def _tasks() -> float:
    try:
        return float(len(asyncio.all_tasks()))
    except RuntimeError:  # no event loop: the text is produced outside of the daemon
        return math.nan


class _Once:
    """Remembers the newest keys; a venue's recent ledger is far shorter than what is kept."""

    def __init__(self) -> None:
        self._keys: dict[tuple[VenueId, str], None] = {}

    def is_new(self, key: tuple[VenueId, str]) -> bool:
        """Return whether a key is new."""
        if key in self._keys:
            return False
        self._keys[key] = None
        if len(self._keys) > _REMEMBERED:
            del self._keys[next(iter(self._keys))]
        return True


class _Last(Collector):
    """The gauges of the last cycle; nothing before the first."""

    def __init__(self, clock: Clock) -> None:
        self.view: CycleView | None = None
        self._clock = clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        if self.view is None:
            return
        seen = Seen(self.view, self._clock.now())
        for gauge in GAUGES:
            family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
            for labels, figure in gauge.read(seen):
                if figure is not None:
                    family.add_metric(labels, float(figure))
            yield family
