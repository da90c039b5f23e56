"""Venue servers for the demo: the daemon hedges through real ccxt, TLS and the venues' own wire formats."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from bot.core.types import Symbol, Underlying, VenueId
from bot.demo.path import MarketPoint
from bot.paper.config import PaperConfig, venue_rules
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.rules import MarkUpdate
from bot.paper.servers.desk import Desk
from bot.paper.servers.kind import ServerKind
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import VenueServer
from bot.paper.servers.tls import certificates
from bot.paper.servers.venue import Step, Venue
from bot.ports import Clock
from bot.venues.registry import kind_of

_UNDERLYINGS: Final = (Underlying("ETH"), Underlying("BTC"))
_DEPOSIT: Final = Decimal(20_000)
_ROOM: Final = Decimal(30_000)
"""USD per symbol that all venues have room for together, so that several share the hedge, and one alone carries it."""


@dataclass(frozen=True, slots=True)
class _Market:
    """The scene's market at this moment, as a venue server takes it."""

    now: Callable[[], MarketPoint]
    symbols: Mapping[Underlying, Symbol]

    def path(self, since: datetime | None, now: datetime) -> Sequence[Step]:
        """Return the present prices; the scene has no others."""
        del since
        market = self.now()
        prices = {Underlying("ETH"): market.eth, Underlying("BTC"): market.btc}
        return [(now, {self.symbols[name]: MarkUpdate(price, price, as_of=now) for name, price in prices.items()})]


@dataclass(frozen=True, slots=True)
class DemoVenue:
    """A running venue server, and what the daemon needs to reach it; ``name`` is its own and the daemon's venue's.

    ``share`` is the hedge that it has room for, USD per symbol.
    """

    name: VenueId
    kind: ServerKind
    symbols: Mapping[Underlying, Symbol]
    desk: Desk
    server: VenueServer
    ca_file: Path
    share: Decimal

    def settings(self) -> dict[str, object]:
        """Return its table of the daemon's configuration; the credentials go another way."""
        return {
            "kind": self.kind.kind,
            "symbols": dict(self.symbols),
            "max_notional": int(self.share),
            "stream_move": 1,  # a price that moves is the next block's, which is about to come
            "redirect_to": f"127.0.0.1:{self.server.port}",
            "ca_file": str(self.ca_file),
        }

    def environment(self) -> dict[str, str]:
        """Return the credentials as the daemon's environment."""
        login = self.kind.login(self.desk.credentials)
        return {f"DNBOT_VENUES__{self.name}__{key}".upper(): value for key, value in login.items()}

    def gain(self) -> Decimal:
        """Return what the account has gained at the present prices, by its own books, USD."""
        self.server.venue.move()
        return self.desk.engine.equity - _DEPOSIT

    def positions(self) -> dict[Symbol, Decimal]:
        """Return the account's own truth: the positions, base units."""
        return {symbol: self.desk.size(symbol) for symbol in self.symbols.values()}


@asynccontextmanager
async def serving(
    names: Sequence[str], folder: Path, market: Callable[[], MarketPoint], clock: Clock
) -> AsyncIterator[tuple[DemoVenue, ...]]:
    """Serve an account on each of some venues, over TLS on the loopback, until the end of the block."""
    async with AsyncExitStack() as stack:
        made = []
        for name in names:
            kind, venue = SERVERS[name], VenueId(name)
            symbols = symbols_of(kind.kind)
            rules = venue_rules(PaperConfig(venue, folder / "unused", symbols, _DEPOSIT, conventions=kind.conventions))
            desk = Desk(kind.issue(f"{name}-demo"), PaperEngine.open(rules, clock.now(), _DEPOSIT))
            tls, authority = certificates(kind.hosts)
            ca_file = folder / f"{name}-ca.pem"
            ca_file.write_text(authority, encoding="ascii")
            behind = Venue(rules, [desk], _Market(market, symbols), clock)
            server = await stack.enter_async_context(VenueServer(behind, kind.dialect(), tls=tls))
            made.append(DemoVenue(venue, kind, symbols, desk, server, ca_file, _ROOM / len(names)))
        yield tuple(made)


def spacing_of(name: str) -> float:
    """Return the seconds between two cycles that the limits of a server's venue have room for."""
    return kind_of(SERVERS[name].kind).spacing.total_seconds()


def symbols_of(kind: str) -> dict[Underlying, Symbol]:
    """Return the scene's perpetuals at a kind of venue."""
    return {one: kind_of(kind).symbol(one) for one in _UNDERLYINGS}
