"""Dictionaries as ccxt gives them, right in every field."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.core.types import ClientOrderId, Symbol
from bot.exchange.fields import Row, milliseconds_of

ETH = Symbol("ETH/USDT:USDT")
OWN = ClientOrderId("bot-1-7")

AT = datetime(2025, 1, 1, 12, tzinfo=UTC)

MS = milliseconds_of(AT)

MARKET: Row = {
    "symbol": ETH,
    "base": "ETH",
    "type": "swap",
    "swap": True,
    "contract": True,
    "linear": True,
    "inverse": False,
    "active": True,
    "settle": "USDT",
    "contractSize": "10",
    "precision": {"amount": "0.001", "price": "0.01"},
    "limits": {
        "amount": {"min": "0.002", "max": "10000"},
        "market": {"min": "0.001", "max": "2000"},
        "cost": {"min": "20", "max": None},
    },
}

FEES: Row = {"maker": "0.0002", "taker": "0.0005"}

TIERS: tuple[Row, ...] = (
    {"minNotional": 0, "maxNotional": "50000", "maintenanceMarginRate": "0.004", "maxLeverage": "125"},
    {"minNotional": "50000", "maxNotional": "600000", "maintenanceMarginRate": "0.005", "maxLeverage": "100"},
    {"minNotional": "600000", "maxNotional": "3000000", "maintenanceMarginRate": "0.01", "maxLeverage": "75"},
)

POSITION: Row = {
    "symbol": ETH,
    "contracts": "0.25",
    "contractSize": "10",
    "side": "short",
    "hedged": False,
    "entryPrice": "3000.5",
    "unrealizedPnl": "-1.25",
    "liquidationPrice": "5000",
    "initialMargin": "750.1",
    "positionMargin": "800",
    "leverage": None,
}

ORDER: Row = {
    "id": "99",
    "clientOrderId": OWN,
    "symbol": ETH,
    "type": "limit",
    "side": "sell",
    "price": "3001",
    "triggerPrice": None,
    "amount": "0.5",
    "filled": "0.2",
    "average": "3001.5",
    "status": "open",
    "reduceOnly": False,
    "timestamp": MS,
    "lastUpdateTimestamp": MS + 5,
    "fee": None,
}

TRADE: Row = {
    "id": "7",
    "order": "99",
    "symbol": ETH,
    "side": "sell",
    "amount": "0.2",
    "price": "3001.5",
    "takerOrMaker": "maker",
    "fee": {"cost": "0.12", "currency": "USDT"},
    "timestamp": MS,
}

FUNDING: Row = {
    "symbol": ETH,
    "fundingRate": "-0.0001",
    "fundingTimestamp": MS + 1000,
    "timestamp": MS,
    "interval": "8h",
}

BOOK: Row = {"bids": [["3000", "1.5", 1]], "asks": [["3000.1", "2"]], "timestamp": MS}
