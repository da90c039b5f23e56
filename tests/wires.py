"""``python -m tests.wires [INPUTS] [WIRE…]``: 100,000 spoiled inputs over each wire that dnbot listens to."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bot.chain.head_socket import reduced
from bot.clock import ManualClock
from bot.demo.chain import LocalChain
from bot.demo.node import Anvil
from bot.demo.rpc import Rpc
from tests.chain.scene import Scene
from tests.chain.test_fuzz import over_rpc, over_socket
from tests.control.test_fuzz import over_control
from tests.core.scenes import NOW
from tests.exchange.loopback import Certificate
from tests.exchange.scene import ETH
from tests.faults.soak import silent
from tests.recorded.files import VENUES
from tests.recorded.scene import BTC, played
from tests.recorded.test_fuzz import over_venue
from tests.recorded.test_stream_fuzz import URLS, connected, over_streams
from tests.spoil import GROWTH, INPUTS, notifications, resident
from tests.telemetry.mqtt.test_command_auth import gate
from tests.telemetry.mqtt.test_fuzz import over_gate
from tests.telemetry.web.scenes import site
from tests.telemetry.web.test_fuzz import over_http
from tests.venues.hyperliquid.scene import BTC as HL_BTC
from tests.venues.hyperliquid.scene import ETH as HL_ETH
from tests.venues.hyperliquid.scene import played as played_hyperliquid

MANY: Final = 100_000
WARM_UP: Final = 200
OVER_SOCKET: Final = 200
"""One of so many heads goes over a real socket, since most of them end its connection; all are read."""

Feed = Callable[[int, int], Awaitable[None]]
"""Sends so many inputs, drawn by a seed."""


@asynccontextmanager
async def rpc() -> AsyncIterator[Feed]:
    """An RPC endpoint's answers."""
    async with Anvil() as anvil, Rpc(anvil.url) as client:
        scene = await Scene.on(await LocalChain.deploy(client))
        yield lambda inputs, seed: over_rpc(scene, inputs, seed)


@asynccontextmanager
async def heads() -> AsyncIterator[Feed]:
    """A subscription's notifications."""

    async def feed(inputs: int, seed: int) -> None:
        await over_socket(inputs // OVER_SOCKET, seed)
        sent = notifications(random.Random(seed))
        for _ in range(inputs):
            try:
                reduced(next(sent))
            except ValueError:
                continue

    yield feed


def venue(name: str) -> Callable[[], AsyncIterator[Feed]]:
    """Return the wire of a venue's answers."""

    async def feeds() -> AsyncIterator[Feed]:
        async with played(name, Certificate()) as made:
            await made.exchange.check([ETH, BTC])
            yield lambda inputs, seed: over_venue(made, inputs, seed)

    return feeds


@asynccontextmanager
async def hyperliquid() -> AsyncIterator[Feed]:
    """Hyperliquid's answers."""
    async with played_hyperliquid(Certificate()) as made:
        await made.exchange.check([HL_ETH, HL_BTC])
        yield lambda inputs, seed: over_venue(made, inputs, seed)


def streams(name: str) -> Callable[[], AsyncIterator[Feed]]:
    """Return the wire of a venue's streams."""

    async def feeds() -> AsyncIterator[Feed]:
        async with connected(name, Certificate()) as exchange:
            yield lambda inputs, seed: over_streams(name, exchange, inputs, seed)

    return feeds


@asynccontextmanager
async def mqtt() -> AsyncIterator[Feed]:
    """Commands from a broker."""
    with tempfile.TemporaryDirectory() as folder:

        async def feed(inputs: int, seed: int) -> None:
            over_gate(gate(Path(folder) / str(seed), ManualClock(NOW)), inputs, seed)

        yield feed


@asynccontextmanager
async def control() -> AsyncIterator[Feed]:
    """Commands over the control socket."""
    with tempfile.TemporaryDirectory() as folder:
        yield lambda inputs, seed: over_control(Path(folder) / "s", inputs, seed)


@asynccontextmanager
async def http() -> AsyncIterator[Feed]:
    """Requests to the page."""
    async with site() as at:
        yield lambda inputs, seed: over_http(at, inputs, seed)


WIRES: Final = {
    "rpc": rpc,
    "heads": heads,
    **{name: asynccontextmanager(venue(name)) for name in VENUES},
    "hyperliquid": hyperliquid,
    **{f"streams-{name}": asynccontextmanager(streams(name)) for name in URLS},
    "mqtt": mqtt,
    "control": control,
    "http": http,
}


async def run(name: str, inputs: int, seed: int) -> None:
    """Feed a wire.

    Raises:
        AssertionError: something untrue was believed, or memory grew.
    """
    async with WIRES[name]() as feed:
        await feed(WARM_UP, seed)
        before = resident()
        for number in range(0, inputs, INPUTS):
            await feed(min(INPUTS, inputs - number), seed + number + 1)
            grown = resident() - before
            told = f"memory {grown / 1e6:+.1f} MB, {time.process_time():.0f} s of CPU, seed {seed}"
            sys.stdout.write(f"{name}: {min(number + INPUTS, inputs)} of {inputs}, {told}\n")
            sys.stdout.flush()
            if grown > GROWTH:
                raise AssertionError(f"memory grew by {grown / 1e6:.0f} MB")


if __name__ == "__main__":
    silent()
    for wire in sys.argv[2:] or WIRES:
        asyncio.run(run(wire, int(sys.argv[1]) if len(sys.argv) > 1 else MANY, int(time.time())))
