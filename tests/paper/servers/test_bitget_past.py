"""Bitget's endpoints for the past and for everybody, and what a key may do."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.paper.servers.bitget.routes import PRIVATE, PUBLIC
from bot.paper.servers.desk import Permissions
from bot.paper.servers.venue import Incoming
from bot.paper.servers.wire import millis
from tests.paper.servers.wire import Client

D = Decimal

MIX = "/api/v2/mix"
PLACE, DETAIL = f"{MIX}/order/place-order", f"{MIX}/order/detail"

PRODUCT = {"productType": "USDT-FUTURES"}

OF_ETH = {**PRODUCT, "symbol": "ETHUSDT"}

COINED = {**OF_ETH, "marginCoin": "USDT"}

SELL = {**COINED, "marginMode": "crossed", "side": "sell", "orderType": "market", "size": "1.5"}


@pytest.fixture
def client() -> Client:
    return Client("bitget")


def test_what_a_key_may_do() -> None:
    reader = Client("bitget", Permissions(trade=False, withdraw=True, ip_restricted=False))
    told = reader.ok("GET", "/api/v2/spot/account/info")
    assert (told["authorities"], told["ips"]) == (["coor", "wwow"], "")
    assert reader.refused("POST", PLACE, **SELL) == (400, "40014")


def test_trades_come_newest_first_in_pages(client: Client) -> None:
    fills = f"{MIX}/order/fills"
    for _ in range(3):
        client.ok("POST", PLACE, **SELL)
        client.clock.move(minutes=1)
    first = client.ok("GET", fills, **OF_ETH, limit="2")
    assert [one["tradeId"] for one in first["fillList"]] == ["3", "2"]
    rest = client.ok("GET", fills, **OF_ETH, limit="2", idLessThan=first["endId"])
    assert [one["tradeId"] for one in rest["fillList"]] == ["1"]
    start = millis(client.now - timedelta(seconds=61))
    assert len(client.ok("GET", fills, **OF_ETH, startTime=start)["fillList"]) == 1
    assert len(client.ok("GET", fills, **OF_ETH, orderId="2")["fillList"]) == 1
    trade = rest["fillList"][0]
    assert trade["feeDetail"] == [
        {"deduction": "no", "feeCoin": "USDT", "totalDeductionFee": "", "totalFee": "-1.49985"}
    ]
    assert (trade["price"], trade["baseVolume"], trade["quoteVolume"], trade["tradeScope"]) == (
        "1999.80",
        "1.500",
        "2999.7",
        "taker",
    )


def test_bills_add_up(client: Client) -> None:
    client.ok("POST", PLACE, **SELL)
    client.mark(1900)
    client.ok("POST", PLACE, **{**SELL, "side": "buy", "size": "0.5"})
    bills = client.ok("GET", f"{MIX}/account/bill", **PRODUCT)["bills"]
    assert [bill["businessType"] for bill in bills] == ["buy", "sell", "trans_from_exchange"]
    assert sum(D(bill["amount"]) + D(bill["fee"]) for bill in bills) == client.desk.engine.account.wallet
    assert D(bills[0]["balance"]) == client.desk.engine.account.wallet
    assert (bills[2]["amount"], bills[2]["fee"], bills[2]["symbol"]) == ("10000", "0", "")
    assert len(client.ok("GET", f"{MIX}/account/bill", **PRODUCT, businessType="sell")["bills"]) == 1
    assert len(client.ok("GET", f"{MIX}/account/bill", **OF_ETH)["bills"]) == 2


def test_a_liquidation_is_told_in_bills(client: Client) -> None:
    client.ok("POST", PLACE, **{**SELL, "size": "40"})
    client.mark(2300)
    bills = client.ok("GET", f"{MIX}/account/bill", **PRODUCT, limit="100")["bills"]
    assert sum(D(bill["amount"]) + D(bill["fee"]) for bill in bills) == client.desk.engine.account.wallet
    trades = client.ok("GET", f"{MIX}/order/fills", **OF_ETH)["fillList"]
    order = client.ok("GET", DETAIL, **OF_ETH, orderId=trades[0]["orderId"])
    assert order["clientOid"].startswith("autoclose-")


def test_only_usdt_margined_contracts_are_listed(client: Client) -> None:
    def listed(product: str) -> list[str]:
        query = f"productType={product}"
        incoming = Incoming("GET", f"{MIX}/market/contracts", query, {}, b"", client.now)
        return [one["symbol"] for one in client.raw(incoming)[1]["data"]]

    assert listed("USDT-FUTURES") == ["ETHUSDT", "BTCUSDT"]
    assert listed("usdt-futures") == ["ETHUSDT", "BTCUSDT"]
    assert listed("COIN-FUTURES") == []


def test_public_endpoints_need_no_key(client: Client) -> None:
    for method, path in PUBLIC:
        query = "symbol=ETHUSDT&productType=USDT-FUTURES&granularity=5m"
        incoming = Incoming(method, path, query, {}, b"", client.now)
        assert client.raw(incoming)[0] == 200, path
    for more in ("granularity=7m", "granularity=5m&limit=201", ""):
        query = f"symbol=ETHUSDT&productType=USDT-FUTURES&{more}"
        bad = Incoming("GET", "/api/v2/mix/market/history-candles", query, {}, b"", client.now)
        assert client.raw(bad)[0] == 400, more


def test_private_endpoints_need_one(client: Client) -> None:
    for method, path in PRIVATE:
        assert client.raw(Incoming(method, path, "", {}, b"", client.now))[1]["code"] == "40001", path


def test_a_client_that_asks_for_a_unified_account_learns_that_it_is_classic(client: Client) -> None:
    assert client.refused("GET", "/api/v3/account/settings") == (400, "40084")


def test_a_venue_without_a_price_is_away(client: Client) -> None:
    answer = client.dialect.away("no price")
    assert (answer.status, json.loads(answer.body)["code"]) == (503, "40200")
