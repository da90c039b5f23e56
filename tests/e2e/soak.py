"""``python -m tests.e2e.soak [MINUTES]``: the demo at full speed, watched from outside; 15 minutes unless told.

In the middle third its MQTT broker is gone. Printed are the daemon's memory, tasks and file descriptors, the time of
its cycles before, during and after, and every kind of warning in its log. It judges nothing: read the table.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console
from rich.table import Table

from bot.clock import SystemClock
from bot.demo.driver import DemoRun, Tables, demo_run
from bot.demo.scenario import SceneSettings
from tests.telemetry.mqtt.scene import Mosquitto, new_broker

EVERY: Final = 5.0
"""Seconds between two looks from outside."""
WARM_UP: Final = 120.0
THIRDS: Final = ("before", "without a broker", "after")
_TASKS: Final = re.compile(rb"^dnbot_tasks (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Look:
    """What the daemon's process is like at a moment: seconds since the start, memory in kB."""

    at: float
    memory: int
    descriptors: int
    threads: int
    tasks: int


@dataclass
class Watch:
    """Everything that is gathered."""

    looks: list[Look] = field(default_factory=list)
    cycles: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in THIRDS})
    untrue: int = 0


def look(run: DemoRun, at: float) -> Look:
    """Look at the daemon from outside: its entry in /proc, and its own metrics."""
    process = Path(f"/proc/{run.pid}")
    status = dict(re.findall(r"^(\w+):\s+(\d+)", (process / "status").read_text(encoding="ascii"), re.MULTILINE))
    with urllib.request.urlopen(f"{page(run)}/metrics", timeout=5) as answer:  # noqa: S310 - the daemon's own page
        tasks = _TASKS.search(answer.read())
    assert tasks is not None
    descriptors = len(list((process / "fd").iterdir()))
    return Look(at, int(status["VmRSS"]), descriptors, int(status["Threads"]), int(float(tasks[1])))


def page(run: DemoRun) -> str:
    """Find where the daemon listens in what it said at its start."""
    for line in run.log.read_text(encoding="utf-8").splitlines():
        if '"status page"' in line:
            return str(json.loads(line)["url"]).rstrip("/")
    raise AssertionError("the daemon did not say where its page is")


async def play(run: DemoRun, broker: Mosquitto, seconds: float, watch: Watch) -> None:
    """Mine block after block as fast as the daemon follows."""
    clock = SystemClock()
    started, due, third = clock.monotonic(), 0.0, 0
    while (now := clock.monotonic() - started) < seconds:
        if int(3 * now / seconds) > third:
            third += 1
            await asyncio.to_thread(broker.kill if third == 1 else broker.start)
        seen = await run.step()
        watch.cycles[THIRDS[third]].append(seen.record.seconds * 1000)
        watch.untrue += not seen.true
        if now >= due:
            watch.looks.append(await asyncio.to_thread(look, run, now))
            due = now + EVERY


def tables(broker: Mosquitto) -> Tables:
    """Return what the daemon is configured with besides."""
    mqtt = {
        "enabled": True,
        "port": broker.port,
        "username": "dnbot",
        "password": broker.password("dnbot"),
        "key": broker.key.decode(),
    }
    plenty = {"paper": {"deposit": 1_000_000}}  # months of a market that goes up must not end in a halt
    return {"http": {"enabled": True, "port": 0}, "mqtt": mqtt, "venues": plenty}


def shown(run: DemoRun, watch: Watch, days: float) -> Table:
    """Put everything into one table."""
    warm = [item for item in watch.looks if item.at >= WARM_UP] or watch.looks
    table = Table("what", "figure", title="soak")
    table.add_row("cycles, days of market", f"{sum(map(len, watch.cycles.values()))}, {days:.1f}")
    table.add_row("reads that differ from the contracts", str(watch.untrue))
    memory = [item.memory / 1024 for item in warm]
    table.add_row(
        "memory after 2 minutes, at the end, most", f"{memory[0]:.1f}, {memory[-1]:.1f}, {max(memory):.1f} MB"
    )
    table.add_row("growth since then", f"{memory[-1] / memory[0] - 1:+.2%}")
    for name in ("descriptors", "threads", "tasks"):
        counts = [getattr(item, name) for item in warm]
        table.add_row(f"{name}: least, median, most", f"{min(counts)}, {statistics.median(counts):g}, {max(counts)}")
    for name, times in watch.cycles.items():
        table.add_row(f"a cycle, {name}: median, p99", _times(times))
    for words, count in warnings(run).most_common():
        table.add_row(f"log: {words}", str(count))
    return table


def _times(times: Sequence[float]) -> str:
    return f"{statistics.median(times):.1f}, {statistics.quantiles(times, n=100)[98]:.1f} ms" if len(times) > 1 else "-"


def warnings(run: DemoRun) -> Counter[str]:
    """Count what was said at warning and above, by what it is about."""
    said: Counter[str] = Counter()
    for line in run.log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line) if line.startswith("{") else {"level": "raw", "event": line}
        if entry["level"] not in {"debug", "info"}:
            about = str(entry.get("key") or entry.get("reason") or "").split(":")[0]
            said[f"{entry['level']}: {entry['event']} {about}".strip()] += 1
    return said


async def main(minutes: float) -> None:
    """Play, and print."""
    watch, settings = Watch(), SceneSettings()
    with TemporaryDirectory() as name:
        folder = Path(name)
        broker = new_broker(folder)
        broker.start()
        try:
            async with demo_run(folder, settings, SystemClock(), more=tables(broker)) as run:
                await play(run, broker, minutes * 60, watch)
                days = run.scene.index * settings.step.total_seconds() / 86400
                Console().print(shown(run, watch, days))
        finally:
            broker.kill()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 15))
