"""Actions on how an account is set up: leverage with its margin mode, and the margin of isolated positions."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core.orders import RejectReason
from bot.core.types import Symbol
from bot.paper.engine.rules import MarginMode
from bot.paper.servers.hyperliquid import errors
from bot.paper.servers.hyperliquid.call import Act
from bot.paper.servers.hyperliquid.render import Json

_DONE: Final[Json] = {"type": "default"}
_UNIT: Final = 1_000_000


def _symbol(call: Act) -> Symbol:
    symbol = call.asset(call.action.get("asset"))
    if symbol is None:
        raise errors.refused("Invalid asset")
    return symbol


def update_leverage(call: Act) -> Json:
    """Set a market's margin mode and leverage together."""
    symbol, crossed, leverage = _symbol(call), call.action.get("isCross"), call.action.get("leverage")
    if not isinstance(crossed, bool) or not isinstance(leverage, int) or isinstance(leverage, bool):
        raise errors.unread("isCross or leverage")
    engine = call.desk.engine
    mode = MarginMode.CROSS if crossed else MarginMode.ISOLATED
    if engine.set_margin_mode(symbol, mode) is not None:
        raise errors.refused("Cannot switch leverage type with open position.")
    refusal = engine.set_leverage(symbol, Decimal(leverage))
    if refusal is not None and refusal.reason is RejectReason.OTHER:
        raise errors.refused("Invalid leverage value")
    if refusal is not None:
        raise errors.refused("User does not have sufficient margin available to decrease leverage.")
    return _DONE


def update_isolated_margin(call: Act) -> Json:
    """Put USDC aside for an isolated position, or take it back."""
    symbol, units = _symbol(call), call.action.get("ntli")
    if not isinstance(units, int) or isinstance(units, bool):
        raise errors.unread("ntli")
    engine = call.desk.engine
    if engine.account.modes[symbol] is not MarginMode.ISOLATED or not call.desk.size(symbol):
        raise errors.refused("Position does not use isolated margin.")
    if units == 0:
        raise errors.refused("Update to isolated margin cannot be zero.")
    if engine.add_margin(symbol, Decimal(units) / _UNIT) is not None:
        raise errors.refused("User does not have sufficient margin available.")
    return _DONE
