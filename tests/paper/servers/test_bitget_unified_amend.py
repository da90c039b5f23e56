"""Modify Order at the server of Bitget's unified account: the answer acknowledges, the order tells what came of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bot.core.types import Symbol
from tests.paper.engine.scene import ETH
from tests.paper.servers.wire import Client

D = Decimal
V3 = "/api/v3"
OF = {"category": "USDT-FUTURES", "symbol": "ETHUSDT"}


@pytest.fixture
def client() -> Client:
    made = Client("bitget-uta")
    made.ok("GET", "/api/v2/public/time")
    return made


def rest(client: Client, tif: str = "gtc", quantity: str = "0.5", price: str = "2040") -> Any:  # noqa: ANN401 - JSON
    terms = {**OF, "orderType": "limit", "side": "sell", "marginMode": "crossed", "clientOid": "a"}
    return client.ok("POST", f"{V3}/trade/place-order", **terms, timeInForce=tif, qty=quantity, price=price)


def change(client: Client, **more: str) -> Any:  # noqa: ANN401 - JSON
    return client.ok("POST", f"{V3}/trade/modify-order", **OF, clientOid="a", autoCancel="no", **more)


def told(client: Client) -> tuple[str, str, str, str]:
    row = client.ok("GET", f"{V3}/trade/order-info", clientOid="a")
    return row["orderId"], row["price"], row["qty"], row["orderStatus"]


@pytest.mark.parametrize(
    ("more", "price", "quantity"),
    [
        ({"price": "2050"}, "2050", "0.5"),
        ({"qty": "0.7"}, "2040", "0.7"),
        ({"price": "2050", "qty": "0.7"}, "2050", "0.7"),
    ],
    ids=str,
)
def test_what_is_named_changes_and_the_ids_stay(
    client: Client, more: dict[str, str], price: str, quantity: str
) -> None:
    placed = rest(client)
    assert change(client, **more) == placed
    number, new_price, new_quantity, status = told(client)
    assert (number, D(new_price), D(new_quantity), status) == (placed["orderId"], D(price), D(quantity), "live")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "400172"),
        ({"price": "2050.001"}, "25244"),
        ({"qty": "0.0005"}, "25610"),
        ({"price": "2050", "clientOid": "nobody"}, "25204"),
    ],
    ids=str,
)
def test_what_is_refused_leaves_it_as_it_was(client: Client, more: dict[str, str], code: str) -> None:
    rest(client)
    before = told(client)
    asked = {**OF, "clientOid": "a", **more}
    assert client.refused("POST", f"{V3}/trade/modify-order", **asked)[1] == code
    assert told(client) == before


def test_a_post_only_order_that_would_trade_at_the_new_price_is_cancelled(client: Client) -> None:
    rest(client, "post_only")
    change(client, price="1990")
    assert (told(client)[3], client.desk.size(Symbol(ETH))) == ("cancelled", D(0))


def test_another_one_trades_at_the_new_price(client: Client) -> None:
    rest(client)
    change(client, price="1990")
    assert (told(client)[3], client.desk.size(Symbol(ETH))) == ("filled", D("-0.5"))


def test_one_that_has_ended_is_not_modified(client: Client) -> None:
    rest(client)
    change(client, price="1990")
    asked = {**OF, "clientOid": "a", "price": "2050"}
    assert client.refused("POST", f"{V3}/trade/modify-order", **asked)[1] == "25204"
