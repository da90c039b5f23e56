"""Whose the working orders are, what is told of the others, and that they hold back nothing but their own share."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.core.decide import decide
from bot.core.decision import DropStop, PlaceStop
from bot.core.hedge.markets import openings
from bot.core.inputs import CycleInputs, Hold, PendingStatus
from bot.core.orders import OrderKind
from bot.core.reconciliation.identity import Identity
from bot.core.reconciliation.orders import by_owner, disputes
from bot.core.run_state import BotState, RunState
from bot.core.snapshot import OpenOrder, Unread, VenueView
from bot.core.types import ClientOrderId
from bot.paper.exchange import IDS
from tests.core.risks import CAREFUL
from tests.core.scenes import BTC, ETH, NOW, USD, chain, pending, policy, snapshot, state, symbol, v2, venue

D = Decimal
ME = Identity("dn", 3, IDS)
BARE = policy()
LP = chain([v2("lp", 20_000)])
"""5 ETH at 2000 USD."""


def resting(
    client_id: str | None,
    quantity: str = "-1",
    *,
    reduce_only: bool | None = False,
    kind: OrderKind = OrderKind.LIMIT,
    trigger: str | None = None,
    closes_all: bool = False,
) -> OpenOrder:
    name = None if client_id is None else ClientOrderId(client_id)
    price = D(1) if kind is OrderKind.LIMIT else None
    fires = None if trigger is None else D(trigger)
    return OpenOrder(name, "9", symbol(ETH), kind, D(quantity), price, fires, reduce_only, NOW, closes_all)


def stop(
    client_id: str | None, quantity: str, *, reduce_only: bool | None = None, closes_all: bool = False
) -> OpenOrder:
    kind, trigger = OrderKind.STOP_MARKET, "2500"
    return resting(client_id, quantity, kind=kind, trigger=trigger, reduce_only=reduce_only, closes_all=closes_all)


def showing(*orders: OpenOrder, position: str = "0", unread: tuple[Unread, ...] = ()) -> VenueView:
    return by_owner(replace(venue({ETH: position}), open_orders=orders, unread=unread), ME, ())


def told(view: VenueView) -> CycleInputs:
    return CycleInputs(disputes=disputes(view, ME, ()))


@pytest.mark.parametrize("client_id", ["dn-3-1", "dn-1-900", "dn-4-1"])
def test_an_order_is_ours_by_its_id_though_no_journal_knows_it(client_id: str) -> None:
    view = showing(stop(client_id, "2", reduce_only=None))
    assert [(one.client_id, one.reduce_only) for one in view.open_orders] == [(client_id, True)]
    assert view.strangers == ()


@pytest.mark.parametrize("client_id", [None, "web_abc", "dnx-3-1", "dn-3", "DN-3-1", "autoclose-17"])
def test_everybody_elses_orders_are_strangers_and_may_open_unless_the_venue_says_no(client_id: str | None) -> None:
    view = showing(stop(client_id, "2", reduce_only=None))
    assert view.open_orders == ()
    (order,) = view.strangers
    assert order.can_open


def test_where_the_venue_is_silent_the_intent_says_whether_an_order_of_ours_reduces() -> None:
    sale = pending(ETH, -1, PendingStatus.OPEN)
    view = replace(venue(), open_orders=(resting(sale.intent.client_id, reduce_only=None),))
    (order,) = by_owner(view, ME, [sale]).open_orders
    assert order.reduce_only is sale.intent.request.reduce_only is False
    (order,) = by_owner(replace(view, open_orders=(replace(order, reduce_only=True),)), ME, [sale]).open_orders
    assert order.reduce_only is True


def test_an_opening_order_of_ours_without_an_intent_is_nobodys_and_counts_as_in_flight() -> None:
    view = showing(resting("dn-2-7", "-1.5"))
    assert view.open_orders == ()
    assert openings(view, symbol(ETH)) == D("-1.5")
    (dispute,) = disputes(view, ME, ())
    assert "holds for ended" in dispute.message


def test_telling_orders_apart_twice_changes_nothing() -> None:
    view = showing(stop("dn-3-1", "2", reduce_only=None), stop(None, "2", reduce_only=None), resting("dn-2-7"))
    assert by_owner(view, ME, ()) == view


@pytest.mark.parametrize(
    ("order", "words", "hold"),
    [
        (resting("web_1", "-1"), "in flight", Hold.NOTHING),
        (resting(None, "-1"), "9", Hold.NOTHING),
        (resting("web_1", "1", reduce_only=True), "can only close", Hold.NOTHING),
        (stop(None, "0", closes_all=True), "can only close", Hold.NOTHING),
        (stop("dn-2-7", "1", reduce_only=True), "holds for ended", Hold.NOTHING),
        (resting("dn-4-1"), "two daemons", Hold.ADDS),
    ],
)
def test_what_this_process_did_not_place_is_told_and_only_a_second_daemon_stops_adds(
    order: OpenOrder, words: str, hold: Hold
) -> None:
    (dispute,) = disputes(showing(order, position="-2"), ME, ())
    assert words in dispute.message
    assert dispute.hold is hold
    assert dispute.key.startswith("foreign:")


def test_our_own_orders_and_the_venues_forced_ones_are_not_told() -> None:
    view = showing(resting("autoclose-17"), resting("adl_autoclose-1"), stop("dn-3-1", "1", reduce_only=True))
    assert disputes(view, ME, [ClientOrderId("dn-3-1")]) == ()


UNREAD = Unread(symbol(ETH), "order 77 of ETH/USDT:USDT", "no side")


@pytest.mark.parametrize(
    ("unread", "adds"),
    [
        (UNREAD, {BTC}),
        (replace(UNREAD, symbol=symbol(BTC)), {ETH}),
        (replace(UNREAD, symbol=None), set()),
    ],
)
def test_what_cannot_be_read_holds_adds_on_its_symbol_and_nothing_else(unread: Unread, adds: set[str]) -> None:
    both = chain([v2("eth", 20_000), v2("btc", 20_000, (BTC, USD))])
    view = showing(unread=(unread,))
    decision = decide(snapshot(both, [view]), told(view), state(), BARE)
    assert {item.order.underlying for item in decision.approved} == adds
    assert {item.order.underlying for item in decision.refused if item.guard == "account check"} == {ETH, BTC} - adds
    assert [alarm.key for alarm in decision.alarms if alarm.key.startswith("unread:")] == [
        f"unread:{view.venue}:{unread.what}"
    ]


@pytest.mark.parametrize("unread", [UNREAD, replace(UNREAD, symbol=None)])
def test_what_cannot_be_read_holds_back_no_reduction(unread: Unread) -> None:
    view = showing(position="-9", unread=(unread,))
    decision = decide(snapshot(LP, [view]), told(view), state(), BARE)
    assert [item.order.reduce_only for item in decision.approved] == [True]


HAND_SET = (
    stop(None, "5", reduce_only=True),
    stop("web_1", "0", closes_all=True, reduce_only=None),
    resting("web_2", "3", reduce_only=True),
    resting("web_3", "50"),
)
"""What strangers may only close with, or buy."""


@pytest.mark.parametrize("order", HAND_SET)
@pytest.mark.parametrize("position", ["0", "-2", "-5", "-9"])
def test_what_a_stranger_may_close_or_buy_changes_no_order_of_ours(order: OpenOrder, position: str) -> None:
    alone, beside = showing(position=position), showing(order, position=position)
    calm = decide(snapshot(LP, [alone]), told(alone), state(), BARE)
    same = decide(snapshot(LP, [beside]), told(beside), state(), BARE)
    assert [item.order for item in same.approved] == [item.order for item in calm.approved]


@pytest.mark.parametrize("quantity", ["-0.5", "-2", "-4"])
def test_what_a_stranger_may_sell_is_not_sold_a_second_time(quantity: str) -> None:
    alone, beside = showing(), showing(resting("web", quantity))
    (free,) = decide(snapshot(LP, [alone]), told(alone), state(), BARE).approved
    (less,) = decide(snapshot(LP, [beside]), told(beside), state(), BARE).approved
    assert less.order.quantity - free.order.quantity == -D(quantity)


def test_a_strangers_sale_larger_than_the_drift_leaves_all_of_it_to_him_and_reductions_alone() -> None:
    view = showing(resting("web", "-50"))
    assert decide(snapshot(LP, [view]), told(view), state(), BARE).approved == ()
    over = showing(resting("web", "-50"), position="-9")
    (order,) = decide(snapshot(LP, [over]), told(over), state(), BARE).approved
    assert order.order.reduce_only


def test_flatten_closes_everything_whatever_strangers_and_odd_rows_there_are() -> None:
    view = showing(*HAND_SET, resting("web", "-50"), position="-5", unread=(replace(UNREAD, symbol=None),))
    flat = BotState(RunState.FLATTENING, "", NOW)
    (order,) = decide(snapshot(LP, [view]), told(view), replace(state(), bot=flat), BARE).approved
    assert (order.order.quantity, order.order.reduce_only) == (D(5), True)


CAUTIOUS = replace(BARE, risk=CAREFUL)


@pytest.mark.parametrize("hand_set", [stop(None, "5", reduce_only=True), stop("web", "0", closes_all=True)])
def test_a_strangers_stop_is_neither_relied_on_nor_taken_back(hand_set: OpenOrder) -> None:
    view = showing(hand_set, position="-5")
    actions = decide(snapshot(LP, [view]), told(view), state(), CAUTIOUS).stops
    assert len([action for action in actions if isinstance(action, PlaceStop)]) == 1
    assert not [action for action in actions if isinstance(action, DropStop)]
    assert all(not action.replaces for action in actions if isinstance(action, PlaceStop))
