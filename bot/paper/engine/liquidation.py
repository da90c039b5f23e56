"""Forced trades: liquidation when the margin no longer suffices, and auto-deleveraging (ADL)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from bot.core.orders import LedgerKind, OrderStatus
from bot.core.risk.margin import bankruptcy_price, tier_for
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.paper.engine import collateral
from bot.paper.engine.account import PaperAccount
from bot.paper.engine.book import Level, levels, walk
from bot.paper.engine.money import lots_down, price_down, price_up, usd
from bot.paper.engine.rules import Deleveraging, MarginMode, VenueRules
from bot.paper.engine.trade import remember_taken, sweep_reduce_only, taken, transact

LIQUIDATION_ID: Final = "autoclose-"
"""How the client ids of liquidation trades begin."""
ADL_ID: Final = "adl_autoclose-"
"""How the client ids of auto-deleveraging trades begin."""


def liquidate(account: PaperAccount, rules: VenueRules) -> None:
    """Liquidate until every position that is left has more equity than maintenance margin.

    A position above the first margin tier is brought down tier by tier, one in the first tier is closed. Of cross
    positions the one with the largest maintenance margin goes first.
    """
    while (symbol := _due(account, rules)) is not None:
        _end_orders(account, rules, symbol)
        _close_part(account, rules, symbol)


def deleverage(account: PaperAccount, rules: VenueRules, event: Deleveraging) -> None:
    """Close a fraction of a position at the mark, without a fee."""
    market = rules.symbols[event.symbol].market
    position = account.positions[event.symbol]
    size = lots_down(abs(position.size) * event.fraction, market.lot)
    if size:
        buying = position.size < 0
        mark = account.markets[event.symbol].mark
        price = price_up(mark, market.tick) if buying else price_down(mark, market.tick)
        name = ClientOrderId(f"{ADL_ID}{account.trades_made + 1}")
        transact(account, rules, event.symbol, Level(price, size), buying=buying, fee_rate=ZERO, client_id=name)
        sweep_reduce_only(account, rules, event.symbol)


def _due(account: PaperAccount, rules: VenueRules) -> Symbol | None:
    """Return the position to liquidate next."""
    for symbol, position in account.positions.items():
        if position.size and account.modes[symbol] is MarginMode.ISOLATED:
            left = position.margin + collateral.unrealised(account, symbol)
            if left <= collateral.maintenance(account, rules, symbol):
                return symbol
    needs = {
        symbol: collateral.maintenance(account, rules, symbol)
        for symbol in collateral.crossed(account)
        if account.positions[symbol].size
    }
    if needs and collateral.cross_equity(account) <= sum(needs.values()):
        return max(needs, key=lambda symbol: (needs[symbol], symbol))
    return None


def _end_orders(account: PaperAccount, rules: VenueRules, symbol: Symbol) -> None:
    """Cancel the orders before a liquidation: the symbol's, or those of every cross symbol."""
    isolated = account.modes[symbol] is MarginMode.ISOLATED
    for one in [symbol] if isolated else collateral.crossed(account):
        for order in account.working(one):
            account.close_order(order, OrderStatus.EXPIRED, "liquidation", rules.history)


def _close_part(account: PaperAccount, rules: VenueRules, symbol: Symbol) -> None:
    """Trade one step of a liquidation and book its fee, which never costs more than what is left."""
    before, wallet = account.positions[symbol], account.wallet
    size = _step(account, rules, symbol)
    name = ClientOrderId(f"{LIQUIDATION_ID}{account.trades_made + 1}")
    for trade in _trades(account, rules, symbol, size):
        transact(account, rules, symbol, trade, buying=before.size < 0, fee_rate=ZERO, client_id=name)
    isolated = account.modes[symbol] is MarginMode.ISOLATED
    margin = before.margin + account.wallet - wallet
    left = margin + collateral.unrealised(account, symbol) if isolated else collateral.cross_equity(account)
    notional = size * account.markets[symbol].mark
    fee = max(ZERO, min(usd(notional * rules.symbols[symbol].liquidation_fee), left))
    account.book(LedgerKind.LIQUIDATION_FEE, symbol, -fee)
    if isolated and account.positions[symbol].size:
        account.positions[symbol] = replace(account.positions[symbol], margin=margin - fee)


def _step(account: PaperAccount, rules: VenueRules, symbol: Symbol) -> Decimal:
    """Return how much goes in one step, base units: down to the next lower tier, in the first tier all."""
    market = rules.symbols[symbol].market
    size, mark = abs(account.positions[symbol].size), account.markets[symbol].mark
    return size - lots_down(tier_for(market.tiers, size * mark).notional_floor / mark, market.lot)


def _trades(account: PaperAccount, rules: VenueRules, symbol: Symbol, size: Decimal) -> list[Level]:
    """Trade into the book as far as the bankruptcy price; the insurance fund takes the rest at that price."""
    one, position = rules.symbols[symbol], account.positions[symbol]
    buying, tick = position.size < 0, one.market.tick
    worst = bankruptcy_price(position.size, position.cost, collateral.backing(account, symbol))
    limit = max(tick, price_down(worst, tick) if buying else price_up(worst, tick))
    gone = taken(account, one, buying=buying)
    offers = levels(one, account.markets[symbol].last, buying=buying)
    trades = walk(offers, size if buying else -size, limit, gone)
    remember_taken(account, one, gone, trades, buying=buying)
    rest = size - sum((trade.size for trade in trades), ZERO)
    return [*trades, Level(limit, rest)] if rest else trades
