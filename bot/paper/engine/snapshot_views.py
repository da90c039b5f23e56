"""The account and its markets as a snapshot has them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bot.core.market import Book, Funding, Mark
from bot.core.snapshot import Balance, OpenOrder, PerpPosition, Quote, VenueView
from bot.core.types import ZERO, Symbol
from bot.paper.engine import collateral
from bot.paper.engine.account import PaperAccount
from bot.paper.engine.book import Level, left, levels, levels_from, touch
from bot.paper.engine.money import price_down, price_up, usd
from bot.paper.engine.rules import MarginMode, SymbolRules, VenueRules
from bot.paper.engine.trade import taken


def venue_view(account: PaperAccount, rules: VenueRules) -> VenueView:
    """Return the whole view; every symbol is in it.

    Raises:
        ValueError: a symbol has no price yet.
    """
    missing = sorted(set(rules.symbols) - set(account.markets))
    if missing:
        raise ValueError(f"no price yet: {', '.join(missing)}")
    return VenueView(
        venue=rules.venue,
        as_of=account.now,
        quotes={symbol: _quote(account, one) for symbol, one in rules.symbols.items()},
        positions={symbol: _position(account, rules, symbol) for symbol in rules.symbols},
        open_orders=tuple(
            OpenOrder(
                order.client_id,
                str(order.number),
                order.symbol,
                order.kind,
                order.remaining,
                order.price,
                order.trigger,
                order.reduce_only,
                order.placed_at,
            )
            for order in account.orders.values()
        ),
        balance=Balance(
            wallet=account.wallet,
            equity=collateral.equity(account),
            available=collateral.available(account),
            initial_margin=collateral.total_initial_margin(account),
            maintenance_margin=collateral.total_maintenance(account, rules, rules.symbols),
        ),
    )


def _quote(account: PaperAccount, one: SymbolRules) -> Quote:
    """Return what one market shows."""
    market, state = account.markets[one.market.symbol], account.funding[one.market.symbol]
    funding = Funding(state.rate, state.next_at, one.funding_interval, account.now)
    return Quote(one.market, Mark(market.mark, market.index, market.as_of), book(account, one), funding)


def book(account: PaperAccount, one: SymbolRules) -> Book:
    """Return the touch, less what we took from it; a side that we emptied shows size 0 at the touch."""
    market = account.markets[one.market.symbol]
    best = touch(one, market.last)
    asks = left(levels_from(one, market.last, best, buying=True), taken(account, one, buying=True))
    bids = left(levels_from(one, market.last, best, buying=False), taken(account, one, buying=False))
    bid, ask = next(bids, Level(best[0], ZERO)), next(asks, Level(best[1], ZERO))
    return Book(bid.price, bid.size, ask.price, ask.size, market.as_of)


def offers(account: PaperAccount, one: SymbolRules, *, buying: bool) -> Iterator[Level]:
    """Return what a buyer (the asks) or a seller (the bids) meets, best first, less what we took from it."""
    return left(levels(one, account.markets[one.market.symbol].last, buying=buying), taken(account, one, buying=buying))


def _position(account: PaperAccount, rules: VenueRules, symbol: Symbol) -> PerpPosition:
    position = account.positions[symbol]
    isolated = account.modes[symbol] is MarginMode.ISOLATED
    return PerpPosition(
        symbol=symbol,
        size=position.size,
        entry_price=None if position.entry is None else usd(position.entry),
        unrealised=collateral.unrealised(account, symbol),
        liquidation_price=_liquidation_price(account, rules, symbol),
        margin=position.margin if isolated else collateral.initial_margin(account, symbol, ()),
        leverage=account.leverage[symbol],
        is_isolated=isolated,
    )


def _liquidation_price(account: PaperAccount, rules: VenueRules, symbol: Symbol) -> Decimal | None:
    """Return the first price on the tick at which the position is liquidated, None where there is none above 0."""
    exact = collateral.liquidation_price(account, rules, symbol)
    if exact is None:
        return None
    tick = rules.symbols[symbol].market.tick
    rounded = price_up(exact, tick) if account.positions[symbol].size < 0 else price_down(exact, tick)
    return rounded if rounded > 0 else None
