"""An order's whole life at the server of Bitget's unified account, through ccxt's own class, unmodified."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import ccxt.async_support as ccxt
import pytest

from tests.paper.engine.scene import ETH
from tests.paper.servers.scene import ALICE, Ccxt, Scene, connected, serving

D = Decimal


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with serving("bitget-uta") as scene:
        yield scene


@pytest.fixture
async def bitget(scene: Scene) -> AsyncIterator[Ccxt]:
    keys = {"apiKey": ALICE.key, "secret": ALICE.secret, "password": ALICE.passphrase}
    exchange = ccxt.bitget({**keys, "enableRateLimit": False, "options": {"defaultType": "swap"}})
    async with connected(exchange, scene) as ready:
        yield ready


async def test_the_class_finds_out_by_itself_that_the_account_is_unified(bitget: Ccxt) -> None:
    market = (await bitget.load_markets())[ETH]
    assert bitget.options["uta"] is True
    assert (market["id"], market["swap"], market["linear"], market["active"]) == ("ETHUSDT", True, True, True)
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.01, 0.001)
    assert (market["taker"], market["maker"]) == (0.0005, 0.0002)
    tiers = await bitget.fetch_market_leverage_tiers(ETH)
    assert [(tier["maxLeverage"], tier["maintenanceMarginRate"]) for tier in tiers][:2] == [(100, 0.004), (50, 0.005)]


async def test_prices_books_and_funding(bitget: Ccxt) -> None:
    funding = await bitget.fetch_funding_rate(ETH)
    assert (funding["fundingRate"], funding["interval"]) == (0.0001, "8h")
    book = await bitget.fetch_order_book(ETH, 5)
    assert (book["bids"][0], book["asks"][0]) == ([1999.8, 10], [2000.2, 10])
    ticker = await bitget.fetch_ticker(ETH)
    assert (ticker["bid"], ticker["ask"], ticker["markPrice"]) == (1999.8, 2000.2, 2000)


async def test_an_order_fills_and_everything_agrees_with_the_engine(bitget: Ccxt, scene: Scene) -> None:
    placed = await bitget.create_order(ETH, "market", "sell", 1.5, None, {"clientOrderId": "a1"})
    order = await bitget.fetch_order(placed["id"], ETH)
    assert (order["status"], order["filled"], order["clientOrderId"]) == ("closed", 1.5, "a1")
    assert D(order["info"]["avgPrice"]) == D("1999.8")
    assert D(order["info"]["feeDetail"][0]["fee"]) == D("1.49985")
    (position,) = await bitget.fetch_positions([ETH])
    held = scene.engine.view().positions[ETH]
    assert (position["side"], D(str(position["contracts"]))) == ("short", -held.size)
    assert D(str(position["entryPrice"])) == held.entry_price
    assert D(str(position["liquidationPrice"])) == held.liquidation_price
    balance = await bitget.fetch_balance()
    assert D(str(balance["USDT"]["total"])) == scene.engine.equity
    (trade,) = await bitget.fetch_my_trades(ETH)
    assert (trade["order"], trade["amount"], trade["takerOrMaker"]) == (placed["id"], 1.5, "taker")


async def test_a_resting_order_is_listed_and_cancelled(bitget: Ccxt, scene: Scene) -> None:
    placed = await bitget.create_order(ETH, "limit", "sell", 1, 2100, {"postOnly": True, "clientOrderId": "r"})
    (order,) = await bitget.fetch_open_orders(ETH)
    assert (order["id"], order["status"], order["price"], order["postOnly"]) == (placed["id"], "open", 2100, True)
    await bitget.edit_order(placed["id"], ETH, "limit", "sell", 1.2, 2110)
    (order,) = await bitget.fetch_open_orders(ETH)
    assert (order["id"], order["amount"], order["price"]) == (placed["id"], 1.2, 2110)
    await bitget.cancel_order(placed["id"], ETH)
    assert await bitget.fetch_open_orders(ETH) == []
    assert (await bitget.fetch_order(placed["id"], ETH))["status"] == "canceled"
    assert scene.engine.account.orders == {}


async def test_a_stop_waits_among_the_strategy_orders_and_fires(bitget: Ccxt, scene: Scene) -> None:
    await bitget.create_order(ETH, "market", "sell", 1.5)
    stop = await bitget.create_order(ETH, "market", "buy", 1.5, None, {"stopLossPrice": 2050, "reduceOnly": True})
    (waiting,) = await bitget.fetch_open_orders(ETH, None, None, {"trigger": True})
    assert (waiting["id"], waiting["stopLossPrice"]) == (stop["id"], 2050)
    scene.prices.marks[ETH] = D(2060)
    await bitget.fetch_time()
    await bitget.fetch_time()
    assert not any(one["contracts"] for one in await bitget.fetch_positions([ETH]))
    assert (await bitget.fetch_order(stop["id"], ETH))["filled"] == 1.5


async def test_a_trigger_price_at_the_normal_endpoint_makes_an_order_at_once(bitget: Ccxt, scene: Scene) -> None:
    """As at the venue; dnbot's adapter never sends one there."""
    await bitget.create_order(ETH, "market", "buy", 1, None, {"triggerPrice": 2500})
    assert scene.engine.view().positions[ETH].size == 1


async def test_a_key_of_the_classic_interface_s_kind_is_told_so(bitget: Ccxt) -> None:
    bitget.options["uta"] = False
    with pytest.raises(ccxt.PermissionDenied, match="40085"):
        await bitget.fetch_balance()
