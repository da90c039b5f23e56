"""What happened to an address: its orders, fills, fundings and other movements, oldest first where pages follow."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.core.orders import LedgerKind
from bot.core.types import ZERO, Symbol
from bot.paper.servers.desk import Desk
from bot.paper.servers.hyperliquid import render
from bot.paper.servers.hyperliquid.call import Ask
from bot.paper.servers.hyperliquid.render import Json
from bot.paper.servers.wire import millis

_FILLS: Final = 2000
_FUNDINGS: Final = 500
_ORDERS: Final = 2000


def orders(call: Ask) -> list[Json]:
    """Return the newest orders, each with its last status."""
    desk = call.desk
    return [] if desk is None else [render.told(one, desk.wish(one)) for one in reversed(desk.orders()[-_ORDERS:])]


def _all(desk: Desk | None) -> list[Json]:
    return [] if desk is None else render.fills(desk.records.trades, desk.records.movements)


def fills(call: Ask) -> list[Json]:
    """Return the newest fills, newest first."""
    return list(reversed(_all(call.desk)[-_FILLS:]))


def fills_by_time(call: Ask) -> list[Json]:
    """Return the oldest fills of a span."""
    start, end = (millis(at) for at in call.span())
    return [row for row in _all(call.desk) if start <= int(str(row["time"])) <= end][:_FILLS]


def fundings(call: Ask) -> list[Json]:
    """Return the oldest fundings of a span."""
    desk = call.desk
    if desk is None:
        return []
    start, end = call.span()
    found = [
        one
        for one in desk.records.movements
        if one.entry.kind is LedgerKind.FUNDING and one.entry.symbol is not None and start <= one.entry.at <= end
    ]
    account = desk.engine.account
    return [
        render.funding(one, _held(desk, one.entry.symbol, one.entry.at), account.funding[one.entry.symbol].rate)
        for one in found[:_FUNDINGS]
        if one.entry.symbol is not None
    ]


def _held(desk: Desk, symbol: Symbol | None, at: datetime) -> Decimal:
    trades = (one.fill for one in desk.records.trades if one.fill.symbol == symbol and one.fill.at < at)
    return sum((fill.quantity for fill in trades), ZERO)


def updates(call: Ask) -> list[Json]:
    """Return the deposits and withdrawals of a span."""
    desk, (start, end) = call.desk, call.span()
    moved = () if desk is None else desk.records.movements
    wanted = (one for one in moved if one.entry.kind is LedgerKind.DEPOSIT and start <= one.entry.at <= end)
    return [render.update(one) for one in wanted]


def funding_history(call: Ask) -> list[Json]:
    """Return the last funding rate of a market, at each full hour of a span that is past, the first 500."""
    symbol, state = call.symbol(), call.engine.account.funding
    rate, interval = state[symbol].rate, call.venue.rules.symbols[symbol].funding_interval
    start, end = call.span()
    last = state[symbol].next_at - interval
    at = last - (last - start) // interval * interval
    found: list[Json] = []
    while at <= min(end, last) and len(found) < _FUNDINGS:
        row = {"coin": render.coin_of(symbol), "fundingRate": f"{rate:f}", "premium": "0.0", "time": millis(at)}
        found.append(row)
        at += interval
    return found
