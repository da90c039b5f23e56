"""Binance's endpoints for the account's past, and what ccxt and others ask of ``/sapi``."""

from __future__ import annotations

from bot.paper.servers.binance import render
from bot.paper.servers.binance.account import rank
from bot.paper.servers.binance.call import KEPT, Private
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import millis


def user_trades(call: Private) -> object:
    """Return a symbol's trades, oldest first."""
    symbol, limit = call.symbol(), call.limit(500, 1000)
    trades = [trade for trade in call.desk.records.trades if trade.fill.symbol == symbol]
    order, first = call.params.maybe_integer("orderId"), call.params.maybe_integer("fromId")
    if order is not None:
        trades = [trade for trade in trades if trade.order == order]
    if first is not None:
        trades = [trade for trade in trades if trade.number >= first][:limit]
    else:
        start, end = call.kept_span()
        trades = [trade for trade in trades if start <= trade.fill.at <= end]
        trades = trades[:limit] if call.params.maybe("startTime") else trades[-limit:]
    return [render.trade(call.market(symbol), trade) for trade in trades]


def income(call: Private) -> object:
    """Return the movements of cash of the last three months, oldest first; older ones are not there."""
    symbols, limit, kind = call.symbols(), call.limit(100, 1000), call.params.maybe("incomeType")
    start, end = call.span()
    start = max(start, call.now - KEPT)
    wanted = [
        movement
        for movement in call.desk.records.movements
        if start <= movement.entry.at <= end
        and (kind is None or render.income_type(movement.entry.kind) == kind)
        and (call.params.maybe("symbol") is None or movement.entry.symbol in symbols)
    ]
    return [render.income(movement) for movement in wanted[:limit]]


def adl_quantile(call: Private) -> object:
    """Return each position's place in the queue of auto-deleveraging: the paper exchange has no queue, so the first."""
    symbols = [symbol for symbol in call.symbols() if call.desk.size(symbol)]
    return [{"symbol": id_of(symbol), "adlQuantile": {"BOTH": rank(call, symbol)}} for symbol in symbols]


def force_orders(_: Private) -> object:
    """Return liquidation orders; they are reported in the trades and the income, not here."""
    return []


def restrictions(call: Private) -> object:
    """Return what the key may do."""
    permissions = call.desk.permissions
    return {
        "ipRestrict": permissions.ip_restricted,
        "createTime": millis(call.desk.engine.account.opened_at),
        "enableReading": True,
        "enableWithdrawals": permissions.withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": permissions.trade,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": True,
        "enableSpotAndMarginTrading": False,
        "enablePortfolioMarginTrading": False,
    }


def coins(_: Private) -> object:
    """Return the one coin that the venue holds."""
    return [
        {
            "coin": "USDT",
            "name": "TetherUS",
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "free": "0",
            "locked": "0",
            "freeze": "0",
            "withdrawing": "0",
            "ipoing": "0",
            "ipoable": "0",
            "storage": "0",
            "isLegalMoney": False,
            "trading": True,
            "networkList": [],
        }
    ]


def margin_pairs(_: Private) -> object:
    """Return the pairs of margin trading on spot: none."""
    return []
