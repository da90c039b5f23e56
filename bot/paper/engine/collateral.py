"""What an account is worth and how much of it is bound: equity, initial and maintenance margin. All in USD."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bot.core.risk import margin
from bot.core.types import ZERO, Symbol
from bot.paper.engine.account import Order, PaperAccount, signed_sums
from bot.paper.engine.money import usd
from bot.paper.engine.rules import MarginMode, VenueRules


def unrealised(account: PaperAccount, symbol: Symbol) -> Decimal:
    """Return a position's profit at the mark; 0 while flat."""
    position = account.positions[symbol]
    return position.unrealised(account.markets[symbol].mark) if position.size else ZERO


def equity(account: PaperAccount) -> Decimal:
    """Return wallet + unrealised profit of every position."""
    return account.wallet + sum((unrealised(account, symbol) for symbol in account.positions), ZERO)


def crossed(account: PaperAccount) -> list[Symbol]:
    """Return the symbols in cross margin."""
    return [symbol for symbol in account.positions if account.modes[symbol] is MarginMode.CROSS]


def cross_cash(account: PaperAccount) -> Decimal:
    """Return the wallet less what was put aside for isolated positions."""
    return account.wallet - sum((position.margin for position in account.positions.values()), ZERO)


def cross_equity(account: PaperAccount) -> Decimal:
    """Return what stands behind every cross position: cross cash + their unrealised profit."""
    return cross_cash(account) + sum((unrealised(account, symbol) for symbol in crossed(account)), ZERO)


def worst_size(account: PaperAccount, symbol: Symbol, orders: Iterable[Order]) -> Decimal:
    """Return the largest absolute position that a symbol can come to if its orders fill, base units.

    One-way mode: buys and sells don't add up; the worse side counts.
    """
    size = account.positions[symbol].size
    buys, sells = signed_sums(orders)
    return max(abs(size), abs(size + buys), abs(size - sells))


def initial_margin(account: PaperAccount, symbol: Symbol, orders: Iterable[Order]) -> Decimal:
    """Return what the position and the orders of a symbol bind: worst notional at the mark / leverage."""
    size = worst_size(account, symbol, orders)
    return usd(size * account.markets[symbol].mark / account.leverage[symbol]) if size else ZERO


def total_initial_margin(account: PaperAccount) -> Decimal:
    """Return the initial margin of the whole account."""
    return sum((initial_margin(account, symbol, account.working(symbol)) for symbol in account.positions), ZERO)


def _fee_rate(rules: VenueRules, symbol: Symbol) -> Decimal:
    """Return what the venue adds to maintenance rates: the taker fee, or nothing."""
    return rules.symbols[symbol].market.taker_fee if rules.conventions.fee_in_maintenance else ZERO


def maintenance(account: PaperAccount, rules: VenueRules, symbol: Symbol) -> Decimal:
    """Return the maintenance margin of a symbol's position."""
    position = account.positions[symbol]
    if not position.size:
        return ZERO
    notional = abs(position.size) * account.markets[symbol].mark
    return usd(margin.maintenance_margin(rules.symbols[symbol].market.tiers, notional, _fee_rate(rules, symbol)))


def total_maintenance(account: PaperAccount, rules: VenueRules, symbols: Iterable[Symbol]) -> Decimal:
    """Return the maintenance margin of some symbols."""
    return sum((maintenance(account, rules, symbol) for symbol in symbols), ZERO)


def backing(account: PaperAccount, symbol: Symbol) -> Decimal:
    """Return what a position can lose before nothing is left: its margin, or what else the cross account is worth."""
    if account.modes[symbol] is MarginMode.ISOLATED:
        return account.positions[symbol].margin
    return cross_equity(account) - unrealised(account, symbol)


def liquidation_price(account: PaperAccount, rules: VenueRules, symbol: Symbol) -> Decimal | None:
    """Return the mark, not rounded, at which the position is liquidated while all other marks stand still."""
    position = account.positions[symbol]
    if not position.size:
        return None
    collateral = backing(account, symbol)
    if account.modes[symbol] is MarginMode.CROSS:
        others = [other for other in crossed(account) if other != symbol]
        collateral -= total_maintenance(account, rules, others)
    tiers = rules.symbols[symbol].market.tiers
    return margin.liquidation_price(tiers, position.size, position.cost, collateral, _fee_rate(rules, symbol))


def available(account: PaperAccount) -> Decimal:
    """Return what new orders may bind: cross equity less what positions and orders bind already, not below 0.

    An isolated position has its margin put aside; only its orders bind more.
    """
    bound = total_initial_margin(account)
    for symbol in account.positions:
        if account.modes[symbol] is MarginMode.ISOLATED:
            bound -= initial_margin(account, symbol, ())
    return max(ZERO, cross_equity(account) - bound)
