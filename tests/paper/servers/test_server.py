"""The server itself: hardships on the wire, one request after the other, limits, balances in other assets."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import aiohttp
import ccxt.async_support as ccxt
import pytest
from aiohttp import web

from bot.core.errors import Retryable
from bot.paper.engine.rules import Hardships, Window, WindowKind
from bot.paper.servers.binance.limits import Limits
from bot.paper.servers.binance.routes import Binance
from bot.paper.servers.desk import Credentials
from bot.paper.servers.server import Serve, respond
from bot.paper.servers.venue import Incoming
from tests.paper.engine.scene import ETH, RULES
from tests.paper.servers.flavours import TWINS
from tests.paper.servers.scene import ALICE, ccxt_of, connected, serving
from tests.paper.servers.test_binance_wire import ORDER, SELL
from tests.paper.servers.wire import Client, binance

D = Decimal


def away(kind: WindowKind, start: datetime) -> Hardships:
    return Hardships(windows=(Window(start, start + timedelta(hours=1), kind),))


@pytest.mark.parametrize("flavour", TWINS)
async def test_in_an_outage_nobody_gets_an_answer_and_nothing_happens(flavour: str) -> None:
    start = datetime.now(UTC) + timedelta(minutes=10)
    rules = replace(RULES, hardships=away(WindowKind.OUTAGE, start))
    async with serving(flavour, rules) as scene, connected(ccxt_of(flavour), scene) as exchange:
        await exchange.load_markets()
        scene.clock.shift = timedelta(minutes=10, seconds=-2)
        await exchange.load_time_difference()
        scene.clock.shift = timedelta(minutes=10)
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await exchange.fetch_time()
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await exchange.create_order(ETH, "market", "sell", 1)
        assert scene.engine.view().positions[ETH].size == 0
        scene.clock.shift = timedelta(minutes=70)
        await exchange.load_time_difference()
        assert not any(position["contracts"] for position in await exchange.fetch_positions([ETH]))


@pytest.mark.parametrize(
    ("flavour", "error"),
    [("binance", ccxt.BadRequest), ("bitget", ccxt.OnMaintenance), ("bitget-uta", ccxt.ExchangeError)],
)
async def test_in_maintenance_orders_are_refused_and_reads_go_on(flavour: str, error: type[Exception]) -> None:
    rules = replace(RULES, hardships=away(WindowKind.MAINTENANCE, datetime.now(UTC) - timedelta(minutes=1)))
    async with serving(flavour, rules) as scene, connected(ccxt_of(flavour), scene) as exchange:
        await exchange.fetch_balance()
        with pytest.raises(error):
            await exchange.create_order(ETH, "market", "sell", 1)


async def test_an_overloaded_venue_says_so_with_its_own_status() -> None:
    rules = replace(RULES, hardships=Hardships(reject_rate=D(1)))
    async with serving("binance", rules) as scene, connected(ccxt_of("binance"), scene) as exchange:
        with pytest.raises(ccxt.OperationFailed, match="-1008"):
            await exchange.create_order(ETH, "market", "sell", 1)


async def test_an_order_meets_the_prices_of_when_its_latency_is_over() -> None:
    rules = replace(RULES, hardships=Hardships(order_latency=timedelta(milliseconds=150)))
    arrived = asyncio.Event()

    async def watch(_: web.BaseRequest, incoming: Incoming, serve: Serve) -> web.StreamResponse:
        if incoming.method == "POST":
            arrived.set()
        return respond(await serve(incoming))

    async with serving("binance", rules, watch) as scene, connected(ccxt_of("binance"), scene) as exchange:
        await exchange.load_markets()
        async with asyncio.TaskGroup() as group:
            order = group.create_task(exchange.create_order(ETH, "market", "sell", 1))
            await arrived.wait()
            scene.prices.marks[ETH] = D(1900)
        assert order.result()["average"] == 1899.81


async def test_a_venue_whose_prices_are_missing_refuses_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving("binance") as scene, connected(ccxt_of("binance"), scene) as exchange:
        await exchange.load_markets()

        def nothing(*_: object) -> list[object]:
            raise Retryable("no price")

        monkeypatch.setattr(scene.prices, "path", nothing)
        with pytest.raises(ccxt.ExchangeNotAvailable, match="Service Unavailable"):
            await exchange.create_order(ETH, "market", "sell", 1)
        monkeypatch.undo()
        assert await exchange.fetch_positions([ETH]) == []


async def test_concurrent_orders_are_taken_one_after_the_other() -> None:
    async with serving("binance") as scene, connected(ccxt_of("binance"), scene) as exchange:
        await exchange.load_markets()
        async with asyncio.TaskGroup() as group:
            orders = [group.create_task(exchange.create_order(ETH, "market", "sell", 0.1)) for _ in range(20)]
        assert len({order.result()["id"] for order in orders}) == 20
        assert scene.engine.view().positions[ETH].size == -2


def test_customers_do_not_see_each_other() -> None:
    bob = Credentials("bob-key", "bob-secret", "bob-pass")
    alice = Client("binance")
    second = replace(alice.desk, credentials=bob, engine=alice.desk.engine.fork(), records=type(alice.desk.records)())
    alice.venue.desks = {ALICE.key: alice.desk, bob.key: second}
    alice.ok("POST", ORDER, **SELL)
    status, body = alice.raw(binance(bob, alice.now, "GET", "/fapi/v3/positionRisk", {}))
    assert (status, body) == (200, [])
    assert len(alice.ok("GET", "/fapi/v3/positionRisk")) == 1


def test_what_was_used_stands_in_the_headers_and_too_much_is_refused() -> None:
    client = Client("binance")
    client.dialect = Binance(Limits(weight_minute=100, orders_10s=2, orders_minute=3))
    client.venue.move()

    def answer(method: str, path: str, **params: object) -> tuple[int, dict[str, str]]:
        told = client.dialect.answer(client.venue, binance(ALICE, client.now, method, path, params))
        return told.status, dict(told.headers)

    assert answer("GET", "/fapi/v1/income") == (200, {"X-MBX-USED-WEIGHT-1M": "30"})
    used = {"X-MBX-USED-WEIGHT-1M": "31", "X-MBX-ORDER-COUNT-10S": "1", "X-MBX-ORDER-COUNT-1M": "1"}
    assert answer("POST", ORDER, **SELL) == (200, used)
    assert answer("POST", ORDER, **SELL)[0] == 200
    assert answer("POST", ORDER, **SELL) == (429, {"Retry-After": "60"})
    assert len(client.desk.records.trades) == 2
    client.clock.move(minutes=1)
    assert [answer("GET", "/fapi/v1/income")[0] for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize("flavour", TWINS)
async def test_money_in_another_asset_is_shown_and_is_no_collateral(flavour: str) -> None:
    async with serving(flavour) as scene, connected(ccxt_of(flavour), scene) as exchange:
        scene.desk.assets.held = {"BNB": D(3)}
        balance = await exchange.fetch_balance()
        assert (balance["USDT"]["total"], balance["BNB"]["total"]) == (10_000, 3)


async def test_the_certificate_is_worth_nothing_to_those_who_do_not_trust_it() -> None:
    async with serving("binance") as scene, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"https://127.0.0.1:{scene.server.port}/fapi/v1/time")
