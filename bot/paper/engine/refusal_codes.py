"""The codes with which Binance and Bitget refuse an order.

Binance's are those of its error list. Bitget publishes no complete one: its codes for tick, quantity, price band,
position and post-only are the nearest known ones.
"""

from __future__ import annotations

from typing import Final

from bot.core.orders import RejectReason
from bot.paper.engine.rules import Flavour

_CODES: Final[dict[RejectReason, tuple[str, str]]] = {
    RejectReason.INSUFFICIENT_MARGIN: ("-2019", "40762"),
    RejectReason.BELOW_MIN_NOTIONAL: ("-4164", "45110"),
    RejectReason.BELOW_MIN_QUANTITY: ("-4004", "45111"),
    RejectReason.ABOVE_MAX_QUANTITY: ("-4005", "45112"),
    RejectReason.BAD_LOT: ("-1111", "40808"),
    RejectReason.BAD_TICK: ("-4014", "45115"),
    RejectReason.PRICE_OUT_OF_BAND: ("-4016", "40815"),
    RejectReason.REDUCE_ONLY: ("-2022", "22002"),
    RejectReason.WOULD_TAKE: ("-5022", "40923"),
    RejectReason.WOULD_TRIGGER: ("-2021", "45122"),
    RejectReason.DUPLICATE_ID: ("-4116", "40786"),
    RejectReason.BAD_ID: ("-4015", "40305"),
    RejectReason.TOO_MANY_ORDERS: ("-2025", "40889"),
    RejectReason.MAX_POSITION: ("-2027", "45113"),
    RejectReason.UNKNOWN_SYMBOL: ("-1121", "40034"),
    RejectReason.MAINTENANCE: ("-1016", "40308"),
    RejectReason.OTHER: ("-1102", "40017"),
}

CANCEL_REJECTED: Final = {Flavour.BINANCE: "-2011", Flavour.BITGET: "40768"}
"""What to cancel is not there."""
OVERLOADED: Final = {Flavour.BINANCE: "-1008", Flavour.BITGET: "40725"}
"""The venue has too much to do; the order had no effect."""


def code_of(flavour: Flavour, reason: RejectReason) -> str:
    """Return the venue's code for a reason; NOT_SENT, which is no venue's, has none."""
    binance, bitget = _CODES[reason]
    return binance if flavour is Flavour.BINANCE else bitget
