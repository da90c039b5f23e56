"""How long it takes from a block's arrival until the order is at the venue: through ccxt, TLS and the journal.

What is timed: the chain view is shown, and from then on a cycle as the daemon runs it: reconciliation of the resting
stop, the chain's read (a fake
answers at once: a node's time is another figure), the venue's observation over the loopback, the decision, the durable
intent (fsync), signing, and the request up to where the venue server takes it in hand. The network to a real venue is
not in it, and the server shares this process and its time.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from aiohttp import web

from bot.paper.rules import Flavour
from bot.paper.servers.server import Serve
from bot.paper.servers.venue import Incoming
from tests.faults.cells import Cell
from tests.faults.matrix import story
from tests.faults.soak import silent
from tests.faults.story import Story
from tests.faults.venue import Effect, FaultyVenue, Kind
from tests.paper.scene import ETH

ROUNDS: Final = 60
WARM_UP: Final = 5


@dataclass
class Stopwatch(FaultyVenue):
    """Notes when an order arrives at the server."""

    arrived: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    async def __call__(self, request: web.BaseRequest, incoming: Incoming, serve: Serve) -> web.StreamResponse:
        if incoming.method == "POST" and incoming.path.endswith(("/order", "/place-order")):
            self.arrived.append(time.perf_counter())
            self.busy.append(time.process_time())
        return await super().__call__(request, incoming, serve)


@asynccontextmanager
async def _hedged(flavour: Flavour, layer: Stopwatch) -> AsyncIterator[Story]:
    cell = Cell(flavour, "book", Kind.DROP, Effect.NONE)
    with TemporaryDirectory() as folder:
        async with story(cell, Path(folder), layer) as told:
            await told.start()
            for _ in range(WARM_UP):
                await told.turn(Decimal(3))
            yield told


async def _orders(flavour: Flavour) -> tuple[list[float], list[float], list[float]]:
    """Give times in milliseconds: block to order, the CPU that it took (the server's in it), decision to order."""
    layer, whole, work, sending = Stopwatch(flavour), list[float](), list[float](), list[float]()
    async with _hedged(flavour, layer) as told:
        real = told.cycle.executor.journal.new_intent
        decided: list[float] = []

        def noted(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - passed through
            decided.append(time.perf_counter())
            return real(*given, **named)

        told.cycle.executor.journal.new_intent = noted  # type: ignore[method-assign]
        for number in range(ROUNDS):
            layer.arrived.clear()
            decided.clear()
            layer.busy.clear()
            started, busy = time.perf_counter(), time.process_time()
            await told.turn(Decimal(4 if number % 2 == 0 else 3))
            whole.append((layer.arrived[0] - started) * 1000)
            work.append((layer.busy[0] - busy) * 1000)
            sending.append((layer.arrived[0] - decided[0]) * 1000)
    return whole, work, sending


async def _throttled(flavour: Flavour) -> float:
    """Give the median time between two orders that ccxt's own throttle leaves, in milliseconds."""
    layer = Stopwatch(flavour)
    async with _hedged(flavour, layer) as told:
        api: Any = told.exchange.link.api
        api.enableRateLimit = True
        times = []
        for _ in range(8):
            started = time.perf_counter()
            layer.arrived.clear()
            await told.exchange.link.write("create_order", ETH, "market", "sell", "0.05", None, {}, urgent=True)
            times.append((layer.arrived[0] - started) * 1000)
    return statistics.median(times[1:])


async def run() -> dict[str, float]:
    """Measure both venues; milliseconds."""
    silent()
    found: dict[str, float] = {}
    for flavour in Flavour:
        whole, work, sending = await _orders(flavour)
        cuts = statistics.quantiles(whole, n=100)
        found[f"{flavour.value}, block to order, p50"] = statistics.median(whole)
        found[f"{flavour.value}, block to order, p99"] = cuts[98]
        found[f"{flavour.value}, block to order, CPU, p50"] = statistics.median(work)
        found[f"{flavour.value}, decision to order, p50"] = statistics.median(sending)
        found[f"{flavour.value}, decision to order, p99"] = statistics.quantiles(sending, n=100)[98]
        found[f"{flavour.value}, an order through ccxt's own throttle"] = await _throttled(flavour)
    return found


if __name__ == "__main__":
    sys.stdout.write("\n".join(f"{name}: {value:.2f} ms" for name, value in asyncio.run(run()).items()) + "\n")
