"""Hyperliquid's conventions. Its refusals have no codes: a reason's code is the text that the venue gives for it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.core.orders import RejectReason
from bot.paper.engine.conventions import Conventions

CONVENTIONS: Final = Conventions(
    name="hyperliquid",
    client_id=r"(?:0x[0-9a-f]{32}|oid-[0-9]{1,12})",
    codes={
        RejectReason.INSUFFICIENT_MARGIN: "Insufficient margin to place order.",
        RejectReason.BELOW_MIN_NOTIONAL: "Order must have minimum value of $10.",
        RejectReason.BELOW_MIN_QUANTITY: "Order has zero size.",
        RejectReason.ABOVE_MAX_QUANTITY: "Order has invalid size.",
        RejectReason.BAD_LOT: "Order has invalid size.",
        RejectReason.BAD_TICK: "Price must be divisible by tick size.",
        RejectReason.PRICE_OUT_OF_BAND: "Order price cannot be more than 80% away from the reference price",
        RejectReason.REDUCE_ONLY: "Reduce only order would increase position.",
        RejectReason.WOULD_TAKE: "Post only order would have immediately matched, bbo was {bid}@{ask}.",
        RejectReason.WOULD_TRIGGER: "Invalid TP/SL price.",
        RejectReason.DUPLICATE_ID: "Duplicate cloid.",
        RejectReason.BAD_ID: "Invalid cloid.",
        RejectReason.TOO_MANY_ORDERS: "Too many open orders.",
        RejectReason.MAX_POSITION: "Order would exceed margin tier limit at current leverage.",
        RejectReason.UNKNOWN_SYMBOL: "Invalid asset.",
        RejectReason.MAINTENANCE: "Trading is halted.",
        RejectReason.OTHER: "Order could not be placed.",
    },
    cancel_rejected="Order was never placed, already canceled, or filled.",
    overloaded="Too many requests in flight.",
    funding_interval=timedelta(hours=1),
    min_notional=Decimal(10),
    halves_initial_margin=True,
)
"""An order without a client id is kept under ``oid-`` and its number. Nobody showed that the venue refuses a client id
again once its order has ended, so that it is free then."""
