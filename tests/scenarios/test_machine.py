"""Any order of market moves, faults and operator's commands: the invariants hold against the engine's own account.

Never long, caps and step cap kept, no adds while frozen, flattening, halted or paused, no short for more than two ticks
without its stop unless that is told, never silently under-hedged; and when all is calm again the hedge comes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from bot.backtest.venue import SimVenue
from bot.core.command import Command, Verb
from bot.core.orders import Intent, OrderKind, Outcome, Rejected, RejectReason, Unknown
from bot.core.state import RunState
from tests.scenarios.stage import ONE, PERP, Scenario, Stage, Tick

D = Decimal
MOVES = st.decimals("-0.05", "0.05", places=3)
JUMPS = st.sampled_from([D("-0.4"), D("-0.2"), D("0.15"), D("0.3"), D("0.6")])
CALM = 8
"""Ticks within which all must be well, or an alarm stand."""


@dataclass(slots=True)
class Faulty(SimVenue):
    """The engine's port and what goes wrong next: ``lost`` (None, or whether the order had its effect), ``refused``."""

    lost: bool | None = None
    refused: int = 0

    async def place(self, intent: Intent) -> Outcome:
        """Send an order, and perhaps lose the answer or be refused."""
        if self.refused:
            self.refused -= 1
            return Rejected(intent.client_id, RejectReason.MAINTENANCE, "-1008", "overloaded")
        lost, self.lost = self.lost, None
        if lost is None or lost:
            outcome = await SimVenue.place(self, intent)
        return Unknown(intent.client_id, "time-out") if lost is not None else outcome


