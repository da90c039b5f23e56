"""What anybody may ask: markets, their state, books, candles, past fundings."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import Final

from bot.core.market import PriceKind
from bot.core.types import Symbol
from bot.paper.engine import snapshot_views
from bot.paper.servers.hyperliquid import errors
from bot.paper.servers.hyperliquid.call import Ask
from bot.paper.servers.hyperliquid.render import Json, coin_of, text
from bot.paper.servers.wire import millis, places, plain

_TABLES: Final = 50
"""Documented by use: tables from this number on have tiers of their own."""
_SHOWN: Final = 20
_MINUTES: Final = {
    "1m": 1,
    "3m": 3,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 120,
    "4h": 240,
    "8h": 480,
    "1d": 1440,
}
_MOST_CANDLES: Final = 5000


def status(call: Ask) -> object:
    """Tell the time."""
    return {"time": millis(call.now), "specialStatuses": None}


def meta(call: Ask) -> Json:
    """Return the rules of every market, and the margin tables."""
    universe, tables = [], []
    for number, symbol in enumerate(call.symbols):
        market = call.market(symbol)
        tiers = [
            {"lowerBound": text(tier.notional_floor), "maxLeverage": int(tier.max_leverage)} for tier in market.tiers
        ]
        universe.append(
            {
                "szDecimals": places(market.lot),
                "name": coin_of(symbol),
                "maxLeverage": int(market.tiers[0].max_leverage),
                "marginTableId": _TABLES + number,
            }
        )
        tables.append([_TABLES + number, {"description": "", "marginTiers": tiers}])
    return {"universe": universe, "marginTables": tables, "collateralToken": 0}


def contexts(call: Ask) -> object:
    """Return the rules and the present state of every market."""
    return [meta(call), [context(call, symbol) for symbol in call.symbols]]


def context(call: Ask, symbol: Symbol) -> Json:
    """Return a market's present state."""
    account = call.engine.account
    market, touch = account.markets[symbol], snapshot_views.book(account, call.venue.rules.symbols[symbol])
    return {
        "funding": plain(account.funding[symbol].rate),
        "openInterest": "0.0",
        "prevDayPx": text(market.mark),
        "dayNtlVlm": "0.0",
        "premium": plain((market.mark - market.index) / market.index) if market.mark != market.index else "0.0",
        "oraclePx": text(market.index),
        "markPx": text(market.mark),
        "midPx": text((touch.bid + touch.ask) / 2),
        "impactPxs": [text(touch.bid), text(touch.ask)],
        "dayBaseVlm": "0.0",
    }


def dexes(_: Ask) -> object:
    """Return the venue's own markets alone."""
    return [None]


def spot_meta(_: Ask) -> Json:
    """Return the one token that the venue holds, and no market of it."""
    usdc = {
        "name": "USDC",
        "szDecimals": 8,
        "weiDecimals": 8,
        "index": 0,
        "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
        "isCanonical": True,
        "evmContract": None,
        "fullName": None,
    }
    return {"universe": [], "tokens": [usdc]}


def spot_contexts(call: Ask) -> object:
    """Return the same with the markets' states, of which there are none."""
    return [spot_meta(call), []]


def mids(call: Ask) -> dict[str, str]:
    """Return the middle of every book."""
    return {coin_of(symbol): str(context(call, symbol)["midPx"]) for symbol in call.symbols}


def book(call: Ask) -> object:
    """Return a book less what the account took from it, best prices first: bids, then asks."""
    symbol = call.symbol()
    account, rules = call.engine.account, call.venue.rules.symbols[symbol]
    sides = [
        [
            {"px": text(level.price), "sz": text(level.size), "n": 1}
            for level in islice(snapshot_views.offers(account, rules, buying=buying), _SHOWN)
        ]
        for buying in (False, True)
    ]
    return {"coin": coin_of(symbol), "time": millis(call.now), "levels": sides}


def candles(call: Ask) -> object:
    """Return candles of what was traded, oldest first."""
    asked = call.params.values.get("req")
    if not isinstance(asked, dict):
        raise errors.unread("req")
    symbol = next((one for one in call.symbols if coin_of(one) == asked.get("coin")), None)
    minutes = _MINUTES.get(str(asked.get("interval")))
    if symbol is None or minutes is None:
        raise errors.unread("coin or interval")
    span = timedelta(minutes=minutes)
    start, end = asked.get("startTime", 0), asked.get("endTime", millis(call.now))
    kept = list(call.venue.candles.rows(symbol, PriceKind.LAST, span, call.now))[-_MOST_CANDLES:]
    return [
        {
            "t": millis(row.at),
            "T": millis(row.at + span) - 1,
            "s": coin_of(symbol),
            "i": asked["interval"],
            "o": text(row.open),
            "c": text(row.close),
            "h": text(row.high),
            "l": text(row.low),
            "v": "0.0",
            "n": 0,
        }
        for row in kept
        if start <= millis(row.at) <= end
    ]
