"""Whatever comes over the RPC and WebSocket wires: typed errors only, memory bounded, and the next read is whole."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from aiohttp import web

from bot.chain.head_socket import reduced
from bot.clock import SystemClock
from bot.core.errors import Retryable, SkipCycle
from bot.core.snapshot import LpPosition
from bot.demo.chain import LocalChain
from tests import spoil
from tests.chain.following import QUICK, Node, following
from tests.chain.scene import Scene
from tests.chain.setup import PATIENT, behind, reading
from tests.chain.test_head_tracker import block
from tests.demo.tricks import empty_blocks
from tests.faults import nodes
from tests.faults.nodes import Answer, Json, honest, node
from tests.faults.rpc import FaultyRpc, serving
from tests.faults.ws import FaultyWs, listening
from tests.spoil import GROWTH, INPUTS, resident

EAGER = replace(QUICK, subscription_retry=0.001, poll_interval=0.001, max_head_age=timedelta(seconds=20))
READ, LEFT = 0.02, 10
"""Seconds that a message gets to be read where it may be, and the connection to be left where it may not."""


class HastyClock(SystemClock):
    """The machine's time in time-lapse, so that pauses and penalties cost nothing."""

    skipped = 0.0

    def monotonic(self) -> float:
        return super().monotonic() * 100 + self.skipped

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 100)


async def over_rpc(scene: Scene, inputs: int, seed: int) -> None:
    """Read through a node that spoils every third answer, and an honest one, until so many answers were spoiled.

    With the honest one beside it no view says that a position holds a tenth more or less than it does at that price, or
    holds other tokens, and when the node is honest again the next block's view is the true one.
    """
    draw, spoilt = random.Random(seed), 0

    async def play(front: nodes.Node, body: Json) -> Answer:
        nonlocal spoilt
        answer = await front.ask(body)
        if draw.random() < 0.66:
            return answer
        spoilt += 1
        status, headers, pack = spoil.headers(draw)
        raw = pack(spoil.spoiled(answer, draw))
        return web.Response(status=status, body=raw, headers={"Content-Type": "application/json", **headers})

    limits = replace(PATIENT, confirm=True)
    async with (
        node(scene.chain.rpc.url, play) as odd,
        node(scene.chain.rpc.url, honest) as good,
        reading(scene.config) as honestly,
    ):
        whole = await honestly.read()
        truth = {position.id: position for position in whole.positions}
        while spoilt < inputs:
            odd.play = play
            config = behind(scene.config, *draw.choice([(odd.url,), (odd.url, good.url)]), limits=limits)
            clock = HastyClock()
            async with reading(config, clock) as reader:
                for _ in range(10):
                    with suppress(Retryable, SkipCycle):
                        view = await reader.read()
                        for position in view.positions:
                            if len(config.rpc_urls) == 2:
                                true = truth[position.id]
                                assert 0.89 < _growth(true, position) < 1.11, f"{position} ({seed=})"
                                assert (position.token0, position.token1) == (true.token0, true.token1), f"{seed=}"
                            await reader.entry(position)
                odd.play = honest
                await empty_blocks(scene.chain, 1)
                clock.skipped += 2 * limits.max_head_age.total_seconds()  # no lie about the head lasts longer
                if len(config.rpc_urls) == 2:
                    assert {position.id: position for position in (await reader.read()).positions} == truth


def _is_read(message: bytes) -> bool:
    try:
        reduced(message)
    except ValueError:
        return False
    return True


def _growth(true: LpPosition, said: LpPosition) -> Decimal:
    """Return what a position is said to hold over what it holds at the price that is said."""
    price = said.curve.price()
    held0, held1 = true.curve.principal_at(price)
    held = (held0 + true.amounts.fees0) * price + held1 + true.amounts.fees1
    return (said.amounts.total0 * price + said.amounts.total1) / held


async def over_socket(inputs: int, seed: int) -> int:
    """Follow heads over a socket that sends spoiled messages; return how often it was connected to."""
    sent, real = spoil.notifications(random.Random(seed)), Node()
    async with (
        serving(FaultyRpc(real.answer)) as rpc,
        listening(FaultyWs()) as socket,
        following(rpc.url, socket.url, limits=EAGER, seconds=600, clock=HastyClock()) as (heads, _),
    ):
        assert await anext(heads) == block(1)
        later = asyncio.ensure_future(anext(heads))
        for _ in range(inputs):
            await socket.subscribed.wait()
            socket.left.clear()
            text = next(sent).decode(errors="replace")
            with suppress(ConnectionError, TimeoutError):  # the connection was left for an earlier message
                await socket.text(text)
                async with asyncio.timeout(READ if _is_read(text.encode()) else LEFT):
                    await socket.left.wait()
        real.newest = block(2)
        assert await later == block(2)
    return socket.connections


@pytest.mark.chain
async def test_spoiled_answers_make_typed_errors_alone_and_the_next_read_is_whole(chain: LocalChain) -> None:
    scene = await Scene.on(chain)
    await over_rpc(scene, 100, seed=0)
    before = resident()
    await over_rpc(scene, INPUTS, seed=1)
    assert resident() - before < GROWTH


def test_a_spoiled_message_is_reduced_or_refused() -> None:
    sent = spoil.notifications(random.Random(3))
    read = [reduced(message) for message in itertools.islice(sent, INPUTS) if _is_read(message)]
    assert read
    assert all(len(json.dumps(message)) < 1_000 for message in read)


async def test_spoiled_messages_on_a_socket_lead_to_polling() -> None:
    assert await over_socket(60, seed=4) > 10
