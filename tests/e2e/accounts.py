"""Venue servers for end-to-end tests: an account that ``dnbot`` trades on as a process of its own, over TLS."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from aiohttp import web

from bot.paper.servers.desk import Credentials
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import Serve
from bot.paper.servers.venue import Incoming
from tests.e2e.harness import World
from tests.forks import fork
from tests.paper.engine.scene import BTC, ETH
from tests.paper.servers.flavours import own_symbol, rules_of
from tests.paper.servers.scene import Prices, Scene, serving

KEY = "KEYxPLANTED0123456789abcdefKEYxPLANTED"
SECRET = "SECRETxPLANTED/secret+value=0123456789"  # noqa: S105 - planted, to be looked for in what is written
PASSPHRASE = "PASSxPLANTED0123"  # noqa: S105 - the same
Fault = Callable[[Incoming, Serve], Awaitable[web.StreamResponse | None]]
"""Returns an answer in the venue's place, or None where the venue is to answer."""


@dataclass
class Account:
    """A customer's account on a venue server; ``seen`` keeps every request."""

    flavour: str
    scene: Scene
    ca_file: Path
    seen: list[Incoming] = field(default_factory=list)

    @property
    def writes(self) -> list[Incoming]:
        return [one for one in self.seen if one.method != "GET" and one.path != "/info"]

    def environment(self, **changes: str) -> dict[str, str]:
        """Return the credentials as ``dnbot`` takes them."""
        found = {**SERVERS[self.flavour].login(self.scene.desk.credentials), **changes}
        return {f"DNBOT_VENUES__{self.flavour.upper()}__{name.upper()}": value for name, value in found.items()}

    def table(self, **changes: str) -> str:
        """Return the account's table of the configuration; values are TOML."""
        values = {
            "kind": f'"{self.flavour}"',
            "symbols": f'{{ ETH = "{own_symbol(self.flavour, ETH)}", BTC = "{own_symbol(self.flavour, BTC)}" }}',
            "redirect_to": f'"127.0.0.1:{self.scene.server.port}"',
            "ca_file": f'"{self.ca_file}"',
            **changes,
        }
        lines = (f"{name} = {value}" for name, value in values.items())
        return "\n".join([f"[venues.{self.flavour}]", *lines, ""])


def planted(flavour: str) -> Credentials:
    """Return credentials whose every part can be looked for in what is written."""
    is_text = SERVERS[flavour].settings.keys() & {"api_key"}
    return Credentials(KEY, SECRET, PASSPHRASE) if is_text else SERVERS[flavour].issue("planted")


@asynccontextmanager
async def account(flavour: str, folder: Path, fault: Fault | None = None) -> AsyncIterator[Account]:
    """Serve an account until the end of the block."""
    made: list[Account] = []

    async def around(request: web.BaseRequest, incoming: Incoming, serve: Serve) -> web.StreamResponse:
        del request
        made[0].seen.append(incoming)
        replaced = None if fault is None else await fault(incoming, serve)
        if replaced is not None:
            return replaced
        answer = await serve(incoming)
        return web.json_response(body=answer.body, status=answer.status, headers=answer.headers)

    prices = Prices({own_symbol(flavour, ETH): Decimal(2000), own_symbol(flavour, BTC): Decimal(40_000)})
    async with serving(flavour, rules_of(flavour), around, credentials=planted(flavour), prices=prices) as scene:
        ca_file = folder / f"{flavour}-ca.pem"
        ca_file.write_text(scene.authority, encoding="ascii")
        made.append(Account(flavour, scene, ca_file))
        yield made[0]


def without_venues(world: World) -> str:
    """Return a world's configuration without its paper venue."""
    return world.config.read_text(encoding="utf-8").partition("[venues.paper]")[0]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int | None
    said: str


async def dnbot(*arguments: str, environ: Mapping[str, str], seconds: float = 60) -> Ended:
    """Run ``dnbot`` until it ends; it sees nothing of the user's own configuration."""
    process = await fork("bot", *arguments, env=environment(environ), stdout=PIPE, stderr=STDOUT)
    try:
        async with asyncio.timeout(seconds):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ended(process.returncode, out.decode())


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DNBOT_")}
    return {**inherited, **environ}
