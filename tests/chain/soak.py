"""``python -m tests.chain.soak [INPUTS]``: a hundred thousand spoiled answers over each wire of a chain."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from typing import Final

from bot.chain.head_socket import reduced
from bot.demo.chain import LocalChain
from bot.demo.node import Anvil
from bot.demo.rpc import Rpc
from tests.chain import fuzz
from tests.chain.scene import Scene
from tests.chain.test_fuzz import GROWTH, over_rpc, over_socket, resident
from tests.faults.soak import silent

INPUTS: Final = 100_000
ROUND: Final = 2_000
WARM_UP: Final = 200
OVER_SOCKET: Final = 200
"""One of so many messages goes over a real socket, since most of them end its connection; all are read."""


async def run(inputs: int, seed: int) -> None:
    """Feed both wires.

    Raises:
        AssertionError: something untrue was believed, or memory grew.
    """
    silent()
    async with Anvil() as anvil, Rpc(anvil.url) as rpc:
        scene = await Scene.on(await LocalChain.deploy(rpc))
        await over_rpc(scene, WARM_UP, seed)
        before = resident()
        for number in range(0, inputs, ROUND):
            await over_rpc(scene, min(ROUND, inputs - number), seed + number + 1)
            _tell("RPC", number + ROUND, inputs, before)
        connected = await over_socket(inputs // OVER_SOCKET, seed)
        sent, refused = fuzz.notifications(random.Random(seed)), 0
        for _ in range(inputs):
            try:
                reduced(next(sent))
            except ValueError:
                refused += 1
        _tell(f"WebSocket, connected {connected} times, {refused} refused", inputs, inputs, before)


def _tell(wire: str, done: int, inputs: int, before: float) -> None:
    grown = resident() - before
    sys.stdout.write(f"{wire}: {min(done, inputs)} of {inputs} spoiled answers, memory {grown / 1e6:+.1f} MB\n")
    if grown > GROWTH:
        raise AssertionError(f"memory grew by {grown / 1e6:.0f} MB")


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else INPUTS, int(time.time())))
