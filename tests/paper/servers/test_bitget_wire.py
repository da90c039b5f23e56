"""Bitget's wire format: who may call, what is refused with which code, and how answers look."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.paper.servers.bitget.routes import Bitget
from bot.paper.servers.desk import Credentials
from bot.paper.servers.wire import millis
from tests.paper.engine.scene import ETH
from tests.paper.servers.scene import ALICE
from tests.paper.servers.wire import Client, bitget

D = Decimal
MIX = "/api/v2/mix"
PLACE, PLAN, TPSL = f"{MIX}/order/place-order", f"{MIX}/order/place-plan-order", f"{MIX}/order/place-tpsl-order"
DETAIL, CANCEL = f"{MIX}/order/detail", f"{MIX}/order/cancel-order"
CANCEL_PLAN, PENDING = f"{MIX}/order/cancel-plan-order", f"{MIX}/order/orders-pending"
PLANS, PAST_PLANS = f"{MIX}/order/orders-plan-pending", f"{MIX}/order/orders-plan-history"
PRODUCT = {"productType": "USDT-FUTURES"}
OF_ETH = {**PRODUCT, "symbol": "ETHUSDT"}
COINED = {**OF_ETH, "marginCoin": "USDT"}
SELL = {**COINED, "marginMode": "crossed", "side": "sell", "orderType": "market", "size": "1.5"}
REST = {**SELL, "orderType": "limit", "price": "2010", "force": "gtc", "size": "1"}
STOP = {**SELL, "side": "buy", "planType": "normal_plan", "triggerPrice": "2100", "triggerType": "mark_price"}


@pytest.fixture
def client() -> Client:
    return Client("bitget")


@pytest.mark.parametrize(
    ("late", "code"), [(0, "00000"), (30, "00000"), (30.001, "40008"), (-30, "00000"), (-31, "40008")]
)
def test_the_time_stamp_must_be_near(client: Client, late: float, code: str) -> None:
    incoming = bitget(ALICE, client.now, "GET", f"{MIX}/account/accounts", PRODUCT, timedelta(seconds=late))
    status, body = client.raw(incoming)
    assert (status, body["code"]) == (200 if code == "00000" else 400, code)


def test_keys_and_signatures_that_are_wrong(client: Client) -> None:
    good = bitget(ALICE, client.now, "GET", f"{MIX}/account/accounts", PRODUCT)

    def code(**changed: str) -> str:
        headers = {**good.headers, **{name.replace("_", "-"): value for name, value in changed.items()}}
        return str(client.raw(replace(good, headers=headers))[1]["code"])

    assert code() == "00000"
    assert code(access_key="") == "40001"
    assert code(access_sign="") == "40002"
    assert code(access_passphrase="") == "40011"
    assert code(access_timestamp="now") == "40005"
    assert code(access_key="nobody") == "40037"
    assert code(access_sign="AAAA") == "40009"
    assert code(access_passphrase="wrong") == "40012"  # noqa: S106 - wrong on purpose
    other = bitget(Credentials(ALICE.key, "wrong", ALICE.passphrase), client.now, "GET", good.path, PRODUCT)
    assert client.raw(other)[1]["code"] == "40009"
    assert client.raw(replace(good, query="productType=COIN-FUTURES"))[1]["code"] == "40009"


def test_the_query_is_signed_as_it_reads_not_as_it_is_encoded(client: Client) -> None:
    plain = bitget(ALICE, client.now, "GET", f"{MIX}/account/accounts", PRODUCT)
    assert client.raw(replace(plain, query=plain.query.replace("-", "%2D")))[0] == 200


def test_the_body_is_signed(client: Client) -> None:
    good = bitget(ALICE, client.now, "POST", PLACE, SELL)
    assert client.raw(replace(good, body=good.body.replace(b"1.5", b"9.5")))[1]["code"] == "40009"
    assert client.desk.orders() == []


@pytest.mark.parametrize(("demo", "header", "fine"), [(True, "1", True), (True, "", False), (False, "1", False)])
def test_demo_keys_and_live_ones_are_kept_apart(client: Client, demo: bool, header: str, fine: bool) -> None:  # noqa: FBT001 - a table
    client.dialect = Bitget(demo=demo)
    good = bitget(ALICE, client.now, "GET", f"{MIX}/account/accounts", PRODUCT)
    status, body = client.raw(replace(good, headers={**good.headers, "paptrading": header}))
    assert (status, body["code"]) == ((200, "00000") if fine else (400, "40099"))


def test_unknown_paths_and_bodies_that_are_no_json(client: Client) -> None:
    assert client.refused("GET", f"{MIX}/nothing") == (404, "40404")
    assert client.refused("GET", PLACE, **SELL) == (404, "40404")
    good = bitget(ALICE, client.now, "POST", PLACE, {})
    for body in ("{", "[]", "1"):
        signed = bitget(ALICE, client.now, "POST", PLACE, {})
        assert client.raw(replace(signed, body=body.encode()))[1]["code"] == "40009"
    assert client.raw(good)[1]["code"] == "40019"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": None}, "40019"),
        ({"symbol": "SOLUSDT"}, "40034"),
        ({"productType": None}, "40019"),
        ({"productType": "COIN-FUTURES"}, "40020"),
        ({"marginCoin": "USDC"}, "40020"),
        ({"marginMode": None}, "40019"),
        ({"marginMode": "both"}, "40020"),
        ({"side": "hold"}, "40020"),
        ({"orderType": "wish"}, "40020"),
        ({"force": "fok"}, "40020"),
        ({"size": None}, "40019"),
        ({"size": "many"}, "40019"),
        ({"size": "-1"}, "40020"),
        ({"size": "1.0005"}, "40808"),
        ({"size": "1001"}, "45112"),
        ({"size": "0.005"}, "45110"),
        ({"size": "900"}, "40762"),
        ({"price": None}, "40019"),
        ({"price": "2010.005"}, "45115"),
        ({"reduceOnly": "YES"}, "22002"),
        ({"tradeSide": "open"}, "40774"),
        ({"clientOid": "x" * 33}, "40305"),
    ],
)
def test_orders_that_are_refused(client: Client, change: dict[str, str | None], code: str) -> None:
    sent = {name: value for name, value in {**REST, **change}.items() if value is not None}
    assert client.refused("POST", PLACE, **sent) == (400, code)
    assert client.desk.orders() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"planType": "track_plan"}, "40020"),
        ({"orderType": "limit"}, "40020"),
        ({"triggerType": "index_price"}, "40020"),
        ({"triggerPrice": None}, "40019"),
        ({"triggerPrice": "1900"}, "45122"),
        ({"triggerPrice": "2100.001"}, "45115"),
        ({"reduceOnly": "YES"}, "22002"),
    ],
)
def test_plans_that_are_refused(client: Client, change: dict[str, str | None], code: str) -> None:
    sent = {name: value for name, value in {**STOP, **change}.items() if value is not None}
    assert client.refused("POST", PLAN, **sent) == (400, code)
    assert client.desk.orders() == []


def test_a_client_id_is_never_free_again(client: Client) -> None:
    client.ok("POST", PLACE, **REST, clientOid="a")
    assert client.refused("POST", PLACE, **REST, clientOid="a") == (400, "40786")
    client.ok("POST", CANCEL, **OF_ETH, clientOid="a")
    assert client.refused("POST", PLACE, **REST, clientOid="a") == (400, "40786")


def test_an_order_as_it_is_printed(client: Client) -> None:
    placed = client.ok("POST", PLACE, **SELL, clientOid="a")
    assert placed == {"orderId": "1", "clientOid": "a"}
    assert client.ok("GET", DETAIL, **OF_ETH, orderId="1") == {
        "symbol": "ETHUSDT",
        "size": "1.500",
        "orderId": "1",
        "clientOid": "a",
        "baseVolume": "1.500",
        "fee": "-1.49985",
        "price": "",
        "priceAvg": "1999.8",
        "state": "filled",
        "side": "sell",
        "force": "gtc",
        "totalProfits": "0",
        "posSide": "net",
        "marginCoin": "USDT",
        "quoteVolume": "2999.7",
        "leverage": 10,
        "marginMode": "crossed",
        "reduceOnly": "NO",
        "enterPointSource": "API",
        "tradeSide": "sell_single",
        "posMode": "one_way_mode",
        "orderType": "market",
        "orderSource": "normal",
        "presetStopSurplusPrice": "",
        "presetStopLossPrice": "",
        "presetStopSurplusType": "",
        "presetStopSurplusExecutePrice": "",
        "presetStopLossType": "",
        "presetStopLossExecutePrice": "",
        "cancelReason": "",
        "newTradeSide": None,
        "cTime": str(millis(client.now)),
        "uTime": str(millis(client.now)),
    }


def test_success_and_failure_have_the_same_envelope(client: Client) -> None:
    _, good = client.ask("GET", f"{MIX}/account/accounts", **PRODUCT)
    assert {name: good[name] for name in ("code", "msg", "requestTime")} == {
        "code": "00000",
        "msg": "success",
        "requestTime": millis(client.now),
    }
    status, bad = client.ask("GET", DETAIL, **OF_ETH, orderId="9")
    assert (status, bad["code"], bad["data"]) == (400, "40109", None)


def test_a_post_only_order_that_would_take_is_taken_and_cancelled(client: Client) -> None:
    placed = client.ok("POST", PLACE, **{**REST, "force": "post_only", "price": "1999"})
    found = client.ok("GET", DETAIL, **OF_ETH, orderId=placed["orderId"])
    assert (found["state"], found["baseVolume"]) == ("canceled", "0.000")


def test_a_partly_filled_ioc_order_is_cancelled(client: Client) -> None:
    placed = client.ok("POST", PLACE, **{**REST, "size": "15", "price": "1999.8", "force": "IOC"})
    found = client.ok("GET", DETAIL, **OF_ETH, orderId=placed["orderId"])
    assert (found["state"], found["baseVolume"], found["size"]) == ("canceled", "10.000", "15.000")


def test_the_two_books_do_not_show_each_other_s_orders(client: Client) -> None:
    client.ok("POST", PLACE, **SELL)
    rest = client.ok("POST", PLACE, **REST)["orderId"]
    plan = client.ok("POST", PLAN, **STOP, clientOid="plan")["orderId"]
    stop = client.ok("POST", TPSL, **COINED, planType="pos_loss", triggerPrice="2200", holdSide="sell")["orderId"]

    def pending(path: str, **more: str) -> list[str]:
        return [one["orderId"] for one in client.ok("GET", path, **OF_ETH, **more)["entrustedList"] or []]

    assert pending(PENDING) == [rest]
    assert pending(PLANS, planType="normal_plan") == [plan]
    assert pending(PLANS, planType="profit_loss") == [stop]
    assert client.refused("GET", DETAIL, **OF_ETH, orderId=plan) == (400, "40109")
    assert client.refused("POST", CANCEL, **OF_ETH, orderId=plan) == (400, "40768")
    (shown,) = client.ok("GET", PLANS, **OF_ETH, planType="profit_loss")["entrustedList"]
    assert (shown["planType"], shown["size"], shown["side"]) == ("pos_loss", "0", "buy")
    assert (shown["triggerPrice"], shown["planStatus"]) == ("2200.00", "live")
    told = client.ok("POST", CANCEL_PLAN, **OF_ETH, orderIdList=[{"clientOid": "plan"}, {"orderId": rest}])
    assert told["successList"] == [{"orderId": plan, "clientOid": "plan"}]
    assert [(one["orderId"], one["errorMsg"]) for one in told["failureList"]] == [(rest, "Order does not exist")]
    client.ok("POST", f"{MIX}/order/batch-cancel-orders", **OF_ETH)
    assert pending(PENDING) == []
    assert client.ok("GET", PENDING, **OF_ETH) == {"entrustedList": None, "endId": None}
    assert pending(PLANS, planType="profit_loss") == [stop]
    client.ok("POST", CANCEL_PLAN, **OF_ETH, planType="pos_loss")
    assert pending(PLANS, planType="profit_loss") == []
    assert pending(PAST_PLANS, planType="normal_plan", planStatus="cancelled") == [plan]
    assert pending(PAST_PLANS, planType="normal_plan", planStatus="executed") == []
    assert pending(f"{MIX}/order/orders-history") == [rest, "1"]


def test_a_plan_that_was_executed_names_its_order(client: Client) -> None:
    client.ok("POST", PLACE, **SELL)
    plan = client.ok("POST", PLAN, **STOP, clientOid="plan")["orderId"]
    sub = f"{MIX}/order/plan-sub-order"
    assert client.ok("GET", sub, **PRODUCT, planType="normal_plan", planOrderId=plan) == []
    client.mark(2101)
    (done,) = client.ok("GET", PAST_PLANS, **OF_ETH, planType="normal_plan", clientOid="plan")["entrustedList"]
    assert done["planStatus"] == "executed"
    (order,) = client.ok("GET", sub, **PRODUCT, planType="normal_plan", planOrderId=plan)
    actual = client.ok("GET", DETAIL, **OF_ETH, orderId=order["orderId"])
    assert (actual["state"], actual["baseVolume"], actual["orderSource"]) == ("filled", "1.500", "trigger")
    assert client.desk.size(ETH) == 0
    assert client.refused("GET", sub, **PRODUCT, planType="normal_plan", planOrderId="1") == (400, "40109")


def test_positions_are_listed_while_they_are_open(client: Client) -> None:
    single = f"{MIX}/position/single-position"
    assert client.ok("GET", f"{MIX}/position/all-position", **PRODUCT, marginCoin="USDT") == []
    assert client.ok("GET", single, **COINED) == []
    client.ok("POST", PLACE, **SELL)
    (held,) = client.ok("GET", f"{MIX}/position/all-position", **PRODUCT, marginCoin="USDT")
    assert client.ok("GET", single, **COINED) == [held]
    assert (held["symbol"], held["holdSide"], held["total"], held["openPriceAvg"]) == (
        "ETHUSDT",
        "short",
        "1.5",
        "1999.8",
    )
    assert (held["marginSize"], held["leverage"], held["unrealizedPL"]) == ("300", "10", "-0.3")
    assert (held["keepMarginRate"], held["posMode"], held["marginMode"]) == ("0.004", "one_way_mode", "crossed")


def test_settings_that_are_refused(client: Client) -> None:
    leverage, mode = f"{MIX}/account/set-leverage", f"{MIX}/account/set-margin-mode"
    assert client.refused("POST", leverage, **COINED, leverage="101") == (400, "40797")
    assert client.refused("POST", leverage, **COINED) == (400, "40019")
    assert client.refused("POST", mode, **COINED, marginMode="both") == (400, "40020")
    assert client.refused("POST", f"{MIX}/account/set-margin", **COINED, amount="10", holdSide="short")[1] == "22002"
    client.ok("POST", PLACE, **SELL)
    assert client.refused("POST", mode, **COINED, marginMode="isolated") == (400, "45117")
    assert client.refused("POST", PLACE, **{**SELL, "marginMode": "isolated"}) == (400, "45117")
    assert client.refused("POST", f"{MIX}/account/set-margin", **COINED, amount="10", holdSide="short")[1] == "40713"
    position_mode = f"{MIX}/account/set-position-mode"
    assert client.refused("POST", position_mode, **PRODUCT, posMode="hedge_mode") == (400, "40920")
    assert client.refused("POST", position_mode, **PRODUCT, posMode="any") == (400, "40020")


def test_in_hedge_mode_no_order_is_taken(client: Client) -> None:
    client.ok("POST", f"{MIX}/account/set-position-mode", **PRODUCT, posMode="hedge_mode")
    assert client.ok("GET", f"{MIX}/account/account", **COINED)["posMode"] == "hedge_mode"
    assert client.refused("POST", PLACE, **SELL) == (400, "40774")
