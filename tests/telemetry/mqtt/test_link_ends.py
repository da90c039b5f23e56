"""The link ends when it is told to, in whatever moment that comes and whatever the broker does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot import concurrency
from bot.clock import SystemClock
from bot.concurrency import end
from bot.core.command import Verb
from bot.core.types import Mode
from bot.telemetry.mqtt import link as link_module
from bot.telemetry.mqtt.config import Broker, MqttConfig
from bot.telemetry.mqtt.link import MqttLink
from tests.telemetry.mqtt.bare_broker import BareBroker, Packet, bare_broker
from tests.telemetry.operators import Loop

PASSES = 8
"""Passes of the event loop after an answer left, within which the link has certainly taken it."""
SOON = 1.5
"""Seconds; less than a second cancellation takes to come."""


def link_to(broker: BareBroker, folder: Path) -> MqttLink:
    config = MqttConfig(
        broker=Broker("127.0.0.1", broker.port, "dnbot", "word"),
        prefix="dnbot/testbot",
        bot_id="testbot",
        version="0.1.0",
        mode=Mode.PAPER,
        epoch=7,
        counter_file=folder / "mqtt-counter",
        key=b"k" * 32,
        verbs=frozenset({Verb.STATUS}),
        queue=10,
        discovery=None,
        underlyings=(),
        venues={},
    )
    return MqttLink(config, Loop(), SystemClock())


@pytest.mark.parametrize("passes", range(PASSES))
@pytest.mark.parametrize("answer", [Packet.CONNECT, Packet.PUBLISH, Packet.SUBSCRIBE])
async def test_a_cancellation_that_comes_with_an_answer_is_not_lost(
    tmp_path: Path, answer: Packet, passes: int
) -> None:
    async with bare_broker() as broker:
        task = asyncio.create_task(link_to(broker, tmp_path).run())
        came = asyncio.Event()
        broker.answered = lambda kind: came.set() if kind is answer else None
        await came.wait()
        for _ in range(passes):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=SOON)
        assert task.cancelled()


@pytest.mark.parametrize("ignored", [Packet.CONNECT, Packet.PUBLISH, Packet.SUBSCRIBE])
async def test_a_broker_that_falls_silent_does_not_hold_it_up(
    tmp_path: Path, ignored: Packet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "FAREWELL", 0.1)
    monkeypatch.setattr(concurrency, "AGAIN", 0.3)
    async with bare_broker() as broker:
        broker.ignored.add(ignored)
        task = asyncio.create_task(link_to(broker, tmp_path).run())
        await broker.until(ignored)
        async with asyncio.timeout(SOON):
            await end(task)
        assert task.cancelled()
