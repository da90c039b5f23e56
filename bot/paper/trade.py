"""Trading: what a fill does to the account, and how orders meet the book."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bot.core.orders import Fill, LedgerKind, OrderKind, OrderStatus, TimeInForce
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.paper.account import Account, Order, Position, Taken
from bot.paper.book import Level, levels, touch, walk
from bot.paper.money import lots_down, price_down, price_up, usd
from bot.paper.rules import SymbolRules, VenueRules

_MICRO = timedelta(microseconds=1)


def taken(account: Account, rules: SymbolRules, *, buying: bool) -> Decimal:
    """Give what of one side of the book we took and has not come back yet, base units."""
    entry = account.taken.get(_side_key(rules.market.symbol, buying=buying))
    if entry is None or account.now - entry.at >= rules.depth.refill:
        return ZERO
    share = 1 - Decimal((account.now - entry.at) // _MICRO) / Decimal(rules.depth.refill // _MICRO)
    return lots_down(entry.size * share, rules.market.lot)


def transact(  # noqa: PLR0913 - a trade is all of these
    account: Account,
    rules: VenueRules,
    symbol: Symbol,
    trade: Level,
    *,
    buying: bool,
    is_maker: bool,
    client_id: ClientOrderId | None,
) -> Decimal:
    """Book one trade: position, realised profit, fee and fill. Gives the fee, USD."""
    market = rules.symbols[symbol].market
    quantity = trade.size if buying else -trade.size
    account.positions[symbol], realised = traded(account.positions[symbol], quantity, trade.price)
    fee = usd(trade.size * trade.price * (market.maker_fee if is_maker else market.taker_fee))
    account.book(LedgerKind.REALISED, symbol, realised)
    account.book(LedgerKind.FEE, symbol, -fee)
    account.trades_made += 1
    trade_id = f"{int(account.opened_at.timestamp()):x}-{account.trades_made}"
    account.events.fills.append(
        Fill(trade_id, client_id, rules.venue, symbol, quantity, trade.price, fee, realised, is_maker, account.now)
    )
    return fee


def traded(position: Position, quantity: Decimal, price: Decimal) -> tuple[Position, Decimal]:
    """Give the position after a signed trade, and the profit (USD) that it realised.

    What reduces releases its share of the cost, so the average entry stays; what is left over opens the other way.
    """
    if position.size * quantity >= 0:
        return Position(position.size + quantity, position.cost + quantity * price), ZERO
    closing = quantity if abs(quantity) <= abs(position.size) else -position.size
    size = position.size + closing
    released = usd(position.cost * -closing / position.size) if size else position.cost
    realised = -closing * price - released
    opening = quantity - closing
    return Position(size + opening, position.cost - released + opening * price), realised


def reducible(account: Account, order: Order) -> Decimal:
    """Give what of an order may trade now, signed: a reduce-only order never passes flat."""
    if not order.reduce_only:
        return order.remaining
    size = account.positions[order.symbol].size
    if size * order.remaining >= 0:
        return ZERO
    return order.remaining if abs(order.remaining) <= abs(size) else -size


def take(account: Account, rules: VenueRules, order: Order, limit: Decimal | None) -> Order:
    """Let an order take from the book up to a limit; gives it as it stands then, still open."""
    one = rules.symbols[order.symbol]
    buying = order.quantity > 0
    gone = taken(account, one, buying=buying)
    offers = levels(one, account.markets[order.symbol].last, buying=buying)
    trades = walk(offers, reducible(account, order), limit, gone)
    for trade in trades:
        order = _fill(account, rules, order, trade, is_maker=False)
    _remember_taken(account, one, gone, trades, buying=buying)
    return order


def meet(account: Account, rules: VenueRules, order: Order) -> Order:
    """Fill a resting limit order that the market has come to, at its own price, as deep as the market came."""
    if order.price is None:
        return order
    one = rules.symbols[order.symbol]
    buying = order.quantity > 0
    gone = taken(account, one, buying=buying)
    offers = levels(one, account.markets[order.symbol].last, buying=buying)
    trades = walk(offers, reducible(account, order), order.price, gone)
    size = sum((trade.size for trade in trades), ZERO)
    if size:
        order = _fill(account, rules, order, Level(order.price, size), is_maker=True)
        _remember_taken(account, one, gone, trades, buying=buying)
    return order


def would_take(account: Account, rules: VenueRules, order: Order) -> bool:
    """Whether a limit order reaches the other side's touch."""
    if order.price is None:
        return False
    bid, ask = touch(rules.symbols[order.symbol], account.markets[order.symbol].last)
    return order.price >= ask if order.quantity > 0 else order.price <= bid


