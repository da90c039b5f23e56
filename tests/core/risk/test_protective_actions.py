"""A short without its stop, in time: told at once, nothing added, a minute's grace, then sold only near liquidation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.decide import decide
from bot.core.decision import Decision, PlaceStop, Severity
from bot.core.inputs import Settlement
from bot.core.orders import OrderKind
from bot.core.policy import Policy
from bot.core.risk.protective_actions import settle
from bot.core.snapshot import OpenOrder, Snapshot, VenueView
from bot.core.state import MarketWatch, State
from bot.core.types import ClientOrderId
from tests.core.risks import CAREFUL
from tests.core.scenes import ETH, NO_INPUTS, NOW, PAPER, chain, filled, policy, snapshot, state, symbol, v2, venue

D = Decimal
POLICY: Policy = replace(policy(), risk=CAREFUL)
PERP = symbol(ETH)
BLOCK, TEN = timedelta(seconds=2), D(10)
FAR, NEAR = D(20_000), D(4_600)
"""Collateral that puts a short of 20,000 USD 100% and 23% from its liquidation; no step of the ladder is at work."""


def with_stops(view: VenueView, decision: Decision) -> VenueView:
    """Return the venue after the decision's stops were placed and the old ones taken back."""
    requests = [action.approved.order for action in decision.stops if isinstance(action, PlaceStop)]
    if not requests:
        return view
    orders = tuple(
        OpenOrder(
            ClientOrderId(f"s{number}"),
            str(number),
            request.symbol,
            OrderKind.STOP_MARKET,
            request.quantity,
            None,
            request.trigger,
            reduce_only=True,
            placed_at=NOW,
        )
        for number, request in enumerate(requests)
    )
    return replace(view, open_orders=orders)


