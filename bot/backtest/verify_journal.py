"""Derive journaled decisions again: the same pure function on the recorded inputs must give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from bot.core.decide import decide, settle
from bot.core.decision import Decision
from bot.core.inputs import CycleInputs
from bot.core.policy import Policy
from bot.core.record import CycleRecord
from bot.core.state import State
from bot.journal.rows import DECISION


@dataclass(frozen=True, slots=True)
class Derived:
    """A cycle whose decision was derived again.

    ``version`` says which code decided it, empty where a version wrote it that did not say. ``differs`` names the parts
    of the decision that came out otherwise, none where every byte is the same; it is None where nothing was derived:
    another version decided, or the journal does not hold what the decision started from (the first cycle that is kept).
    """

    cycle: int
    orders: int
    version: str
    differs: tuple[str, ...] | None


def derive(records: Iterable[CycleRecord], policy: Policy, version: str) -> Iterator[Derived]:
    """Derive the decisions of consecutive cycles again, oldest first, under the policy that they were made with.

    Args:
        records: the cycles.
        policy: the settings then.
        version: of the code that runs now; what others decided is left alone.
    """
    last: CycleRecord | None = None
    for record in records:
        before = record.before
        if before is None and last is not None and last.cycle + 1 == record.cycle:
            before = last.decision.state
        last = record
        differs: tuple[str, ...] | None = None
        if before is not None and record.inputs is not None and record.version == version:
            again = _again(record, record.inputs, before, policy)
            same = DECISION.dumps(again) == DECISION.dumps(record.decision)
            differs = () if same else tuple(_parts(again, record.decision))
        yield Derived(record.cycle, len(record.decision.approved), record.version, differs)


def _again(record: CycleRecord, inputs: CycleInputs, before: State, policy: Policy) -> Decision:
    decision = decide(record.snapshot, inputs, before, policy)
    return decision if record.settlement is None else settle(decision, inputs, before, record.settlement, policy)


def _parts(one: Decision, other: Decision) -> Iterator[str]:
    for item in fields(Decision):
        if item.name != "state" and getattr(one, item.name) != getattr(other, item.name):
            yield item.name
    for item in fields(State):
        if getattr(one.state, item.name) != getattr(other.state, item.name):
            yield f"state.{item.name}"
