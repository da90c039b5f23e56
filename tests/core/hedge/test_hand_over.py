"""A market that ends: its short moves to another one step by step, added there first, and the band holds throughout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.inputs import CycleInputs, Dispute, Hold
from bot.core.policy import FixedWidth, HedgePolicy
from bot.core.snapshot import VenueView
from bot.core.state import State
from bot.core.types import VenueId
from tests.core.hedge.test_allocation import LP, A, B, caps
from tests.core.scenes import ETH, filled, line, note, policy, quote, snapshot, state, symbol, venue

D = Decimal
SHUT = Dispute("shut", A, symbol(ETH), "is being delisted within a day", Hold.ADDS)
BOTH = caps(A, B)
WIDE = FixedWidth(D("0.1"))


def ending(short: str = "-5") -> VenueView:
    view = venue({ETH: short}, quotes=[quote(ETH, venue=A)], name=A)
    return replace(view, shut={symbol(ETH): "is being delisted within a day"})


def other(short: str = "0", cash: str = "1e6", name: VenueId = B) -> VenueView:
    return venue({ETH: short}, quotes=[quote(ETH, venue=name)], name=name, cash=D(cash))


def size(view: VenueView) -> Decimal:
    return view.positions[symbol(ETH)].size


def played(
    first: VenueView, second: VenueView, hedge: HedgePolicy = BOTH, cycles: int = 60
) -> Iterator[tuple[Decision, VenueView, VenueView]]:
    """Decide and fill, cycle by cycle, until nothing more is ordered."""
    before: State = state()
    for _ in range(cycles):
        decision = decide(
            snapshot(LP, [first, second]), CycleInputs((), disputes=(SHUT,)), before, policy(WIDE, hedges={ETH: hedge})
        )
        before = replace(decision.state, order_times=())
        yield decision, first, second
        first, second = filled(first, decision), filled(second, decision)


@given(
    short=st.integers(4600, 5300).map(lambda number: D(-number) / 1000),
    there=st.integers(0, 400).map(lambda number: D(-number) / 1000),
)
def test_the_short_moves_and_the_drift_leaves_the_band_neither_way(short: Decimal, there: Decimal) -> None:
    is_inside = False
    for decision, first, second in played(ending(str(short)), other(str(there))):
        band, drift = line(decision, ETH).band, size(first) + size(second) - line(decision, ETH).target
        assert band is not None
        assert not is_inside or abs(drift) <= band.outer, "once it is in the band"
        is_inside = is_inside or abs(drift) <= band.outer
        for item in decision.approved:
            order = item.order
            assert (order.venue == A) is order.reduce_only or not is_inside
            if order.venue == A:
                assert drift < 0, "reduced only once it was added elsewhere"
    assert size(first) == 0
    assert abs(size(second) + 5) <= D("0.5")


def test_it_is_added_first_and_reduced_then() -> None:
    first, second = (decision.approved[0].order for decision, _, _ in played(ending(), other(), cycles=2))
    assert (first.venue, first.reduce_only, first.quantity < 0) == (B, False, True)
    assert (second.venue, second.reduce_only, second.quantity) == (A, True, -first.quantity)


def test_it_is_said() -> None:
    (decision, _, _) = next(played(ending(), other()))
    assert note(decision, ETH).startswith("moves 5 away from a market that ends: added elsewhere first")


def test_without_another_market_it_stays_where_it_is() -> None:
    for second in (other("0", name=B), replace(other(), shut={symbol(ETH): "too"})):
        hedge = BOTH if second.shut else caps(A)
        for decision, first, _ in played(ending(), second, hedge, cycles=3):
            assert decision.approved == ()
            assert size(first) == -5


def test_only_as_much_moves_as_the_other_market_has_room_for() -> None:
    hedge = HedgePolicy(D(1), (BOTH.markets[0], replace(BOTH.markets[1], max_notional=D(4000))))
    for decision, first, second in played(ending(), other(), hedge):
        assert abs(size(first) + size(second) + 5) <= D("0.5"), line(decision, ETH)
    assert -2 <= size(second) < D("-1.8"), "two ETH at 2,000 are its cap"
    assert size(first) <= -3


def test_nothing_is_reduced_where_the_other_venue_takes_nothing() -> None:
    """Its margin is the bound: what was not added there is not closed here."""
    for decision, _, _ in (moves := list(played(ending(), other(cash="0"), cycles=10))):
        assert decision.approved == ()
    assert (size(moves[-1][1]), size(moves[-1][2])) == (D(-5), D(0))
