"""The turnover fuse: no honest hedge blows it, and a read that lags behind our fills can't loop."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.decide import decide
from bot.core.decision import Decision, Severity
from bot.core.inputs import CycleInputs, Turned
from bot.core.policy import FixedWidth, Policy
from bot.core.run_state import RunState
from bot.core.snapshot import LpPosition, Snapshot
from bot.core.state import State
from bot.core.types import MarketKey, Underlying
from tests.core.scenes import BTC, ETH, GUARDS, NOW, PAPER, USD, chain, policy, snapshot, state, symbol, v2, venue

D = Decimal
KEY: MarketKey = (PAPER, symbol(ETH))
MANY = replace(GUARDS, max_orders_per_minute=10**6)
POLICY: Policy = policy(FixedWidth(D("0.1")), guards=MANY)
BLOCK = timedelta(seconds=2)


def looked(at: datetime, sizes: dict[Underlying, Decimal], *positions: LpPosition) -> Snapshot:
    """Return a snapshot of a time."""
    view = venue(sizes, at=at)
    quotes = {
        key: replace(item, mark=replace(item.mark, as_of=at), book=replace(item.book, as_of=at))
        for key, item in view.quotes.items()
    }
    return replace(snapshot(chain(positions, at=at), replace(view, quotes=quotes)), observed_at=at)


@dataclass
class World:
    """A venue whose position is read some cycles late, under a bot that trusts it; orders fill whole, at once."""

    lag: int = 0
    eth: Decimal = field(default_factory=lambda: D(5))
    pace: timedelta = BLOCK
    rules: Policy = POLICY
    memory: State = field(default_factory=state)
    sizes: list[Decimal] = field(default_factory=lambda: [D(0)])
    turned: Decimal = field(default_factory=lambda: D(0))
    adopted: Decimal = field(default_factory=lambda: D(0))
    cycle: int = 0

    def turn(self) -> Decision:
        self.cycle += 1
        at = NOW + self.cycle * self.pace
        read = self.sizes[max(len(self.sizes) - 1 - self.lag, 0)]
        seen = looked(at, {ETH: read}, v2("a", self.eth * 4000))
        decision = decide(
            seen, CycleInputs(turned={KEY: Turned(self.turned, self.adopted, self.size)}), self.memory, self.rules
        )
        filled = sum((item.order.quantity for item in decision.approved), D(0))
        filled = min(filled, -self.sizes[-1])  # a purchase is reduce-only
        self.turned += abs(filled)
        self.sizes.append(self.sizes[-1] + filled)
        self.memory = decision.state
        return decision

    def turns(self, cycles: int) -> list[Decision]:
        return [self.turn() for _ in range(cycles)]

    @property
    def size(self) -> Decimal:
        return self.sizes[-1]


def guards(decisions: list[Decision]) -> set[str]:
    return {item.guard for decision in decisions for item in decision.refused}


@pytest.mark.parametrize("pace", [2, 12, 30, 60])
def test_a_read_that_never_shows_our_fills_can_not_loop_at_any_pace(pace: int) -> None:
    world = World(lag=10**6, pace=timedelta(seconds=pace))
    decisions = world.turns(200)
    assert guards(decisions) == {"turnover"}
    assert world.size >= -2 * (5 + D("0.5"))
    alarms = [alarm for alarm in decisions[-1].alarms if alarm.key == f"turnover:{ETH}"]
    assert [alarm.severity for alarm in alarms] == [Severity.CRITICAL]


@pytest.mark.parametrize("lag", [1, 2, 5, 30])
def test_a_read_that_is_late_can_not_loop_and_is_told(lag: int) -> None:
    """Nothing else is at work here that holds late reads back."""
    world = World(lag=lag)
    decisions = world.turns(300)
    assert min(world.sizes) >= -2 * (5 + D("0.5"))
    assert world.turned <= 60
    assert world.sizes[-100:] == [world.size] * 100
    in_band = D("-5.5") <= world.size <= D("-4.5")
    assert in_band or f"turnover:{ETH}" in {alarm.key for alarm in decisions[-1].alarms}


@pytest.mark.parametrize("lag", [1, 2, 5, 30, 10**6])
def test_once_the_reads_are_right_again_the_hedge_comes_back_by_itself(lag: int) -> None:
    world = World(lag=lag)
    world.turns(100)
    world.lag = 0
    world.turns(310)
    assert D("-5.5") <= world.size <= D("-4.5")
    world.eth = D(8)
    assert guards(world.turns(2)) == set()
    assert world.size < -7


def test_what_was_sold_too_much_is_bought_back_at_once() -> None:
    world = World(lag=10**6)
    world.turns(20)
    assert world.size < -8
    world.lag = 0
    world.turns(2)
    assert D("-5.5") <= world.size <= D("-4.5")


def test_who_freezes_and_lets_go_begins_anew() -> None:
    world = World(lag=10**6)
    world.turns(20)
    frozen = world.memory.with_bot(replace(world.memory.bot, state=RunState.FROZEN))
    let_go = frozen.with_bot(replace(frozen.bot, state=RunState.RUNNING))
    assert (frozen.turnover, let_go.turnover) == (world.memory.turnover, {})


@given(
    moves=st.lists(st.integers(0, 200).map(lambda tenths: D(tenths) / 10), min_size=1, max_size=40),
    pace=st.sampled_from([1, 2, 12, 60]),
)
def test_an_honest_hedge_never_blows_it_whatever_the_liquidity_does(moves: list[Decimal], pace: int) -> None:
    world = World(pace=timedelta(seconds=pace))
    for eth in moves:
        world.eth = eth
        assert guards([world.turn()]) == set()
        assert abs(world.eth + world.size) <= max(eth / 10, D("0.02")) + D("0.003")


@given(
    moves=st.lists(st.integers(0, 200).map(lambda tenths: D(tenths) / 10), min_size=1, max_size=15),
    cap=st.sampled_from([500, 2_000, 7_000]),
)
def test_nor_where_each_order_is_cut_to_a_step(moves: list[Decimal], cap: int) -> None:
    rules = replace(POLICY, guards=replace(MANY, max_order_notional=D(cap)))
    world = World(rules=rules)
    for eth in moves:
        world.eth = eth
        assert "turnover" not in guards(world.turns(5))


@pytest.mark.parametrize("closed", [1, 2, 4])
@pytest.mark.parametrize("wait", [0, 40])
def test_what_somebody_else_closed_is_hedged_again(closed: int, wait: int) -> None:
    """Deleveraging, a liquidation, a hand at the venue: no trade of ours, and no move of the target."""
    world = World()
    world.turns(3 + wait)
    world.sizes.append(world.size + closed)
    world.adopted += closed
    assert guards(world.turns(3)) == set()
    assert world.size < D("-4.4")


def test_after_a_stop_that_fired_the_hedge_is_opened_again() -> None:
    world = World()
    world.turns(3)
    fired = NOW + world.cycle * BLOCK + timedelta(seconds=1)
    world.turned += 5
    world.sizes.append(D(0))
    at = NOW + 10 * BLOCK
    seen = looked(at, {}, v2("a", 20_000))
    inputs = CycleInputs(fired={KEY: fired}, turned={KEY: Turned(world.turned)})
    decision = decide(seen, inputs, world.memory, POLICY)
    item = decision.state.turnover[ETH]
    assert (item.traded, item.drift) == (D(0), D(5))


def test_one_underlying_that_blew_does_not_hold_another() -> None:
    world = World(lag=10**6)
    world.turns(20)
    at = NOW + 21 * BLOCK
    seen = looked(at, {}, v2("a", 20_000), v2("b", 20_000, (BTC, USD)))
    decision = decide(seen, CycleInputs(turned={KEY: Turned(world.turned)}), world.memory, POLICY)
    assert [item.order.underlying for item in decision.approved] == [BTC]
    assert {item.order.underlying for item in decision.refused} == {ETH}


def test_after_a_restart_that_counts_anew_nothing_is_lost() -> None:
    """The process counts its own fills from 0; what the state remembers of the last one stands."""
    world = World(lag=10**6)
    world.turns(3)
    before = world.memory.turnover[ETH].traded
    world.turned = D(0)
    world.turns(20)
    assert world.memory.turnover[ETH].traded >= before
    assert world.size >= -2 * (5 + D("0.5")) - 5
