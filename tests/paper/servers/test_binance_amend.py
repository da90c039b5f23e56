"""Modify Order at Binance's server, as documented: what it changes, what it refuses, and when it ends the order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bot.core.types import Symbol
from tests.paper.engine.scene import ETH
from tests.paper.servers.wire import Client

D = Decimal
PATH = "/fapi/v1/order"


@pytest.fixture
def client() -> Client:
    made = Client("binance")
    made.ok("GET", "/fapi/v1/time")
    return made


def rest(client: Client, tif: str = "GTC", quantity: str = "0.5", price: str = "2040", **more: str) -> Any:  # noqa: ANN401 - JSON
    terms = {"symbol": "ETHUSDT", "type": "LIMIT", "side": "SELL", "newClientOrderId": "a", **more}
    return client.ok("POST", PATH, timeInForce=tif, quantity=quantity, price=price, newOrderRespType="RESULT", **terms)


def change(quantity: str = "0.5", price: str = "2050", **more: str) -> dict[str, str]:
    terms = {"symbol": "ETHUSDT", "side": "SELL", "origClientOrderId": "a"}
    return {**terms, "quantity": quantity, "price": price, **more}


def working(client: Client) -> list[tuple[Decimal, Decimal | None]]:
    return [(order.quantity, order.price) for order in client.desk.working(Symbol(ETH))]


def test_price_and_quantity_change_and_the_ids_stay(client: Client) -> None:
    placed = rest(client)
    told = client.ok("PUT", PATH, **change("0.7"))
    assert (told["orderId"], told["clientOrderId"], told["status"], told["pair"]) == (
        placed["orderId"],
        "a",
        "NEW",
        "ETHUSDT",
    )
    assert (told["price"], told["origQty"]) == ("2050.00", "0.700")
    assert working(client) == [(D("-0.7"), D(2050))]


def test_it_goes_to_the_end_of_the_queue(client: Client) -> None:
    rest(client)
    rest(client, newClientOrderId="b")
    client.ok("PUT", PATH, **change())
    assert [order.client_id for order in client.desk.working(Symbol(ETH))] == ["b", "a"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (change(price="2040"), "-5027"),
        (change(price="2050.001"), "-4014"),
        (change(quantity="0.0005"), "-1111"),
        (change(quantity="0.001"), "-4164"),
        (change(origClientOrderId="nobody"), "-2013"),
        (change(side="BUY", price="1900"), "-2013"),
        ({key: value for key, value in change().items() if key != "price"}, "-1102"),
        ({key: value for key, value in change().items() if key != "quantity"}, "-1102"),
    ],
    ids=str,
)
def test_what_is_refused_leaves_it_as_it_was(client: Client, wanted: dict[str, str], code: str) -> None:
    rest(client)
    rest(client, newClientOrderId="b")
    before = working(client)
    assert client.refused("PUT", PATH, **wanted) == (400, code)
    assert working(client) == before
    assert [order.client_id for order in client.desk.working(Symbol(ETH))] == ["a", "b"]


def test_a_post_only_order_that_would_trade_at_the_new_price_is_cancelled(client: Client) -> None:
    rest(client, "GTX")
    told = client.ok("PUT", PATH, **change(price="1990"))
    assert (told["status"], told["executedQty"], working(client)) == ("CANCELED", "0.000", [])
    assert client.desk.size(Symbol(ETH)) == 0


def test_another_one_trades_at_the_new_price(client: Client) -> None:
    rest(client)
    told = client.ok("PUT", PATH, **change(price="1990"))
    assert (told["status"], told["executedQty"]) == ("FILLED", "0.500")
    assert client.desk.size(Symbol(ETH)) == D("-0.5")


def test_one_that_is_filled_as_far_as_the_new_quantity_is_cancelled(client: Client) -> None:
    client.ok("POST", "/fapi/v1/leverage", symbol="ETHUSDT", leverage=20)
    rest(client, quantity="60", price="1999.8")
    (order,) = client.desk.working(Symbol(ETH))
    assert D("0.5") < -order.filled < 60
    told = client.ok("PUT", PATH, **change(quantity="0.5", price="2000.3"))
    assert (told["status"], working(client)) == ("CANCELED", [])


def test_a_market_that_does_not_trade_amends_nothing(client: Client) -> None:
    rest(client)
    client.venue.shut[Symbol(ETH)] = "SETTLING"
    assert client.refused("PUT", PATH, **change()) == (400, "-5024")


def test_an_amendment_counts_as_an_order(client: Client) -> None:
    rest(client)
    before = client.desk.engine.account.orders_made
    client.ok("PUT", PATH, **change())
    assert client.desk.engine.account.orders_made == before, "it is the same order"
