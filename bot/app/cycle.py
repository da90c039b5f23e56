"""One cycle: observe, decide, execute, record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from bot.app.commands import Commands
from bot.app.execute import Executor
from bot.app.observe import Observer
from bot.app.reconcile import Reconciler
from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.orders import Accepted
from bot.core.policy import Policy
from bot.core.snapshot import Snapshot
from bot.core.state import State
from bot.ports import Clock, CycleRecord, Journal, Publisher

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Cycle:
    """The loop's body, and the state that it carries from one turn to the next.

    ``number`` is that of the last cycle; ``state`` None stands for the journal's.
    """

    observer: Observer
    executor: Executor
    reconciler: Reconciler
    journal: Journal
    clock: Clock
    policy: Policy
    publishers: Sequence[Publisher]
    commands: Commands
    number: int = 0
    state: State | None = None

    async def run(self) -> CycleRecord:
        """Run one cycle to its end.

        Raises:
            DnbotError: named by what has to happen next; nothing of this cycle was recorded then, though orders that
                were already sent have their intents.
        """
        started = self.clock.monotonic()
        if await self.reconciler.reconcile():
            await self.reconciler.collect_fills()
        snapshot = await self.observer.observe()
        self.reconciler.remember(snapshot)
        state = self.obey()
        decision = decide(snapshot, replace(state, pending=self.journal.pending()), self.policy)
        await self.executor.cancel(decision.cancels)
        outcomes = await self.executor.execute(decision.approved)
        if any(isinstance(outcome, Accepted) for outcome in outcomes):
            await self.reconciler.collect_fills()
        record = self._record(snapshot, decision, self.clock.monotonic() - started)
        self.journal.record(record)
        self.state, self.number = decision.state, record.cycle
        for publisher in self.publishers:
            publisher.publish(record)
        return record

    def obey(self) -> State:
        """Apply the operator's waiting commands; give the state that stands then."""
        self.state = self.commands.apply(self.state or resume_state(self.journal, self.clock))
        return self.state

    def _record(self, snapshot: Snapshot, decision: Decision, seconds: float) -> CycleRecord:
        record = CycleRecord(self.number + 1, decision.at, snapshot, decision, seconds)
        log.info(
            "cycle",
            cycle=record.cycle,
            blocks={view.chain: view.block.number for view in snapshot.chains},
            state=decision.state.bot.state.value,
            hedges={hedge.underlying: hedge.note for hedge in decision.hedges},
            orders=len(decision.approved),
            refused=len(decision.refused),
            ms=round(seconds * 1000, 1),
        )
        for alarm in decision.alarms:
            log.warning("alarm", key=alarm.key, severity=alarm.severity.value, message=alarm.message)
        return record


def resume_state(journal: Journal, clock: Clock) -> State:
    """Give the state to start from: the journal's, or that of a bot that has never run."""
    return journal.load_state() or State.fresh(clock.now())
