"""The link against a real Mosquitto: what subscribers see, what becomes of commands, what a dead broker does."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.concurrency import end
from bot.core.command import Verb
from bot.core.record import Event
from bot.core.run_state import RunState
from bot.core.telemetry_event import CycleRecorded, EventJournaled
from bot.telemetry.mqtt.config import MqttConfig
from bot.telemetry.mqtt.link import MqttLink
from bot.telemetry.mqtt.payloads import BotState, CommandMessage, CommandReply, UnderlyingState, VenueState
from bot.telemetry.mqtt.signing import Signer, command_mac
from tests.core.scenes import NOW
from tests.telemetry.feed import tell
from tests.telemetry.mqtt.scene import DEADLINE, PREFIX, Ear, Mosquitto, listening
from tests.telemetry.operators import Loop
from tests.telemetry.web.scenes import record

pytestmark = pytest.mark.slow


@asynccontextmanager
async def linked(config: MqttConfig, operator: Loop | None = None) -> AsyncIterator[MqttLink]:
    """Run a link; end it as the daemon does."""
    link = MqttLink(config, operator or Loop(), SystemClock())
    task = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        await end(task)


async def test_subscribers_see_the_bot_its_underlyings_and_its_venues(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with listening(mosquitto) as ear, linked(mosquitto.config(tmp_path)) as link:
        tell(link, CycleRecorded(record()))
        bot = BotState.model_validate_json((await ear.until(f"{PREFIX}/state/bot")).payload)
        eth = (await ear.until(f"{PREFIX}/state/underlying/ETH")).payload
        venue = VenueState.model_validate_json((await ear.until(f"{PREFIX}/state/venue/paper")).payload)
    assert (bot.bot, bot.state, bot.cycle, bot.lp_value) == ("testbot", RunState.RUNNING, 1, Decimal(10_000))
    hedge = UnderlyingState.model_validate_json(eth)
    assert (hedge.exposure, hedge.position) == (Decimal("2.5"), Decimal("-2.5"))
    assert json.loads(eth)["exposure"] == "2.5"
    assert (venue.equity, venue.margin_ratio) == (Decimal(10_000), Decimal("0.02"))
    assert venue.liquidation_distance == Decimal("0.5")


async def test_whoever_comes_later_sees_the_last_state_and_not_the_events(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with linked(mosquitto.config(tmp_path)) as link, listening(mosquitto) as early:
        tell(link, CycleRecorded(record()))
        tell(link, EventJournaled(Event(NOW, "started", "the daemon started", {})))
        assert "the daemon started" in (await early.until(f"{PREFIX}/event")).payload
        async with listening(mosquitto) as late:
            found = [await late.next() for _ in range(6)]
    assert all(message.retained for message in found)
    assert {message.topic.removeprefix(f"{PREFIX}/") for message in found} == {
        "availability",
        "state/bot",
        "state/commands",
        "state/underlying/BTC",
        "state/underlying/ETH",
        "state/venue/paper",
    }


async def test_availability_says_online_and_at_the_end_stopped(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with listening(mosquitto, f"{PREFIX}/availability") as ear:
        for _ in range(2):
            async with linked(mosquitto.config(tmp_path)):
                assert (await ear.next()).payload == "online"
            assert (await ear.next()).payload == "stopped"


async def test_the_state_is_told_anew_to_a_broker_that_came_back(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with linked(mosquitto.config(tmp_path)) as link:
        async with listening(mosquitto) as ear:
            tell(link, CycleRecorded(record(1)))
            await ear.until(f"{PREFIX}/state/bot", '"cycle":1')
        mosquitto.kill()
        away, took = record(2), []
        for _ in range(200):
            before = time.perf_counter()
            tell(link, CycleRecorded(away))
            took.append(time.perf_counter() - before)
        assert sorted(took)[100] < 0.01
        mosquitto.start()
        async with listening(mosquitto) as ear:
            assert (await ear.until(f"{PREFIX}/availability")).payload == "online"
            await ear.until(f"{PREFIX}/state/bot", '"cycle":2')


class Sender:
    """Writes commands by mosquitto_pub, right ones and wrong ones."""

    def __init__(self, broker: Mosquitto, epoch: int = 7, bot: str = "testbot", key: bytes | None = None) -> None:
        self._broker = broker
        self._signer = Signer(key or broker.key, bot, epoch)
        self._sent = 0

    def message(self, verb: str = "freeze", late: timedelta = timedelta(), **changes: object) -> CommandMessage:
        self._sent += 1
        now = SystemClock().now() - timedelta(seconds=1) + timedelta(milliseconds=self._sent) - late
        right = self._signer.command(verb, "test", f"id-{self._sent}", now)
        bent = right.model_copy(update=changes)
        return bent.model_copy(update={"mac": command_mac(self._signer.key, bent)}) if changes else right

    async def send(self, message: CommandMessage, *more: str, verb: str | None = None) -> int:
        return await self._broker.pub(f"{PREFIX}/cmd/{verb or message.verb}", message.encode(), *more)


async def refused(ear: Ear, fault: str, count: int = 1) -> None:
    await ear.until(f"{PREFIX}/state/commands", f'"{fault}":{count}')


async def test_a_signed_command_is_obeyed_and_answered(mosquitto: Mosquitto, tmp_path: Path) -> None:
    loop = Loop()
    async with listening(mosquitto) as ear, linked(mosquitto.config(tmp_path), loop):
        await ear.until(f"{PREFIX}/state/commands")
        sender = Sender(mosquitto)
        assert await sender.send(sender.message()) == 0
        reply = CommandReply.model_validate_json((await ear.until(f"{PREFIX}/cmd/freeze/result")).payload)
    assert [command.words for command in loop.taken] == ["freeze by mqtt: test"]
    assert (reply.id, reply.accepted, reply.state) == ("id-1", True, RunState.FROZEN)


async def test_whatever_is_wrong_with_a_command_it_is_refused_and_counted(mosquitto: Mosquitto, tmp_path: Path) -> None:
    loop, hour = Loop(), 3600
    async with listening(mosquitto) as ear, linked(mosquitto.config(tmp_path), loop):
        await ear.until(f"{PREFIX}/state/commands")
        sender = Sender(mosquitto)
        first = sender.message("status")
        await sender.send(first)
        await ear.until(f"{PREFIX}/cmd/status/result")
        await sender.send(first)
        await refused(ear, "replayed")
        await sender.send(sender.message(mac="0" * 64).model_copy(update={"mac": "0" * 64}))
        await refused(ear, "forged")
        await sender.send(sender.message().model_copy(update={"args": {"reason": "other words"}}))
        await refused(ear, "forged", 2)
        stranger = Sender(mosquitto, key=b"k" * 64)
        await stranger.send(stranger.message())
        await refused(ear, "forged", 3)
        await sender.send(sender.message(late=timedelta(seconds=31)))
        await refused(ear, "expired")
        await sender.send(sender.message(expires=int(time.time()) + hour))
        await refused(ear, "too_far_ahead")
        await sender.send(sender.message(counter=2**53))
        await refused(ear, "too_far_ahead", 2)
        await sender.send(sender.message(epoch=6))
        await refused(ear, "old_epoch")
        await sender.send(sender.message(bot="otherbot"))
        await refused(ear, "other_bot")
        await sender.send(sender.message("freeze"), verb="pause")
        await refused(ear, "other_topic")
        await sender.send(sender.message("resume"))
        await refused(ear, "not_allowed")
        await sender.send(sender.message("flatten"))
        await refused(ear, "not_allowed", 2)
        await sender.send(sender.message(), "--retain")
        await refused(ear, "retained")
    assert [command.verb for command in loop.taken] == [Verb.STATUS]


async def test_a_command_retained_before_the_bot_came_is_refused(mosquitto: Mosquitto, tmp_path: Path) -> None:
    loop, sender = Loop(), Sender(mosquitto)
    await sender.send(sender.message(), "--retain")
    async with listening(mosquitto) as ear, linked(mosquitto.config(tmp_path), loop):
        await refused(ear, "retained")
    assert loop.taken == []


async def test_a_replay_after_a_restart_is_refused(mosquitto: Mosquitto, tmp_path: Path) -> None:
    sender = Sender(mosquitto)
    message = sender.message()
    for fault in (None, "replayed"):
        loop = Loop()
        async with listening(mosquitto) as ear, linked(mosquitto.config(tmp_path), loop):
            await ear.until(f"{PREFIX}/state/commands")
            await sender.send(message)
            if fault is None:
                await ear.until(f"{PREFIX}/cmd/freeze/result")
            else:
                await refused(ear, fault)
        assert len(loop.taken) == (fault is None)


async def test_the_broker_lets_nobody_in_with_a_wrong_word_and_keeps_everyone_to_his_topics(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    loop, sender = Loop(), Sender(mosquitto)
    async with listening(mosquitto) as ear, linked(mosquitto.config(tmp_path), loop):
        await ear.until(f"{PREFIX}/state/commands")
        process = await asyncio.create_subprocess_exec(
            "mosquitto_pub",
            *mosquitto.arguments("operator", "wrong"),
            *("-t", f"{PREFIX}/cmd/freeze", "-m", "x"),
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert await asyncio.wait_for(process.wait(), DEADLINE) != 0
        await mosquitto.pub(f"{PREFIX}/cmd/freeze", sender.message().encode(), user="viewer")
        await mosquitto.pub(f"{PREFIX}/state/bot", b'{"fake":1}', user="operator")
        await sender.send(sender.message("status"))
        await ear.until(f"{PREFIX}/cmd/status/result")
    assert [command.verb for command in loop.taken] == [Verb.STATUS]
    assert not [heard for heard in ear.heard if "fake" in heard.payload]


async def test_a_link_with_a_wrong_password_keeps_trying_and_does_no_harm(mosquitto: Mosquitto, tmp_path: Path) -> None:
    wrong = mosquitto.config(tmp_path, broker=mosquitto.broker("viewer"))
    async with linked(mosquitto.config(tmp_path, broker=wrong.broker, key=None)) as link:
        tell(link, CycleRecorded(record()))
        async with listening(mosquitto) as ear, linked(mosquitto.config(tmp_path)) as right:
            tell(right, CycleRecorded(record(3)))
            await ear.until(f"{PREFIX}/state/bot", '"cycle":3')


async def test_home_assistant_learns_of_one_device_with_its_sensors(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with listening(mosquitto, "homeassistant/#") as ear, linked(mosquitto.config(tmp_path)):
        found = await ear.next()
    assert found.topic == "homeassistant/device/dnbot_testbot/config"
    device = json.loads(found.payload)
    parts = device["components"]
    assert device["device"]["identifiers"] == ["dnbot_testbot"]
    assert {part["platform"] for part in parts.values()} == {"sensor", "binary_sensor"}
    assert parts["dnbot_testbot_eth_drift"]["state_topic"] == f"{PREFIX}/state/underlying/ETH"
    assert all(part["availability"][0]["topic"] == f"{PREFIX}/availability" for part in parts.values())
