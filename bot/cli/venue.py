"""``dnbot venue``: a paper exchange for any client, in a real venue's own wire format."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from bot.app.process import Process, run_until_signal
from bot.cli.options import AsJson
from bot.clock import SystemClock
from bot.core.errors import ConfigError
from bot.core.types import Underlying, VenueId
from bot.paper.config import PaperConfig
from bot.paper.marks import MarkSource, ScriptMarks
from bot.paper.served import FixedMarks, venue_of
from bot.paper.servers.desk import Credentials
from bot.paper.servers.kind import ServerKind
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import VenueServer, bind
from bot.paper.servers.tls import kept_certificates
from bot.venues.registry import kind_of

app = typer.Typer(no_args_is_help=True, add_completion=False)

SPEAKS = "|".join(SERVERS)
"""The venue formats, for the help."""
_UNDERLYING = re.compile(r"[A-Z0-9]{1,12}")


def spoken(name: str) -> str:
    """Check the name of a venue server.

    Raises:
        BadParameter: there is none of that name.
    """
    if name not in SERVERS:
        raise typer.BadParameter(f"{name!r} is spoken by no server; choose {', '.join(SERVERS)}")
    return name


@app.callback()
def venue() -> None:
    """Serve a paper exchange."""


@dataclass(frozen=True, slots=True)
class _Prices:
    """Where the prices come from, and of what."""

    marks: MarkSource
    underlyings: tuple[Underlying, ...]


@app.command()
def serve(
    *,
    speak: Annotated[str, typer.Option(parser=spoken, metavar=SPEAKS, help="Whose wire format and conventions.")],
    mark: Annotated[list[str] | None, typer.Option(metavar="ETH=2000", help="A fixed price, USD; repeatable.")] = None,
    marks: Annotated[Path | None, typer.Option(help="Prices from a CSV file: time,underlying,price.")] = None,
    symbol: Annotated[list[str] | None, typer.Option(metavar="ETH", help="Underlying of --marks; repeatable.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes a free one.")] = 8443,
    deposit: Annotated[float, typer.Option(min=0, help="What the account starts with, USD.")] = 100_000,
    key: Annotated[str | None, typer.Option(help="API key that is accepted; made up if left out.")] = None,
    secret: Annotated[str | None, typer.Option(help="Its secret.")] = None,
    passphrase: Annotated[str | None, typer.Option(help="Its passphrase, at venues that have one.")] = None,
    ca_file: Annotated[Path, typer.Option("--ca", help="Where the certificate authority is written.")] = Path(
        "venue-ca.pem"
    ),
    plain: Annotated[bool, typer.Option("--plain", help="HTTP without TLS.")] = False,
    as_json: AsJson = False,
) -> None:
    """Serve until SIGINT or SIGTERM. The account lives as long as the server."""
    prices, server = _prices(mark, marks, symbol), SERVERS[speak]
    money = Decimal(f"{deposit:.8f}").normalize()
    symbols = {one: kind_of(server.kind).symbol(one) for one in prices.underlyings}
    config = PaperConfig(VenueId(speak), Path(), symbols, money, conventions=server.conventions)
    usual = server.issue("paper")
    keys = Credentials(key or usual.key, secret or usual.secret, passphrase or usual.passphrase)
    served = _Served(server, config, prices.marks, keys, None if plain else ca_file)

    async def main(process: Process) -> None:
        await _serve(served, port, process.stop, as_json=as_json)

    run_until_signal(main)


def _prices(fixed: list[str] | None, script: Path | None, symbols: list[str] | None) -> _Prices:
    if (fixed is None) == (script is None):
        raise ConfigError("give prices: either --mark ETH=2000 (repeatable) or --marks FILE")
    if fixed is not None:
        prices = dict(_price(one) for one in fixed)
        return _Prices(FixedMarks(prices), tuple(prices))
    if not symbols or script is None:
        raise ConfigError("--marks needs the underlyings that it prices: --symbol ETH (repeatable)")
    return _Prices(ScriptMarks(script), tuple(_underlying(one) for one in symbols))


def _price(text: str) -> tuple[Underlying, Decimal]:
    name, _, price = text.partition("=")
    try:
        number = Decimal(price)
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0:
        raise ConfigError(f"--mark {text}: write an underlying and a price above 0, such as ETH=2000")
    return _underlying(name), number


def _underlying(name: str) -> Underlying:
    if not _UNDERLYING.fullmatch(name):
        raise ConfigError(f"{name!r} is no underlying; write one such as ETH")
    return Underlying(name)


@dataclass(frozen=True, slots=True)
class _Served:
    """What is served, and to whom; ``ca_file`` is None without TLS."""

    kind: ServerKind
    config: PaperConfig
    marks: MarkSource
    keys: Credentials
    ca_file: Path | None


async def _serve(served: _Served, port: int, stop: asyncio.Event, *, as_json: bool) -> None:
    clock = SystemClock()
    try:
        listening = bind(port)  # before anything is written: what another server wrote stays true
    except OSError as error:
        raise ConfigError(f"can't listen on port {port}: {error.strerror}; choose another with --port") from error
    with listening:
        tls = None if served.ca_file is None else kept_certificates(served.kind.hosts, served.ca_file)
        server = VenueServer(venue_of(served.config, served.marks, clock, served.keys), served.kind.dialect(), tls=tls)
        await server.start(listening)
        try:
            _tell(_told(served, server), served, as_json=as_json)
            await stop.wait()
        finally:
            await server.close()


@dataclass(frozen=True, slots=True)
class _Told:
    """What a client must know; ``ca_file`` is None without TLS."""

    speaks: str
    url: str
    hosts: tuple[str, ...]
    ca_file: str | None
    key: str
    secret: str
    passphrase: str
    symbols: tuple[str, ...]
    deposit: str


def _told(served: _Served, server: VenueServer) -> _Told:
    return _Told(
        speaks=served.config.conventions.name,
        url=server.url,
        hosts=served.kind.hosts,
        ca_file=None if served.ca_file is None else str(served.ca_file.absolute()),
        key=served.keys.key,
        secret=served.keys.secret,
        passphrase=served.keys.passphrase,
        symbols=tuple(served.config.symbols.values()),
        deposit=f"{served.config.deposit:f}",
    )


def _tell(told: _Told, served: _Served, *, as_json: bool) -> None:
    """Print where it listens, what it accepts, and how clients connect."""
    if as_json:
        typer.echo(json.dumps(asdict(told)))
        return
    address = told.url.split("//", 1)[1]
    lines = [
        f"{told.speaks} on {told.url}, {told.deposit} {kind_of(served.kind.kind).settle}, {', '.join(told.symbols)}",
        "  " + "   ".join(f"{name} {value}" for name, value in served.kind.login(served.keys).items()),
    ]
    if told.ca_file is None:
        lines.append("  any client: put this address in place of the venue's (ccxt: exchange.urls['api'])")
    else:
        lines += [
            f'  dnbot: kind = "{served.kind.kind}", redirect_to = "{address}", ca_file = "{told.ca_file}"',
            f"  ccxt: resolve {', '.join(told.hosts)} to {address} and trust {told.ca_file}",
        ]
    typer.echo("\n".join([*lines, "  Ctrl-C ends it, and the account with it"]))
