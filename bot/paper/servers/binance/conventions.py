"""Binance's conventions. The codes are those of its error list."""

from __future__ import annotations

from typing import Final

from bot.core.orders import RejectReason
from bot.paper.engine.conventions import Conventions

CONVENTIONS: Final = Conventions(
    name="binance",
    client_id=r"[.A-Z:/a-z0-9_-]{1,36}",
    codes={
        RejectReason.INSUFFICIENT_MARGIN: "-2019",
        RejectReason.BELOW_MIN_NOTIONAL: "-4164",
        RejectReason.BELOW_MIN_QUANTITY: "-4004",
        RejectReason.ABOVE_MAX_QUANTITY: "-4005",
        RejectReason.BAD_LOT: "-1111",
        RejectReason.BAD_TICK: "-4014",
        RejectReason.PRICE_OUT_OF_BAND: "-4016",
        RejectReason.REDUCE_ONLY: "-2022",
        RejectReason.WOULD_TAKE: "-5022",
        RejectReason.WOULD_TRIGGER: "-2021",
        RejectReason.DUPLICATE_ID: "-4116",
        RejectReason.BAD_ID: "-4015",
        RejectReason.TOO_MANY_ORDERS: "-2025",
        RejectReason.MAX_POSITION: "-2027",
        RejectReason.UNKNOWN_SYMBOL: "-1121",
        RejectReason.MAINTENANCE: "-1016",
        RejectReason.OTHER: "-1102",
    },
    cancel_rejected="-2011",
    overloaded="-1008",
)
