"""What is told of an address: money, positions, orders, fees, and whose it is. One that nobody has reads as empty."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core.orders import LedgerKind
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.paper.engine import collateral
from bot.paper.engine.account import Order
from bot.paper.engine.rules import MarginMode
from bot.paper.servers.desk import Desk
from bot.paper.servers.hyperliquid import render
from bot.paper.servers.hyperliquid.auth import address_of
from bot.paper.servers.hyperliquid.call import Ask
from bot.paper.servers.hyperliquid.render import Json, coin_of, text
from bot.paper.servers.wire import millis, plain

_EMPTY: Final = dict.fromkeys(("accountValue", "totalNtlPos", "totalRawUsd", "totalMarginUsed"), "0.0")
_START: Final = 10_000
"""Documented: the actions that an address has before it has traded."""


def state(call: Ask) -> Json:
    """Return money and positions."""
    desk = call.desk
    shown: Json = {"withdrawable": "0.0", "time": millis(call.now)}
    if desk is None:
        empty = {"marginSummary": _EMPTY, "crossMarginSummary": _EMPTY, "crossMaintenanceMarginUsed": "0.0"}
        return {**empty, "assetPositions": [], **shown}
    engine, account = desk.engine, desk.engine.account
    held = [symbol for symbol in call.symbols if desk.size(symbol)]
    value = {symbol: desk.size(symbol) * account.markets[symbol].mark for symbol in held}
    available = collateral.available(account)
    crossed = collateral.crossed(account)
    summary = _summary(engine.equity, value, engine.equity - available)
    cross = _summary(
        collateral.cross_equity(account),
        {symbol: amount for symbol, amount in value.items() if symbol in crossed},
        collateral.cross_equity(account) - available,
    )
    return {
        "marginSummary": summary,
        "crossMarginSummary": cross,
        "crossMaintenanceMarginUsed": text(collateral.total_maintenance(account, engine.rules, crossed)),
        "withdrawable": text(available),
        "assetPositions": [_position(desk, symbol) for symbol in held],
        "time": millis(call.now),
    }


def _summary(equity: Decimal, value: dict[Symbol, Decimal], used: Decimal) -> Json:
    return {
        "accountValue": text(equity),
        "totalNtlPos": text(sum(map(abs, value.values()), ZERO)),
        "totalRawUsd": text(equity - sum(value.values(), ZERO)),
        "totalMarginUsed": text(used),
    }


def _position(desk: Desk, symbol: Symbol) -> Json:
    account = desk.engine.account
    held, mark = desk.engine.view().positions[symbol], account.markets[symbol].mark
    isolated = account.modes[symbol] is MarginMode.ISOLATED
    own = collateral.initial_margin(account, symbol, ())
    if isolated:
        own = account.positions[symbol].margin + held.unrealised
    value = abs(held.size) * mark
    raw = {"rawUsd": text(own - held.size * mark)} if isolated else {}
    entries = (one.entry for one in desk.records.movements if one.entry.kind is LedgerKind.FUNDING)
    paid = -sum((entry.amount for entry in entries if entry.symbol == symbol), ZERO)
    row = {
        "coin": coin_of(symbol),
        "szi": text(held.size),
        "leverage": {"type": "isolated" if isolated else "cross", "value": int(held.leverage), **raw},
        "entryPx": text(held.entry_price or ZERO),
        "positionValue": text(value),
        "unrealizedPnl": text(held.unrealised),
        "returnOnEquity": text((held.unrealised * held.leverage / value).quantize(Decimal("1e-8"))),
        "liquidationPx": None if held.liquidation_price is None else text(held.liquidation_price),
        "marginUsed": text(own),
        "maxLeverage": int(desk.rules(symbol).market.tiers[0].max_leverage),
        "cumFunding": {"allTime": text(paid), "sinceOpen": text(paid), "sinceChange": text(paid)},
    }
    return {"type": "oneWay", "position": row}


def spot(_: Ask) -> Json:
    """Return the spot account, which holds nothing: accounts are of the classic kind."""
    usdc = {"coin": render.SETTLE, "token": 0, "total": "0.0", "hold": "0.0", "entryNtl": "0.0"}
    return {"balances": [usdc], "tokenToAvailableAfterMaintenance": [[0, "0.0"]]}


def asset_data(call: Ask) -> Json:
    """Return what a market is set to for an address."""
    symbol = call.symbol()
    account = call.engine.account if call.desk is None else call.desk.engine.account
    mark = account.markets[symbol].mark
    isolated = account.modes[symbol] is MarginMode.ISOLATED
    free = ZERO if call.desk is None else collateral.available(account)
    most = text((free * account.leverage[symbol] / mark).quantize(Decimal("0.0001")))
    return {
        "user": call.params.text("user"),
        "coin": coin_of(symbol),
        "leverage": {
            "type": "isolated" if isolated else "cross",
            "value": int(account.leverage[symbol]),
            **({"rawUsd": "0.0"} if isolated else {}),
        },
        "maxTradeSzs": [most, most],
        "availableToTrade": [text(free), text(free)],
        "markPx": text(mark),
    }


def open_orders(call: Ask) -> list[Json]:
    """Return the working orders, conditional ones among them, newest first."""
    desk = call.desk
    return [] if desk is None else [render.order(one, desk.wish(one)) for one in reversed(desk.working())]


def plain_orders(call: Ask) -> list[Json]:
    """Return the working orders without what only the frontend's list has."""
    desk = call.desk
    return [] if desk is None else [render.basic(one, desk.wish(one)) for one in reversed(desk.working())]


