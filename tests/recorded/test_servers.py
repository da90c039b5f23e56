"""The venue servers against the recordings: the same fields of the same types, in everything that dnbot asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import pytest

from bot.paper.servers.binance import streams as binance_channels
from bot.paper.servers.bitget import auth
from bot.paper.servers.bitget import streams as bitget_channels
from bot.paper.servers.wire import millis
from tests.paper.servers.wire import Client
from tests.recorded import unified_life
from tests.recorded.files import VENUES, Certainty, Recording, dated, recordings
from tests.recorded.shapes import differences, shape_of

D = Decimal
Answers = dict[tuple[str, str], list[Any]]
MIX: Final = "/api/v2/mix"
ALLOWED: Final[Mapping[str, frozenset[str]]] = {venue: frozenset() for venue in VENUES}
"""Differences that stand, ``method path place: what``; each with its reason beside it."""


BY_HAND: Final = frozenset({("POST", f"{MIX}/order/place-tpsl-order")})
"""What the life asks for and dnbot never does."""


class Noting(Client):
    """A customer who keeps every answer of success, whole."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.answers: Answers = {}

    def ask(self, method: str, path: str, **params: object) -> tuple[int, Any]:
        status, body = super().ask(method, path, **params)
        if status == 200:
            self.answers.setdefault((method, path), []).append(body)
        return status, body


def binance() -> Answers:
    """Live a life at Binance's server that asks for everything."""
    one = Noting("binance")
    eth = {"symbol": "ETHUSDT"}
    for path in ("time", "exchangeInfo", "fundingInfo"):
        one.ok("GET", f"/fapi/v1/{path}")
    one.ok("GET", "/fapi/v1/premiumIndex", symbol="BNBUSDT")
    for path in ("premiumIndex", "depth", "fundingRate", "commissionRate", "symbolConfig"):
        one.ok("GET", f"/fapi/v1/{path}", **eth)
    one.clock.move(hours=2)
    one.ok("GET", "/fapi/v1/time")
    for path, name in (("klines", "symbol"), ("markPriceKlines", "symbol"), ("indexPriceKlines", "pair")):
        one.ok("GET", f"/fapi/v1/{path}", **{name: "ETHUSDT"}, interval="1h")
    for path in ("accountConfig", "leverageBracket"):
        one.ok("GET", f"/fapi/v1/{path}")
    one.ok("GET", "/sapi/v1/account/apiRestrictions")
    order = {**eth, "type": "LIMIT", "timeInForce": "GTC", "newOrderRespType": "RESULT"}
    one.ok("POST", "/fapi/v1/leverage", **eth, leverage=20)
    one.ok("POST", "/fapi/v1/order", **order, side="SELL", quantity="1.5", price="1990", newClientOrderId="a")
    one.ok("POST", "/fapi/v1/order", **order, side="SELL", quantity="0.5", price="2100", newClientOrderId="b")
    stop = {**eth, "algoType": "CONDITIONAL", "type": "STOP_MARKET", "side": "BUY", "workingType": "MARK_PRICE"}
    one.ok(
        "POST", "/fapi/v1/algoOrder", **stop, quantity="1.5", triggerPrice="2300", reduceOnly="true", clientAlgoId="s"
    )
    one.ok("POST", "/fapi/v1/algoOrder", **stop, closePosition="true", triggerPrice="2400", clientAlgoId="t")
    for path in ("openOrders", "openAlgoOrders", "allAlgoOrders", "userTrades"):
        one.ok("GET", f"/fapi/v1/{path}", **eth)
    one.ok("GET", "/fapi/v1/algoOrder", clientAlgoId="s")
    for name in ("a", "b"):
        one.ok("GET", "/fapi/v1/order", **eth, origClientOrderId=name)
    one.ok("GET", "/fapi/v3/account")
    one.ok("GET", "/fapi/v3/positionRisk")
    one.ok("PUT", "/fapi/v1/order", **eth, side="SELL", quantity="0.5", price="2090", origClientOrderId="b")
    one.ok("DELETE", "/fapi/v1/order", **eth, origClientOrderId="b")
    one.ok("DELETE", "/fapi/v1/algoOrder", clientAlgoId="t")
    one.ok("GET", "/fapi/v1/openOrders", **eth)
    one.mark(2310)
    one.clock.move(hours=9)
    one.ok("GET", "/fapi/v1/time")
    one.ok("GET", "/fapi/v1/algoOrder", clientAlgoId="s")
    one.ok("GET", "/fapi/v1/allAlgoOrders", **eth)
    one.ok("GET", "/fapi/v1/income", limit=1000)
    one.ok("POST", "/fapi/v1/marginType", **eth, marginType="ISOLATED")
    one.ok("POST", "/fapi/v1/order", **order, side="SELL", quantity="1.5", price="2300", newClientOrderId="c")
    one.ok("POST", "/fapi/v1/positionMargin", **eth, amount="5.12", type=1)
    one.ok("GET", "/fapi/v3/account")
    one.ok("GET", "/fapi/v3/positionRisk")
    one.ok("POST", "/fapi/v1/listenKey")
    return one.answers


