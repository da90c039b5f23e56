"""One cycle: observe, decide, execute, record."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

import structlog

from bot.app.loop.commands import Commands
from bot.app.loop.execute import Execution, Executor
from bot.app.loop.observe import Observer
from bot.app.loop.order_reconciliation import Reconciler
from bot.app.loop.prefetch import Prefetch
from bot.concurrency import unless
from bot.core.booked import Booked
from bot.core.decide import decide, settle
from bot.core.decision import Alarm, Decision
from bot.core.errors import Retryable, SkipCycle
from bot.core.explain import explain
from bot.core.inputs import CycleInputs, Settlement
from bot.core.pnl.ledger import Book, book_cycle
from bot.core.policy import Policy
from bot.core.reconciliation.positions import Turnovers
from bot.core.record import CycleRecord, Event
from bot.core.snapshot import Snapshot
from bot.core.state import State
from bot.core.telemetry_event import CycleRecorded, Phase, PhaseEnded
from bot.core.types import ZERO, MarketKey
from bot.ports import Clock, Journal, NoTelemetry, Telemetry

log = structlog.get_logger(__name__)

SUMMARY: Final = 60.0
"""Seconds between two lines of cycles in which nothing happens; the others are logged at debug."""


@dataclass(frozen=True, slots=True)
class Act:
    """What was decided and done, and all that the decision can be derived from again, the snapshot apart."""

    inputs: CycleInputs
    before: State
    decision: Decision
    settlement: Settlement | None = None


@dataclass(slots=True)
class Cycle:
    """The loop's body, and the state that it carries from one turn to the next.

    ``number`` is that of the last cycle; ``state`` and ``book`` None stand for the journal's, ``booked`` None for what
    the book says. ``version`` is that of
    the code that decides.
    """

    observer: Observer
    executor: Executor
    reconciler: Reconciler
    journal: Journal
    clock: Clock
    policy: Policy
    commands: Commands
    number: int = 0
    state: State | None = None
    book: Book | None = None
    booked: Booked | None = None
    telemetry: Telemetry = field(default_factory=NoTelemetry)
    version: str = ""
    prefetch: Prefetch = field(init=False)
    _left: State | None = None
    _turnovers: Turnovers = field(default_factory=Turnovers)
    _alarms: Mapping[str, Alarm] = field(default_factory=dict)
    _said: tuple[str, float] = ("", 0.0)

    def __post_init__(self) -> None:
        """Prefetch the venues ahead of the blocks."""
        self.prefetch = Prefetch(self.observer, self.reconciler, self.clock, self.policy.guards.max_snapshot_age)

    async def run(self, stop: asyncio.Event) -> CycleRecord | None:
        """Run one cycle to its end; None where ``stop`` was set while it was still reading, before anything was done.

        Where a chain can't be read the shorts that are there are protected all the same, and then the error is raised.

        Raises:
            DnbotError: named by what has to happen next; no cycle is recorded then, though orders that were already
                sent have their intents.
        """
        with self.prefetch.aside():
            return await self._run(stop)

    async def _run(self, stop: asyncio.Event) -> CycleRecord | None:
        started = self.clock.monotonic()
        try:
            with self._timed(Phase.OBSERVE):
                snapshot = await unless(stop, self._look())
        except (Retryable, SkipCycle):
            await unless(stop, self._watch_over())
            raise
        if snapshot is None:
            return None
        act = await self.act(snapshot)
        await unless(stop, self.reconciler.collect_fills())
        record = self._record(snapshot, act, started)
        with self._timed(Phase.RECORD):
            self.journal.record(record)
        self.state = self._left = act.decision.state
        self.number, self.book, self.booked = record.cycle, record.book, record.book.booked()
        self.prefetch.since = record.book.read_at
        self._tell(record)
        self.telemetry.emit(CycleRecorded(record))
        return record

    def _record(self, snapshot: Snapshot, act: Act, started: float) -> CycleRecord:
        """Book the cycle, and build its record."""
        book, decision = self._book(), act.decision
        trades = {
            view.venue: self.journal.trades(view.venue, known.trade if known else 0)
            for view in snapshot.known_venues
            for known in (book.accounts.get(view.venue),)
            if view.ledger is not None or known is None
        }
        return CycleRecord(
            cycle=self.number + 1,
            at=decision.at,
            snapshot=snapshot,
            decision=decision,
            seconds=self.clock.monotonic() - started,
            before=None if act.before == self._left else act.before,
            settlement=act.settlement,
            inputs=act.inputs,
            version=self.version,
            book=book_cycle(book, snapshot, decision, trades),
        )

    async def act(self, snapshot: Snapshot) -> Act:
        """Decide, and do what was decided: margin first, then orders, and stops last, on what the orders left."""
        self.reconciler.remember(snapshot)
        before, inputs = self.obey(), self.inputs()
        with self._timed(Phase.DECIDE):
            decision = decide(snapshot, inputs, before, self.policy)
        self._note_change(before, decision)
        # durable before it is done: after a crash too, limits count what was asked for, and no move is a surprise
        if decision.top_ups:
            self.journal.save_state(decision.state)
        if decision.top_ups or decision.approved:
            self.state = decision.state
        with self._timed(Phase.EXECUTE):
            await self.executor.top_up(decision.top_ups)
            await self.executor.cancel(decision.cancels)
            for approved in decision.approved:
                self.reconciler.expect_fills(approved.order.venue)
            done = await self.executor.execute(decision.approved, decision.state)
            act = Act(inputs, before, decision)
            if done:
                act = await self._settled(act, snapshot, done)
            await self.executor.protect(act.decision.stops)
        return act

    def inputs(self) -> CycleInputs:
        """Return what the journal knows of orders, stops and results, and what the account check found."""
        fired = self.journal.stops_fired(self.clock.now() - self.policy.risk.stop.cool_down)
        disputes = (*self.reconciler.agreement.disputes, *self._book().disputes)
        self.booked = self.booked or self._book().booked()
        self._turnovers = self._turnovers.after(self.journal.expected())
        return CycleInputs(self.journal.pending(), fired, disputes, self._turnovers.turned, self.booked)

    def _book(self) -> Book:
        """Return what was booked so far; a journal that can't be read ends the bot before anything is done."""
        self.book = self.book or self.journal.load_book()
        return self.book

    async def _settled(self, act: Act, snapshot: Snapshot, done: Sequence[Execution]) -> Act:
        """Read the venues again, since orders went out, and decide about the stops on that."""
        decision = act.decision
        filled: dict[MarketKey, Decimal] = {}
        for item in done:
            key = item.order.venue, item.order.symbol
            filled[key] = filled.get(key, ZERO) + item.filled
        seen = await self.observer.complete(snapshot, self._book().read_at)
        settlement = Settlement(self.reconciler.agreement.told_apart(seen), filled, self.journal.pending())
        after = settle(decision, act.inputs, act.before, settlement, self.policy)
        return replace(act, decision=after, settlement=settlement)

    async def _watch_over(self) -> None:
        """Protect the shorts that are there while a chain can't be read; nothing is hedged."""
        state = self.state or self.journal.load_state()
        if state is None or not any(watch.position for watch in state.markets.values()):
            return
        seen = await self.observer.only_venues(self._book().read_at)
        decision = (await self.act(self.reconciler.agreement.told_apart(seen))).decision
        self.state = decision.state
        self.journal.save_state(decision.state)
        for alarm in decision.alarms:
            log.warning("alarm", key=alarm.key, severity=alarm.severity.value, message=alarm.message)

    def _note_change(self, before: State, decision: Decision) -> None:
        """Leave an event where the bot itself changed its run state."""
        bot = decision.state.bot
        if bot is before.bot:
            return
        log.error("run state changed", before=before.bot.state.value, after=bot.state.value, reason=bot.reason)
        message = f"{before.bot.state.value} -> {bot.state.value}: {bot.reason}"
        self.journal.add_event(Event(decision.at, "state", message, {}))

    def begin(self) -> None:
        """Date a bot that has never run by the clock as it is now: one that the chain sets knew no time before."""
        if self.state is not None and self.state == State.fresh(self.state.bot.since):
            self.state = State.fresh(self.clock.now())

    def obey(self) -> State:
        """Apply the operator's waiting commands; return the state that stands then."""
        self.state = self.commands.apply(self.state or _resume_state(self.journal, self.clock))
        return self.state

    @contextmanager
    def _timed(self, phase: Phase) -> Iterator[None]:
        started = self.clock.monotonic()
        try:
            yield
        finally:
            self.telemetry.emit(PhaseEnded(phase, self.clock.monotonic() - started))

    async def _look(self) -> Snapshot:
        ready = await self.prefetch.take()
        if ready is None:
            with self._timed(Phase.RECONCILE):
                await self.reconciler.reconcile()
        state = self.state or _resume_state(self.journal, self.clock)
        self.observer.follow(state.held)
        observed = await self.observer.observe(self._book().read_at, ready)
        await self.reconciler.takeover.take_in(observed)
        snapshot = self.reconciler.agreement.told_apart(observed)
        await self.reconciler.agreement.check(snapshot)
        return snapshot

    def _tell(self, record: CycleRecord) -> None:
        """Log a cycle that stands in the journal, quiet ones once a minute; of its alarms the new and the resolved."""
        decision, now = record.decision, self.clock.monotonic()
        state, (last_state, last) = decision.state.bot.state.value, self._said
        is_quiet = not decision.approved and not decision.refused and state == last_state and now - last < SUMMARY
        if not is_quiet:
            self._said = state, now
        log.log(
            logging.DEBUG if is_quiet else logging.INFO,
            "cycle",
            cycle=record.cycle,
            blocks={view.chain: view.block.number for view in record.snapshot.chains},
            state=state,
            hedges={name: said.note for name, said in explain(decision).items()},
            orders=len(decision.approved),
            refused=len(decision.refused),
            ms=round(record.seconds * 1000, 1),
        )
        before, after = self._alarms, _by_key(decision)
        for alarm in (after[key] for key in after if key not in before):
            log.warning("alarm", key=alarm.key, severity=alarm.severity.value, message=alarm.message)
        for alarm in (before[key] for key in before if key not in after):
            log.info("alarm is over", key=alarm.key, message=alarm.message)
        self._alarms = after


def _by_key(decision: Decision) -> dict[str, Alarm]:
    return {alarm.key: alarm for alarm in decision.alarms}


def _resume_state(journal: Journal, clock: Clock) -> State:
    """Return the state to start from: the journal's, or that of a bot that has never run."""
    return journal.load_state() or State.fresh(clock.now())
