"""Binance's wire format: who may call, what is refused with which code, and how answers look."""

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.paper.servers.desk import Credentials
from bot.paper.servers.venue import Incoming
from bot.paper.servers.wire import millis
from tests.paper.engine.scene import ETH
from tests.paper.servers.scene import ALICE
from tests.paper.servers.wire import Client, binance

D = Decimal
ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
SELL = {"symbol": "ETHUSDT", "side": "SELL", "type": "MARKET", "quantity": "1.5", "newOrderRespType": "RESULT"}
REST = {"symbol": "ETHUSDT", "side": "SELL", "type": "LIMIT", "quantity": "1", "price": "2010", "timeInForce": "GTC"}
STOP = {
    "algoType": "CONDITIONAL",
    "symbol": "ETHUSDT",
    "side": "BUY",
    "type": "STOP_MARKET",
    "quantity": "1",
    "triggerPrice": "2100",
}


@pytest.fixture
def client() -> Client:
    return Client("binance")


def test_the_documented_example_of_a_signature_is_accepted() -> None:
    secret = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"  # noqa: S105 - printed in the documentation
    query = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC"
    query += "&recvWindow=5000&timestamp=1591702613943"
    signature = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
    client = Client("binance")
    client.desk.credentials = Credentials("documented", secret)
    client.venue.desks = {"documented": client.desk}
    headers = {"x-mbx-apikey": "documented"}
    incoming = Incoming("POST", ORDER, "", headers, f"{query}&signature={signature}".encode(), client.now)
    assert client.raw(incoming)[1]["code"] == -1021  # the signature passes, the time of 2020 does not
    wrong = replace(incoming, body=incoming.body.replace(b"quantity=1", b"quantity=2"))
    assert client.raw(wrong)[1]["code"] == -1022


def test_a_signature_may_stand_over_query_and_body_together(client: Client) -> None:
    query = f"symbol=ETHUSDT&side=SELL&type=MARKET&quantity=1&timestamp={millis(client.now)}"
    both = query.replace("&type", "|type").split("|")
    signature = hmac.new(ALICE.secret.encode(), "".join(both).encode(), hashlib.sha256).hexdigest()
    body = f"{both[1]}&signature={signature}".encode()
    assert client.raw(Incoming("POST", ORDER, both[0], {"x-mbx-apikey": ALICE.key}, body, client.now))[0] == 200


@pytest.mark.parametrize(
    ("late", "window", "code"),
    [(0, 5000, None), (5, 5000, None), (5.001, 5000, -1021), (-0.999, 5000, None), (-1, 5000, -1021), (3, 2000, -1021)],
)
def test_the_time_stamp_must_be_inside_the_window(client: Client, late: float, window: int, code: int | None) -> None:
    incoming = binance(ALICE, client.now, "GET", "/fapi/v2/balance", {"recvWindow": window}, timedelta(seconds=late))
    status, body = client.raw(incoming)
    assert (status, body["code"] if code else None) == (400 if code else 200, code)


def test_keys_and_signatures_that_are_wrong(client: Client) -> None:
    good = binance(ALICE, client.now, "GET", "/fapi/v2/balance", {})
    assert client.raw(replace(good, headers={})) == (401, {"code": -2014, "msg": "API-key format invalid."})
    assert client.raw(replace(good, headers={"x-mbx-apikey": "x"}))[1]["code"] == -2015
    assert client.raw(replace(good, headers={"x-mbx-apikey": "x"}))[0] == 401
    other = binance(Credentials(ALICE.key, "wrong"), client.now, "GET", "/fapi/v2/balance", {})
    assert client.raw(other)[1]["code"] == -1022
    unsigned = replace(good, query=good.query.split("&signature")[0])
    assert client.raw(unsigned)[1] == {
        "code": -1102,
        "msg": "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.",
    }
    assert client.refused("GET", "/fapi/v2/balance", recvWindow=60001) == (400, "-1131")
    assert client.refused("GET", "/fapi/v2/balance", timestamp="") == (400, "-1102")


