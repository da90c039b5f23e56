"""Whether a venue's report can belong to the intent with its client id; ids alone prove nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.orders import Fill, Intent, OrderKind, OrderReport
from bot.core.types import ZERO

TOLERANCE: Final = timedelta(minutes=1)
"""How far the venue's time of an order, or of its trade, may lie before its intent: no more than clocks differ."""


def misfit(intent: Intent, report: OrderReport) -> str | None:
    """Return why an order that bears an intent's client id can't be the intent's, or None where it fits.

    A field that the venue leaves out is no contradiction. A venue may have shrunk the quantity, never enlarged it, and
    a stop may be told as the market order that it became.
    """
    request = intent.request
    if report.symbol != request.symbol:
        return f"it is of {report.symbol}, the intent of {request.symbol}"
    for what, quantity in (("quantity", report.quantity), ("filled quantity", report.filled)):
        if quantity * request.quantity < 0 or abs(quantity) > abs(request.quantity):
            return f"its {what} is {quantity:f}, the intent's at most {request.quantity:f}"
    if report.kind not in (None, request.kind) and not _set_off(request.kind, report.kind):
        return f"it is a {report.kind} order, the intent a {request.kind} one"
    if report.reduce_only not in (None, request.reduce_only):
        return f"reduce-only is {report.reduce_only} there, and {request.reduce_only} in the intent"
    return _age(intent, report.placed_at)


def fitting(intent: Intent, fills: Iterable[Fill]) -> tuple[Fill, ...]:
    """Return the fills that can be an intent's; none where they come to more than it can have had."""
    request = intent.request
    own = tuple(
        fill
        for fill in fills
        if fill.symbol == request.symbol and fill.quantity * request.quantity > 0 and _age(intent, fill.at) is None
    )
    return () if abs(total(own)) > abs(request.quantity) else own


def total(fills: Iterable[Fill]) -> Decimal:
    """Return the sum of some fills, signed, in base units."""
    return sum((fill.quantity for fill in fills), ZERO)


def _set_off(wanted: OrderKind, told: OrderKind | None) -> bool:
    return wanted is OrderKind.STOP_MARKET and told is OrderKind.MARKET


def _age(intent: Intent, at: datetime | None) -> str | None:
    if at is not None and at < intent.created_at - TOLERANCE:
        return f"it is from {at:%Y-%m-%d %H:%M:%S}, older than the intent"
    return None
