"""One cycle: observe, decide, execute, record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from bot.app.commands import Commands
from bot.app.execute import Executor
from bot.app.observe import Observer
from bot.app.reconcile import Reconciler
from bot.app.together import unless
from bot.core.decide import decide
from bot.core.decision import Alarm, Decision
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
    _alarms: Mapping[str, Alarm] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> CycleRecord | None:
        """Run one cycle to its end; None where ``stop`` was set while it was still reading, before anything was done.

        Raises:
            DnbotError: named by what has to happen next; nothing of this cycle was recorded then, though orders that
                were already sent have their intents.
        """
        started = self.clock.monotonic()
        snapshot = await unless(stop, self._look())
        if snapshot is None:
            return None
        self.reconciler.remember(snapshot)
        state = self.obey()
        decision = decide(snapshot, replace(state, pending=self.journal.pending()), self.policy)
        await self.executor.cancel(decision.cancels)
        for approved in decision.approved:
            self.reconciler.expect_fills(approved.order.venue)
        await self.executor.execute(decision.approved)
        await unless(stop, self.reconciler.collect_fills())
        record = CycleRecord(self.number + 1, decision.at, snapshot, decision, self.clock.monotonic() - started)
        self.journal.record(record)
        self.state, self.number = decision.state, record.cycle
        self._tell(record)
        for publisher in self.publishers:
            publisher.publish(record)
        return record

    def obey(self) -> State:
        """Apply the operator's waiting commands; give the state that stands then."""
        self.state = self.commands.apply(self.state or resume_state(self.journal, self.clock))
        return self.state

    async def _look(self) -> Snapshot:
        await self.reconciler.reconcile()
        return await self.observer.observe()

    def _tell(self, record: CycleRecord) -> None:
        """Log a cycle that stands in the journal; of its alarms only what is new, or over."""
        decision = record.decision
        log.info(
            "cycle",
            cycle=record.cycle,
            blocks={view.chain: view.block.number for view in record.snapshot.chains},
            state=decision.state.bot.state.value,
            hedges={hedge.underlying: hedge.note for hedge in decision.hedges},
            orders=len(decision.approved),
            refused=len(decision.refused),
            ms=round(record.seconds * 1000, 1),
        )
        before, now = self._alarms, _by_key(decision)
        for alarm in (now[key] for key in now if key not in before):
            log.warning("alarm", key=alarm.key, severity=alarm.severity.value, message=alarm.message)
        for alarm in (before[key] for key in before if key not in now):
            log.info("alarm is over", key=alarm.key, message=alarm.message)
        self._alarms = now


def _by_key(decision: Decision) -> dict[str, Alarm]:
    return {alarm.key: alarm for alarm in decision.alarms}


def resume_state(journal: Journal, clock: Clock) -> State:
    """Give the state to start from: the journal's, or that of a bot that has never run."""
    return journal.load_state() or State.fresh(clock.now())
