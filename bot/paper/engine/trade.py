"""Trading: what a fill does to the account, and how orders are matched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bot.core.orders import Fill, LedgerKind, OrderKind, OrderStatus, TimeInForce
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.paper.engine.account import Order, PaperAccount, Position, Taken
from bot.paper.engine.book import Level, levels, reached, touch, walk
from bot.paper.engine.money import lots_down, price_down, price_up, usd
from bot.paper.engine.rules import MarginMode, SymbolRules, VenueRules

_MICRO = timedelta(microseconds=1)


def taken(account: PaperAccount, rules: SymbolRules, *, buying: bool) -> Decimal:
    """Return what of one side of the book we took and has not come back yet, base units."""
    entry = account.taken.get(_side_key(rules.market.symbol, buying=buying))
    if entry is None or account.now - entry.at >= rules.depth.refill:
        return ZERO
    share = 1 - Decimal((account.now - entry.at) // _MICRO) / Decimal(rules.depth.refill // _MICRO)
    return lots_down(entry.size * share, rules.market.lot)


def remember_taken(
    account: PaperAccount, rules: SymbolRules, gone: Decimal, trades: list[Level], *, buying: bool
) -> None:
    """Take trades out of one side of the book, ``gone`` of which was missing before."""
    size = sum((trade.size for trade in trades), ZERO)
    if size:
        account.taken[_side_key(rules.market.symbol, buying=buying)] = Taken(gone + size, account.now)


def transact(  # noqa: PLR0913 - a trade is all of these
    account: PaperAccount,
    rules: VenueRules,
    symbol: Symbol,
    trade: Level,
    *,
    buying: bool,
    fee_rate: Decimal,
    client_id: ClientOrderId,
    is_maker: bool = False,
) -> Decimal:
    """Book one trade: position, realised profit, fee and fill. Return the fee, USD."""
    quantity = trade.size if buying else -trade.size
    before = account.positions[symbol]
    after, realised = traded(before, quantity, trade.price)
    if account.modes[symbol] is MarginMode.ISOLATED:
        after = replace(after, margin=_margin_after(before, after, trade.price, account.leverage[symbol]))
    account.positions[symbol] = after
    fee = usd(trade.size * trade.price * fee_rate)
    account.book(LedgerKind.REALISED, symbol, realised)
    account.book(LedgerKind.FEE, symbol, -fee)
    account.trades_made += 1
    trade_id = f"{int(account.opened_at.timestamp()):x}-{account.trades_made}"
    account.events.fills.append(
        Fill(trade_id, client_id, rules.venue, symbol, quantity, trade.price, fee, realised, is_maker, account.now)
    )
    return fee


def traded(position: Position, quantity: Decimal, price: Decimal) -> tuple[Position, Decimal]:
    """Return the position after a signed trade, and the profit (USD) that it realised.

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


def _margin_after(before: Position, after: Position, price: Decimal, leverage: Decimal) -> Decimal:
    """Return an isolated margin after a trade: growing puts price x size / leverage aside, shrinking frees a share."""
    if before.size * after.size <= 0:
        return usd(abs(after.size) * price / leverage)
    grown = abs(after.size) - abs(before.size)
    if grown >= 0:
        return before.margin + usd(grown * price / leverage)
    return usd(before.margin * after.size / before.size)


def reducible(account: PaperAccount, order: Order) -> Decimal:
    """Return what of an order may trade now, signed: a reduce-only order never passes flat."""
    if not order.reduce_only:
        return order.remaining
    size = account.positions[order.symbol].size
    if size * order.remaining >= 0:
        return ZERO
    return order.remaining if abs(order.remaining) <= abs(size) else -size


def take(account: PaperAccount, rules: VenueRules, order: Order, limit: Decimal | None) -> Order:
    """Match an order against the book up to a limit; return it as it stands then, still open."""
    one = rules.symbols[order.symbol]
    buying = order.quantity > 0
    gone = taken(account, one, buying=buying)
    offers = levels(one, account.markets[order.symbol].last, buying=buying)
    trades = walk(offers, reducible(account, order), limit, gone)
    for trade in trades:
        order = _fill(account, rules, order, trade, is_maker=False)
    remember_taken(account, one, gone, trades, buying=buying)
    return order


