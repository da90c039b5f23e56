"""Both venues' streams, followed by ccxt's own classes over TLS: what they tell is what the account holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from ccxt.base.errors import AuthenticationError

from bot.paper.servers.desk import Credentials
from tests.paper.engine.scene import ETH
from tests.paper.servers.flavours import TWINS
from tests.paper.servers.scene import ALICE, Ccxt, Scene, connected, pro_of, serving

D = Decimal


@pytest.fixture(params=TWINS)
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    async with serving(request.param) as scene:
        yield scene


@pytest.fixture
async def venue(scene: Scene) -> AsyncIterator[Ccxt]:
    async with connected(pro_of(scene.engine.rules.conventions.name), scene) as ready:
        await ready.load_markets()
        yield ready


async def mark_of(venue: Ccxt) -> str:
    watch = venue.watch_mark_prices if venue.has.get("watchMarkPrices") else venue.watch_tickers
    ticker = (await watch([ETH]))[ETH]
    return str(ticker["markPrice"] or ticker["info"]["markPrice"])


async def test_marks_come_as_they_change(scene: Scene, venue: Ccxt) -> None:
    assert D(await mark_of(venue)) == 2000
    scene.prices.marks[ETH] = D("1987.5")
    async with asyncio.timeout(5):
        while D(await mark_of(venue)) == 2000:
            pass
    assert D(await mark_of(venue)) == D("1987.5")


async def test_an_order_and_the_position_that_it_makes_are_told(scene: Scene, venue: Ccxt) -> None:
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        told = group.create_task(venue.watch_orders()), group.create_task(venue.watch_positions([ETH]))
        sent, waiting = [], {*told}
        while waiting:  # what is done before a subscription stands is not told
            sent.append(await venue.create_order(ETH, "limit", "sell", 0.5, 1990, {"timeInForce": "IOC"}))
            _, waiting = await asyncio.wait(told, timeout=0.3)
    order, position = told[0].result()[-1], told[1].result()[-1]
    assert order["id"] in {one["id"] for one in sent}
    assert (order["symbol"], order["side"], order["status"], order["filled"]) == (ETH, "sell", "closed", 0.5)
    assert (position["symbol"], position["side"]) == (ETH, "short")
    assert D(str(position["contracts"])) in {D("0.5") * number for number in range(1, len(sent) + 1)}
    assert scene.desk.size(ETH) == -D("0.5") * len(sent)


async def test_a_stranger_is_told_nothing(scene: Scene) -> None:
    flavour = scene.engine.rules.conventions.name
    stranger = Credentials(ALICE.key if flavour.startswith("bitget") else "mallory", "wrong", ALICE.passphrase)
    async with connected(pro_of(flavour), scene) as known, connected(pro_of(flavour, stranger), scene) as venue:
        venue.set_markets((await known.load_markets()).values())
        with pytest.raises(AuthenticationError):
            await venue.watch_orders()
