"""What an account is worth and how much of it is bound: equity, initial and maintenance margin. All in USD."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bot.core.margin import maintenance_margin
from bot.core.types import ZERO, Symbol
from bot.paper.account import Account, Order, signed_sums
from bot.paper.money import usd
from bot.paper.rules import VenueRules


def unrealised(account: Account, symbol: Symbol) -> Decimal:
    """Give a position's profit at the mark; 0 while flat."""
    position = account.positions[symbol]
    return position.unrealised(account.markets[symbol].mark) if position.size else ZERO


def equity(account: Account) -> Decimal:
    """Give wallet + unrealised profit of every position."""
    return account.wallet + sum((unrealised(account, symbol) for symbol in account.positions), ZERO)


def worst_size(account: Account, symbol: Symbol, orders: Iterable[Order]) -> Decimal:
    """Give the largest absolute position that a symbol can come to if its orders fill, base units.

    One-way mode: buys and sells don't add up; the worse side counts (Binance).
    """
    size = account.positions[symbol].size
    buys, sells = signed_sums(orders)
    return max(abs(size), abs(size + buys), abs(size - sells))


def initial_margin(account: Account, symbol: Symbol, orders: Iterable[Order]) -> Decimal:
    """Give what the position and the orders of a symbol bind: worst notional at the mark / leverage."""
    size = worst_size(account, symbol, orders)
    return usd(size * account.markets[symbol].mark / account.leverage[symbol]) if size else ZERO


def total_initial_margin(account: Account) -> Decimal:
    """Give the initial margin of the whole account."""
    return sum((initial_margin(account, symbol, account.working(symbol)) for symbol in account.positions), ZERO)


def maintenance(account: Account, rules: VenueRules, symbol: Symbol) -> Decimal:
    """Give the maintenance margin of a symbol's position."""
    position = account.positions[symbol]
    if not position.size:
        return ZERO
    notional = abs(position.size) * account.markets[symbol].mark
    return usd(maintenance_margin(rules.symbols[symbol].market.tiers, notional))


def total_maintenance(account: Account, rules: VenueRules) -> Decimal:
    """Give the maintenance margin of the whole account."""
    return sum((maintenance(account, rules, symbol) for symbol in account.positions), ZERO)


def available(account: Account) -> Decimal:
    """Give what new orders may bind: equity less initial margins, not below 0."""
    return max(ZERO, equity(account) - total_initial_margin(account))