def _meet(account: PaperAccount, rules: VenueRules, order: Order) -> Order:
    """Fill a resting limit order that the market has reached, at its own price, as deep as the market went."""
    if order.price is None:
        return order
    one = rules.symbols[order.symbol]
    buying = order.quantity > 0
    gone = taken(account, one, buying=buying)
    offers = levels(one, reached(one, account.markets[order.symbol].last, buying=buying), buying=buying)
    trades = walk(offers, reducible(account, order), order.price, gone)
    size = sum((trade.size for trade in trades), ZERO)
    if size:
        order = _fill(account, rules, order, Level(order.price, size), is_maker=True)
        remember_taken(account, one, gone, trades, buying=buying)
    return order


def would_take(account: PaperAccount, rules: VenueRules, order: Order) -> bool:
    """Whether a limit order reaches the other side's touch."""
    if order.price is None:
        return False
    bid, ask = touch(rules.symbols[order.symbol], account.markets[order.symbol].last)
    return order.price >= ask if order.quantity > 0 else order.price <= bid


def execute(account: PaperAccount, rules: VenueRules, order: Order) -> Order:
    """Match an order that reached the venue: it trades, rests or ends. Return it as it stands."""
    keep = rules.history
    if order.kind is OrderKind.STOP_MARKET and order.due_at is None:
        account.orders[order.client_id] = order
        return order
    if order.time_in_force is TimeInForce.POST_ONLY and would_take(account, rules, order):
        return account.close_order(order, OrderStatus.CANCELLED, "post-only would take", keep)
    order = take(account, rules, order, _worst_price(account, rules, order))
    if order.remaining == 0:
        return account.close_order(order, OrderStatus.FILLED, "", keep)
    if order.kind is OrderKind.LIMIT and order.time_in_force is not TimeInForce.IOC and reducible(account, order):
        account.orders[order.client_id] = order
        return order
    nothing_left = order.reduce_only and not reducible(account, order)
    note = "nothing left to reduce" if nothing_left else "nothing more within its price"
    return account.close_order(order, OrderStatus.EXPIRED, note, keep)


def match_resting(account: PaperAccount, rules: VenueRules, symbol: Symbol) -> None:
    """Fill what the market has reached, oldest first, and end reduce-only orders that have nothing left to reduce."""
    for order in account.working(symbol):
        if order.kind is not OrderKind.LIMIT:
            continue
        after = _meet(account, rules, order)
        if after.remaining == 0:
            account.close_order(after, OrderStatus.FILLED, "", rules.history)
        elif after is not order:
            account.orders[after.client_id] = after
    sweep_reduce_only(account, rules, symbol)


def sweep_reduce_only(account: PaperAccount, rules: VenueRules, symbol: Symbol) -> None:
    """End the resting reduce-only limit orders of a symbol that have nothing left to reduce."""
    for order in account.working(symbol):
        if order.kind is OrderKind.LIMIT and order.reduce_only and not reducible(account, order):
            account.close_order(order, OrderStatus.EXPIRED, "nothing left to reduce", rules.history)
    _trim_reduce_only(account, rules, symbol)


def _trim_reduce_only(account: PaperAccount, rules: VenueRules, symbol: Symbol) -> None:
    """Where that is the convention: while the reduce-only orders of a symbol exceed its position, cancel the oldest."""
    if not rules.conventions.trims_reduce_only:
        return
    resting = [one for one in account.working(symbol) if one.reduce_only and one.kind is OrderKind.LIMIT]
    while len(resting) > 1 and abs(sum((one.remaining for one in resting), ZERO)) > abs(account.positions[symbol].size):
        oldest = resting.pop(0)
        account.close_order(oldest, OrderStatus.CANCELLED, "reduce-only orders exceed the position", rules.history)


def _worst_price(account: PaperAccount, rules: VenueRules, order: Order) -> Decimal:
    """Return the price beyond which an order never takes: its own, else the price band around the mark."""
    if order.price is not None:
        return order.price
    one = rules.symbols[order.symbol]
    mark = account.markets[order.symbol].mark
    if order.quantity > 0:
        return price_down(mark * (1 + one.price_band), one.market.tick)
    return price_up(mark * (1 - one.price_band), one.market.tick)


def _fill(account: PaperAccount, rules: VenueRules, order: Order, trade: Level, *, is_maker: bool) -> Order:
    buying = order.quantity > 0
    market = rules.symbols[order.symbol].market
    fee = transact(
        account,
        rules,
        order.symbol,
        trade,
        buying=buying,
        fee_rate=market.maker_fee if is_maker else market.taker_fee,
        client_id=order.client_id,
        is_maker=is_maker,
    )
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
