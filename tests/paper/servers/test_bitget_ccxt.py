"""An order's whole life at the Bitget server, through ccxt's own class over TLS, against the engine's own account."""

from collections.abc import AsyncIterator
from decimal import Decimal

import ccxt.async_support as ccxt
import pytest

from bot.paper.engine.rules import MarginMode
from tests.paper.engine.scene import ETH
from tests.paper.servers.scene import ALICE, Ccxt, Scene, connected, serving

D = Decimal


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with serving("bitget") as scene:
        yield scene


@pytest.fixture
async def bitget(scene: Scene) -> AsyncIterator[Ccxt]:
    keys = {"apiKey": ALICE.key, "secret": ALICE.secret, "password": ALICE.passphrase}
    exchange = ccxt.bitget({**keys, "enableRateLimit": False, "options": {"defaultType": "swap"}})
    async with connected(exchange, scene) as ready:
        yield ready


async def test_markets_show_the_rules(bitget: Ccxt) -> None:
    markets = await bitget.load_markets()
    assert bitget.options["uta"] is False
    market = markets[ETH]
    assert (market["id"], market["swap"], market["linear"], market["active"]) == ("ETHUSDT", True, True, True)
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.01, 0.001)
    assert (market["taker"], market["maker"]) == (0.0005, 0.0002)
    assert (market["limits"]["cost"]["min"], market["limits"]["amount"]["min"]) == (20, 0.001)
    tiers = await bitget.fetch_market_leverage_tiers(ETH)
    assert [(tier["maxLeverage"], tier["maintenanceMarginRate"]) for tier in tiers] == [
        (100, 0.004),
        (50, 0.005),
        (20, 0.01),
        (10, 0.025),
    ]
    assert (tiers[1]["minNotional"], tiers[1]["maxNotional"]) == (50_000, 250_000)


async def test_prices_books_and_funding(bitget: Ccxt, scene: Scene) -> None:
    funding = await bitget.fetch_funding_rate(ETH)
    assert (funding["fundingRate"], funding["interval"]) == (0.0001, "8h")
    assert funding["fundingTimestamp"] == scene.engine.account.funding[ETH].next_at.timestamp() * 1000
    book = await bitget.fetch_order_book(ETH, 5)
    assert book["bids"][0] == [1999.8, 10]
    assert book["asks"][0] == [2000.2, 10]
    ticker = await bitget.fetch_ticker(ETH)
    assert (ticker["bid"], ticker["ask"], ticker["markPrice"], ticker["last"]) == (1999.8, 2000.2, 2000, 2000)
    assert abs(await bitget.fetch_time() - scene.clock.now().timestamp() * 1000) < 5000


async def test_a_market_order_fills_and_everything_agrees_with_the_engine(bitget: Ccxt, scene: Scene) -> None:
    placed = await bitget.create_order(ETH, "market", "sell", 1.5, None, {"clientOrderId": "a1"})
    order = await bitget.fetch_order(placed["id"], ETH)
    assert (order["status"], order["filled"], order["average"]) == ("closed", 1.5, 1999.8)
    assert (order["clientOrderId"], order["fee"]["cost"]) == ("a1", 1.49985)
    (position,) = await bitget.fetch_positions([ETH])
    truth = scene.engine.view()
    held = truth.positions[ETH]
    assert (position["side"], D(str(position["contracts"]))) == ("short", -held.size)
    assert D(str(position["entryPrice"])) == held.entry_price
    assert D(str(position["unrealizedPnl"])) == held.unrealised
    assert D(str(position["liquidationPrice"])) == held.liquidation_price
    assert (position["leverage"], position["marginMode"], position["hedged"]) == (10, "cross", False)
    balance = (await bitget.fetch_balance())["info"][0]
    assert D(balance["accountEquity"]) == truth.balance.equity
    assert D(balance["accountEquity"]) - D(balance["unrealizedPL"]) == truth.balance.wallet
    assert D(balance["crossedMaxAvailable"]) == truth.balance.available
    (trade,) = await bitget.fetch_my_trades(ETH)
    assert (trade["order"], trade["amount"], trade["fee"]["cost"]) == (order["id"], 1.5, 1.49985)
    entries = [entry["info"] for entry in await bitget.fetch_ledger()]
    assert sum(D(entry["amount"]) + D(entry["fee"]) for entry in entries) == truth.balance.wallet


