"""The fault layer in front of the venue servers: what a client sees of each fault, and what really happened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from types import ModuleType

import ccxt.async_support as ccxt
import pytest

from bot.paper.servers.binance import routes as binance
from bot.paper.servers.bitget import routes as bitget
from bot.paper.servers.bitget.unified import routes as bitget_unified
from tests.faults.venue import Effect, FaultyVenue, Kind, possible
from tests.faults.venue_calls import CALLS, WRITES
from tests.paper.engine.scene import ETH
from tests.paper.servers.flavours import TWINS
from tests.paper.servers.scene import Ccxt, Scene, ccxt_of, connected, serving

D = Decimal
BINANCE, BITGET, UNIFIED = "binance", "bitget", "bitget-uta"


@asynccontextmanager
async def faulty(flavour: str, patience: int = 10_000) -> AsyncIterator[tuple[Scene, FaultyVenue, Ccxt]]:
    layer = FaultyVenue(flavour)
    async with (
        serving(flavour, around=layer, memory=timedelta(seconds=60)) as scene,
        connected(ccxt_of(flavour, timeout=patience), scene) as exchange,
    ):
        layer.attach(scene.server)
        await exchange.load_markets()
        yield scene, layer, exchange
        layer.release()


def sizes(scene: Scene) -> Decimal:
    scene.server.venue.move()
    return scene.engine.view().positions[ETH].size


BOTH: dict[Kind, type[BaseException] | None] = {
    Kind.TIMEOUT: ccxt.RequestTimeout,
    Kind.DROP: ccxt.ExchangeNotAvailable,
    Kind.CUT: ccxt.ExchangeError,
    Kind.HTML: None,
    Kind.EMPTY: None,
    Kind.EMPTY_OBJECT: None,
    Kind.NULL: None,
    Kind.WAF: ccxt.ExchangeNotAvailable,
    Kind.REQUEST_TIMEOUT: ccxt.RequestTimeout,
    Kind.BANNED: ccxt.DDoSProtection,
    Kind.LIMITED: ccxt.DDoSProtection,
    Kind.BAD_GATEWAY: ccxt.ExchangeNotAvailable,
    Kind.INTERNAL_503: ccxt.ExchangeNotAvailable,
    Kind.GATEWAY_TIMEOUT: ccxt.RequestTimeout,
    Kind.CLOCK: ccxt.InvalidNonce,
    Kind.NOT_FOUND: ccxt.OrderNotFound,
}
RAISED = {
    BINANCE: BOTH
    | {
        Kind.SERVER_ERROR: ccxt.OperationFailed,
        Kind.UNKNOWN_503: ccxt.ExchangeNotAvailable,
        Kind.UNAVAILABLE_503: ccxt.ExchangeNotAvailable,
        Kind.UNEXPECTED: ccxt.OperationFailed,
        Kind.BACKEND_TIMEOUT: ccxt.RequestTimeout,
        Kind.OVERLOADED: ccxt.OperationFailed,
        Kind.DUPLICATE_ID: ccxt.InvalidOrder,
    },
    BITGET: BOTH
    | {
        Kind.SERVER_ERROR: ccxt.ExchangeError,
        Kind.UNKNOWN_503: ccxt.ExchangeError,
        Kind.UNAVAILABLE_503: ccxt.OnMaintenance,
        Kind.UNEXPECTED: ccxt.BadRequest,
        Kind.BACKEND_TIMEOUT: ccxt.AuthenticationError,
        Kind.OVERLOADED: ccxt.ExchangeError,
        Kind.DUPLICATE_ID: ccxt.ExchangeError,
    },
}
RAISED[UNIFIED] = RAISED[BITGET] | dict.fromkeys(
    (Kind.UNEXPECTED, Kind.INTERNAL_503, Kind.NOT_FOUND), ccxt.ExchangeError
)


async def raised_by(exchange: Ccxt) -> type[BaseException] | None:
    """Send an order; return what ccxt raises, None where it takes the answer for one (an order without an id)."""
    try:
        order = await exchange.create_order(ETH, "market", "sell", 1)
    except (ccxt.BaseError, AttributeError, TypeError) as error:
        return type(error)
    assert order["id"] is None
    return None


@pytest.mark.parametrize("flavour", TWINS)
async def test_what_ccxt_makes_of_each_fault_after_a_post(flavour: str) -> None:
    seen: dict[Kind, type[BaseException] | None] = {}
    async with faulty(flavour, patience=300) as (scene, layer, exchange):
        for kind in Kind:
            for effect in possible(kind, flavour)[:2]:
                before = sizes(scene)
                layer.add("place", kind, effect)
                seen[kind] = await raised_by(exchange)
                assert sizes(scene) - before == (-1 if effect is Effect.APPLIED else 0), (kind, effect)
        assert len(layer.hits) == len(layer.sent("place"))
        layer.release()
    assert seen == RAISED[flavour]


@pytest.mark.parametrize("flavour", TWINS)
async def test_a_fault_strikes_as_often_as_it_was_told(flavour: str) -> None:
    async with faulty(flavour) as (scene, layer, exchange):
        layer.add("place", Kind.SERVER_ERROR, times=2)
        for _ in range(2):
            with pytest.raises(ccxt.BaseError):
                await exchange.create_order(ETH, "market", "sell", 1)
        assert sizes(scene) == 0
        await exchange.create_order(ETH, "market", "sell", 1)
        assert sizes(scene) == -1


@pytest.mark.parametrize("flavour", TWINS)
async def test_a_call_can_take_effect_after_the_client_gave_up(flavour: str) -> None:
    async with faulty(flavour) as (scene, layer, exchange):
        layer.add("place", Kind.DROP, Effect.LATER, delay=timedelta(seconds=100))
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await exchange.create_order(ETH, "market", "sell", 1)
        await exchange.fetch_time()
        assert sizes(scene) == 0
        scene.clock.shift = timedelta(seconds=100)
        await exchange.fetch_time()
        assert sizes(scene) == -1


@pytest.mark.parametrize("flavour", TWINS)
async def test_reads_can_show_an_old_state(flavour: str) -> None:
    async with faulty(flavour) as (scene, _, exchange):
        await exchange.create_order(ETH, "market", "sell", 1)
        scene.clock.shift = timedelta(seconds=20)
        await exchange.load_time_difference()
        await exchange.create_order(ETH, "market", "sell", 2, None, {"clientOrderId": "second"})
        scene.server.lag = timedelta(seconds=10)
        (position,) = await exchange.fetch_positions([ETH])
        assert position["contracts"] == 1
        assert len(await exchange.fetch_my_trades(ETH)) == 1
        with pytest.raises(RAISED[flavour][Kind.NOT_FOUND]):
            await exchange.fetch_order("", ETH, {"clientOrderId": "second"})
        scene.server.lag = timedelta(0)
        (position,) = await exchange.fetch_positions([ETH])
        assert position["contracts"] == 3


@pytest.mark.parametrize("flavour", TWINS)
async def test_fills_can_come_late(flavour: str) -> None:
    async with faulty(flavour) as (scene, _, exchange):
        scene.desk.slow_fills = timedelta(seconds=300)
        await exchange.create_order(ETH, "market", "sell", 1, None, {"clientOrderId": "slow"})
        order = await exchange.fetch_order("", ETH, {"clientOrderId": "slow"})
        assert (order["status"], order["filled"]) == ("open", 0)
        assert await exchange.fetch_my_trades(ETH) == []
        assert not any(position["contracts"] for position in await exchange.fetch_positions([ETH]))
        assert [one["id"] for one in await exchange.fetch_open_orders(ETH)] == [order["id"]]
        assert sizes(scene) == -1  # the venue knows better
        with pytest.raises(RAISED[flavour][Kind.NOT_FOUND]):
            await exchange.cancel_order(order["id"], ETH)
        scene.clock.shift = timedelta(seconds=300)
        await exchange.load_time_difference()
        order = await exchange.fetch_order("", ETH, {"clientOrderId": "slow"})
        assert (order["status"], order["filled"]) == ("closed", 1)
        assert (await exchange.fetch_positions([ETH]))[0]["contracts"] == 1
        assert len(await exchange.fetch_my_trades(ETH)) == 1


@pytest.mark.parametrize(("flavour", "table"), [(BINANCE, binance), (BITGET, bitget), (UNIFIED, bitget_unified)])
def test_every_named_call_is_one_that_the_server_has(flavour: str, table: ModuleType) -> None:
    assert set(CALLS[flavour].values()) <= {*table.PUBLIC, *table.PRIVATE}
    writes = {name for name, (method, _) in CALLS[flavour].items() if method != "GET"}
    assert writes == set(WRITES) - ({"amend"} if flavour == BITGET else set())
