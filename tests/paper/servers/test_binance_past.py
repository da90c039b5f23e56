"""Binance's endpoints for the past and for everybody, and what a key may do."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.paper.servers.binance.routes import PRIVATE, PUBLIC
from bot.paper.servers.desk import Permissions
from bot.paper.servers.venue import Incoming
from bot.paper.servers.wire import millis
from tests.paper.servers.wire import Client

ORDER = "/fapi/v1/order"

D = Decimal

SELL = {"symbol": "ETHUSDT", "side": "SELL", "type": "MARKET", "quantity": "1.5", "newOrderRespType": "RESULT"}


@pytest.fixture
def client() -> Client:
    return Client("binance")


def test_what_a_key_may_do() -> None:
    reader = Client("binance", Permissions(trade=False, withdraw=True, ip_restricted=False))
    rights = reader.ok("GET", "/sapi/v1/account/apiRestrictions")
    assert (rights["enableFutures"], rights["enableWithdrawals"], rights["ipRestrict"]) == (False, True, False)
    assert reader.refused("POST", ORDER, **SELL) == (401, "-2015")
    assert reader.ok("GET", "/fapi/v1/accountConfig")["canTrade"] is False


def test_trades_are_listed_by_time_by_order_and_by_number(client: Client) -> None:
    numbers = [client.ok("POST", ORDER, **SELL)["orderId"]]
    client.clock.move(minutes=1)
    numbers += [client.ok("POST", ORDER, **SELL)["orderId"]]
    trades = client.ok("GET", "/fapi/v1/userTrades", symbol="ETHUSDT")
    assert [trade["orderId"] for trade in trades] == numbers
    assert trades[0] == {
        "symbol": "ETHUSDT",
        "id": 1,
        "orderId": numbers[0],
        "side": "SELL",
        "price": "1999.80",
        "qty": "1.500",
        "realizedPnl": "0.00000000",
        "quoteQty": "2999.70000000",
        "commission": "1.49985000",
        "commissionAsset": "USDT",
        "time": millis(client.now - timedelta(minutes=1)),
        "positionSide": "BOTH",
        "buyer": False,
        "maker": False,
    }
    start = millis(client.now - timedelta(seconds=1))
    assert len(client.ok("GET", "/fapi/v1/userTrades", symbol="ETHUSDT", startTime=start)) == 1
    assert len(client.ok("GET", "/fapi/v1/userTrades", symbol="ETHUSDT", orderId=numbers[0])) == 1
    assert len(client.ok("GET", "/fapi/v1/userTrades", symbol="ETHUSDT", fromId=2)) == 1
    assert len(client.ok("GET", "/fapi/v1/userTrades", symbol="ETHUSDT", limit=1)) == 1
    assert client.ok("GET", "/fapi/v1/userTrades", symbol="BTCUSDT") == []
    late = {"symbol": "ETHUSDT", "startTime": start, "endTime": start - 1}
    assert client.refused("GET", "/fapi/v1/userTrades", **late) == (400, "-4022")


def test_income_adds_up_and_names_its_trades(client: Client) -> None:
    client.ok("POST", ORDER, **SELL)
    client.mark(1900)
    client.ok("POST", ORDER, **{**SELL, "side": "BUY", "quantity": "0.5"})
    rows = client.ok("GET", "/fapi/v1/income")
    assert [(row["incomeType"], row["tradeId"]) for row in rows] == [
        ("TRANSFER", ""),
        ("COMMISSION", "1"),
        ("REALIZED_PNL", "2"),
        ("COMMISSION", "2"),
    ]
    assert sum(D(row["income"]) for row in rows) == client.desk.engine.account.wallet
    assert [row["incomeType"] for row in client.ok("GET", "/fapi/v1/income", incomeType="COMMISSION")] == [
        "COMMISSION",
        "COMMISSION",
    ]
    assert len(client.ok("GET", "/fapi/v1/income", symbol="ETHUSDT")) == 3


def test_a_liquidation_is_told_in_trades_orders_and_income(client: Client) -> None:
    client.ok("POST", ORDER, **{**SELL, "quantity": "40"})
    client.mark(2300)
    rows = client.ok("GET", "/fapi/v1/income", incomeType="INSURANCE_CLEAR")
    trades = client.ok("GET", "/fapi/v1/userTrades", symbol="ETHUSDT")
    forced = [trade for trade in trades if trade["side"] == "BUY"]
    assert forced
    order = client.ok("GET", ORDER, symbol="ETHUSDT", orderId=forced[0]["orderId"])
    assert order["clientOrderId"].startswith("autoclose-")
    assert (order["status"], order["reduceOnly"]) == ("FILLED", True)
    assert all(row["symbol"] == "ETHUSDT" for row in rows)
    everything = client.ok("GET", "/fapi/v1/income", limit=1000)
    assert sum(D(row["income"]) for row in everything) == client.desk.engine.account.wallet


def test_public_endpoints_need_no_key(client: Client) -> None:
    for method, path in PUBLIC:
        incoming = Incoming(method, path, "symbol=ETHUSDT&pair=ETHUSDT&interval=5m", {}, b"", client.now)
        assert client.raw(incoming)[0] == 200, path
        if path != "/fapi/v1/depth" and not path.lower().endswith("klines"):
            assert client.raw(replace(incoming, query=""))[0] == 200, path
    depth = Incoming("GET", "/fapi/v1/depth", "symbol=ETHUSDT&limit=7", {}, b"", client.now)
    assert client.raw(depth)[1]["code"] == -4021
    for query, code in (("symbol=ETHUSDT", -1102), ("symbol=ETHUSDT&interval=7m", -1120), ("interval=5m", -1102)):
        assert client.raw(Incoming("GET", "/fapi/v1/klines", query, {}, b"", client.now))[1]["code"] == code


def test_private_endpoints_need_one(client: Client) -> None:
    for method, path in PRIVATE:
        assert client.raw(Incoming(method, path, "", {}, b"", client.now))[0] == 401, path


def test_a_venue_without_a_price_is_away(client: Client) -> None:
    answer = client.dialect.away("no price")
    assert (answer.status, b"Service Unavailable" in answer.body) == (503, True)
