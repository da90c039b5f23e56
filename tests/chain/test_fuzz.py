"""Whatever comes over the RPC and WebSocket wires: typed errors only, memory bounded, and the next read is whole."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from bot.chain.head_socket import reduced
from bot.clock import SystemClock
from bot.core.errors import Retryable, SkipCycle
from bot.demo.chain import LocalChain
from tests import spoil
from tests.chain.following import QUICK, Node, following
from tests.chain.scene import Scene
from tests.chain.setup import PATIENT, behind, reading
from tests.chain.test_head_tracker import block
from tests.faults import nodes
from tests.faults.nodes import Answer, Json, honest, node
from tests.faults.rpc import FaultyRpc, serving
from tests.faults.ws import FaultyWs, listening
from tests.spoil import GROWTH, INPUTS, resident

EAGER = replace(QUICK, subscription_retry=0.001, poll_interval=0.001, max_head_age=timedelta(seconds=20))
READ = 0.02
"""Seconds that a message gets to be read, and the connection to be left for it."""


class HastyClock(SystemClock):
    """The machine's time in time-lapse, so that pauses and penalties cost nothing."""

    def monotonic(self) -> float:
        return super().monotonic() * 100

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 100)


async def over_rpc(scene: Scene, inputs: int, seed: int) -> None:
    """Read through a node that spoils every third answer, and an honest one, until so many answers were spoiled.

    Whatever view comes of it says nothing that is not true, and when the node is honest again the next one is whole.
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
            async with reading(config, HastyClock()) as reader:
                for _ in range(10):
                    with suppress(Retryable, SkipCycle):
                        view = await reader.read()
                        for position in view.positions:
                            assert len(config.rpc_urls) == 1 or truth[position.id] == position
                            await reader.entry(position)
                odd.play = honest
                if len(config.rpc_urls) == 2:
                    assert {position.id: position for position in (await reader.read()).positions} == truth


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
            with suppress(ConnectionError, TimeoutError):  # most messages end the connection, some are read
                await socket.text(next(sent).decode(errors="replace"))
                async with asyncio.timeout(READ):
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
    for _ in range(INPUTS):
        try:
            message = reduced(next(sent))
        except ValueError:
            continue
        assert len(json.dumps(message)) < 1_000


async def test_spoiled_messages_on_a_socket_lead_to_polling() -> None:
    assert await over_socket(60, seed=4) > 10
