"""Whatever comes under the command topics: only what was signed is obeyed, and the link stays up."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.core.command import Verb
from bot.telemetry.mqtt.command_auth import Gate, Passed
from bot.telemetry.mqtt.connect import INCOMING, LARGEST, client
from bot.telemetry.mqtt.signing import Signer
from tests.core.scenes import NOW
from tests.spoil import GROWTH, INPUTS, resident, spoiled
from tests.telemetry.mqtt.bare_broker import Packet, bare_broker
from tests.telemetry.mqtt.scene import PREFIX, Mosquitto, listening
from tests.telemetry.mqtt.test_command_auth import KEY, VERBS, gate, incoming
from tests.telemetry.mqtt.test_link import Sender, linked
from tests.telemetry.operators import Loop

_MAXIMUM_PACKET_SIZE = 0x27
"""The property's identifier (OASIS MQTT 5.0, 3.1.2.11.4)."""


def over_gate(desk: Gate, inputs: int, seed: int) -> None:
    """Judge commands that were signed rightly and then spoiled: what passes says what was signed, and may be said."""
    draw, signer = random.Random(seed), Signer(KEY, "dn", 3)
    for number in range(inputs):
        verb, at = draw.choice(list(Verb)), NOW - timedelta(milliseconds=inputs - number)
        command = signer.command(verb, draw.choice(["", "odd prices"]), f"id{number}", at)
        right = incoming(command)
        found = desk.judge(replace(right, payload=spoiled(json.loads(right.payload), draw)))
        if isinstance(found, Passed):
            assert (found.command.verb, found.id) == (verb, command.id)
            assert verb in VERBS


def test_a_spoiled_command_passes_only_as_what_was_signed(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    over_gate(gate(tmp_path, clock), 100, seed=0)
    before = resident()
    over_gate(gate(tmp_path / "more", clock), INPUTS, seed=1)
    assert resident() - before < GROWTH


@pytest.mark.slow
async def test_noise_over_the_broker_is_refused_and_a_right_command_still_gets_through(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    loop, draw, inputs = Loop(), random.Random(7), 2 * INCOMING
    sender = Sender(mosquitto)
    async with (
        listening(mosquitto, f"{PREFIX}/state/commands") as ear,
        linked(mosquitto.config(tmp_path), loop),
        client(mosquitto.broker("operator"), None, None) as noise,
    ):
        await ear.next()
        for _ in range(inputs):
            said = json.loads(sender.message().encode())
            payload = spoiled(said, draw)
            if len(payload) < LARGEST - 100 and not _says(payload, said):
                await noise.publish(f"{PREFIX}/cmd/freeze", payload, qos=1)
        async with listening(mosquitto, f"{PREFIX}/cmd/freeze/result") as answers:
            assert await sender.send(sender.message()) == 0
            await answers.next()
    assert len(loop.taken) == 1


async def test_the_broker_is_told_how_large_a_packet_may_be(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with bare_broker() as bare:
        config = mosquitto.config(tmp_path, broker=replace(mosquitto.broker(), port=bare.port))
        async with linked(config):
            await bare.until(Packet.CONNECT)
    (connect,) = (body for kind, body in bare.heard if kind is Packet.CONNECT)
    assert bytes([_MAXIMUM_PACKET_SIZE]) + LARGEST.to_bytes(4) in connect


def _says(payload: bytes, said: object) -> bool:
    try:
        return bool(json.loads(payload) == said)
    except (ValueError, RecursionError):
        return False
