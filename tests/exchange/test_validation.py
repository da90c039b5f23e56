"""Answers are judged before they are parsed: a success must look like one of the endpoint that was asked."""

from __future__ import annotations

import json

import pytest

from bot.exchange import validation
from bot.exchange.errors import Refusal, Unbelievable, Unreachable
from bot.exchange.facts import VenueFacts, usual_words
from bot.venues.binance.facts import FACTS as BINANCE
from bot.venues.bitget.facts import FACTS as BITGET


def fault_of(facts: VenueFacts, path: str, body: object, *, method: str = "GET", status: int = 200) -> object:
    code, words = usual_words(body, b"")
    return validation.fault(validation.Answer(facts.is_read(method, path), path, status, code, words, body), facts)


def ok(data: object) -> dict[str, object]:
    return {"code": "00000", "msg": "success", "requestTime": 1, "data": data}


def test_json_counts_only_where_it_is_called_json() -> None:
    body = json.dumps({"serverTime": 1}).encode()
    assert validation.parsed("application/json;charset=UTF-8", body) == {"serverTime": 1}
    assert validation.parsed("text/html", body) is None
    assert validation.parsed("", body) is None
    assert validation.parsed("application/json", body[:-3]) is None


@pytest.mark.parametrize(
    ("facts", "path", "body"),
    [
        (BINANCE, "/fapi/v1/openOrders", []),
        (BINANCE, "/fapi/v3/positionRisk", [{"symbol": "ETHUSDT"}]),
        (BINANCE, "/fapi/v3/account", {"assets": [], "positions": [], "totalWalletBalance": "0"}),
        (BITGET, "/api/v2/mix/order/orders-pending", ok({"entrustedList": None, "endId": None})),
        (BITGET, "/api/v2/mix/position/all-position", ok([])),
        (BITGET, "/api/v2/mix/not/in/the/table", ok({"anything": 1})),
    ],
)
def test_an_honest_answer_passes(facts: VenueFacts, path: str, body: object) -> None:
    assert fault_of(facts, path, body) is None


@pytest.mark.parametrize(
    ("facts", "path", "body"),
    [
        (BINANCE, "/fapi/v1/openOrders", {"orders": []}),
        (BINANCE, "/fapi/v3/positionRisk", {"symbol": "ETHUSDT"}),
        (BINANCE, "/fapi/v3/account", []),
        (BINANCE, "/fapi/v3/account", {"assets": [], "positions": []}),
        (BINANCE, "/fapi/v1/depth", {"bids": [], "asks": []}),
        (BITGET, "/api/v2/mix/order/orders-pending", ok({"endId": None})),
        (BITGET, "/api/v2/mix/order/orders-pending", ok([])),
        (BITGET, "/api/v2/mix/position/all-position", ok({"list": []})),
        (BITGET, "/api/v2/mix/position/all-position", ok(None)),
        (BITGET, "/api/v2/mix/position/all-position", {"data": []}),
        (BITGET, "/api/v2/mix/position/all-position", []),
    ],
)
def test_an_answer_of_another_shape_is_not_believed(facts: VenueFacts, path: str, body: object) -> None:
    assert isinstance(fault_of(facts, path, body), Unbelievable)


def test_what_the_venue_refuses_is_told_apart_from_what_it_never_said() -> None:
    refused = fault_of(BINANCE, "/fapi/v1/order", {"code": -2013, "msg": "Order does not exist."}, status=400)
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.code, refused.message) == (400, "-2013", "Order does not exist.")
    assert isinstance(fault_of(BINANCE, "/fapi/v1/order", None, status=502), Unreachable)
    assert isinstance(fault_of(BINANCE, "/fapi/v1/order", None, status=403), Unbelievable)


def test_a_write_may_be_answered_without_content_but_not_without_form() -> None:
    assert fault_of(BITGET, "/api/v2/mix/account/set-margin", ok(""), method="POST") is None
    assert fault_of(BINANCE, "/fapi/v1/marginType", {"code": 200, "msg": "success"}, method="POST") is None
    for facts, body in ((BINANCE, {}), (BINANCE, []), (BITGET, {"code": "00000"}), (BITGET, None)):
        assert fault_of(facts, "/any", body, method="POST") is not None