def test_unknown_paths_and_methods(client: Client) -> None:
    assert client.refused("GET", "/fapi/v1/nothing") == (404, "-5000")
    assert client.refused("PATCH", ORDER) == (404, "-5000")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": None}, "-1102"),
        ({"symbol": "SOLUSDT"}, "-1121"),
        ({"side": None}, "-1102"),
        ({"side": "HOLD"}, "-1117"),
        ({"type": None}, "-1102"),
        ({"type": "STOP_MARKET"}, "-4120"),
        ({"type": "TRAILING_STOP_MARKET"}, "-4120"),
        ({"type": "WISH"}, "-1116"),
        ({"quantity": None}, "-1102"),
        ({"quantity": "many"}, "-1102"),
        ({"quantity": "NaN"}, "-1102"),
        ({"quantity": "0"}, "-4003"),
        ({"quantity": "-1"}, "-4003"),
        ({"quantity": "1.0005"}, "-1111"),
        ({"quantity": "1001"}, "-4005"),
        ({"quantity": "0.005"}, "-4164"),
        ({"price": None}, "-1102"),
        ({"price": "0"}, "-4001"),
        ({"price": "2010.005"}, "-4014"),
        ({"timeInForce": None}, "-1102"),
        ({"timeInForce": "FOK"}, "-1115"),
        ({"timeInForce": "GTX", "price": "1999"}, "-5022"),
        ({"type": "MARKET", "price": "2010", "timeInForce": None}, "-1106"),
        ({"positionSide": "SHORT"}, "-4061"),
        ({"reduceOnly": "true"}, "-2022"),
        ({"reduceOnly": "maybe"}, "-1102"),
        ({"quantity": "900"}, "-2019"),
        ({"newClientOrderId": "x" * 37}, "-4015"),
        ({"newClientOrderId": "no spaces"}, "-1100"),
    ],
)
def test_orders_that_are_refused(client: Client, change: dict[str, str | None], code: str) -> None:
    sent = {name: value for name, value in {**REST, **change}.items() if value is not None}
    assert client.refused("POST", ORDER, **sent) == (400, code)
    assert client.desk.orders() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"algoType": "VP"}, "-1102"),
        ({"type": "TAKE_PROFIT_MARKET"}, "-1116"),
        ({"triggerPrice": None}, "-1102"),
        ({"triggerPrice": "1900"}, "-2021"),
        ({"triggerPrice": "2100.001"}, "-4014"),
        ({"closePosition": "true"}, "-4137"),
        ({"quantity": "1.0005"}, "-1111"),
    ],
)
def test_conditional_orders_that_are_refused(client: Client, change: dict[str, str | None], code: str) -> None:
    sent = {name: value for name, value in {**STOP, **change}.items() if value is not None}
    assert client.refused("POST", ALGO, **sent) == (400, code)
    assert client.desk.orders() == []


def test_a_client_id_is_free_again_when_its_order_ends(client: Client) -> None:
    client.ok("POST", ORDER, **REST, newClientOrderId="a")
    assert client.refused("POST", ORDER, **REST, newClientOrderId="a") == (400, "-4116")
    client.ok("DELETE", ORDER, symbol="ETHUSDT", origClientOrderId="a")
    again = client.ok("POST", ORDER, **REST, newClientOrderId="a")
    assert client.ok("GET", ORDER, symbol="ETHUSDT", origClientOrderId="a")["orderId"] == again["orderId"]


def test_the_answer_to_an_order_as_it_is_printed(client: Client) -> None:
    assert client.ok("POST", ORDER, **SELL, newClientOrderId="a") == {
        "orderId": 1,
        "symbol": "ETHUSDT",
        "status": "FILLED",
        "clientOrderId": "a",
        "price": "0.00",
        "avgPrice": "1999.80000",
        "origQty": "1.500",
        "executedQty": "1.500",
        "cumQty": "1.500",
        "cumQuote": "2999.70000",
        "timeInForce": "GTC",
        "type": "MARKET",
        "reduceOnly": False,
        "closePosition": False,
        "side": "SELL",
        "positionSide": "BOTH",
        "stopPrice": "0.00",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": "MARKET",
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "updateTime": millis(client.now),
    }