@dataclass
class World:
    """Liquidity, an account, and a conditional-order service that may be out."""

    view: VenueView
    eth: Decimal = TEN
    pace: timedelta = BLOCK
    memory: State = field(default_factory=state)
    cycle: int = 0
    last: Decision | None = None

    def turn(self, *, stops_rest: bool) -> Decision:
        """Run a cycle."""
        self.cycle += 1
        seen = self.moment()
        decision = decide(seen, NO_INPUTS, self.memory, POLICY)
        traded = {(item.order.venue, item.order.symbol): item.order.quantity for item in decision.approved}
        self.view = replace(filled(seen.known_venues[0], decision), open_orders=self.view.open_orders)
        if decision.approved:
            after = Settlement(replace(seen, venues=(self.view,)), traded)
            decision = settle(decision, NO_INPUTS, self.memory, after, POLICY)
        self.view = with_stops(self.view, decision) if stops_rest else self.view
        self.memory, self.last = decision.state, decision
        return decision

    def moment(self) -> Snapshot:
        at = NOW + self.cycle * self.pace
        quotes = {
            key: replace(item, mark=replace(item.mark, as_of=at), book=replace(item.book, as_of=at))
            for key, item in self.view.quotes.items()
        }
        seen = replace(self.view, as_of=at, quotes=quotes)
        blocks = chain([v2("a", self.eth * 4000)], block=100 + self.cycle, at=at)
        return replace(snapshot(blocks, seen), observed_at=at)

    def play(self, time: timedelta, *, stops_rest: bool = False) -> list[Decision]:
        return [self.turn(stops_rest=stops_rest) for _ in range(time // self.pace)]

    @property
    def size(self) -> Decimal:
        return self.view.positions[PERP].size

    @property
    def watch(self) -> MarketWatch:
        return self.memory.markets[PAPER, PERP]


def hedged(cash: Decimal, pace: timedelta = BLOCK) -> World:
    """Return ten ETH of liquidity, the short that hedges it, and its stop, seen for some cycles."""
    world = World(replace(venue({ETH: "-10"}, cash=cash), open_orders=()), pace=pace)
    world.play(3 * pace, stops_rest=True)
    assert world.size == -10
    assert world.watch.bare_since is None
    return world


def lose_stops(world: World) -> None:
    world.view = replace(world.view, open_orders=())


def bare(decision: Decision) -> list[Severity]:
    return [alarm.severity for alarm in decision.alarms if alarm.key.startswith("bare:")]


@pytest.mark.parametrize("cash", [FAR, NEAR])
@pytest.mark.parametrize("pace", [2, 12, 0.25])
def test_an_outage_of_forty_seconds_is_told_at_once_and_sells_nothing(cash: Decimal, pace: float) -> None:
    world = hedged(cash, timedelta(seconds=pace))
    lose_stops(world)
    decisions = world.play(timedelta(seconds=40))
    assert world.size == -10
    assert [bare(one) for one in decisions] == [[Severity.WARNING]] * len(decisions)
    world.turn(stops_rest=True)
    assert bare(world.turn(stops_rest=True)) == []
    assert world.watch.bare_since is None


def test_after_the_grace_a_short_far_from_liquidation_is_kept_for_ten_minutes_with_a_critical_alarm() -> None:
    world = hedged(FAR)
    lose_stops(world)
    decisions = world.play(timedelta(minutes=10))
    assert world.size == -10
    assert bare(decisions[29]) == [Severity.WARNING]
    assert all(bare(one) == [Severity.CRITICAL] for one in decisions[30:])


@pytest.mark.parametrize("pace", [2, 12])
def test_near_liquidation_it_is_sold_a_step_a_minute(pace: int) -> None:
    world = hedged(NEAR, timedelta(seconds=pace))
    lose_stops(world)
    sizes = []
    for _ in range(3):
        world.play(timedelta(minutes=1))
        sizes.append(world.size)
    assert sizes[0] == -10
    world.turn(stops_rest=False)
    # two steps of a quarter; by then liquidation is farther away than the setting says, and the rest is kept
    assert [sizes[1], sizes[2], world.size] == [D("-7.5"), D("-7.5"), D("-7.5")]


def test_near_liquidation_the_steps_go_on_while_it_stays_near() -> None:
    world = hedged(NEAR)
    lose_stops(world)
    sold = []
    for _ in range(5):
        world.play(timedelta(minutes=1))
        sold.append(world.size)
        cash = -world.size * 2000 * D("0.23")
        balance = replace(world.view.balance, wallet=cash, equity=cash, available=cash)
        world.view = replace(world.view, balance=balance)
    assert sold == [D(-10), D("-7.5"), D("-5.625"), D("-4.218"), D("-3.163")]


def test_while_the_stop_is_missing_nothing_is_added_and_reductions_pass() -> None:
    world = hedged(FAR)
    lose_stops(world)
    world.eth = D(13)
    decisions = world.play(timedelta(seconds=20))
    assert world.size == -10
    assert {item.guard for one in decisions for item in one.refused} == {"missing stop"}
    world.eth = D(8)
    world.play(timedelta(seconds=20))
    assert D(-9) < world.size < D(-8)


def test_a_short_whose_stop_follows_every_fill_is_never_bare() -> None:
    world = World(venue(), pace=timedelta(minutes=5))
    for cycle in range(6):
        world.eth = D(10 + 3 * cycle)
        decision = world.turn(stops_rest=True)
        assert decision.approved
        assert (bare(decision), world.watch.bare_since) == ([], None)


def test_a_short_that_grew_between_two_looks_has_a_cycle_for_its_stop() -> None:
    world = hedged(FAR)
    world.eth, positions = D("10.5"), world.view.positions
    world.view = replace(world.view, positions={**positions, PERP: replace(positions[PERP], size=D("-10.5"))})
    assert bare(world.turn(stops_rest=False)) == []
    assert bare(world.turn(stops_rest=False)) == [Severity.WARNING]


@pytest.mark.parametrize("kind", ["vanished", "too small", "behind the mark", "no reduce-only"])
def test_each_way_in_which_a_stop_is_none_is_seen_at_the_first_look(kind: str) -> None:
    world = hedged(FAR)
    (stop,) = world.view.open_orders
    wrong = {
        "vanished": (),
        "too small": (replace(stop, remaining=D("9.7")),),
        "behind the mark": (replace(stop, trigger=D(1999)),),
        "no reduce-only": (replace(stop, reduce_only=False),),
    }
    world.view = replace(world.view, open_orders=wrong[kind])
    assert bare(world.turn(stops_rest=False)) == [Severity.WARNING]
    assert world.watch.bare_since is not None
