"""The conventions of Bitget's unified account, whose documentation has a list of codes."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.core.orders import RejectReason
from bot.paper.engine.conventions import Conventions

CONVENTIONS: Final = Conventions(
    name="bitget-uta",
    client_id=r"[.A-Z:/a-z0-9_-]{1,32}",
    keeps_ids=True,
    checks_stops=True,
    cancels_takers=True,
    fits_stops=True,
    trims_reduce_only=True,
    fee_in_cost=True,
    fee_in_maintenance=True,
    min_notional=Decimal(5),
    codes={
        RejectReason.INSUFFICIENT_MARGIN: "40762",
        RejectReason.BELOW_MIN_NOTIONAL: "25611",
        RejectReason.BELOW_MIN_QUANTITY: "25207",
        RejectReason.ABOVE_MAX_QUANTITY: "25208",
        RejectReason.BAD_LOT: "25610",
        RejectReason.BAD_TICK: "25244",
        RejectReason.PRICE_OUT_OF_BAND: "25206",
        RejectReason.REDUCE_ONLY: "25227",
        RejectReason.STOPS_EXCEED: "25595",
        RejectReason.WOULD_TAKE: "25200",
        RejectReason.WOULD_TRIGGER: "25592",
        RejectReason.DUPLICATE_ID: "25212",
        RejectReason.BAD_ID: "25200",
        RejectReason.TOO_MANY_ORDERS: "25211",
        RejectReason.MAX_POSITION: "25230",
        RejectReason.UNKNOWN_SYMBOL: "25100",
        RejectReason.MARKET_CLOSED: "25105",
        RejectReason.MAINTENANCE: "25102",
        RejectReason.OTHER: "25200",
    },
    cancel_rejected="25204",
    overloaded="40725",
)
