"""The fault matrix: every call of a venue, broken in every way, with and without its effect, under the whole daemon.

A cell plays one story on a venue server of its own, over TLS and through ccxt: start up, open a hedge with a stop
behind it, enlarge it, give it collateral, cut it down. One call is broken while the account is flat, and again while
the hedge stands; in between and at the end the venue is sound, and all has to be well by the venue's own books.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final, cast

import aiohttp

from bot.app.loop.commands import Commands
from bot.app.loop.cost_basis import EntryBook
from bot.app.loop.cycle import Cycle
from bot.app.loop.execute import Executor
from bot.app.loop.observe import Observer
from bot.app.loop.order_reconciliation import Reconciler
from bot.core.policy import ExecutionPolicy, HedgeMarket, HedgePolicy, Policy, Style
from bot.exchange.config import CcxtConfig
from bot.journal.journal import SqliteJournal
from bot.paper.servers.desk import Desk
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import VenueServer
from bot.paper.servers.tls import certificates
from bot.paper.servers.venue import Venue
from bot.ports import Exchange
from bot.protocols.registry import CURVES
from bot.venues.connect import connect
from tests.app.fakes import FakeChain
from tests.core.scenes import ETH, NOW, policy
from tests.exchange.scene import FastClock
from tests.faults.cells import Cell
from tests.faults.points import Points
from tests.faults.story import LEVERAGE, VENUE, Story, Watched
from tests.faults.venue import FaultyVenue, Kind
from tests.paper.engine.scene import ETH as PERP
from tests.paper.servers.flavours import login_of, own_symbol, rules_of
from tests.paper.servers.scene import HOSTS, OnlyLoopback, Prices, desk

D = Decimal
PATIENCE: Final = timedelta(seconds=5)
SHORT_PATIENCE: Final = timedelta(seconds=0.4)
"""How long a request may take in real time: short only where the server never answers."""
RESTS: Final = ("place", "cancel", "order", "open_orders", "amend")
"""Calls that are tried with resting orders, since only those are amended, cancelled and looked for again."""
LARGE_STEPS: Final = (D(6), D(6), D(6), D(4), D(4))
SMALL_STEPS: Final = (D("3.1"), D("3.1"), D("3.1"), D("3.1"), D("3"))
"""ETH of the liquidity from cycle to cycle; small: within three bands, beyond which nothing rests."""


@cache
def _certificates() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server, authority = certificates(HOSTS)
    return server, ssl.create_default_context(cadata=authority)


def _config(cell: Cell, port: int, trust: ssl.SSLContext) -> CcxtConfig:
    resolver = OnlyLoopback(dict.fromkeys(HOSTS, port))
    return CcxtConfig(
        venue=VENUE,
        kind=cell.flavour,
        symbols=(own_symbol(cell.flavour, PERP),),
        login=login_of(cell.flavour, SERVERS[cell.flavour].issue("paper")),
        leverage=LEVERAGE,
        margin_mode="isolated",
        timeout=SHORT_PATIENCE if cell.kind is Kind.TIMEOUT else PATIENCE,
        connector=lambda: aiohttp.TCPConnector(resolver=resolver, ssl=trust),
    )


def _hedge(cell: Cell) -> HedgePolicy:
    return HedgePolicy(D(1), (HedgeMarket(VENUE, own_symbol(cell.flavour, PERP), D("1e9")),))


def _policy(cell: Cell) -> Policy:
    style = Style.MAKER if cell.call in RESTS else Style.TAKER
    wanted = policy(hedges={ETH: _hedge(cell)})
    deadline = timedelta(seconds=60 if cell.call == "amend" else 20)
    return replace(wanted, execution=ExecutionPolicy(style, deadline, patience=D(2), urgent=D(3)))


@dataclass(frozen=True)
class Market:
    """A venue server with one account, and the time that it shares with whoever trades there."""

    clock: FastClock
    layer: FaultyVenue
    account: Desk
    server: VenueServer
    prices: Prices


@asynccontextmanager
async def market(flavour: str, layer: FaultyVenue | None = None) -> AsyncIterator[Market]:
    """Serve an empty account; ``layer`` stands in for the fault layer that it would make."""
    clock, (tls, _) = FastClock(NOW), _certificates()
    whole, perp = rules_of(flavour), own_symbol(flavour, PERP)
    rules = replace(whole, symbols={perp: whole.symbols[perp]})
    account = desk(rules, clock.now(), SERVERS[flavour].issue("paper"))
    layer = layer or FaultyVenue(flavour)
    prices = Prices({perp: D(2000)})
    venue = Venue(rules, [account], prices, clock)
    server = VenueServer(venue, SERVERS[flavour].dialect(), tls=tls, around=layer)
    layer.attach(server)
    async with server:
        yield Market(clock, layer, account, server, prices)


@asynccontextmanager
async def bot(cell: Cell, folder: Path, at: Market, points: Points | None = None) -> AsyncIterator[Story]:
    """Build the bot in a folder; what stands there is taken up. ``points`` sees every call of its ports."""
    clock, (_, trust) = at.clock, _certificates()
    journal = SqliteJournal.open(folder / "journal.sqlite", "dnbot", clock.now(), CURVES)
    exchange = await connect(_config(cell, at.server.port, trust), clock)
    watched = cast("Exchange", Watched(exchange, at.account, own_symbol(cell.flavour, PERP)))
    seen, seen_journal = (points.watch(watched), points.watch(journal)) if points else (watched, journal)
    venues = {VENUE: seen}
    shown = FakeChain(clock)
    cycle = Cycle(
        observer=Observer([shown], [seen], [], EntryBook(seen_journal, clock, 5), clock, 30),
        executor=Executor(venues, seen_journal, clock),
        reconciler=Reconciler(venues, seen_journal, clock),
        journal=seen_journal,
        clock=clock,
        policy=_policy(cell),
        commands=Commands(seen_journal, clock),
        number=journal.last_cycle(),
    )
    try:
        sizes = SMALL_STEPS if cell.call in RESTS else LARGE_STEPS
        yield Story(cell, folder, clock, shown, at.layer, at.account, exchange, cycle, journal, sizes, at.prices)
    finally:
        at.layer.release()
        await exchange.close()
        journal.close()


@asynccontextmanager
async def story(cell: Cell, folder: Path, layer: FaultyVenue | None = None) -> AsyncIterator[Story]:
    """Set a cell up in an empty folder; ``layer`` stands in for the one that it would make."""
    async with market(cell.flavour, layer) as at, bot(cell, folder, at) as told:
        yield told


async def play(cell: Cell, folder: Path) -> int:
    """Play a cell; return how many calls were broken.

    Raises:
        HarmError: something happened that must not.
    """
    async with story(cell, folder) as told:
        await told.play()
        return len(told.layer.hits)