class Trading(RuleBasedStateMachine):
    """The bot on its twin chain, and everybody who may disturb it."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.number = 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever the work gives
        return self.runner.run(work)

    @initialize(deposit=st.sampled_from([1_500, 4_000, 20_000]))
    def open(self, deposit: int) -> None:
        self.stage = Stage(Scenario("machine", (Tick(D(3000)),), deposit=D(deposit)))
        engine = self.stage.venue.engine
        self.venue = Faulty(engine)
        self.stage.venue = self.venue
        cycle = self.stage.cycle
        cycle.observer.venues = [self.venue]
        cycle.executor.venues[self.venue.venue] = self.venue  # type: ignore[index] # a dict in this test
        cycle.reconciler.venues[self.venue.venue] = self.venue  # type: ignore[index] # the same
        self.mark, self.away = D(3000), 0
        self.liquidity, self.shares = self.stage.liquidity, self.stage.deep
        self.tick()

    def tick(self, pool: Decimal | None = None, par: Decimal = ONE) -> None:
        """Play a minute, and check all that must hold."""
        self.number += 1
        before = self.stage.cycle.state
        assert before is not None
        self.run(self.stage.turn(self.number, Tick(self.mark.quantize(D("0.01")), pool, par)))
        row = self.stage.told.rows[-1]
        broken = [item for item in self.stage.told.broken if "without a stop" not in item or "bare" not in row.alarms]
        assert broken == [], broken
        self.stage.told.broken.clear()
        orders = [item.intent for item in self.stage.journal.orders.values() if item.intent.created_at >= self._now()]
        if row.state in {"frozen", "flattening", "halted", "paused"}:
            assert all(intent.request.reduce_only for intent in orders), row

    def _now(self) -> Any:  # noqa: ANN401 - a time
        return self.venue.engine.now

    @rule(move=MOVES, ticks=st.integers(1, 4))
    def market_moves(self, move: Decimal, ticks: int) -> None:
        for _ in range(ticks):
            self.mark *= 1 + move / ticks
            self.tick()

    @rule(jump=JUMPS)
    def market_jumps(self, jump: Decimal) -> None:
        self.mark = min(max(self.mark * (1 + jump), D(200)), D(40_000))
        self.tick()

    @rule(factor=st.sampled_from([D("0.5"), D("1.2"), D(3)]), ticks=st.integers(1, 3))
    def pool_is_skewed(self, factor: Decimal, ticks: int) -> None:
        for _ in range(ticks):
            self.tick(pool=self.mark * factor)

    @rule(par=st.sampled_from([D("0.90"), D("1.05")]))
    def dollar_token_leaves_par(self, par: Decimal) -> None:
        self.tick(par=par)

    @rule(share=st.sampled_from([D("0.3"), D("0.7"), D("1.5")]))
    def liquidity_changes(self, share: Decimal) -> None:
        self.stage.liquidity = max(int(self.stage.liquidity * share), 10**6)
        self.tick()

    @rule(ticks=st.integers(1, 4))
    def liquidity_is_hidden(self, ticks: int) -> None:
        held, self.stage.liquidity = self.stage.liquidity, 0
        for _ in range(ticks):
            self.tick()
        self.stage.liquidity = held
        self.tick()

    @rule(is_applied=st.booleans())
    def next_answer_is_lost(self, is_applied: bool) -> None:  # noqa: FBT001 - drawn
        self.venue.lost = is_applied
        self.tick()

    @rule(times=st.integers(1, 3))
    def next_orders_are_refused(self, times: int) -> None:
        self.venue.refused = times
        self.tick()

    @precondition(lambda self: self.stage.bare == 0)
    @rule()
    def stops_vanish(self) -> None:
        for order in list(self.venue.engine.account.orders.values()):
            if order.kind is OrderKind.STOP_MARKET:
                self.venue.engine.cancel(order.client_id)
        self.venue.collect()
        self.tick()

    @rule(verb=st.sampled_from([Verb.PAUSE, Verb.FREEZE, Verb.FLATTEN, Verb.RESUME, Verb.RESUME]))
    def operator_speaks(self, verb: Verb) -> None:
        async def say() -> None:
            commands = self.stage.cycle.commands
            said = asyncio.create_task(commands.submit(Command(verb, "test", "by the machine")))
            await asyncio.sleep(0)
            self.stage.cycle.obey()
            await said

        self.run(say())
        self.tick()
        state = self.stage.cycle.state
        assert state is not None
        if verb is Verb.FREEZE:
            assert state.bot.state is not RunState.RUNNING
        if verb is Verb.FLATTEN:
            assert state.bot.state in {RunState.FLATTENING, RunState.HALTED, RunState.FROZEN}

    def teardown(self) -> None:
        """Let all be calm: the hedge comes back into its band, or an alarm says why not."""
        if self.number:
            for _ in range(CALM):
                self.tick()
            row = self.stage.told.rows[-1]
            if row.state == "running" and row.drift is not None and row.band is not None:
                held = self.venue.engine.account.positions.get(PERP)
                drift = row.exposure + (held.size if held is not None else D(0))
                assert abs(drift) <= row.band + D("0.02") or row.alarms, row
            if row.state == "flattening":
                assert row.short == 0 or row.alarms
        self.runner.close()


def test_the_invariants_hold_whatever_happens() -> None:
    chosen = settings(
        max_examples=max(40, settings().max_examples // 4),
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Trading, settings=chosen)


@pytest.mark.parametrize("share", [2])
async def test_flatten_ends_flat_by_reductions_alone_where_half_of_them_are_refused(share: int) -> None:
    stage = Stage(Scenario("flatten", tuple(Tick(D(3000)) for _ in range(60))))
    venue = Faulty(stage.venue.engine)
    stage.venue = venue
    stage.cycle.executor.venues[venue.venue] = venue  # type: ignore[index] # a dict in this test
    stage.cycle.reconciler.venues[venue.venue] = venue  # type: ignore[index] # the same
    for number, tick in enumerate(stage.scenario.ticks, 1):
        if number == 20:
            said = asyncio.create_task(stage.cycle.commands.submit(Command(Verb.FLATTEN, "test", "enough")))
            await asyncio.sleep(0)
            stage.cycle.obey()
            await said
        venue.refused = int(number > 20 and number % share == 0)
        await stage.turn(number, tick)
    assert stage.told.broken == []
    after = [item.intent.request for item in stage.journal.orders.values() if item.intent.number > 2]
    assert all(request.reduce_only for request in after)
    assert stage.told.rows[-1].short == 0
    assert stage.told.rows[-1].state == "flattening"