async def test_a_resting_order_is_found_everywhere_and_cancelled(bitget: Ccxt) -> None:
    order = await bitget.create_order(ETH, "limit", "sell", 1, 2010.5, {"clientOrderId": "rest", "postOnly": True})
    (found,) = await bitget.fetch_open_orders(ETH)
    assert (found["id"], found["status"], found["timeInForce"], found["price"]) == (order["id"], "open", "PO", 2010.5)
    assert await bitget.fetch_open_orders(ETH, params={"trigger": True}) == []
    assert (await bitget.fetch_order("", ETH, {"clientOrderId": "rest"}))["id"] == order["id"]
    assert (await bitget.cancel_order("", ETH, {"clientOrderId": "rest"}))["id"] == order["id"]
    assert await bitget.fetch_open_orders(ETH) == []
    assert (await bitget.fetch_order(order["id"], ETH))["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound, match="40768"):
        await bitget.cancel_order(order["id"], ETH)
    with pytest.raises(ccxt.ExchangeError, match="40786"):
        await bitget.create_order(ETH, "limit", "sell", 1, 2010.5, {"clientOrderId": "rest"})


@pytest.mark.parametrize(("param", "plan"), [("triggerPrice", "normal_plan"), ("stopLossPrice", "profit_loss")])
async def test_a_stop_stands_in_its_book_until_it_fires(bitget: Ccxt, scene: Scene, param: str, plan: str) -> None:
    await bitget.create_order(ETH, "market", "sell", 1.5)
    params = {"clientOid": "stop", param: 2100, "reduceOnly": True}
    stop = await bitget.create_order(ETH, "market", "buy", 1.5, None, params)
    assert await bitget.fetch_open_orders(ETH) == []
    (found,) = await bitget.fetch_open_orders(ETH, params={"trigger": True, "planType": plan})
    assert (found["id"], found["clientOrderId"], found["triggerPrice"]) == (stop["id"], "stop", 2100)
    assert found["side"] == "buy"
    with pytest.raises(ccxt.OrderNotFound):
        await bitget.fetch_order(stop["id"], ETH)
    scene.prices.marks[ETH] = D(2105)
    assert await bitget.fetch_positions([ETH]) == []
    assert await bitget.fetch_open_orders(ETH, params={"trigger": True, "planType": plan}) == []
    subs = await bitget.privateMixGetV2MixOrderPlanSubOrder(
        {"productType": "USDT-FUTURES", "planType": plan, "planOrderId": stop["id"]}
    )
    actual = await bitget.fetch_order(subs["data"][0]["orderId"], ETH)
    assert (actual["filled"], actual["reduceOnly"]) == (1.5, True)
    assert (await bitget.fetch_my_trades(ETH))[-1]["order"] == actual["id"]


async def test_a_stop_can_be_cancelled(bitget: Ccxt) -> None:
    await bitget.create_order(ETH, "market", "sell", 1)
    stop = await bitget.create_order(ETH, "market", "buy", 1, None, {"triggerPrice": 2100, "reduceOnly": True})
    with pytest.raises(ccxt.OrderNotFound):
        await bitget.cancel_order(stop["id"], ETH)
    cancelled = await bitget.cancel_order(stop["id"], ETH, {"trigger": True, "planType": "normal_plan"})
    assert cancelled["id"] == stop["id"]
    assert await bitget.fetch_open_orders(ETH, params={"trigger": True}) == []


async def test_the_account_is_set_up(bitget: Ccxt, scene: Scene) -> None:
    await bitget.set_leverage(20, ETH)
    assert scene.engine.account.leverage[ETH] == 20
    await bitget.set_margin_mode("isolated", ETH)
    assert scene.engine.account.modes[ETH] is MarginMode.ISOLATED
    told = await bitget.fetch_leverage(ETH)
    assert (told["longLeverage"], told["marginMode"], told["info"]["posMode"]) == (20, "isolated", "one_way_mode")
    await bitget.create_order(ETH, "market", "sell", 1, None, {"marginMode": "isolated"})
    before = scene.engine.account.positions[ETH].margin
    await bitget.add_margin(ETH, 50, {"holdSide": "short"})
    assert scene.engine.account.positions[ETH].margin == before + 50
    with pytest.raises(ccxt.ExchangeError, match="45117"):
        await bitget.create_order(ETH, "market", "sell", 1, None, {"marginMode": "cross"})
    fee = await bitget.fetch_trading_fee(ETH)
    assert (fee["maker"], fee["taker"]) == (0.0002, 0.0005)
    info = await bitget.privateSpotGetV2SpotAccountInfo()
    assert info["data"]["authorities"] == ["coor", "coow"]


async def test_funding_is_paid_and_told(bitget: Ccxt, scene: Scene) -> None:
    await bitget.create_order(ETH, "market", "sell", 1)
    scene.clock.shift = scene.engine.account.funding[ETH].next_at - scene.clock.now()
    await bitget.load_time_difference()
    (payment,) = await bitget.fetch_funding_history(ETH)
    assert (payment["amount"], payment["symbol"]) == (0.2, ETH)
