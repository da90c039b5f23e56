"""The fault matrix: every call of a venue, broken in every way, with and without its effect, under the whole daemon.

A cell plays one story on a venue server of its own, over TLS and through ccxt: start up, open a hedge with a stop
behind it, enlarge it, give it collateral, cut it down. One call is broken while the account is flat, and again while
the hedge stands; in between and at the end the venue is sound, and all has to be well by the venue's own books.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final, cast

import aiohttp

from bot.adapters.clock import SystemClock
from bot.adapters.exchange.config import CcxtConfig
from bot.adapters.exchange.connect import connect
from bot.adapters.store.journal import SqliteJournal
from bot.app.commands import Commands
from bot.app.cycle import Cycle
from bot.app.entries import EntryBook
from bot.app.execute import Executor
from bot.app.observe import Observer
from bot.app.reconcile import Reconciler
from bot.core.policy import ExecutionPolicy, Policy, Style
from bot.paper.servers.server import VenueServer
from bot.paper.servers.tls import certificates
from bot.paper.servers.venue import Venue
from bot.ports import Exchange
from tests.adapters.exchange.scene import FastClock
from tests.app.fakes import FakeChain
from tests.core.scenes import ETH, NOW, hedge, policy
from tests.faults.cells import Cell
from tests.faults.story import LEVERAGE, VENUE, Story, Watched
from tests.faults.venue import FaultyVenue, Kind
from tests.paper.scene import ETH as PERP
from tests.paper.scene import RULES
from tests.paper.servers.scene import ALICE, DIALECTS, HOSTS, OnlyLoopback, Prices, desk

D = Decimal
PATIENCE: Final = timedelta(seconds=5)
SHORT_PATIENCE: Final = timedelta(seconds=0.4)
"""How long a request may take in real time: short only where the server never answers."""
RESTS: Final = ("place", "cancel", "order", "open_orders")
"""Calls that are tried with resting orders, since only those are cancelled and looked for again."""
LARGE_STEPS: Final = (D(6), D(6), D(6), D(4), D(4))
SMALL_STEPS: Final = (D("3.1"), D("3.1"), D("3.1"), D("3.1"), D("3"))
"""ETH of the liquidity from cycle to cycle; small: within three bands, beyond which nothing rests."""


@cache
def _certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server, authority = certificates(HOSTS, SystemClock().now())
    return server, ssl.create_default_context(cadata=authority)


def _config(cell: Cell, port: int, trust: ssl.SSLContext) -> CcxtConfig:
    resolver = OnlyLoopback(dict.fromkeys(HOSTS, port))
    return CcxtConfig(
        venue=VENUE,
        kind=cell.flavour.value,
        symbols=(PERP,),
        api_key=ALICE.key,
        secret=ALICE.secret,
        passphrase=ALICE.passphrase,
        leverage=LEVERAGE,
        margin_mode="isolated",
        timeout=SHORT_PATIENCE if cell.kind is Kind.TIMEOUT else PATIENCE,
        connector=lambda: aiohttp.TCPConnector(resolver=resolver, ssl=trust),
    )


def _policy(cell: Cell) -> Policy:
    style = Style.MAKER if cell.call in RESTS else Style.TAKER
    wanted = policy(hedges={ETH: hedge(ETH, venues=[VENUE])})
    return replace(wanted, execution=ExecutionPolicy(style))


@asynccontextmanager
async def story(cell: Cell, folder: Path, layer: FaultyVenue | None = None) -> AsyncIterator[Story]:
    """Set a cell up in an empty folder; ``layer`` stands in for the one that it would make."""
    clock, (tls, trust) = FastClock(NOW), _certificates()
    rules = replace(RULES, flavour=cell.flavour, history=1000, symbols={PERP: RULES.symbols[PERP]})
    account = desk(rules, clock.now())
    prices = Prices({PERP: D(2000)})
    layer = layer or FaultyVenue(cell.flavour)
    server = VenueServer(Venue(rules, [account], prices, clock), DIALECTS[cell.flavour](), tls=tls, around=layer)
    layer.attach(server)
    journal = SqliteJournal.open(folder / "journal.sqlite", "dnbot", clock.now())
    async with server:
        exchange = await connect(_config(cell, server.port, trust), clock)
        seen = cast("Exchange", Watched(exchange, account))
        venues = {VENUE: seen}
        shown = FakeChain(clock)
        cycle = Cycle(
            observer=Observer([shown], [seen], [], EntryBook(journal, clock, 5), clock, 30),
            executor=Executor(venues, journal, clock),
            reconciler=Reconciler(venues, journal, clock),
            journal=journal,
            clock=clock,
            policy=_policy(cell),
            publishers=[],
            commands=Commands(journal, clock),
        )
        try:
            sizes = SMALL_STEPS if cell.call in RESTS else LARGE_STEPS
            yield Story(cell, folder, clock, shown, layer, account, exchange, cycle, journal, sizes)
        finally:
            layer.release()
            await exchange.close()
            journal.close()


async def play(cell: Cell, folder: Path) -> int:
    """Play a cell; give how many calls were broken.

    Raises:
        HarmError: something happened that must not.
    """
    async with story(cell, folder) as told:
        await told.play()
        return len(told.layer.hits)
