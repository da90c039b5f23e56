"""The codes with which Binance and Bitget refuse an order."""

from __future__ import annotations

from typing import Final

from bot.core.orders import RejectReason
from bot.paper.rules import Flavour

_CODES: Final[dict[RejectReason, tuple[str, str]]] = {
    RejectReason.INSUFFICIENT_MARGIN: ("-2019", "40762"),
    RejectReason.BELOW_MIN_NOTIONAL: ("-4164", "45110"),
    RejectReason.BELOW_MIN_QUANTITY: ("-4003", "45111"),
    RejectReason.ABOVE_MAX_QUANTITY: ("-4005", "45112"),
    RejectReason.BAD_LOT: ("-1111", "40017"),
    RejectReason.BAD_TICK: ("-4014", "45115"),
    RejectReason.PRICE_OUT_OF_BAND: ("-4131", "40815"),
    RejectReason.REDUCE_ONLY: ("-2022", "22002"),
    RejectReason.WOULD_TAKE: ("-5022", "40923"),
    RejectReason.WOULD_TRIGGER: ("-2021", "40832"),
    RejectReason.DUPLICATE_ID: ("-4116", "40786"),
    RejectReason.BAD_ID: ("-4015", "40305"),
    RejectReason.TOO_MANY_ORDERS: ("-2025", "43012"),
    RejectReason.MAX_POSITION: ("-2027", "40797"),
    RejectReason.UNKNOWN_SYMBOL: ("-1121", "40034"),
    RejectReason.MAINTENANCE: ("-1016", "40725"),
    RejectReason.OTHER: ("-2011", "40768"),
}


def code_of(flavour: Flavour, reason: RejectReason) -> str:
    """Give the venue's code for a reason."""
    binance, bitget = _CODES[reason]
    return binance if flavour is Flavour.BINANCE else bitget
