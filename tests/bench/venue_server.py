"""``python -m tests.bench.venue_server FLAVOUR CA_FILE``: a venue server as a process of its own.

It prints its port, and from then on the time (CLOCK_MONOTONIC, which all processes share) at which each order arrives.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from aiohttp import web

from bot.core.types import VenueId
from bot.paper.config import PaperConfig
from bot.paper.served import FixedMarks, venue_of
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import Serve, VenueServer, respond
from bot.paper.servers.tls import certificates
from bot.paper.servers.venue import Incoming
from tests.bench.time_lapse import HastyClock
from tests.core.scenes import ETH
from tests.paper.engine.scene import ETH as PERP
from tests.paper.servers.flavours import own_symbol


async def _noted(_: web.BaseRequest, incoming: Incoming, serve: Serve) -> web.StreamResponse:
    is_plain = b'"grouping"' in incoming.body and b'"trigger"' not in incoming.body
    is_order = is_plain or incoming.path.endswith(("/order", "/place-order"))
    if incoming.method == "POST" and is_order:
        _say(time.monotonic())
    return respond(replace(await serve(incoming), headers={}))  # without the count of requests, which is not measured


def _say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def main(flavour: str, ca_file: Path) -> None:
    clock = HastyClock()
    tls, authority = certificates(SERVERS[flavour].hosts)
    ca_file.write_text(authority, encoding="ascii")
    config = PaperConfig(
        VenueId(flavour),
        Path(),
        {ETH: own_symbol(flavour, PERP)},
        Decimal(100_000),
        conventions=SERVERS[flavour].conventions,
    )
    venue = venue_of(config, FixedMarks({ETH: Decimal(2000)}), clock, SERVERS[flavour].issue("bench"))
    async with VenueServer(venue, SERVERS[flavour].dialect(), tls=tls, around=_noted) as server:
        _say(server.port)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
