"""Bitget's conventions.

It publishes no complete list of codes: those for tick, quantity, price band, position and post-only are the nearest
known ones.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core.orders import RejectReason
from bot.paper.engine.conventions import Conventions

CONVENTIONS: Final = Conventions(
    name="bitget",
    client_id=r"[A-Za-z0-9_-]{1,32}",
    keeps_ids=True,
    checks_stops=True,
    cancels_takers=True,
    trims_reduce_only=True,
    fee_in_cost=True,
    fee_in_maintenance=True,
    min_notional=Decimal(5),
    codes={
        RejectReason.INSUFFICIENT_MARGIN: "40762",
        RejectReason.BELOW_MIN_NOTIONAL: "45110",
        RejectReason.BELOW_MIN_QUANTITY: "45111",
        RejectReason.ABOVE_MAX_QUANTITY: "45112",
        RejectReason.BAD_LOT: "40808",
        RejectReason.BAD_TICK: "45115",
        RejectReason.PRICE_OUT_OF_BAND: "40815",
        RejectReason.REDUCE_ONLY: "22002",
        RejectReason.WOULD_TAKE: "40923",
        RejectReason.WOULD_TRIGGER: "45122",
        RejectReason.DUPLICATE_ID: "40786",
        RejectReason.BAD_ID: "40305",
        RejectReason.TOO_MANY_ORDERS: "40889",
        RejectReason.MAX_POSITION: "45113",
        RejectReason.UNKNOWN_SYMBOL: "40034",
        RejectReason.MAINTENANCE: "40308",
        RejectReason.OTHER: "40017",
    },
    cancel_rejected="40768",
    overloaded="40725",
)
