"""Account settings besides orders: leverage, margin mode, isolated margin, cash."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from bot.core.orders import LedgerKind, RejectReason
from bot.core.risk.margin import max_notional
from bot.core.types import ZERO, Symbol
from bot.paper.engine import collateral
from bot.paper.engine.account import PaperAccount
from bot.paper.engine.money import usd
from bot.paper.engine.order_checks import Refusal
from bot.paper.engine.rules import MarginMode, VenueRules


def set_leverage(account: PaperAccount, rules: VenueRules, symbol: Symbol, leverage: Decimal) -> Refusal | None:
    """Change a symbol's leverage; what positions and orders bind must stay within the tiers and the cash.

    An isolated position keeps the margin that it has; its leverage can only be raised while it is open.
    """
    tiers = rules.symbols[symbol].market.tiers
    most = max(tier.max_leverage for tier in tiers)
    if not 1 <= leverage <= most or leverage != leverage.to_integral_value():
        return Refusal(RejectReason.OTHER, f"leverage {leverage}: a whole number from 1 to {most} is allowed")
    open_isolated = account.modes[symbol] is MarginMode.ISOLATED and account.positions[symbol].size
    if open_isolated and leverage < account.leverage[symbol]:
        return Refusal(RejectReason.OTHER, "the leverage of an open isolated position can't be lowered")
    if symbol in account.markets:
        size = collateral.worst_size(account, symbol, account.working(symbol))
        if size * account.markets[symbol].mark > max_notional(tiers, leverage):
            return Refusal(RejectReason.MAX_POSITION, f"the position is too large for leverage {leverage}")
    before = account.leverage[symbol]
    free = collateral.available(account)
    account.leverage[symbol] = leverage
    if leverage < before and free > 0 and collateral.available(account) == 0:
        account.leverage[symbol] = before
        return Refusal(RejectReason.INSUFFICIENT_MARGIN, f"not enough margin for leverage {leverage}")
    return None


def set_margin_mode(account: PaperAccount, symbol: Symbol, mode: MarginMode) -> Refusal | None:
    """Change a symbol's margin mode, which must be flat and without orders."""
    if mode is not account.modes[symbol] and (account.positions[symbol].size or account.working(symbol)):
        return Refusal(RejectReason.OTHER, f"{symbol} has a position or orders")
    account.modes[symbol] = mode
    return None


def add_margin(account: PaperAccount, symbol: Symbol, amount: Decimal) -> Refusal | None:
    """Put cash aside for an isolated position, or take back (negative) what its initial margin does not need."""
    position = account.positions[symbol]
    if account.modes[symbol] is not MarginMode.ISOLATED or not position.size:
        return Refusal(RejectReason.OTHER, f"{symbol} has no isolated position")
    spare = position.margin + min(ZERO, collateral.unrealised(account, symbol))
    spare -= collateral.initial_margin(account, symbol, ())
    if usd(amount) != amount or amount > collateral.available(account) or -amount > max(ZERO, spare):
        return Refusal(RejectReason.INSUFFICIENT_MARGIN, f"can't move {amount} USD of margin")
    account.positions[symbol] = replace(position, margin=position.margin + amount)
    return None


def transfer(account: PaperAccount, amount: Decimal) -> Refusal | None:
    """Bring cash in, or out (negative) as far as it is free; unrealised profit can't leave."""
    if usd(amount) != amount or -amount > min(collateral.available(account), collateral.cross_cash(account)):
        return Refusal(RejectReason.INSUFFICIENT_MARGIN, f"can't move {amount} USD")
    account.book(LedgerKind.DEPOSIT, None, amount)
    return None
