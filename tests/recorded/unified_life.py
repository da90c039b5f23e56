"""A life at the server of Bitget's unified account that asks for everything, and what its streams tell of one."""

from __future__ import annotations

import json
from typing import Any

from bot.paper.servers.bitget import auth
from bot.paper.servers.bitget.unified import streams
from bot.paper.servers.wire import millis
from tests.paper.servers.wire import Client

V3 = "/api/v3"
OF = {"category": "USDT-FUTURES"}
ETH = {**OF, "symbol": "ETHUSDT"}
SELL = {**ETH, "orderType": "limit", "timeInForce": "gtc", "side": "sell", "marginMode": "crossed"}
STOP = {**ETH, "type": "tpsl", "tpslMode": "partial", "side": "buy", "reduceOnly": "yes", "slTriggerBy": "mark"}


def life(one: Client) -> None:
    """Ask for everything."""
    one.ok("GET", "/api/v2/public/time")
    for category in ("USDT-FUTURES", "SPOT", "COIN-FUTURES", "USDC-FUTURES"):
        one.ok("GET", f"{V3}/market/instruments", category=category)
    one.ok("GET", f"{V3}/market/tickers", category="SPOT", symbol="BGBUSDT")
    for name in ("tickers", "orderbook", "current-fund-rate", "position-tier"):
        one.ok("GET", f"{V3}/market/{name}", **ETH)
    one.ok("GET", f"{V3}/account/info")
    one.ok("GET", f"{V3}/account/fee-rate", **ETH)
    _look(one)
    one.ok("POST", f"{V3}/account/set-leverage", **ETH, leverage="20", marginMode="crossed")
    one.ok("POST", f"{V3}/trade/place-order", **SELL, qty="1.5", price="1990", clientOid="a")
    one.ok("POST", f"{V3}/trade/place-order", **SELL, qty="0.5", price="2100", clientOid="b")
    one.ok("POST", f"{V3}/trade/place-strategy-order", **STOP, qty="1.0", stopLoss="2300", clientOid="s")
    one.ok("POST", f"{V3}/trade/place-strategy-order", **STOP, qty="0.5", stopLoss="2400", clientOid="t")
    trigger = {**ETH, "type": "trigger", "side": "sell", "triggerPrice": "1500", "triggerOrderType": "market"}
    one.refused("POST", f"{V3}/trade/place-strategy-order", **trigger, qty="0.1", clientOid="over")
    _look(one)
    for name in ("a", "b"):
        one.ok("GET", f"{V3}/trade/order-info", clientOid=name)
    one.ok("POST", f"{V3}/trade/modify-order", **ETH, clientOid="b", price="2090")
    one.ok("POST", f"{V3}/trade/cancel-order", **ETH, clientOid="b")
    one.ok("POST", f"{V3}/trade/cancel-strategy-order", clientOid="t")
    one.mark(2310)
    one.clock.move(hours=9)
    one.ok("GET", "/api/v2/public/time")
    one.ok("POST", f"{V3}/trade/place-order", **SELL, qty="0.1", price="3100", clientOid="c")
    _look(one)
    one.ok("POST", f"{V3}/trade/cancel-order", **ETH, clientOid="c")
    buy = {**ETH, "orderType": "market", "side": "buy", "reduceOnly": "yes"}
    one.ok("POST", f"{V3}/trade/place-order", **buy, qty="0.5", clientOid="d")
    again = {**SELL, "marginMode": "isolated"}
    one.ok("POST", f"{V3}/trade/place-order", **again, qty="1.5", price="2300", clientOid="e")
    one.ok("POST", f"{V3}/account/set-margin", **ETH, posSide="short", operation="add", amount="5.12")
    _look(one)


def _look(one: Client) -> None:
    one.ok("GET", f"{V3}/account/settings")
    one.ok("GET", f"{V3}/account/assets")
    one.ok("GET", f"{V3}/position/current-position", **OF)
    one.ok("GET", f"{V3}/position/current-position", **ETH)
    one.ok("GET", f"{V3}/trade/unfilled-orders", **ETH)
    one.ok("GET", f"{V3}/trade/history-orders", **ETH)
    one.ok("GET", f"{V3}/trade/fills", **OF)
    for category in ("USDT-FUTURES", "OTHER"):
        one.ok("GET", f"{V3}/account/financial-records", category=category)
    for kind in ("tpsl", "trigger"):
        one.ok("GET", f"{V3}/trade/unfilled-strategy-orders", **OF, type=kind)
        body = one.ok("GET", f"{V3}/trade/history-strategy-orders", **OF, type=kind)
        for row in body["list"] or []:
            one.ok("GET", f"{V3}/trade/strategy-sub-orders", orderId=row["orderId"])


def told(one: Client) -> list[Any]:
    """Follow a life on the streams."""
    one.ok("GET", "/api/v2/public/time")
    tickers, mine = streams.UnifiedTickers(one.venue), streams.UnifiedAccount(one.venue)
    asked = {"instType": "usdt-futures", "topic": "ticker", "symbol": "ETHUSDT"}
    tickers.heard(json.dumps({"op": "subscribe", "args": [asked]}))
    found = [json.loads(text) for text in tickers.news()]
    stamp = str(millis(one.now) // 1000)
    sign = auth.signed_text(one.desk, f"{stamp}GET/user/verify".encode())
    keys = {"apiKey": one.credentials.key, "passphrase": one.credentials.passphrase, "timestamp": stamp, "sign": sign}
    mine.heard(json.dumps({"op": "login", "args": [keys]}))
    for topic in ("order", "position"):
        mine.heard(json.dumps({"op": "subscribe", "args": [{"instType": "UTA", "topic": topic}]}))
    market = {name: value for name, value in SELL.items() if name != "timeInForce"} | {"orderType": "market"}
    for path, more in (
        ("place-order", {**SELL, "qty": "1.5", "price": "1990"}),
        ("place-order", {**SELL, "qty": "1.5", "price": "2100"}),
        ("place-order", {**market, "qty": "0.1"}),
        ("place-strategy-order", {**STOP, "qty": "1.5", "stopLoss": "2300"}),
    ):
        one.ok("POST", f"{V3}/trade/{path}", **more)
        found += [json.loads(text) for text in mine.news()]
    return found