def test_an_acknowledgement_tells_nothing_of_the_fill(client: Client) -> None:
    told = client.ok("POST", ORDER, **{**SELL, "newOrderRespType": "ACK"})
    assert (told["status"], told["executedQty"]) == ("NEW", "0.000")
    assert client.ok("GET", ORDER, symbol="ETHUSDT", orderId=told["orderId"])["status"] == "FILLED"


def test_a_partly_filled_ioc_order_expires(client: Client) -> None:
    told = client.ok("POST", ORDER, **{**REST, "quantity": "15", "price": "1999.8", "timeInForce": "IOC"})
    told = client.ok("GET", ORDER, symbol="ETHUSDT", orderId=told["orderId"])
    assert (told["status"], told["executedQty"], told["origQty"]) == ("EXPIRED", "10.000", "15.000")


def test_the_two_books_do_not_show_each_other_s_orders(client: Client) -> None:
    rest = client.ok("POST", ORDER, **REST)
    stop = client.ok("POST", ALGO, **STOP, reduceOnly="true", clientAlgoId="stop")
    stop = client.ok("GET", ALGO, clientAlgoId="stop")
    assert (stop["algoStatus"], stop["triggerPrice"], stop["quantity"], stop["actualOrderId"]) == (
        "NEW",
        "2100.00",
        "1.000",
        "",
    )
    assert [one["orderId"] for one in client.ok("GET", "/fapi/v1/openOrders")] == [rest["orderId"]]
    assert [one["algoId"] for one in client.ok("GET", "/fapi/v1/openAlgoOrders")] == [stop["algoId"]]
    assert client.refused("GET", ORDER, symbol="ETHUSDT", orderId=stop["algoId"]) == (400, "-2013")
    assert client.refused("GET", ALGO, algoId=rest["orderId"]) == (400, "-2013")
    assert client.refused("DELETE", ORDER, symbol="ETHUSDT", orderId=stop["algoId"]) == (400, "-2011")
    assert client.refused("DELETE", ALGO, algoId=rest["orderId"]) == (400, "-2011")
    assert client.refused("GET", ORDER, symbol="BTCUSDT", orderId=rest["orderId"]) == (400, "-2013")
    assert client.ok("DELETE", "/fapi/v1/allOpenOrders", symbol="ETHUSDT")["code"] == 200
    assert len(client.ok("GET", "/fapi/v1/openAlgoOrders", symbol="ETHUSDT")) == 1
    assert client.ok("DELETE", ALGO, clientAlgoId="stop")["algoStatus"] == "CANCELED"
    assert client.ok("GET", ALGO, clientAlgoId="stop")["algoStatus"] == "CANCELED"
    assert [one["status"] for one in client.ok("GET", "/fapi/v1/allOrders", symbol="ETHUSDT")] == ["CANCELED"]
    assert len(client.ok("GET", "/fapi/v1/allAlgoOrders", symbol="ETHUSDT")) == 1


def test_a_stop_that_closes_the_position_takes_what_is_there(client: Client) -> None:
    client.ok("POST", ORDER, **SELL)
    closing = {name: value for name, value in STOP.items() if name != "quantity"}
    stop = client.ok("POST", ALGO, **closing, closePosition="true")
    assert (stop["closePosition"], stop["quantity"], stop["reduceOnly"]) == (True, "0.000", True)
    client.mark(2101)
    done = client.ok("GET", ALGO, algoId=stop["algoId"])
    assert (done["algoStatus"], done["actualPrice"]) == ("FINISHED", "2101.22000")
    actual = client.ok("GET", ORDER, symbol="ETHUSDT", orderId=done["actualOrderId"])
    assert (actual["executedQty"], actual["origType"], actual["type"]) == ("1.500", "STOP_MARKET", "MARKET")
    assert client.desk.size(ETH) == 0


def test_an_order_that_ended_without_a_fill_is_forgotten_after_three_days(client: Client) -> None:
    rest = client.ok("POST", ORDER, **REST)
    client.ok("DELETE", ORDER, symbol="ETHUSDT", orderId=rest["orderId"])
    sold = client.ok("POST", ORDER, **SELL)
    client.clock.move(days=3, seconds=1)
    assert client.refused("GET", ORDER, symbol="ETHUSDT", orderId=rest["orderId"]) == (400, "-2013")
    assert client.ok("GET", ORDER, symbol="ETHUSDT", orderId=sold["orderId"])["status"] == "FILLED"


