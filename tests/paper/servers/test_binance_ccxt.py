"""An order's whole life at the Binance server, through ccxt's own class over TLS, against the engine's own account."""

from collections.abc import AsyncIterator
from decimal import Decimal

import ccxt.async_support as ccxt
import pytest

from tests.paper.engine.scene import ETH
from tests.paper.servers.scene import ALICE, Ccxt, Scene, connected, serving

D = Decimal


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with serving("binance") as scene:
        yield scene


@pytest.fixture
async def binance(scene: Scene) -> AsyncIterator[Ccxt]:
    exchange = ccxt.binanceusdm({"apiKey": ALICE.key, "secret": ALICE.secret, "enableRateLimit": False})
    async with connected(exchange, scene) as ready:
        yield ready


async def test_markets_show_the_rules(binance: Ccxt) -> None:
    markets = await binance.load_markets()
    market = markets[ETH]
    assert (market["id"], market["swap"], market["linear"], market["active"]) == ("ETHUSDT", True, True, True)
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.01, 0.001)
    assert market["limits"]["cost"]["min"] == 20
    assert market["limits"]["amount"] == {"min": 0.001, "max": 1000}
    tiers = (await binance.fetch_leverage_tiers([ETH]))[ETH]
    assert [tier["maxLeverage"] for tier in tiers] == [100, 50, 20, 10]
    assert [tier["info"]["cum"] for tier in tiers] == [0, 50, 1300, 16300]
    assert tiers[2]["maintenanceMarginRate"] == 0.01


async def test_prices_books_and_funding(binance: Ccxt, scene: Scene) -> None:
    funding = await binance.fetch_funding_rate(ETH)
    assert (funding["markPrice"], funding["fundingRate"]) == (2000, 0.0001)
    assert funding["fundingTimestamp"] == scene.engine.account.funding[ETH].next_at.timestamp() * 1000
    book = await binance.fetch_order_book(ETH, 5)
    assert book["bids"][0] == [1999.8, 10]
    assert book["asks"][0] == [2000.2, 10] or book["asks"][0][0] == 2000.2
    touch = (await binance.fetch_bids_asks([ETH]))[ETH]
    assert (touch["bid"], touch["ask"]) == (1999.8, 2000.2)
    assert abs(await binance.fetch_time() - scene.clock.now().timestamp() * 1000) < 5000


async def test_a_market_order_fills_and_everything_agrees_with_the_engine(binance: Ccxt, scene: Scene) -> None:
    order = await binance.create_order(ETH, "market", "sell", 1.5, None, {"clientOrderId": "a1"})
    assert (order["status"], order["filled"], order["average"]) == ("closed", 1.5, 1999.8)
    position = (await binance.fetch_positions([ETH], {"useV2": True}))[0]
    truth = scene.engine.view()
    held = truth.positions[ETH]
    assert (position["side"], D(str(position["contracts"]))) == ("short", -held.size)
    assert D(str(position["entryPrice"])) == held.entry_price
    assert D(str(position["unrealizedPnl"])) == held.unrealised
    assert D(str(position["liquidationPrice"])) == held.liquidation_price
    assert (position["leverage"], position["marginMode"]) == (10, "cross")
    balance = await binance.fetch_balance()
    assert D(balance["info"]["totalWalletBalance"]) == truth.balance.wallet
    assert D(balance["info"]["totalMarginBalance"]) == truth.balance.equity
    assert D(balance["info"]["availableBalance"]) == truth.balance.available
    assert D(balance["info"]["totalMaintMargin"]) == truth.balance.maintenance_margin
    (trade,) = await binance.fetch_my_trades(ETH)
    assert (trade["order"], trade["amount"], trade["fee"]["cost"]) == (order["id"], 1.5, 1.49985)
    entries = await binance.fetch_ledger()
    signed = [D(entry["info"]["income"]) for entry in entries]
    assert sum(signed) == truth.balance.wallet
    assert [entry["info"]["incomeType"] for entry in entries] == ["TRANSFER", "COMMISSION"]