def bitget() -> Answers:
    """Live a life at Bitget's server that asks for everything."""
    one = Noting("bitget")
    of = {"productType": "USDT-FUTURES"}
    eth = {**of, "symbol": "ETHUSDT"}
    coined = {**eth, "marginCoin": "USDT", "marginMode": "crossed"}
    one.ok("GET", "/api/v2/public/time")
    one.ok("GET", "/api/v2/spot/account/info")
    one.ok("GET", "/api/v2/spot/market/tickers", symbol="BGBUSDT")
    one.ok("GET", "/api/v2/common/trade-rate", symbol="ETHUSDT", businessType="mix")
    one.ok("GET", f"{MIX}/market/contracts", **of)
    for name in ("ticker", "merge-depth", "current-fund-rate", "query-position-lever", "history-fund-rate"):
        one.ok("GET", f"{MIX}/market/{name}", **eth)
    one.clock.move(hours=2)
    one.ok("GET", "/api/v2/public/time")
    for name in ("candles", "history-candles", "history-mark-candles", "history-index-candles"):
        one.ok("GET", f"{MIX}/market/{name}", **eth, granularity="1H")
    _look(one, of, eth)
    order = {**coined, "orderType": "limit", "force": "gtc"}
    one.ok("POST", f"{MIX}/account/set-leverage", **coined, leverage="20")
    one.ok("POST", f"{MIX}/order/place-order", **order, side="sell", size="1.5", price="1990", clientOid="a")
    one.ok("POST", f"{MIX}/order/place-order", **order, side="sell", size="0.5", price="2100", clientOid="b")
    plan = {**coined, "planType": "normal_plan", "orderType": "market", "side": "buy", "triggerType": "mark_price"}
    one.ok(
        "POST",
        f"{MIX}/order/place-plan-order",
        **plan,
        size="1.5",
        triggerPrice="2300",
        reduceOnly="YES",
        clientOid="s",
    )
    one.ok(
        "POST",
        f"{MIX}/order/place-plan-order",
        **plan,
        size="0.5",
        triggerPrice="2400",
        reduceOnly="YES",
        clientOid="t",
    )
    loss = {**coined, "planType": "pos_loss", "triggerPrice": "2450", "holdSide": "sell"}
    one.ok("POST", f"{MIX}/order/place-tpsl-order", **loss)
    _look(one, of, eth)
    for name in ("a", "b"):
        one.ok("GET", f"{MIX}/order/detail", **eth, clientOid=name)
    one.ok("POST", f"{MIX}/order/cancel-order", **eth, clientOid="b")
    listed = [{"clientOid": "t"}, {"clientOid": "nobody's"}]
    one.ok("POST", f"{MIX}/order/cancel-plan-order", **eth, planType="normal_plan", orderIdList=listed)
    one.mark(2310)
    one.clock.move(hours=9)
    one.ok("GET", "/api/v2/public/time")
    _look(one, of, eth)
    one.ok("POST", f"{MIX}/order/cancel-plan-order", **eth, planType="pos_loss")
    one.ok("POST", f"{MIX}/account/set-margin-mode", **{**coined, "marginMode": "isolated"})
    again = {**order, "marginMode": "isolated"}
    one.ok("POST", f"{MIX}/order/place-order", **again, side="sell", size="1.5", price="2300", clientOid="c")
    one.ok("POST", f"{MIX}/account/set-margin", **coined, amount="5.12", holdSide="short")
    _look(one, of, eth)
    return one.answers


