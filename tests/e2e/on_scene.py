"""A venue server whose prices are the scene's, and the world's bot configured for an account on it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from bot.clock import SystemClock
from bot.core.types import Underlying, VenueId
from bot.demo.scene import Scene
from bot.exchange.kind import VenueKind
from bot.paper.config import PaperConfig
from bot.paper.engine.rules import MarkUpdate
from bot.paper.marks import MarkPoint
from bot.paper.served import venue_of
from bot.paper.servers.desk import Credentials, Desk
from bot.paper.servers.kind import ServerKind
from bot.paper.servers.server import Around, VenueServer
from bot.paper.servers.tls import certificates
from tests.e2e.harness import BTC, ETH, Daemon, World


@dataclass(frozen=True, slots=True)
class SceneMarks:
    """The scene's prices as they are now."""

    scene: Scene

    def path(self, since: datetime | None, now: datetime, underlyings: Sequence[Underlying]) -> list[MarkPoint]:
        del since
        prices = {ETH: self.scene.market.eth, BTC: self.scene.market.btc}
        return [MarkPoint(now, {one: MarkUpdate(prices[one], prices[one]) for one in underlyings})]


@asynccontextmanager
async def served(
    here: World,
    server_kind: ServerKind,
    kind: VenueKind,
    keys: Credentials,
    more: str = "",
    around: Around | None = None,
) -> AsyncIterator[tuple[Desk, int]]:
    """Serve an account as the venue ``far``, and configure the world's bot for it, its keys in the file.

    Yields the account, and the port of the bot's page.
    """
    symbols = {one: kind.symbol(one) for one in (ETH, BTC)}
    rules = PaperConfig(VenueId("far"), Path(), symbols, Decimal(20_000), conventions=server_kind.conventions)
    tls, authority = certificates(server_kind.hosts)
    ca_file = here.folder / "ca.pem"
    ca_file.write_text(authority, encoding="ascii")
    venue = venue_of(rules, SceneMarks(here.scene), SystemClock(), keys)
    async with VenueServer(venue, server_kind.dialect(), tls=tls, around=around) as server:
        login = "".join(f'{key} = "{value}"\n' for key, value in server_kind.login(keys).items())
        named = ", ".join(f'{name} = "{symbol}"' for name, symbol in symbols.items())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        text = here.config.read_text(encoding="utf-8").partition("[venues.paper]")[0]
        text = text.replace("[http]\nenabled = false", f"[http]\nport = {port}")
        table = f'[venues.far]\nkind = "{server_kind.kind}"\nca_file = "{ca_file}"\n'
        table += f'redirect_to = "127.0.0.1:{server.port}"\nsymbols = {{ {named} }}\n'
        guards = "[guards]\nmax_snapshot_age = '10m'\n"
        here.config.write_text(f"{text}{table}{login}{guards}{more}", encoding="utf-8")
        here.config.chmod(0o600)
        yield next(iter(venue.desks.values())), port


async def play(here: World, daemon: Daemon) -> None:
    """Mine a block, and wait until the daemon has finished with it."""
    seen = len(daemon.lines)
    step = await here.step()
    await daemon.cycle(step.number, after=seen)
