"""Venue servers for the demo: the daemon hedges through real ccxt, TLS and the venues' own wire formats."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Final

from bot.core.types import Symbol, Underlying, VenueId
from bot.demo.path import MarketPoint
from bot.paper.config import PaperConfig, venue_rules
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.rules import Flavour, MarkUpdate
from bot.paper.servers.binance.routes import HOSTS as BINANCE_HOSTS
from bot.paper.servers.binance.routes import Binance
from bot.paper.servers.bitget.routes import HOSTS as BITGET_HOSTS
from bot.paper.servers.bitget.routes import Bitget
from bot.paper.servers.desk import Credentials, Desk
from bot.paper.servers.server import VenueServer
from bot.paper.servers.tls import certificates
from bot.paper.servers.venue import Dialect, Step, Venue
from bot.ports import Clock

SYMBOLS: Final[Mapping[Underlying, Symbol]] = {
    Underlying("ETH"): Symbol("ETH/USDT:USDT"),
    Underlying("BTC"): Symbol("BTC/USDT:USDT"),
}
DEPOSIT: Final = Decimal(20_000)
SHARE: Final = Decimal(9_000)
"""USD per symbol and venue, so that two venues share the hedge."""


class Kind(StrEnum):
    """A venue whose wire format is spoken."""

    BINANCE = "binance"
    BITGET = "bitget"


_DIALECTS: Final[Mapping[Kind, tuple[Flavour, type[Dialect], Sequence[str]]]] = {
    Kind.BINANCE: (Flavour.BINANCE, Binance, BINANCE_HOSTS),
    Kind.BITGET: (Flavour.BITGET, Bitget, BITGET_HOSTS),
}


@dataclass(frozen=True, slots=True)
class _Market:
    """The scene's market at this moment, as a venue server takes it."""

    now: Callable[[], MarketPoint]

    def path(self, since: datetime | None, now: datetime) -> Sequence[Step]:
        """Return the present prices; the scene has no others."""
        del since
        market = self.now()
        prices = {Underlying("ETH"): market.eth, Underlying("BTC"): market.btc}
        return [(now, {SYMBOLS[name]: MarkUpdate(price, price, as_of=now) for name, price in prices.items()})]


@dataclass(frozen=True, slots=True)
class DemoVenue:
    """A running venue server, and what the daemon needs to reach it."""

    kind: Kind
    desk: Desk
    server: VenueServer
    ca_file: Path

    def settings(self) -> dict[str, object]:
        """Return its table of the daemon's configuration; the credentials go another way."""
        return {
            "kind": self.kind.value,
            "symbols": dict(SYMBOLS),
            "max_notional": int(SHARE),
            "redirect_to": f"127.0.0.1:{self.server.port}",
            "ca_file": str(self.ca_file),
        }

    def environment(self) -> dict[str, str]:
        """Return the credentials as the daemon's environment."""
        prefix = f"DNBOT_VENUES__{self.kind.value.upper()}__"
        keys = self.desk.credentials
        found = {f"{prefix}API_KEY": keys.key, f"{prefix}SECRET": keys.secret}
        return {**found, f"{prefix}PASSPHRASE": keys.passphrase} if self.kind is Kind.BITGET else found

    def positions(self) -> dict[Symbol, Decimal]:
        """Return the account's own truth: the positions, base units."""
        return {symbol: self.desk.size(symbol) for symbol in SYMBOLS.values()}


@asynccontextmanager
async def serving(
    kinds: Sequence[Kind], folder: Path, market: Callable[[], MarketPoint], clock: Clock
) -> AsyncIterator[tuple[DemoVenue, ...]]:
    """Serve an account on each kind of venue, over TLS on the loopback, until the end of the block."""
    async with AsyncExitStack() as stack:
        made = []
        for kind in kinds:
            flavour, dialect, hosts = _DIALECTS[kind]
            config = PaperConfig(VenueId(kind.value), folder / "unused", SYMBOLS, DEPOSIT, flavour=flavour)
            rules = venue_rules(config)
            keys = Credentials(f"{kind.value}-demo-key", f"{kind.value}-demo-secret", "demo-passphrase")
            desk = Desk(keys, PaperEngine.open(rules, clock.now(), DEPOSIT))
            tls, authority = certificates(hosts, clock.now())
            ca_file = folder / f"{kind.value}-ca.pem"
            ca_file.write_text(authority, encoding="ascii")
            server = VenueServer(Venue(rules, [desk], _Market(market), clock), dialect(), tls=tls)
            made.append(DemoVenue(kind, desk, await stack.enter_async_context(server), ca_file))
        yield tuple(made)