def test_a_flat_symbol_is_left_out_of_the_new_position_lists_and_shown_in_the_old_ones(client: Client) -> None:
    assert client.ok("GET", "/fapi/v3/positionRisk", symbol="ETHUSDT") == []
    assert client.ok("GET", "/fapi/v3/account")["positions"] == []
    (flat,) = client.ok("GET", "/fapi/v2/positionRisk", symbol="ETHUSDT")
    assert (flat["positionAmt"], flat["leverage"], flat["marginType"]) == ("0.000", "10", "cross")
    assert len(client.ok("GET", "/fapi/v2/account")["positions"]) == 2
    client.ok("POST", ORDER, **SELL)
    (held,) = client.ok("GET", "/fapi/v3/positionRisk")
    assert (held["symbol"], held["positionAmt"], held["notional"]) == ("ETHUSDT", "-1.500", "-3000.00000000")
    assert (held["entryPrice"], held["unRealizedProfit"]) == ("1999.80000000", "-0.30000000")
    assert (held["initialMargin"], held["maintMargin"], held["isolatedMargin"]) == ("300.00000000", "12.00000000", "0")


def test_an_isolated_position_shows_its_own_margin(client: Client) -> None:
    client.ok("POST", "/fapi/v1/marginType", symbol="ETHUSDT", marginType="ISOLATED")
    client.ok("POST", ORDER, **SELL)
    client.ok("POST", "/fapi/v1/positionMargin", symbol="ETHUSDT", amount="100", type=1)
    (held,) = client.ok("GET", "/fapi/v3/positionRisk")
    margin = client.desk.engine.account.positions[ETH].margin
    assert D(held["isolatedWallet"]) == margin
    assert D(held["isolatedMargin"]) == margin - D("0.3")
    assert client.refused("POST", "/fapi/v1/positionMargin", symbol="ETHUSDT", amount="99999", type=1) == (400, "-2019")
    assert client.refused("POST", "/fapi/v1/positionMargin", symbol="BTCUSDT", amount="1", type=1) == (400, "-4051")
    assert client.refused("POST", "/fapi/v1/positionMargin", symbol="ETHUSDT", amount="0", type=1) == (400, "-4012")


def test_settings_that_are_refused(client: Client) -> None:
    mode = "/fapi/v1/marginType"
    assert client.refused("POST", "/fapi/v1/leverage", symbol="ETHUSDT", leverage=101) == (400, "-4028")
    assert client.refused("POST", "/fapi/v1/leverage", symbol="ETHUSDT", leverage="2.5") == (400, "-4028")
    assert client.refused("POST", mode, symbol="ETHUSDT", marginType="CROSSED") == (400, "-4046")
    assert client.refused("POST", mode, symbol="ETHUSDT", marginType="BOTH") == (400, "-1102")
    dual = "/fapi/v1/positionSide/dual"
    assert client.refused("POST", dual, dualSidePosition="false") == (400, "-4059")
    rest = client.ok("POST", ORDER, **REST)
    assert client.refused("POST", mode, symbol="ETHUSDT", marginType="ISOLATED") == (400, "-4047")
    assert client.refused("POST", dual, dualSidePosition="true") == (400, "-4067")
    client.ok("DELETE", ORDER, symbol="ETHUSDT", orderId=rest["orderId"])
    client.ok("POST", ORDER, **SELL)
    assert client.refused("POST", mode, symbol="ETHUSDT", marginType="ISOLATED") == (400, "-4048")
    assert client.refused("POST", dual, dualSidePosition="true") == (400, "-4068")


def test_in_hedge_mode_no_order_is_taken(client: Client) -> None:
    client.ok("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    assert client.ok("GET", "/fapi/v1/positionSide/dual") == {"dualSidePosition": True}
    assert client.ok("GET", "/fapi/v1/accountConfig")["dualSidePosition"] is True
    assert client.refused("POST", ORDER, **SELL) == (400, "-4061")
