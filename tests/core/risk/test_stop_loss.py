"""The stop of one market: when it counts as there, when it is placed, replaced, waited for, and taken back."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.decision import DropStop, PlaceStop, PositionRisk
from bot.core.hedge.markets import MarketState, hedge_markets_of
from bot.core.inputs import Pending, PendingStatus
from bot.core.orders import OrderKind
from bot.core.risk.stop_loss import Protection, protect, verified
from bot.core.snapshot import OpenOrder
from bot.core.types import ClientOrderId
from tests.core.risks import CAREFUL
from tests.core.scenes import ETH, NOW, PAPER, hedge, pending, symbol, venue

D = Decimal
PERP = symbol(ETH)
STOP = CAREFUL.stop
LIQUIDATION = D(3000)
WANTED = D(2910)
"""3% inside."""


def market_state(position: str) -> MarketState:
    (found,) = hedge_markets_of(hedge(ETH), {PAPER: venue({ETH: position})}, {}).open
    return found


def resting(size: str = "2", trigger: Decimal = WANTED, name: str = "s1", *, reduce_only: bool = True) -> OpenOrder:
    own = ClientOrderId(name)
    return OpenOrder(own, name, PERP, OrderKind.STOP_MARKET, D(size), None, trigger, reduce_only, NOW)


def asked(*orders: OpenOrder, position: str = "-2", sent: tuple[Pending, ...] = ()) -> Protection:
    short = PositionRisk(
        PAPER, PERP, ETH, D(position), D(2000), LIQUIDATION, None, LIQUIDATION, LIQUIDATION, D("0.5"), D("0.01")
    )
    return protect(market_state(position), ETH, short, orders, sent, STOP)


def placed(found: Protection) -> PlaceStop:
    (action,) = found.actions
    assert isinstance(action, PlaceStop)
    return action


def test_a_right_stop_is_verified_and_left_alone() -> None:
    found = asked(resting())
    assert (found.actions, found.trigger) == ((), WANTED)


@pytest.mark.parametrize(
    "wrong",
    [
        resting("1.9"),
        resting(reduce_only=False),
        resting(trigger=LIQUIDATION),
        resting(trigger=D(1999)),  # on the wrong side of the mark
    ],
)
def test_a_wrong_stop_is_none_and_is_replaced_once_the_right_one_rests(wrong: OpenOrder) -> None:
    found = asked(wrong)
    assert found.trigger is None
    order = placed(found).approved.order
    assert (order.quantity, order.trigger, order.reduce_only, order.kind) == (D(2), WANTED, True, OrderKind.STOP_MARKET)
    assert [cancel.client_id for cancel in placed(found).replaces] == ["s1"]


@pytest.mark.parametrize(
    "poor",
    [
        resting("2.5"),
        resting(trigger=D(2990)),  # too near the liquidation price
        resting(trigger=D(2500)),  # much nearer the mark than it need be
    ],
)
def test_a_stop_that_could_be_better_protects_until_the_right_one_rests(poor: OpenOrder) -> None:
    found = asked(poor)
    assert found.trigger == poor.trigger
    order = placed(found).approved.order
    assert (order.quantity, order.trigger) == (D(2), WANTED)


@pytest.mark.parametrize("status", [PendingStatus.SENT, PendingStatus.UNKNOWN, PendingStatus.OPEN])
def test_while_one_that_was_sent_is_not_seen_no_other_is_sent(status: PendingStatus) -> None:
    found = asked(sent=(pending(ETH, "2", status, OrderKind.STOP_MARKET),))
    assert (found.actions, found.trigger) == ((), None)
    assert "not seen to rest" in found.alarms[0].message


def test_a_second_stop_is_taken_back() -> None:
    found = asked(resting(), resting("2", D(2500), "s2"))
    (action,) = found.actions
    assert isinstance(action, DropStop)
    assert action.cancel.client_id == "s2"


def test_without_a_short_every_stop_is_taken_back() -> None:
    found = protect(market_state("0"), ETH, None, [resting(), resting("1", name="s2")], (), STOP)
    assert [action.cancel.client_id for action in found.actions if isinstance(action, DropStop)] == ["s1", "s2"]
    selling = replace(market_state("0"), flight=replace(market_state("0").flight, selling=D(-1)))
    assert protect(selling, ETH, None, [resting()], (), STOP).actions == ()


def test_where_a_stop_would_fire_at_once_that_is_told_loudly() -> None:
    near = PositionRisk(PAPER, PERP, ETH, D(-2), D(2000), D(2010), None, D(2010), D(2010), D("0.005"), D("0.9"))
    found = protect(market_state("-2"), ETH, near, (), (), STOP)
    assert (found.actions, found.trigger) == ((), None)
    assert "too near liquidation" in found.alarms[0].message


def short_of(size: str, mark: str = "2000") -> PositionRisk:
    return PositionRisk(PAPER, PERP, ETH, D(size), D(mark), LIQUIDATION, None, LIQUIDATION, LIQUIDATION, D("0.5"), D(0))


@pytest.mark.parametrize("size", ["2", "1.97", "2.03", "1.961", "2.04"])
def test_a_stop_within_the_size_s_tolerance_is_left_alone(size: str) -> None:
    found = asked(resting(size))
    assert (found.actions, found.trigger) == ((), WANTED)


@pytest.mark.parametrize("size", ["1.95", "2.05"])
def test_a_stop_beyond_the_size_s_tolerance_is_replaced(size: str) -> None:
    assert placed(asked(resting(size))).approved.order.quantity == 2


def test_many_small_fills_replace_a_stop_seldom() -> None:
    """Each fill of 0.011 ETH once replaced it: 100 fills, 100 stops; 2% of 10 to 11.1 ETH is about 19 fills."""
    stop, replaced = resting("10"), 0
    for fill in range(1, 101):
        size = D(10) + fill * D("0.011")
        found = protect(market_state(f"-{size}"), ETH, short_of(f"-{size}"), [stop], (), STOP)
        if found.actions:
            stop, replaced = resting(str(placed(found).approved.order.quantity)), replaced + 1
        assert abs(stop.remaining / size - 1) <= STOP.size_tolerance
    assert replaced == 5


@pytest.mark.parametrize(
    ("mark", "counts"), [("2000", True), ("2909", True), ("2910", False), ("2911", False), ("2999", False)]
)
def test_a_stop_counts_only_where_its_trigger_lies_beyond_the_mark(mark: str, counts: bool) -> None:  # noqa: FBT001
    assert bool(verified(short_of("-2", mark), [resting()])) is counts
