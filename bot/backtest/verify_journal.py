"""Derive journaled decisions again: the same pure function on what was recorded must give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace

from bot.core.decide import decide, settle
from bot.core.decision import Decision
from bot.core.policy import Policy
from bot.core.record import CycleRecord
from bot.core.state import State
from bot.journal.rows import DECISION


@dataclass(frozen=True, slots=True)
class Derived:
    """A cycle whose decision was derived again.

    ``differs`` names the parts of the decision that came out otherwise, none where every byte is the same; it is None
    where the journal does not hold what the decision started from: the first cycle that is kept, or an older version's.
    """

    cycle: int
    orders: int
    differs: tuple[str, ...] | None


def derive(records: Iterable[CycleRecord], policy: Policy) -> Iterator[Derived]:
    """Derive the decisions of consecutive cycles again, oldest first, under the policy that they were made with."""
    last: CycleRecord | None = None
    for record in records:
        orders = len(record.decision.approved)
        before = record.before
        if before is None and last is not None and last.cycle + 1 == record.cycle:
            before = last.decision.state
        last = record
        if before is None:
            yield Derived(record.cycle, orders, None)
            continue
        again = _again(record, before, policy)
        same = DECISION.dumps(again) == DECISION.dumps(record.decision)
        yield Derived(record.cycle, orders, () if same else tuple(_parts(again, record.decision)))


def _again(record: CycleRecord, before: State, policy: Policy) -> Decision:
    decision = decide(record.snapshot, before, policy)
    if record.settlement is None:
        return decision
    pending = record.decision.state.pending  # what was unresolved once the orders were out; nothing decides that
    known = replace(decision, state=replace(decision.state, pending=pending))
    return settle(known, before, record.settlement.fresh, record.settlement.filled, policy)


def _parts(one: Decision, other: Decision) -> Iterator[str]:
    for item in fields(Decision):
        if item.name != "state" and getattr(one, item.name) != getattr(other, item.name):
            yield item.name
    for item in fields(State):
        if getattr(one.state, item.name) != getattr(other.state, item.name):
            yield f"state.{item.name}"