def execute(account: Account, rules: VenueRules, order: Order) -> Order:
    """Let an order that reached the venue meet the book now: it trades, rests or ends. Gives it as it stands."""
    keep = rules.history
    if order.kind is OrderKind.STOP_MARKET and order.due_at is None:
        account.orders[order.client_id] = order
        return order
    order = take(account, rules, order, _worst_price(account, rules, order))
    if order.remaining == 0:
        return account.close_order(order, OrderStatus.FILLED, "", keep)
    if order.kind is OrderKind.LIMIT and order.time_in_force is not TimeInForce.IOC and reducible(account, order):
        account.orders[order.client_id] = order
        return order
    nothing_left = order.reduce_only and not reducible(account, order)
    note = "nothing left to reduce" if nothing_left else "nothing more within its price"
    return account.close_order(order, OrderStatus.EXPIRED, note, keep)


def match_resting(account: Account, rules: VenueRules, symbol: Symbol) -> None:
    """Fill what the market has come to, oldest first, and end reduce-only orders that have nothing left to reduce."""
    for order in account.working(symbol):
        if order.kind is not OrderKind.LIMIT:
            continue
        after = meet(account, rules, order)
        if after.remaining == 0:
            account.close_order(after, OrderStatus.FILLED, "", rules.history)
        elif after is not order:
            account.orders[after.client_id] = after
    expire_reduce_only(account, rules, symbol)


def expire_reduce_only(account: Account, rules: VenueRules, symbol: Symbol) -> None:
    """End the resting reduce-only limit orders of a symbol that could only increase now."""
    for order in account.working(symbol):
        if order.kind is OrderKind.LIMIT and order.reduce_only and not reducible(account, order):
            account.close_order(order, OrderStatus.EXPIRED, "nothing left to reduce", rules.history)


def _worst_price(account: Account, rules: VenueRules, order: Order) -> Decimal:
    """Give the price beyond which an order never takes: its own, else the price band around the mark."""
    if order.price is not None:
        return order.price
    one = rules.symbols[order.symbol]
    mark = account.markets[order.symbol].mark
    if order.quantity > 0:
        return price_down(mark * (1 + one.price_band), one.market.tick)
    return price_up(mark * (1 - one.price_band), one.market.tick)


def _fill(account: Account, rules: VenueRules, order: Order, trade: Level, *, is_maker: bool) -> Order:
    buying = order.quantity > 0
    fee = transact(account, rules, order.symbol, trade, buying=buying, is_maker=is_maker, client_id=order.client_id)
    signed = trade.size if buying else -trade.size
    return replace(
        order,
        filled=order.filled + signed,
        paid=order.paid + signed * trade.price,
        fee=order.fee + fee,
        updated_at=account.now,
    )


def _side_key(symbol: Symbol, *, buying: bool) -> str:
    return f"{symbol}|{'ask' if buying else 'bid'}"


def _remember_taken(account: Account, rules: SymbolRules, gone: Decimal, trades: list[Level], *, buying: bool) -> None:
    size = sum((trade.size for trade in trades), ZERO)
    if size:
        account.taken[_side_key(rules.market.symbol, buying=buying)] = Taken(gone + size, account.now)
