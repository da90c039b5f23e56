"""Bitget's endpoints for the account's past, and what a key may do."""

from __future__ import annotations

from decimal import Decimal

from bot.core.orders import LedgerKind
from bot.paper.servers.bitget import errors, render, statement
from bot.paper.servers.bitget.call import Private
from bot.paper.servers.bitget.render import Json
from bot.paper.servers.records import Movement
from bot.paper.servers.venue import id_of
from bot.paper.servers.wire import millis, plain


def fills(call: Private) -> object:
    """Return the trades, newest first."""
    symbol, order, oldest = call.maybe_symbol(), call.params.maybe_integer("orderId"), call.oldest()
    wanted = [
        (trade.number, trade)
        for trade in call.desk.records.trades
        if trade.fill.at >= oldest
        and call.is_in_span(trade.fill.at)
        and (symbol is None or trade.fill.symbol == symbol)
        and (order is None or trade.order == order)
    ]
    page, last = call.page(wanted)
    rows = [render.trade(call.market(trade.fill.symbol), trade) for trade in page]
    return {"fillList": rows or None, "endId": last or None}


def bills(call: Private) -> object:
    """Return the movements, newest first; a trade's profit and its fee stand in one bill, if they are of one coin."""
    symbol, kind = call.maybe_symbol(), call.params.maybe("businessType")
    wanted = [
        (number, bill)
        for number, bill in _bills(call)
        if (symbol is None or bill["symbol"] == id_of(symbol)) and (kind is None or bill["businessType"] == kind)
    ]
    page, last = call.page(wanted)
    return {"bills": page or None, "endId": last or None}


def _bills(call: Private) -> list[tuple[int, Json]]:
    """Put the movements into bills, oldest first, with the coin's balance after each."""
    oldest = call.oldest()
    return [
        (parts[0].entry.number, _bill(call, parts, balance))
        for parts, balance in statement.rows(call.desk.records)
        if parts[0].entry.at >= oldest and call.is_in_span(parts[0].entry.at)
    ]


def _bill(call: Private, parts: list[Movement], balance: Decimal) -> Json:
    first = parts[0].entry
    amount, fee = statement.sums(parts)
    return {
        "billId": str(first.number),
        "symbol": "" if first.symbol is None else id_of(first.symbol),
        "amount": plain(amount),
        "fee": plain(fee),
        "feeByCoupon": "",
        "businessType": _business(call, parts[0]),
        "coin": parts[0].asset,
        "balance": plain(balance),
        "cTime": str(millis(first.at)),
    }


def _business(call: Private, movement: Movement) -> str:
    match movement.entry.kind:
        case LedgerKind.DEPOSIT:
            return "trans_from_exchange" if movement.entry.amount > 0 else "trans_to_exchange"
        case LedgerKind.FUNDING:
            return "contract_settle_fee"
        case LedgerKind.LIQUIDATION_FEE:
            return f"burst_{'sell' if statement.was_sold(call.desk.records, movement) else 'buy'}"
        case LedgerKind.REALISED | LedgerKind.FEE:
            trade = call.desk.records.trades[movement.trade - 1] if movement.trade else None
            return "buy" if trade is None or trade.fill.quantity > 0 else "sell"


def key_info(call: Private) -> object:
    """Return what the key may do."""
    permissions = call.desk.permissions
    authorities = ["coor", *(["coow"] if permissions.trade else []), *(["wwow"] if permissions.withdraw else [])]
    return {
        "userId": "1",
        "inviterId": "",
        "ips": "127.0.0.1" if permissions.ip_restricted else "",
        "authorities": authorities,
        "parentId": 1,
        "traderType": "not_trader",
        "channelCode": "",
        "channel": "",
        "regisTime": str(millis(call.desk.engine.account.opened_at)),
    }


def trade_rate(call: Private) -> object:
    """Return a market's fees."""
    symbol = call.venue.ids.get(call.params.text("symbol").upper())
    if symbol is None:
        raise errors.unknown_symbol()
    if call.params.text("businessType") != "mix":
        raise errors.wrong("businessType")
    market = call.market(symbol)
    return {"makerFeeRate": plain(market.maker_fee), "takerFeeRate": plain(market.taker_fee)}


def unified_settings(_: Private) -> object:
    """Refuse: the account is a classic one, which is how clients find out."""
    raise errors.classic_account()