def _look(one: Noting, of: dict[str, str], eth: dict[str, str]) -> None:
    one.ok("GET", f"{MIX}/account/accounts", **of)
    one.ok("GET", f"{MIX}/account/account", **eth, marginCoin="USDT")
    one.ok("GET", f"{MIX}/account/bill", **of)
    one.ok("GET", f"{MIX}/position/all-position", **of, marginCoin="USDT")
    one.ok("GET", f"{MIX}/position/single-position", **eth, marginCoin="USDT")
    one.ok("GET", f"{MIX}/order/orders-pending", **eth)
    one.ok("GET", f"{MIX}/order/fills", **eth)
    for kind in ("normal_plan", "profit_loss", "track_plan"):
        one.ok("GET", f"{MIX}/order/orders-plan-pending", **eth, planType=kind)
        body = one.ok("GET", f"{MIX}/order/orders-plan-history", **eth, planType=kind)
        for row in body["entrustedList"] or []:
            one.ok("GET", f"{MIX}/order/plan-sub-order", **of, planType=kind, planOrderId=row["orderId"])


def bitget_unified() -> Answers:
    """Live a life at the server of Bitget's unified account that asks for everything."""
    one = Noting("bitget-uta")
    unified_life.life(one)
    return one.answers


LIVES = {"binance": binance, "bitget": bitget, "bitget-uta": bitget_unified}


def binance_streams() -> Answers:
    """Follow a life on Binance's streams: what is told, by event."""
    one = Client("binance")
    one.ok("GET", "/fapi/v1/time")
    marks, mine = binance_channels.Marks(one.venue), binance_channels.Private(one.venue, one.desk)
    marks.heard(json.dumps({"method": "SUBSCRIBE", "params": ["ethusdt@markPrice@1s"], "id": 1}))
    told = [json.loads(text) for text in marks.news()]
    order = {"symbol": "ETHUSDT", "type": "LIMIT", "timeInForce": "GTC"}
    stop = {"symbol": "ETHUSDT", "algoType": "CONDITIONAL", "type": "STOP_MARKET", "side": "BUY", "reduceOnly": "true"}
    for path, more in (
        ("/fapi/v1/order", dict(**order, side="SELL", quantity="1.5", price="1990")),
        ("/fapi/v1/order", dict(**order, side="SELL", quantity="1.5", price="2100")),
        ("/fapi/v1/algoOrder", dict(**stop, quantity="1.5", triggerPrice="2300")),
    ):
        one.ok("POST", path, **more)
        told += [json.loads(text) for text in mine.news()]
    found: Answers = {}
    for event in told:
        found.setdefault(("STREAM", event["e"]), []).append(event)
    return found


