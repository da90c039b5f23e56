"""Any order of market moves, faults and operator's commands: the invariants hold against the engine's own account.

No add on a symbol with an order of unknown fate (I3); never long, caps, step cap and orders a minute kept (I4); no add
on an old block, nothing sent to a venue that is away (I5); no short for more than two ticks without its stop unless
that is told (I6); no add that ends on the margin ladder, no reduction refused (I7); no adds while frozen, flattening,
halted or paused (I8); never silently under-hedged; and when all is calm again the hedge comes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from bot.core.command import Command, Verb
from bot.core.decide import decide
from bot.core.orders import OrderKind
from bot.core.risk.liquidation import position_risks
from bot.core.run_state import BotState, RunState
from bot.core.snapshot import LeftOut
from bot.core.types import PositionId
from bot.paper.engine.rules import Window, WindowKind
from tests.scenarios.faulty import Faulty
from tests.scenarios.script import ONE, Scenario, Tick
from tests.scenarios.stage import PERP, START, TICK, Stage, trap_of

D = Decimal
MOVES = st.decimals("-0.05", "0.05", places=3)
JUMPS = st.sampled_from([D("-0.4"), D("-0.2"), D("0.15"), D("0.3"), D("0.6")])
TRAPS = st.sampled_from([D("1e-9"), D("0.001"), D(1000), D("1e9")])
"""Prices of a stranger's pools, as multiples of the mark: so far off that the mark never comes there."""
CALM = 3
"""Ticks within which all must be well, or an alarm stand."""
STALE = timedelta(hours=1)
MAY_STOP_A_REDUCTION = {"account check", "step cap"}
"""An account that can't be believed; what is beyond the step cap waits for the next order."""


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
        self.venue = Faulty(engine, journal=self.stage.journal)
        self.stage.venue = self.venue
        cycle = self.stage.cycle
        cycle.observer.venues = [self.venue]
        cycle.executor.venues[self.venue.venue] = self.venue  # type: ignore[index] # a dict in this test
        cycle.reconciler.venues[self.venue.venue] = self.venue  # type: ignore[index] # the same
        self.mark, self.away = D(3000), 0
        self.liquidity, self.shares = self.stage.liquidity, self.stage.deep
        self.tick()

    def tick(self, pool: Decimal | None = None, par: Decimal = ONE, age: timedelta = timedelta()) -> None:
        """Play a minute, and check all that must hold."""
        self.number += 1
        before = self.stage.cycle.state
        assert before is not None
        self.run(self.stage.turn(self.number, Tick(self.mark.quantize(D("0.01")), pool, par, age=age)))
        row = self.stage.told.rows[-1]
        broken = [item for item in self.stage.told.broken if "without a stop" not in item or "bare" not in row.alarms]
        assert broken == [], broken
        self.stage.told.broken.clear()
        orders = [item.intent for item in self.stage.journal.orders.values() if item.intent.created_at >= self._now()]
        if row.state in {"frozen", "flattening", "halted", "paused"}:
            assert all(intent.request.reduce_only for intent in orders), row
        adds = [intent for intent in orders if not intent.request.reduce_only]
        assert self.venue.broken == []
        assert len(adds) <= self.stage.policy.guards.max_orders_per_minute
        assert not (adds and age >= STALE), row
        decision = self.stage.decision
        assert decision is not None
        stopped = {item.guard for item in decision.refused if item.order.reduce_only} - MAY_STOP_A_REDUCTION
        self.untouched()
        assert not stopped or (stopped == {"run state"} and row.state == "paused"), decision.refused
        if any(not item.order.reduce_only for item in decision.approved):
            least = self.stage.policy.risk.ladder.top_up.distance
            after = position_risks(self.venue.view(with_ledger=False))
            assert all(item.distance is None or item.distance > least for item in after), after

    def untouched(self) -> None:
        """Decide once more as if no stranger had given anything: nothing differs but the alarms about him."""
        assert self.stage.seen is not None
        snapshot, act = self.stage.seen
        (view,) = snapshot.chains
        traps = {trap_of(price) for price in self.stage.traps}
        if not view.left_out and not traps:
            return
        beside = decide(snapshot, act.inputs, act.before, self.stage.policy)
        own = replace(
            view,
            left_out=(),
            positions=tuple(item for item in view.positions if item.pool not in traps),
            pools=tuple(item for item in view.pools if item.pool not in traps),
        )
        alone = decide(replace(snapshot, chains=(own,)), act.inputs, act.before, self.stage.policy)
        about = {f"left-out:{view.chain}": bool(view.left_out), f"unbelieved:{view.chain}": bool(traps)}
        gifts = {alarm for alarm in beside.alarms if alarm.key in about}
        assert {alarm.key for alarm in gifts} == {key for key, is_there in about.items() if is_there}
        assert set(beside.alarms) - gifts == set(alone.alarms)
        watches = {key: watch for key, watch in beside.state.pools.items() if key[1] not in traps}
        state = replace(beside.state, pools=watches)
        assert replace(beside, alarms=(), state=state) == replace(alone, alarms=())

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

    @rule(number=st.integers(1, 50), ticks=st.integers(1, 3), move=MOVES)
    def a_stranger_gives(self, number: int, ticks: int, move: Decimal) -> None:
        self.stage.gifts = tuple(
            LeftOut(PositionId(f"local:v3:gift{item}"), "nobody knows its tokens", is_discovered=True)
            for item in range(number)
        )
        for _ in range(ticks):
            self.mark *= 1 + move / ticks
            self.tick()
        self.stage.gifts = self.stage.gifts[: number // 2]

    @rule(factors=st.sets(TRAPS, min_size=1), ticks=st.integers(1, 3), move=MOVES)
    def a_stranger_opens_pools(self, factors: set[Decimal], ticks: int, move: Decimal) -> None:
        self.stage.traps = tuple(self.mark * factor for factor in sorted(factors))
        for _ in range(ticks):
            self.mark *= 1 + move / ticks
            self.tick()
        self.stage.traps = ()

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

    @rule(ticks=st.integers(1, 6), move=MOVES)
    def venue_goes_away(self, ticks: int, move: Decimal) -> None:
        engine = self.venue.engine
        gone = Window(engine.now, engine.now + ticks * TICK, WindowKind.OUTAGE)
        engine.rules = replace(engine.rules, hardships=replace(engine.rules.hardships, windows=(gone,)))
        for _ in range(ticks):
            self.mark *= 1 + move / ticks
            self.tick()

    @rule(ticks=st.integers(1, 4), is_applied=st.booleans(), move=MOVES)
    def an_order_is_lost_and_not_found(self, ticks: int, is_applied: bool, move: Decimal) -> None:  # noqa: FBT001 - drawn
        self.venue.lost, self.venue.blind = is_applied, True
        for _ in range(ticks):
            self.mark *= 1 + move / ticks
            self.tick()
        self.venue.blind = False
        self.tick()

    @rule(ticks=st.integers(1, 3), move=MOVES)
    def chain_stands_still(self, ticks: int, move: Decimal) -> None:
        for number in range(ticks):
            self.mark *= 1 + move / ticks
            self.tick(age=STALE + number * TICK)

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
            self.venue.blind, self.venue.lost, self.venue.refused = False, None, 0
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


@pytest.mark.parametrize("before", RunState)
async def test_a_freeze_acts_within_a_tick_from_every_state(before: RunState) -> None:
    stage = Stage(Scenario("freeze", (Tick(D(3000)),)))
    for number in range(1, 10):
        await stage.turn(number, Tick(D(3000)))
    state = stage.cycle.state
    assert state is not None
    stage.cycle.state = replace(state, bot=BotState(before, "so", START))
    said = asyncio.create_task(stage.cycle.commands.submit(Command(Verb.FREEZE, "test", "odd prices")))
    await asyncio.sleep(0)
    stage.cycle.obey()
    await said
    known, short = set(stage.journal.orders), stage.told.rows[-1].short
    for number in range(10, 20):  # the price falls: the liquidity holds more, and a running bot would short more
        await stage.turn(number, Tick(D(3000) - 30 * (number - 9)))
    sent = [order.intent.request for name, order in stage.journal.orders.items() if name not in known]
    assert all(request.reduce_only for request in sent)
    assert {row.state for row in stage.told.rows[9:]} <= {"frozen", "halted"}
    assert short <= stage.told.rows[-1].short < 0
    assert stage.told.rows[-1].exposure > -short + D("0.1")
    stops = [one for one in stage.venue.engine.account.orders.values() if one.kind is OrderKind.STOP_MARKET]
    assert sum((stop.remaining for stop in stops), D(0)) >= -stage.told.rows[-1].short
