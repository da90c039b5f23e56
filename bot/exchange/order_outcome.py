"""Judge a write's answer. Pure: only an allow-listed answer is a rejection, all else that was sent is unknown."""

from __future__ import annotations

from typing import Final

from bot.core.orders import Rejected, RejectReason, Unknown
from bot.core.types import ClientOrderId
from bot.exchange.ccxt_link import Written
from bot.exchange.facts import UNREADABLE, Rule, VenueFacts
from bot.exchange.transport import Wire

_NOT_SENT: Final = "not_sent"
"""The code of a rejection that is this side's own."""


def judge(written: Written, client_id: ClientOrderId, facts: VenueFacts) -> Rejected | Unknown | None:
    """Return what a write came to, or None where the venue took it; ``written.result`` then holds what ccxt made of it.

    The exception's class is ignored: ccxt raises the same ones for orders that were and were not placed.
    """
    wire = written.wire
    if wire is None:
        return not_sent(client_id, written.error)
    for rule in facts.rejections:
        if wire.answer is None and _matches(rule, wire):
            return Rejected(client_id, rule.reason, wire.code, wire.message)
    if wire.answer is None:
        seen = "no answer" if wire.status is None else f"answer {wire.status} {wire.code} {wire.message}".rstrip()
        return Unknown(client_id, f"{seen}; {written.error}")
    return None


def _matches(rule: Rule, wire: Wire) -> bool:
    if wire.code == UNREADABLE or wire.status != rule.status or rule.message not in wire.message:
        return False
    return wire.code == rule.code or (rule.code == "" and rule.message != "")


def not_sent(client_id: ClientOrderId, why: str) -> Rejected:
    """Return the rejection of a request that was held back on this side."""
    return Rejected(client_id, RejectReason.NOT_SENT, _NOT_SENT, why)
