"""No part of a key stands in anything that dnbot writes or shows: while it trades, and while the venue echoes it."""

from __future__ import annotations

import base64
import os
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web

from bot.core.orders import OrderKind
from bot.paper.servers.desk import Credentials
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import Serve, respond
from bot.paper.servers.venue import Incoming
from bot.venues.registry import kind_of
from tests.e2e.accounts import planted
from tests.e2e.harness import World, world
from tests.e2e.on_scene import play, served
from tests.forks import fork
from tests.paper.servers.flavours import campaign_but
from tests.telemetry.mqtt.bare_broker import bare_broker

pytestmark = pytest.mark.chain

PAGES = ("", "status", "metrics", "livez", "readyz")
COMMANDS = ("config show", "config show --json", "doctor", "plan --json", "status --full", "advise")


@dataclass
class Echo:
    """A venue that, where it is told to, answers what it was sent, keys and all, in every form of an error."""

    keys: Credentials
    on: bool = False
    said: int = 0

    async def __call__(self, request: web.BaseRequest, incoming: Incoming, serve: Serve) -> web.StreamResponse:
        del request
        if not self.on:
            return respond(await serve(incoming))
        self.said += 1
        words = (
            f"{self.keys.key} {self.keys.secret} 0x{self.keys.secret} {self.keys.passphrase} {dict(incoming.headers)}"
        )
        told = f"{words} {incoming.body.decode()}"
        match self.said % 4:
            case 0:
                return web.Response(status=500, text=told)
            case 1:
                return web.json_response({"status": "err", "response": told, "code": "40017", "msg": told}, status=400)
            case 2:
                return web.json_response({"status": "err", "response": told, "code": "40017", "msg": told})
            case _:
                return web.json_response([{"universe": told, "coin": told, "szi": told}])


@dataclass
class Written:
    """What was written or shown, by where."""

    texts: dict[str, str] = field(default_factory=dict)

    def take_folder(self, folder: Path) -> None:
        """Take every file; the configuration, which holds the keys, is not in it."""
        for file in folder.rglob("*"):
            if file.is_file():
                self.texts[file.name] = file.read_bytes().decode("latin-1")

    async def take_pages(self, port: int) -> None:
        async with aiohttp.ClientSession() as session:
            for name in PAGES:
                async with session.get(f"http://127.0.0.1:{port}/{name}") as answer:
                    self.texts[f"/{name}"] = await answer.text()

    async def take_commands(self, here: World, when: str) -> None:
        for command in COMMANDS:
            environ = {name: value for name, value in os.environ.items() if not name.startswith("DNBOT_")}
            words = (*command.split(), "-c", str(here.config))
            process = await fork("bot", *words, env=environ, stdout=PIPE, stderr=STDOUT)
            said, _ = await process.communicate()
            self.texts[f"{command} {when}"] = said.decode()

    def leaks(self, keys: Credentials) -> list[str]:
        """Return where which part of the keys stands."""
        return [
            f"{form!r} in {where}"
            for where, text in self.texts.items()
            for form in forms(keys)
            if form in text or form in text.lower()
        ]


def forms(keys: Credentials) -> Iterator[str]:
    """Return what of the secret parts must not show, in the spellings that may come up."""
    for part in filter(None, (keys.secret, keys.passphrase)):
        yield from (part, part.lower(), quote(part, safe=""), part[::-1], part[:24], part[-24:])
        yield base64.b64encode(part.encode()).decode().rstrip("=")
        if len(part) == 64:  # the digits of a private key
            yield str(int(part, 16))
            yield str(bytes.fromhex(part))


@pytest.mark.parametrize("flavour", campaign_but(SERVERS, "hyperliquid"))
async def test_no_key_is_in_any_output(flavour: str, tmp_path: Path) -> None:
    keys, kind = planted(flavour), SERVERS[flavour]
    if keys.passphrase not in kind.login(keys).values():  # a venue without one can't echo it, nor dnbot know it
        keys = replace(keys, passphrase="")
    echo, out = Echo(keys), Written()
    async with (
        bare_broker() as broker,
        world(tmp_path, blocks=20, present=True, chain='max_head_age = "10m"') as here,
        served(here, kind, kind_of(kind.kind), keys, f"[mqtt]\nenabled = true\nport = {broker.port}\n", echo) as (
            desk,
            port,
        ),
    ):
        here.config.write_text(here.config.read_text().replace("[log]", '[log]\nlevel = "debug"'), encoding="utf-8")
        daemon = await here.daemon()
        await daemon.said("cycle")
        while not any(order.kind is OrderKind.STOP_MARKET for order in desk.working()):
            await play(here, daemon)
        await out.take_pages(port)
        await out.take_commands(here, "while it trades")
        before = len(daemon.lines)
        echo.on = True
        await daemon.cycle(here.scene.index, after=before)
        await play(here, daemon)
        await out.take_pages(port)
        await out.take_commands(here, "while the venue echoes")
        echo.on = False
        await play(here, daemon)
        assert await daemon.stop() == 0
        out.texts["log"] = "\n".join(map(str, daemon.lines))
        out.texts["mqtt"] = b"\n".join(body for _, body in broker.heard).decode("latin-1")
        out.take_folder(tmp_path / "state")
    assert echo.said > 10
    assert {"journal.sqlite", "log", "mqtt", "/metrics", "config show while it trades"} <= out.texts.keys()
    assert min(len(out.texts[name]) for name in ("journal.sqlite", "log", "mqtt", "/metrics", "/status")) > 1000
    assert "***" in out.texts["config show while it trades"]
    assert out.leaks(keys) == []
