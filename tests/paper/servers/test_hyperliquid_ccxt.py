"""An order's whole life at the Hyperliquid server, through ccxt's own class over TLS, against the engine's account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import ccxt.async_support as ccxt
import pytest
from ccxt import pro

from bot.core.types import Symbol
from bot.paper.servers.registry import SERVERS
from tests.paper.servers.flavours import rules_of
from tests.paper.servers.scene import Ccxt, Prices, Scene, connected, serving

D = Decimal
ETH, BTC = Symbol("ETH/USDC:USDC"), Symbol("BTC/USDC:USDC")
KEYS = SERVERS["hyperliquid"].issue("alice")
CLOID = "0x" + "ab" * 16


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    prices = Prices({ETH: D(2000), BTC: D(40_000)})
    async with serving("hyperliquid", rules_of("hyperliquid"), credentials=KEYS, prices=prices) as scene:
        yield scene


def made(kind: type[Ccxt]) -> Ccxt:
    return kind({"walletAddress": KEYS.key, "privateKey": KEYS.secret, "enableRateLimit": False})


@pytest.fixture
async def venue(scene: Scene) -> AsyncIterator[Ccxt]:
    async with connected(made(ccxt.hyperliquid), scene) as ready:
        yield ready


async def test_markets_show_the_rules(venue: Ccxt) -> None:
    market = (await venue.load_markets())[ETH]
    assert (market["swap"], market["linear"], market["active"], market["settle"]) == (True, True, True, "USDC")
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.001)
    assert market["limits"]["leverage"]["max"] == 100


async def test_prices_books_and_funding(venue: Ccxt, scene: Scene) -> None:
    funding = await venue.fetch_funding_rate(ETH)
    assert (funding["markPrice"], funding["fundingRate"], funding["interval"]) == (2000, 0.0001, "1h")
    book = await venue.fetch_order_book(ETH)
    assert (book["bids"][0], book["asks"][0]) == ([1999.8, 10], [2000.2, 10])
    assert abs(await venue.fetch_time() - scene.clock.now().timestamp() * 1000) < 5000


async def test_a_market_order_fills_and_everything_agrees_with_the_engine(venue: Ccxt, scene: Scene) -> None:
    order = await venue.create_order(ETH, "market", "sell", 1.5, 2000, {"clientOrderId": CLOID})
    assert (order["id"], order["filled"], order["average"]) == ("1", 1.5, 1999.8)
    (position,) = await venue.fetch_positions([ETH])
    truth = scene.engine.view()
    held = truth.positions[ETH]
    assert (position["side"], D(str(position["contracts"]))) == ("short", -held.size)
    assert D(str(position["entryPrice"])) == held.entry_price
    assert D(str(position["unrealizedPnl"])) == held.unrealised
    assert D(str(position["liquidationPrice"])) == held.liquidation_price
    assert (position["leverage"], position["marginMode"]) == (10, "cross")
    balance = await venue.fetch_balance()
    assert D(balance["info"]["marginSummary"]["accountValue"]) == truth.balance.equity
    assert D(balance["info"]["withdrawable"]) == truth.balance.available
    assert D(balance["info"]["crossMaintenanceMarginUsed"]) == truth.balance.maintenance_margin
    (trade,) = await venue.fetch_my_trades(ETH)
    assert (trade["order"], trade["amount"], trade["fee"]["cost"]) == ("1", 1.5, 1.49985)
    (entry,) = await venue.fetch_ledger(None, 1)
    assert (entry["type"], entry["amount"]) == ("deposit", 10_000)


async def test_what_ccxt_writes_of_its_own_accord_is_refused_and_trading_goes_on(venue: Ccxt, scene: Scene) -> None:
    await venue.load_markets()
    assert await venue.initialize_client()
    assert not venue.options.get("approvedBuilderFee")
    await venue.create_order(ETH, "limit", "sell", 1, 1990, {"timeInForce": "Ioc"})
    assert scene.desk.size(ETH) == -1


async def test_a_resting_order_is_found_everywhere_amended_and_cancelled(venue: Ccxt) -> None:
    order = await venue.create_order(ETH, "limit", "sell", 1, 2010.5, {"clientOrderId": CLOID, "postOnly": True})
    (listed,) = await venue.fetch_open_orders(ETH)
    assert (listed["id"], listed["price"], listed["remaining"], listed["postOnly"]) == (order["id"], 2010.5, 1, True)
    assert (await venue.fetch_order(CLOID, ETH))["status"] == "open"
    await venue.edit_order(order["id"], ETH, "limit", "sell", 2, 2020, {"postOnly": True, "clientOrderId": CLOID})
    (amended,) = await venue.fetch_open_orders(ETH)
    assert (amended["price"], amended["amount"], amended["clientOrderId"]) == (2020, 2, CLOID)
    assert amended["id"] != order["id"]
    await venue.cancel_order(amended["id"], ETH)
    assert await venue.fetch_open_orders(ETH) == []
    assert (await venue.fetch_order(CLOID, ETH))["status"] == "canceled"
    with pytest.raises(ccxt.OrderNotFound):
        await venue.cancel_order(amended["id"], ETH)


async def test_a_stop_rests_and_fires_on_the_mark(venue: Ccxt, scene: Scene) -> None:
    await venue.create_order(ETH, "market", "sell", 1.5, 2000)
    stop = {"triggerPrice": 2100, "reduceOnly": True, "clientOrderId": CLOID}
    await venue.create_order(ETH, "market", "buy", 1.5, 2100, stop)
    (listed,) = await venue.fetch_open_orders(ETH)
    assert (listed["triggerPrice"], listed["stopLossPrice"], listed["reduceOnly"]) == (2100, 2100, True)
    scene.prices.marks[ETH] = D(2100)
    assert await venue.fetch_positions([ETH]) == []
    assert (await venue.fetch_order(CLOID, ETH))["status"] == "closed"
    opened, closed = await venue.fetch_my_trades(ETH)
    assert (opened["side"], closed["side"], closed["info"]["dir"], closed["info"]["cloid"]) == (
        "sell",
        "buy",
        "Close Short",
        CLOID,
    )


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (("limit", "sell", 100, 1990, {"timeInForce": "Ioc"}), ccxt.InsufficientFunds),
        (("limit", "sell", 0.004, 1990, {"timeInForce": "Ioc"}), ccxt.InvalidOrder),
        (("limit", "sell", 1, 1990, {"postOnly": True}), ccxt.InvalidOrder),
        (("limit", "sell", 1, 2010, {"timeInForce": "Ioc"}), ccxt.InvalidOrder),
        (("limit", "buy", 1, 2001, {"timeInForce": "Ioc", "reduceOnly": True}), ccxt.InvalidOrder),
        (("market", "buy", 1, 1900, {"triggerPrice": 1900}), ccxt.InvalidOrder),
        (("limit", "sell", 1, 300, {"timeInForce": "Ioc"}), ccxt.InvalidOrder),
    ],
)
async def test_a_refusal_is_understood_and_changes_nothing(
    venue: Ccxt, scene: Scene, order: tuple[object, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await venue.create_order(ETH, *order)
    assert scene.desk.size(ETH) == 0
    assert scene.desk.working() == []


async def test_leverage_margin_mode_and_isolated_margin(venue: Ccxt, scene: Scene) -> None:
    await venue.set_margin_mode("isolated", ETH, {"leverage": 5})
    await venue.create_order(ETH, "market", "sell", 1, 2000)
    (position,) = await venue.fetch_positions([ETH])
    assert (position["marginMode"], position["leverage"]) == ("isolated", 5)
    before = scene.engine.account.positions[ETH].margin
    await venue.add_margin(ETH, 12.5)
    assert scene.engine.account.positions[ETH].margin == before + D("12.5")
    with pytest.raises(ccxt.ExchangeError, match="Cannot switch leverage type"):
        await venue.set_margin_mode("cross", ETH, {"leverage": 5})


async def test_fundings_are_hourly_and_sum_up(venue: Ccxt, scene: Scene) -> None:
    await venue.create_order(ETH, "market", "sell", 1, 2000)
    since = venue.milliseconds()
    scene.clock.shift += timedelta(hours=3)
    rows = await venue.fetch_funding_history(ETH)
    assert [row["amount"] for row in rows] == [0.2, 0.2, 0.2]
    assert len(await venue.fetch_funding_rate_history(ETH, since)) == 3
    first, *_, last = await venue.fetch_funding_rate_history(ETH, since - 600 * 3_600_000)
    assert (last["timestamp"] - first["timestamp"], first["timestamp"] > since - 600 * 3_600_000) == (
        499 * 3_600_000,
        True,
    )


async def test_streams_tell_middles_orders_and_positions(scene: Scene) -> None:
    async with connected(made(pro.hyperliquid), scene) as stream:
        await stream.load_markets()
        assert (await stream.watch_tickers([ETH]))[ETH]["last"] == 2000
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            told = group.create_task(stream.watch_orders()), group.create_task(stream.watch_positions([ETH]))
            sent, waiting = 0, {*told}
            while waiting:  # what is done before a subscription stands is not told
                await stream.create_order(ETH, "limit", "sell", 0.5, 1990, {"timeInForce": "IOC"})
                sent += 1
                _, waiting = await asyncio.wait(told, timeout=0.3)
        order, position = told[0].result()[-1], told[1].result()[-1]
        assert (order["symbol"], order["side"], order["status"]) == (ETH, "sell", "closed")
        assert (position["symbol"], position["side"]) == (ETH, "short")
        assert scene.desk.size(ETH) == -D("0.5") * sent


async def test_a_stranger_s_action_is_nobody_s(scene: Scene) -> None:
    stranger = replace(KEYS, secret="11" * 32)
    exchange = ccxt.hyperliquid({"walletAddress": KEYS.key, "privateKey": stranger.secret, "enableRateLimit": False})
    async with connected(exchange, scene) as venue:
        with pytest.raises(ccxt.InvalidOrder, match="does not exist"):
            await venue.create_order(ETH, "limit", "sell", 1, 1990, {"timeInForce": "Ioc"})
    assert scene.desk.size(ETH) == 0