def bitget_streams() -> Answers:
    """Follow a life on Bitget's streams: what is told, by channel."""
    one = Client("bitget")
    one.ok("GET", "/api/v2/public/time")
    tickers, mine = bitget_channels.Tickers(one.venue), bitget_channels.AccountChannel(one.venue)
    arg = {"instType": "USDT-FUTURES", "channel": "ticker", "instId": "ETHUSDT"}
    tickers.heard(json.dumps({"op": "subscribe", "args": [arg]}))
    told = [json.loads(text) for text in tickers.news()]
    stamp = str(millis(one.now) // 1000)
    sign = auth.signed_text(one.desk, f"{stamp}GET/user/verify".encode())
    keys = {"apiKey": one.credentials.key, "passphrase": one.credentials.passphrase, "timestamp": stamp, "sign": sign}
    mine.heard(json.dumps({"op": "login", "args": [keys]}))
    for channel in ("orders", "orders-algo", "positions"):
        asked = {"instType": "USDT-FUTURES", "channel": channel, "instId": "default"}
        mine.heard(json.dumps({"op": "subscribe", "args": [asked]}))
    coined = {"productType": "USDT-FUTURES", "symbol": "ETHUSDT", "marginCoin": "USDT", "marginMode": "crossed"}
    order = {**coined, "orderType": "limit", "force": "gtc", "side": "sell", "size": "1.5"}
    plan = {**coined, "planType": "normal_plan", "orderType": "market", "side": "buy", "reduceOnly": "YES"}
    for path, more in (
        (f"{MIX}/order/place-order", dict(**order, price="1990")),
        (f"{MIX}/order/place-order", dict(**order, price="2100")),
        (f"{MIX}/order/place-plan-order", dict(**plan, size="1.5", triggerPrice="2300")),
    ):
        one.ok("POST", path, **more)
        told += [json.loads(text) for text in mine.news()]
    found: Answers = {}
    for event in told:
        found.setdefault(("STREAM", event["arg"]["channel"]), []).append(event)
    return found


def bitget_unified_streams() -> Answers:
    """Follow a life on the streams of Bitget's unified account: what is told, by topic."""
    found: Answers = {}
    for event in unified_life.told(Client("bitget-uta")):
        found.setdefault(("STREAM", event["arg"]["topic"]), []).append(event)
    return found


STREAMS = {"binance": binance_streams, "bitget": bitget_streams, "bitget-uta": bitget_unified_streams}


@pytest.mark.parametrize("venue", VENUES)
def test_the_servers_streams_have_the_fields_and_types_of_the_venues(venue: str) -> None:
    told = STREAMS[venue]()
    true = [one for one in recordings(venue) if one.method == "STREAM" and one.certainty is not Certainty.INFERRED]
    assert {(one.method, one.path) for one in true} == set(told)
    assert sorted(_different(true, told)) == []


def _different(true: list[Recording], shown: Answers) -> set[str]:
    found = set()
    for method, path in sorted({(one.method, one.path) for one in true}):
        shape = shape_of(dated(one.body, 0) for one in true if (one.method, one.path) == (method, path))
        found |= {f"{method} {path} {what}" for what in differences(shape, shape_of(shown[method, path]))}
    return found


def server_differences(venue: str) -> list[str]:
    """Return where a server's answers and streams differ from what is recorded, and where only one of them is."""
    lived = LIVES[venue]() | STREAMS[venue]()
    true = [one for one in recordings(venue) if one.certainty is not Certainty.INFERRED and one.status == 200]
    asked = {(one.method, one.path) for one in true}
    missing = sorted(f"{method} {path}: not compared" for method, path in asked ^ (set(lived) - BY_HAND))
    return [*missing, *sorted(_different(true, lived))]


@pytest.mark.parametrize("venue", VENUES)
def test_the_servers_answers_have_the_fields_and_types_of_the_venues(venue: str) -> None:
    lived = LIVES[venue]()
    true = [one for one in recordings(venue) if one.certainty is not Certainty.INFERRED and one.status == 200]
    asked = {(one.method, one.path) for one in true if one.method != "STREAM"}
    assert asked == set(lived) - BY_HAND, "a call without a recording, or a recording that the life does not ask for"
    found = _different([one for one in true if one.method != "STREAM"], lived)
    assert sorted(found) == sorted(ALLOWED[venue])
