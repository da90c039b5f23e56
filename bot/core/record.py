"""What is kept of a cycle, and of what is no cycle: the values that journals, publishers and screens read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.core.decision import Decision
from bot.core.pnl.ledger import Book
from bot.core.snapshot import Snapshot
from bot.core.state import State
from bot.core.types import MarketKey


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the stops were decided again on, after a cycle's orders went out.

    ``fresh`` are the venues read again, ``filled`` what they said that the orders traded, signed.
    """

    fresh: Snapshot
    filled: Mapping[MarketKey, Decimal]


@dataclass(frozen=True, slots=True)
class CycleRecord:
    """The audit record of one cycle; every screen and report reads these.

    ``before`` is the state that the decision started from; in the journal None where the cycle before left that very
    state. ``settlement`` is there where orders went out. ``book`` is what the cycle, and all before it, brought.
    """

    cycle: int
    at: datetime
    snapshot: Snapshot
    decision: Decision
    seconds: float
    before: State | None = None
    settlement: Settlement | None = None
    book: Book = field(default_factory=Book)


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth remembering that is no cycle: start, stop, reorg, alarm, operator command."""

    at: datetime
    kind: str
    message: str
    data: Mapping[str, str]
