"""Records of cycles, and of events outside of them: the values that journals, publishers and screens read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from bot.core.decision import Decision
from bot.core.inputs import CycleInputs, Pending, Settlement
from bot.core.pnl.ledger import Book
from bot.core.pnl.position_report import PositionReport, reports
from bot.core.snapshot import Snapshot
from bot.core.state import State


@dataclass(frozen=True)  # without slots: what is worked out of it is kept once somebody asked for it
class CycleRecord:
    """The audit record of one cycle; every screen and report reads these.

    ``before`` is the state that the decision started from; in the journal None where the cycle before left that very
    state. ``inputs`` is what it rested on besides; None where an older version, which kept that in the state, wrote it.
    ``settlement`` is there where orders went out. ``book`` is what the cycle, and all before it, brought.
    ``version`` says which code decided; empty where an older version wrote it.
    """

    cycle: int
    at: datetime
    snapshot: Snapshot
    decision: Decision
    seconds: float
    before: State | None = None
    settlement: Settlement | None = None
    book: Book = field(default_factory=Book)
    inputs: CycleInputs | None = None
    version: str = ""

    @cached_property
    def positions(self) -> tuple[PositionReport, ...]:
        """Reports on the snapshot's positions at the decision's prices."""
        return reports(self.snapshot, self.decision.prices)

    @property
    def pending(self) -> tuple[Pending, ...]:
        """The intents whose end was not known at the end of the cycle."""
        if self.settlement is not None:
            return self.settlement.pending
        return self.inputs.pending if self.inputs is not None else ()


@dataclass(frozen=True, slots=True)
class Event:
    """An event to record that is no cycle: start, stop, reorg, alarm, operator command."""

    at: datetime
    kind: str
    message: str
    data: Mapping[str, str]