def order_status(call: Ask) -> Json:
    """Return an order by its number or its client id."""
    desk, asked = call.desk, call.params.values.get("oid")
    found = None if desk is None else by_id(desk, asked)
    if desk is None or found is None:
        return {"status": "unknownOid"}
    return {"status": "order", "order": render.told(found, desk.wish(found))}


def by_id(desk: Desk, asked: object) -> Order | None:
    """Return an order by its number or its client id."""
    if isinstance(asked, int) and not isinstance(asked, bool):
        return desk.numbered(asked)
    return next(iter(desk.named(ClientOrderId(str(asked).lower()))), None)


def fees(call: Ask) -> Json:
    """Return the account's fees: those of the first market, since they are all the same."""
    market = call.market(call.symbols[0])
    return {
        "dailyUserVlm": [],
        "feeSchedule": {"cross": plain(market.taker_fee), "add": plain(market.maker_fee)},
        "userCrossRate": plain(market.taker_fee),
        "userAddRate": plain(market.maker_fee),
        "activeReferralDiscount": "0.0",
        "trial": None,
        "stakingLink": None,
    }


def role(call: Ask) -> Json:
    """Return what an address is."""
    if call.desk is not None:
        return {"role": "user"}
    asked = call.params.text("user").lower()
    for key, desk in call.venue.desks.items():
        if address_of(desk.credentials.secret) == asked:
            return {"role": "agent", "data": {"user": key}}
    return {"role": "missing"}


def agents(call: Ask) -> list[Json]:
    """Return the agents that an account has approved."""
    if call.desk is None:
        return []
    return [{"name": "paper", "address": address_of(call.desk.credentials.secret), "validUntil": None}]


def abstraction(_: Ask) -> str:
    """Return how accounts keep their money."""
    return "default"


def budget(call: Ask) -> Json:
    """Return the address's budget of actions."""
    trades = () if call.desk is None else call.desk.records.trades
    volume = sum((abs(one.fill.quantity) * one.fill.price for one in trades), ZERO)
    used = 0 if call.desk is None else call.desk.engine.account.orders_made
    return {"cumVlm": text(volume), "nRequestsUsed": used, "nRequestsCap": _START + int(volume)}
