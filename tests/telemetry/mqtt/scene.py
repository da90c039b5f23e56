"""A real Mosquitto with the ACL, settings and password file of ``docker/``, and its own command-line clients."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.core.command import Verb
from bot.core.types import Mode
from bot.telemetry.mqtt.config import Broker, MqttConfig
from bot.telemetry.mqtt.keys import KEY, PASSWORDS, USERS, make_keys
from tests.core.scenes import ETH, PAPER, symbol

ROOT = Path(__file__).parents[3]
DOCKER = ROOT / "docker" / "mosquitto"
PREFIX = "dnbot/testbot"
DEADLINE = 20
_MESSAGE = ("0 ", "1 ")
"""How a line with a message begins: whether it was retained."""


def require_mosquitto() -> None:
    """Install Mosquitto where this is root; skip the test where it can't be had."""
    with (Path(tempfile.gettempdir()) / "dnbot-test-mosquitto.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        proof = "command -v mosquitto && command -v mosquitto_sub && command -v mosquitto_pub"
        tried = subprocess.run(  # noqa: S603 - the project's own script
            [ROOT / "tools" / "need", proof, "mosquitto", "mosquitto-clients"],
            capture_output=True,
            text=True,
            check=False,
        )
    if tried.returncode:
        pytest.skip(tried.stderr.strip())


@dataclass
class Mosquitto:
    """A broker on a loopback port of its own; ``kill`` and ``start`` at will."""

    folder: Path
    port: int
    secrets: Path
    _process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start it with docker's own files, only where they lie differs; wait until it listens."""
        text = (DOCKER / "mosquitto.conf").read_text(encoding="utf-8")
        text = text.replace("/mosquitto/config/acl", str(DOCKER / "acl"))
        text = text.replace("/run/secrets/mosquitto-passwords", str(self.secrets / PASSWORDS))
        text = text.replace("listener 1883", f"listener {self.port} 127.0.0.1")
        config = self.folder / "mosquitto.conf"
        config.write_text(f"{text}\nuser {os.environ.get('USER', 'root')}\n", encoding="utf-8")
        with (self.folder / "mosquitto.log").open("ab") as log:
            command = [shutil.which("mosquitto") or "mosquitto", "-c", str(config)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - a fixed command
        for _ in range(200_000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process.poll() is None, (self.folder / "mosquitto.log").read_text()
            os.sched_yield()
        raise AssertionError("mosquitto does not listen")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def password(self, user: str) -> str:
        return (self.secrets / USERS[user]).read_text(encoding="ascii")

    @property
    def key(self) -> bytes:
        return (self.secrets / KEY).read_bytes()

    def broker(self, user: str = "dnbot") -> Broker:
        return Broker("127.0.0.1", self.port, user, self.password(user))

    def config(self, folder: Path, **changes: object) -> MqttConfig:
        values: dict[str, object] = {
            "broker": self.broker(),
            "prefix": PREFIX,
            "bot_id": "testbot",
            "version": "0.1.0",
            "mode": Mode.PAPER,
            "epoch": 7,
            "counter_file": folder / "mqtt-counter",
            "key": self.key,
            "verbs": frozenset({Verb.STATUS, Verb.PAUSE, Verb.FREEZE}),
            "discovery": "homeassistant",
            "underlyings": (ETH,),
            "venues": {PAPER: (symbol(ETH),)},
            **changes,
        }
        return MqttConfig(**values)  # type: ignore[arg-type]  # the fields' own values

    def arguments(self, user: str = "operator", password: str | None = None) -> list[str]:
        word = self.password(user) if password is None else password
        return ["-h", "127.0.0.1", "-p", str(self.port), "-u", user, "-P", word, "-V", "mqttv5"]

    async def pub(self, topic: str, payload: bytes, *more: str, user: str = "operator") -> int:
        """Publish by mosquitto_pub; return its exit code."""
        process = await asyncio.create_subprocess_exec(
            "mosquitto_pub",
            *self.arguments(user),
            *("-q", "1", "-t", topic, "-s", *more),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await process.communicate(payload)
        assert process.returncode is not None
        return process.returncode


@dataclass(frozen=True)
class Heard:
    """One message as mosquitto_sub printed it."""

    retained: bool
    topic: str
    payload: str


class Ear:
    """A running mosquitto_sub."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._early: deque[str] = deque()
        self.heard: list[Heard] = []

    async def subscribed(self) -> None:
        """Wait until the broker has the subscription: what it publishes before is never heard, if it is not kept."""
        while (line := await self._line()) and not line.startswith("Subscribed"):
            if line.startswith(_MESSAGE):
                self._early.append(line)

    async def next(self) -> Heard:
        line = self._early.popleft() if self._early else await self._line()
        while line and not line.startswith(_MESSAGE):
            line = await self._line()
        assert line, "mosquitto_sub ended"
        retained, topic, payload = line.rstrip("\n").split(" ", 2)
        text = bytes.fromhex(payload).decode(errors="replace")
        self.heard.append(Heard(retained == "1", topic, text))
        return self.heard[-1]

    async def _line(self) -> str:
        assert self._process.stdout is not None
        return (await asyncio.wait_for(self._process.stdout.readline(), DEADLINE)).decode()

    async def until(self, topic: str, payload: str = "") -> Heard:
        """Listen until something comes on a topic, holding a text."""
        while True:
            heard = await self.next()
            if heard.topic == topic and payload in heard.payload:
                return heard


@asynccontextmanager
async def listening(broker: Mosquitto, topic: str = f"{PREFIX}/#", user: str = "viewer") -> AsyncIterator[Ear]:
    """Subscribe by mosquitto_sub, which tells by lines of its own how far it is."""
    process = await asyncio.create_subprocess_exec(
        *("stdbuf", "-oL", "mosquitto_sub"),
        *broker.arguments(user),
        *("-q", "1", "-t", topic, "-F", "%r %t %x", "-d"),
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    ear = Ear(process)
    try:
        await ear.subscribed()
        yield ear
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def new_broker(folder: Path) -> Mosquitto:
    """Make fresh passwords as ``dnbot mqtt keys`` does, and a broker that knows them."""
    require_mosquitto()
    make_keys(folder / "secrets")
    return Mosquitto(folder, free_port(), folder / "secrets")
