"""``dnbot mqtt`` with a real daemon and a real broker: commands, what they answer, and what becomes of a lost bot."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.telemetry.mqtt.keys import KEY, PASSWORDS, USERS
from tests.app.settings.scenes import RIGHT, written
from tests.cli.scenes import dnbot
from tests.cli.test_control import daemon
from tests.telemetry.mqtt.scene import Mosquitto, listening, new_broker


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = new_broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


def config(folder: Path, broker: Mosquitto) -> Path:
    nobody = RIGHT.replace("http://127.0.0.1:8545", "http://127.0.0.1:9")
    table = f"""
[bot]
id = "testbot"
state_dir = "{folder}/state"
[http]
port = 0
[mqtt]
enabled = true
port = {broker.port}
username = "dnbot"
password = "{broker.password("dnbot")}"
key = "{broker.key.decode()}"
"""
    file = written(folder, table + nobody)
    file.chmod(0o600)
    return file


async def test_signed_commands_steer_a_daemon_and_its_loss_is_seen(mosquitto: Mosquitto, tmp_path: Path) -> None:
    file = config(tmp_path, mosquitto)
    operator = ["--username", "operator", "--password-file", tmp_path / "secrets" / USERS["operator"], "-c", file]
    async with listening(mosquitto) as ear:
        with daemon(file):
            await ear.until("dnbot/testbot/availability", "online")
            await ear.until("dnbot/testbot/state/commands")
            frozen = await asyncio.to_thread(dnbot, "mqtt", "send", "freeze", "odd prices", "--json", *operator)
            assert frozen.code == 0, frozen.err
            assert json.loads(frozen.out)["state"] == "frozen"
            status = await asyncio.to_thread(dnbot, "mqtt", "send", "status", *operator)
            assert "odd prices" in status.out
            flatten = await asyncio.to_thread(dnbot, "mqtt", "send", "flatten", "--yes", *operator)
            assert flatten.code == 1
            assert "not allowed over MQTT" in flatten.err
            resume = await asyncio.to_thread(dnbot, "mqtt", "send", "resume", *operator)
            assert resume.code == 2
            assert "never taken over MQTT" in resume.err
        await ear.until("dnbot/testbot/availability", "stopped")
        with daemon(file, ends=-9) as lost:
            await ear.until("dnbot/testbot/availability", "online")
            lost.kill()
            await ear.until("dnbot/testbot/availability", "offline")


async def test_without_a_bot_the_sender_says_so(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.telemetry.mqtt.command_client.GREETING", 0.3)
    sent = await asyncio.to_thread(dnbot, "mqtt", "send", "freeze", "-c", config(tmp_path, mosquitto))
    assert sent.code == 1
    assert "no bot takes commands at dnbot/testbot" in sent.err


async def test_a_broker_that_is_away_or_refuses_is_named(mosquitto: Mosquitto, tmp_path: Path) -> None:
    file = config(tmp_path, mosquitto)
    wrong = written(tmp_path, "wrong", "password")
    refused = await asyncio.to_thread(
        dnbot, "mqtt", "send", "freeze", "-c", file, "--username", "operator", "--password-file", wrong
    )
    assert (refused.code, "Not authorized" in refused.err) == (1, True)
    mosquitto.kill()
    away = await asyncio.to_thread(dnbot, "mqtt", "send", "freeze", "-c", file)
    assert (away.code, f"127.0.0.1:{mosquitto.port}" in away.err) == (1, True)


def test_keys_are_made_once_and_for_their_owner(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    made = dnbot("mqtt", "keys", folder)
    assert made.code == 0, made.err
    assert {file.name for file in folder.iterdir()} == {*USERS.values(), KEY, PASSWORDS}
    assert folder.stat().st_mode & 0o077 == 0
    texts = {file.name: file.read_text() for file in folder.iterdir()}
    assert len(set(texts.values())) == len(texts)
    assert not any(texts[name] in texts[PASSWORDS] for name in USERS.values())
    again = dnbot("mqtt", "keys", folder)
    assert again.code == 2
    assert "exists already" in again.err