async def test_a_resting_order_is_found_everywhere_and_cancelled(binance: Ccxt) -> None:
    order = await binance.create_order(ETH, "limit", "sell", 1, 2010.5, {"clientOrderId": "rest", "postOnly": True})
    assert (order["status"], order["timeInForce"], order["price"]) == ("open", "PO", 2010.5)
    assert [one["id"] for one in await binance.fetch_open_orders(ETH)] == [order["id"]]
    assert await binance.fetch_open_orders(ETH, params={"trigger": True}) == []
    assert (await binance.fetch_order(None, ETH, {"clientOrderId": "rest"}))["id"] == order["id"]
    cancelled = await binance.cancel_order(None, ETH, {"clientOrderId": "rest"})
    assert (cancelled["id"], cancelled["status"]) == (order["id"], "canceled")
    assert await binance.fetch_open_orders(ETH) == []
    assert (await binance.fetch_order(order["id"], ETH))["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound, match="-2011"):
        await binance.cancel_order(order["id"], ETH)


async def test_a_stop_stands_in_the_conditional_book_until_it_fires(binance: Ccxt, scene: Scene) -> None:
    await binance.create_order(ETH, "market", "sell", 1.5)
    stop = await binance.create_order(
        ETH, "market", "buy", 1.5, None, {"clientOrderId": "stop", "stopLossPrice": 2100, "reduceOnly": True}
    )
    assert (stop["status"], stop["triggerPrice"], stop["reduceOnly"]) == ("open", 2100, True)
    assert await binance.fetch_open_orders(ETH) == []
    assert [one["clientOrderId"] for one in await binance.fetch_open_orders(ETH, params={"trigger": True})] == ["stop"]
    with pytest.raises(ccxt.OrderNotFound):
        await binance.fetch_order(None, ETH, {"clientOrderId": "stop"})
    scene.prices.marks[ETH] = D(2105)
    fired = await binance.fetch_order(None, ETH, {"clientOrderId": "stop", "trigger": True})
    assert (fired["status"], fired["info"]["algoStatus"]) == ("closed", "FINISHED")
    actual = await binance.fetch_order(fired["info"]["actualOrderId"], ETH)
    assert (actual["filled"], actual["reduceOnly"], actual["clientOrderId"]) == (1.5, True, "stop")
    assert await binance.fetch_open_orders(ETH, params={"trigger": True}) == []
    assert await binance.fetch_positions([ETH]) == []
    trades = await binance.fetch_my_trades(ETH)
    assert trades[-1]["order"] == actual["id"]


async def test_a_stop_can_be_cancelled(binance: Ccxt) -> None:
    stop = await binance.create_order(ETH, "market", "buy", 1, None, {"stopLossPrice": 2100, "reduceOnly": True})
    with pytest.raises(ccxt.OrderNotFound):
        await binance.cancel_order(stop["id"], ETH)
    await binance.cancel_order(stop["id"], ETH, {"trigger": True})
    again = await binance.fetch_order(stop["id"], ETH, {"trigger": True})
    assert again["status"] == "canceled"


async def test_the_account_is_set_up(binance: Ccxt, scene: Scene) -> None:
    assert (await binance.fetch_position_mode())["hedged"] is False
    assert (await binance.set_leverage(20, ETH))["leverage"] == 20
    assert scene.engine.account.leverage[ETH] == 20
    await binance.set_margin_mode("isolated", ETH)
    assert (await binance.fetch_margin_mode(ETH))["marginMode"] == "isolated"
    assert (await binance.fetch_leverages([ETH]))[ETH]["longLeverage"] == 20
    await binance.create_order(ETH, "market", "sell", 1)
    before = scene.engine.account.positions[ETH].margin
    await binance.add_margin(ETH, 50)
    assert scene.engine.account.positions[ETH].margin == before + 50
    rights = await binance.sapiGetAccountApiRestrictions()
    assert (rights["enableWithdrawals"], rights["ipRestrict"]) == (False, True)


async def test_funding_is_paid_and_told(binance: Ccxt, scene: Scene) -> None:
    await binance.create_order(ETH, "market", "sell", 1)
    scene.clock.shift = scene.engine.account.funding[ETH].next_at - scene.clock.now()
    await binance.load_time_difference()
    (payment,) = await binance.fetch_funding_history(ETH)
    assert (payment["amount"], payment["symbol"]) == (0.2, ETH)
