"""What Bitget shows of plan orders, as the adapter reads it: no row says if it is reduce-only, none is in the way."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from bot.core.orders import OrderKind
from bot.core.snapshot import VenueView
from tests.exchange.conftest import scene_of
from tests.exchange.loopback import Certificate, Reply, Seen
from tests.exchange.scene import ETH, Scene
from tests.recorded.files import Recording, dated, first, named

D = Decimal
PLANS = "/api/v2/mix/order/orders-plan-pending"


@pytest.fixture
async def bitget(certificate: Certificate) -> AsyncIterator[Scene]:
    scene = await scene_of("bitget", certificate)
    scene.fake.position = D("-1.5")
    await scene.ready()
    yield scene
    await scene.exchange.close()
    await scene.server.stop()


def show(scene: Scene, *names: str, changes: dict[str, object] | None = None) -> None:
    """Let the venue show these recordings as its plan orders, the rows of the first one changed."""
    shown = [named("bitget", name) for name in (*names, "plans_none")]

    def answer(seen: Seen) -> Reply:
        found = first(shown, seen)
        assert found is not None
        is_first = found is shown[0]
        return _changed(found, (changes or {}) if is_first else {}, scene.fake.now())

    scene.server.faults["GET", PLANS] = answer


def _changed(one: Recording, changes: dict[str, object], now: int) -> Reply:
    body = copy.deepcopy(dated(one.body, now))
    assert isinstance(body, dict)
    for row in body["data"]["entrustedList"] or []:
        row.update(changes)
        for key in [key for key, value in changes.items() if value == "@absent"]:
            del row[key]
    return Reply(body)


async def seen(scene: Scene) -> VenueView:
    view = await scene.observed()
    assert view.positions[ETH].size == D("-1.5")
    return view


async def test_our_stop_is_known_as_a_reduction_though_the_row_does_not_say_so(bitget: Scene) -> None:
    show(bitget, "plans_normal")
    view = await seen(bitget)
    (stop,) = view.open_orders
    assert (stop.kind, stop.remaining, stop.trigger, stop.reduce_only) == (
        OrderKind.STOP_MARKET,
        D("1.5"),
        D("3500.01"),
        True,
    )
    assert (view.strangers, view.unread) == ((), ())


@pytest.mark.parametrize("client_id", ["1372849518383902720", "", None, "@absent"])
async def test_a_strangers_plan_counts_as_one_that_may_open(bitget: Scene, client_id: str | None) -> None:
    show(bitget, "plans_normal", changes={"clientOid": client_id})
    (order,) = (await seen(bitget)).strangers
    assert (order.reduce_only, order.can_open, order.remaining) == (None, True, D("1.5"))


@pytest.mark.parametrize(
    ("size", "remaining"), [("0", "1.5"), ("", "1.5"), (None, "1.5"), ("0.000", "1.5"), ("0.7", "0.7")]
)
async def test_the_stop_of_a_whole_position_closes_as_much_as_there_is(
    bitget: Scene, size: str | None, remaining: str
) -> None:
    show(bitget, "plans_of_position", changes={"size": size})
    (order,) = (await seen(bitget)).strangers
    assert (order.remaining, order.can_open) == (D(remaining), False)


async def test_the_documentations_lower_case_is_read_too(bitget: Scene) -> None:
    show(bitget, "plans_lower_case")
    (order,) = (await seen(bitget)).strangers
    assert (order.symbol, order.remaining, order.price, order.can_open) == (ETH, D(-1), D(1900), True)


async def test_no_plans_are_null(bitget: Scene) -> None:
    show(bitget)
    view = await seen(bitget)
    assert (view.open_orders, view.strangers, view.unread) == ((), (), ())


ODD = [
    {"side": None},
    {"side": "both"},
    {"size": "-1"},
    {"size": "many"},
    {"orderId": None, "clientOid": ""},
    {"cTime": ""},
    {"orderType": "oco"},
    {"triggerPrice": "soon"},
    {"reduceOnly": "perhaps"},
    {"symbol": None, "side": None},
]


@pytest.mark.parametrize("changes", ODD, ids=str)
async def test_a_plan_that_cannot_be_read_spoils_itself_alone(bitget: Scene, changes: dict[str, object]) -> None:
    show(bitget, "plans_of_position", "plans_normal", changes={"size": "0.7", **changes})
    view = await seen(bitget)
    assert [order.client_id for order in view.open_orders] == ["bot-1-4"]
    (unread,) = view.unread
    assert unread.symbol == ETH


@pytest.mark.parametrize("row", [None, "text", [], {}, 7], ids=str)
async def test_a_row_that_is_no_object_spoils_itself_alone(bitget: Scene, row: object) -> None:
    show(bitget, "plans_normal")
    whole = bitget.server.faults["GET", PLANS]

    def with_odd(request: Seen) -> Reply:
        reply = whole(request)
        assert isinstance(reply.body, dict)
        if request.params["planType"] == "normal_plan":
            reply.body["data"]["entrustedList"].append(row)
        return reply

    bitget.server.faults["GET", PLANS] = with_odd
    view = await seen(bitget)
    assert [order.client_id for order in view.open_orders] == ["bot-1-4"]
    assert [item.symbol for item in view.unread] == [ETH]


@pytest.mark.parametrize(("said", "can_open"), [("YES", False), ("yes", False), ("NO", True), ("no", True)])
async def test_reduce_only_is_read_in_whatever_case(bitget: Scene, said: str, *, can_open: bool) -> None:
    show(bitget, "plans_normal", changes={"reduceOnly": said, "clientOid": "web"})
    (order,) = (await seen(bitget)).strangers
    assert order.can_open is can_open


async def test_a_hundred_strangers_blind_nobody(bitget: Scene) -> None:
    """The list is read page by page, and what lies beyond the last page holds adds on that symbol only."""
    row = named("bitget", "plans_normal").body
    assert isinstance(row, dict)

    def endless(request: Seen) -> Reply:
        if request.params["planType"] != "normal_plan":
            return named("bitget", "plans_none").reply(bitget.fake.now())
        start = int(str(request.params.get("idLessThan", 10_000)))
        ids = range(start - 1, start - 101, -1)
        rows = [
            {**row["data"]["entrustedList"][0], "orderId": str(number), "clientOid": f"web{number}"} for number in ids
        ]
        return Reply(dated({**row, "data": {"entrustedList": rows, "endId": str(ids[-1])}}, bitget.fake.now()))

    bitget.server.faults["GET", PLANS] = endless
    view = await seen(bitget)
    assert len(view.strangers) == 1000
    assert [(item.symbol, "the end of the list" in item.what) for item in view.unread] == [(ETH, True)]
