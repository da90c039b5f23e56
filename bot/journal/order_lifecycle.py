"""Life cycle of an intent: which report may move it to which status. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bot.core.inputs import PendingStatus
from bot.core.orders import Accepted, NotFound, Outcome, Rejected, Unknown


class IntentStatus(StrEnum):
    """Where an intent stands; the first three are unresolved.

    ``not_found`` means proven never placed.
    """

    SENT = PendingStatus.SENT.value
    OPEN = PendingStatus.OPEN.value
    UNKNOWN = PendingStatus.UNKNOWN.value
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    NOT_FOUND = "not_found"

    @property
    def is_final(self) -> bool:
        """Whether the intent is resolved."""
        return self not in _UNRESOLVED


_UNRESOLVED: Final = frozenset({IntentStatus.SENT, IntentStatus.OPEN, IntentStatus.UNKNOWN})
_WITHOUT_EFFECT: Final = frozenset({IntentStatus.REJECTED, IntentStatus.NOT_FOUND})
_ENDED: Final = frozenset(IntentStatus) - _UNRESOLVED
_PROVEN_PLACED: Final = frozenset(
    {IntentStatus.OPEN, IntentStatus.FILLED, IntentStatus.CANCELLED, IntentStatus.EXPIRED},
)
_MOVES: Final[Mapping[IntentStatus, frozenset[IntentStatus]]] = {
    IntentStatus.SENT: _ENDED | {IntentStatus.OPEN, IntentStatus.UNKNOWN},
    IntentStatus.OPEN: _ENDED | {IntentStatus.UNKNOWN},
    IntentStatus.UNKNOWN: _ENDED | {IntentStatus.OPEN},
    IntentStatus.REJECTED: _PROVEN_PLACED,
    IntentStatus.NOT_FOUND: _PROVEN_PLACED,
    IntentStatus.CANCELLED: frozenset({IntentStatus.FILLED}),
    IntentStatus.EXPIRED: frozenset({IntentStatus.FILLED}),
    IntentStatus.FILLED: frozenset(),
}
"""From a resolved status only news of an effect changes it; such a move is always ``LATE``."""


class Verdict(StrEnum):
    """What a report did to an intent: nothing, a move, a move after the end, or it contradicts what is known."""

    SAME = "same"
    MOVED = "moved"
    LATE = "late"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class IntentState:
    """Where an intent stands; ``filled`` signed, in base units, never shrinking."""

    status: IntentStatus
    filled: Decimal


def after_outcome(state: IntentState, outcome: Outcome | NotFound) -> tuple[IntentState, Verdict]:
    """Apply an outcome: return the new state and what it means.

    Stale reports neither reopen an intent nor take a fill back. News of an effect after the end (a late fill, an order
    that was thought never placed) are taken over and called late.
    """
    wanted, filled = _read(outcome, state.filled)
    if state.status.is_final and isinstance(outcome, Unknown | NotFound):
        return state, Verdict.SAME
    if wanted is state.status or wanted in _MOVES[state.status]:
        return _moved(state, IntentState(wanted, filled))
    if filled != state.filled:
        return _moved(state, IntentState(state.status, filled))
    return state, Verdict.REFUSED


def after_fills(state: IntentState, quantity: Decimal, total: Decimal) -> tuple[IntentState, Verdict]:
    """Apply the sum of the fills that are known of an intent of ``quantity``.

    An unresolved intent stays unresolved: only the venue's report of the order ends it. One that was thought to have no
    effect opens again, as unknown, unless the fills are all of it.
    """
    filled = _larger(state.filled, total)
    if filled == state.filled:
        return state, Verdict.SAME
    status = state.status
    if status.is_final and filled == quantity:
        status = IntentStatus.FILLED
    elif status in _WITHOUT_EFFECT:
        status = IntentStatus.UNKNOWN
    return _moved(state, IntentState(status, filled))


def _moved(before: IntentState, after: IntentState) -> tuple[IntentState, Verdict]:
    if before == after:
        return after, Verdict.SAME
    return after, Verdict.LATE if before.status.is_final else Verdict.MOVED


def _read(outcome: Outcome | NotFound, filled: Decimal) -> tuple[IntentStatus, Decimal]:
    match outcome:
        case Accepted(report):
            return IntentStatus(report.status.value), _larger(filled, report.filled)
        case Rejected():
            return IntentStatus.REJECTED, filled
        case Unknown():
            return IntentStatus.UNKNOWN, filled
        case NotFound():
            return IntentStatus.NOT_FOUND, filled


def _larger(known: Decimal, told: Decimal) -> Decimal:
    return told if abs(told) > abs(known) else known
