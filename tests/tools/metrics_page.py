"""The page of the documentation that lists every metric, written from the code that serves them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from bot.clock import ManualClock
from bot.core.types import Mode
from bot.telemetry.about import About
from bot.telemetry.health import Pulse
from bot.telemetry.metrics.registry import Definition, Metrics

_HEAD: Final = """\
# Metrics

`GET /metrics` gives them in Prometheus' text format. What is not known (a venue that can't be read, a price that is
missing) has no sample; it is never 0. Units are base units of the underlying, USD, seconds, or fractions (`_ratio`).
Gauges tell of the last cycle, counters and histograms of the time since the start. The `process_…` metrics of the
Prometheus client come on top.

`docker/prometheus/rules.yml` has the alert rules, `docker/grafana/dashboards/dnbot.json` a dashboard.

| metric | type | labels | meaning |
|---|---|---|---|
"""


def definitions() -> list[Definition]:
    """Return every metric, by name."""
    clock = ManualClock(datetime.fromtimestamp(0, UTC))
    metrics = Metrics(About("", "", Mode.PAPER), clock, Pulse(clock, 0))
    return sorted(metrics.definitions, key=lambda item: item.name)


def page() -> str:
    """Return the page as Markdown."""
    return _HEAD + "".join(
        f"| `{item.name}` | {item.kind} | {', '.join(item.labels)} | {item.help} |\n" for item in definitions()
    )
