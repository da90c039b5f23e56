"""A paper account on a real venue's prices: public reads through ccxt, no key, nothing signed, nothing written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import web

from bot.core.errors import ConfigError, Retryable
from bot.core.orders import Accepted, Intent, OrderKind, OrderRequest, TimeInForce
from bot.core.types import ClientOrderId, Symbol, Underlying, VenueId
from bot.exchange.config import CcxtConfig
from bot.exchange.redirect import redirected
from bot.paper.config import PaperConfig
from bot.paper.exchange import PaperExchange
from bot.paper.live_marks import VenueMarks
from bot.paper.servers.server import Serve
from bot.paper.servers.venue import Incoming
from bot.venues.connect import connect_public
from tests.paper.engine.scene import BTC, ETH
from tests.paper.servers.flavours import TWINS
from tests.paper.servers.scene import Scene, serving

D = Decimal
PAPER = VenueId("paper")
NAMES = {Underlying("ETH"): ETH, Underlying("BTC"): BTC}
SIGNS = {"x-mbx-apikey", "access-key", "access-sign", "access-passphrase"}


@dataclass
class World:
    """A paper exchange on a venue server's prices; ``seen`` keeps every request that the server got."""

    venue: Scene
    marks: VenueMarks
    paper: PaperExchange
    seen: list[Incoming]
    broken: bool = False


def config(
    kind: str, address: str, ca_file: Path, symbols: tuple[Symbol, ...] = (ETH, BTC), key: str = ""
) -> CcxtConfig:
    return CcxtConfig(
        PAPER,
        kind,
        symbols,
        login={"apiKey": key},
        timeout=timedelta(seconds=1),
        connector=redirected(address, ca_file),
    )


@asynccontextmanager
async def world(flavour: str, folder: Path) -> AsyncIterator[World]:
    seen: list[Incoming] = []
    made: list[World] = []

    async def around(request: web.BaseRequest, incoming: Incoming, serve: Serve) -> web.StreamResponse:
        del request
        seen.append(incoming)
        if made and made[0].broken:
            return web.Response(text="<html>sorry</html>", content_type="text/html")
        answer = await serve(incoming)
        return web.json_response(body=answer.body, status=answer.status, headers=answer.headers)

    async with serving(flavour, around=around) as venue:
        ca_file = folder / "ca.pem"
        ca_file.write_text(venue.authority)
        address = f"127.0.0.1:{venue.server.port}"
        marks = VenueMarks(*await connect_public(config(flavour, address, ca_file), venue.clock), NAMES)
        paper = PaperExchange(PaperConfig(PAPER, folder / "paper.sqlite", NAMES), marks, venue.clock)
        made.append(World(venue, marks, paper, seen))
        yield made[0]
        await paper.close()


@pytest.fixture(params=TWINS)
async def here(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with world(request.param, tmp_path) as made:
        yield made


async def test_the_account_is_marked_with_the_venues_prices(here: World) -> None:
    here.venue.prices.marks[ETH], here.venue.prices.rate = D("2345.5"), D("0.0003")
    quote = (await here.paper.observe()).quotes[ETH]
    assert quote.mark.price == D("2345.5")
    assert quote.funding is not None
    assert quote.funding.rate == D("0.0003")
    assert quote.book.bid < D("2345.5") < quote.book.ask


async def test_an_order_trades_on_the_price_of_its_own_moment(here: World) -> None:
    await here.paper.observe()
    here.venue.prices.marks[ETH] = D(2100)
    here.venue.clock.shift += timedelta(seconds=2)
    request = OrderRequest(PAPER, ETH, Underlying("ETH"), D(-1), OrderKind.MARKET, TimeInForce.IOC, False, "")
    outcome = await here.paper.place(Intent(ClientOrderId("dn-1-1"), 1, request, here.venue.clock.now()))
    assert isinstance(outcome, Accepted)
    assert outcome.report.average_price == pytest.approx(D(2100), rel=D("0.001"))


async def test_only_public_reads_reach_the_venue(here: World) -> None:
    await here.paper.observe()
    here.venue.clock.shift += timedelta(seconds=2)
    request = OrderRequest(PAPER, ETH, Underlying("ETH"), D(-1), OrderKind.MARKET, TimeInForce.IOC, False, "")
    await here.paper.place(Intent(ClientOrderId("dn-1-1"), 1, request, here.venue.clock.now()))
    assert {one.method for one in here.seen} == {"GET"}
    assert not [one.path for one in here.seen if SIGNS & {name.lower() for name in one.headers}]
    assert not [one.path for one in here.seen if "signature" in str(one.query)]
    assert here.venue.desk.orders() == []


async def test_prices_of_this_second_are_not_asked_for_again(here: World) -> None:
    await here.paper.observe()
    asked = len(here.seen)
    await here.marks.refresh()
    assert len(here.seen) == asked


async def test_a_venue_that_does_not_answer_believably_stops_the_paper_account(here: World) -> None:
    await here.paper.observe()
    here.broken = True
    here.venue.clock.shift += timedelta(seconds=2)
    with pytest.raises(Retryable):
        await here.paper.observe()
    here.broken = False
    await here.paper.observe()


async def test_prices_that_are_too_old_are_refused(here: World) -> None:
    await here.marks.refresh()
    now = here.venue.clock.now()
    assert here.marks.path(None, now + timedelta(seconds=14), list(NAMES))
    with pytest.raises(Retryable, match="not read in the last"):
        here.marks.path(None, now + timedelta(seconds=16), list(NAMES))


async def test_an_unknown_symbol_is_the_users_business(here: World, tmp_path: Path) -> None:
    kind, port = here.marks.link.config.kind, here.venue.server.port
    nope = Symbol("NOPE/USDT:USDT")
    settings = config(kind, f"127.0.0.1:{port}", tmp_path / "ca.pem", (nope,))
    marks = VenueMarks(*await connect_public(settings, here.venue.clock), {Underlying("NOPE"): nope})
    with pytest.raises(ConfigError, match="no market NOPE"):
        await marks.refresh()
    await marks.close()


async def test_a_key_is_refused(here: World, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="without a key"):
        await connect_public(config("binance", "127.0.0.1:1", tmp_path / "ca.pem", key="k"), here.venue.clock)
