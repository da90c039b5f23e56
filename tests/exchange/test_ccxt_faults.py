"""What goes wrong on the wire: reads fail closed, a write leaves once and is never called harmless while it is not."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from decimal import Decimal

import pytest

from bot.core.errors import Retryable
from bot.core.orders import Accepted, NotFound, OrderReport, Rejected, RejectReason, TimeInForce, Unknown
from bot.exchange.errors import Unbelievable
from bot.exchange.transport import MAX_BODY
from tests.exchange.loopback import Reply, Seen
from tests.exchange.scene import ETH, OWN, Scene, intent

pytestmark = pytest.mark.slow

D = Decimal
HTML = b"<html><body><h1>Service Unavailable</h1></body></html>"


def page(status: int) -> Reply:
    return Reply(raw=HTML, status=status, content_type="text/html")


def code(status: int, binance: int, bitget: str, words: str) -> Callable[[str], Reply]:
    def reply(venue: str) -> Reply:
        body = {"code": binance, "msg": words} if venue == "binance" else {"code": bitget, "msg": words, "data": None}
        return Reply(body, status=status)

    return reply


def same(reply: Reply) -> Callable[[str], Reply]:
    return lambda _venue: reply


BODIES: dict[str, Callable[[str], Reply]] = {
    "html 200": same(page(200)),
    "html called json": same(Reply(raw=HTML)),
    "empty": same(Reply(raw=b"")),
    "object": same(Reply({})),
    "list": same(Reply([])),
    "null": same(Reply(None)),
    "text": same(Reply("ok")),
    "cut": same(Reply(raw=b'{"code": "00000", "msg": "succ')),
    "no data": same(Reply({"code": "00000", "msg": "success", "requestTime": 1})),
    "null data": same(Reply({"code": "00000", "msg": "success", "requestTime": 1, "data": None})),
    "empty data": same(Reply({"code": "00000", "msg": "success", "requestTime": 1, "data": {}})),
    "408": same(Reply({"msg": "timeout"}, status=408)),
    "403": same(page(403)),
    "500": same(page(500)),
    "502": same(page(502)),
    "503 html": same(page(503)),
    "503 unknown": code(503, -1000, "50010", "Unknown error, please check your request or try again later."),
    "-1006": code(500, -1006, "40010", "Request timed out"),
    "-1007": code(408, -1007, "40015", "System is abnormal, please try again later"),
    "duplicate": code(400, -4116, "40786", "Duplicate clientOid"),
    "other code": code(400, -9999, "99999", "something new"),
    "dropped": same(Reply(drop=True)),
    "gzip bomb": same(Reply(raw=gzip.compress(b"[" + b" " * MAX_BODY), headers={"Content-Encoding": "gzip"})),
}
"""Answers that prove nothing about a write, and that no read may be built on."""
EMPTY_LISTS_ARE_ANSWERS = {"list"}
"""An empty list is Binance's honest word for no orders; positions still need the second answer."""

FUNDING = "/api/v2/mix/market/current-fund-rate"
"""Bitget tells funding by itself: without it a position can be read and closed all the same."""


def venue_of(scene: Scene) -> str:
    return scene.exchange.link.config.kind


async def paths_of_a_view(scene: Scene) -> list[str]:
    before = len(scene.server.seen)
    await scene.exchange.observe()
    return sorted({one.path for one in scene.server.seen[before:]})


async def nothing_is_made_up_of_funding(scene: Scene) -> None:
    """Hold that funding is unknown in what is read without it, whether the venue refuses it or does not answer."""
    try:
        view = await scene.exchange.observe()
    except Retryable:
        return
    assert view.positions[ETH].size == D("-1.5")
    assert view.quotes[ETH].funding is None


@pytest.mark.parametrize("mode", BODIES)
async def test_no_view_is_built_on_an_answer_that_can_not_be_meant(scene: Scene, mode: str) -> None:
    scene.fake.position = D("-1.5")
    await scene.ready()
    await scene.exchange.place(intent(quantity=D("-0.5"), price=D(3100), tif=TimeInForce.POST_ONLY))
    for path in await paths_of_a_view(scene):
        honest = path in ("/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders") and mode in EMPTY_LISTS_ARE_ANSWERS
        reply = BODIES[mode](venue_of(scene))
        scene.server.faults = {("GET", path): lambda _seen, reply=reply: reply}  # type: ignore[misc] # bound now
        if honest:
            continue
        if path == FUNDING:
            await nothing_is_made_up_of_funding(scene)
            continue
        with pytest.raises(Retryable):
            await scene.exchange.observe()
    scene.server.faults = {}
    assert (await scene.exchange.observe()).positions[ETH].size == D("-1.5")


async def test_flat_needs_two_answers_that_agree(scene: Scene) -> None:
    """The position list forgets the position; the second answer still has it."""
    scene.fake.position = D("-1.5")
    await scene.ready()
    binance = venue_of(scene) == "binance"
    path = "/fapi/v3/positionRisk" if binance else "/api/v2/mix/position/all-position"
    empty = Reply([] if binance else {"code": "00000", "msg": "success", "requestTime": 1, "data": []})
    scene.server.faults = {("GET", path): lambda _seen: empty}
    with pytest.raises(Unbelievable):
        await scene.exchange.observe()


async def test_an_old_mark_is_no_mark(scene: Scene) -> None:
    await scene.ready()
    fresh, old = scene.fake.clock, scene.clock.now()
    scene.clock.advance(60)
    scene.fake.clock = lambda: old
    scene.exchange.link.suspect = False
    with pytest.raises(Unbelievable, match="s old"):
        await scene.exchange.observe()
    scene.fake.clock = fresh
    await scene.exchange.observe()


def place_path(scene: Scene) -> tuple[str, str]:
    return "POST", "/fapi/v1/order" if venue_of(scene) == "binance" else "/api/v2/mix/order/place-order"


def after_effect(scene: Scene, reply: Reply, *, applied: bool) -> Callable[[Seen], Reply]:
    def handle(seen: Seen) -> Reply:
        if applied:
            handler = scene.fake
            assert callable(handler)
            handler(seen)
        return reply

    return handle


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("mode", BODIES)
async def test_an_answer_that_proves_nothing_leaves_the_order_unknown_and_sent_once(
    scene: Scene, mode: str, *, applied: bool
) -> None:
    await scene.ready()
    scene.server.faults[place_path(scene)] = after_effect(scene, BODIES[mode](venue_of(scene)), applied=applied)
    outcome = await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    assert len(scene.server.writes) == 1
    # an answer of success without content is followed by a look, which may find the order
    assert isinstance(outcome, Unknown) or (isinstance(outcome, Accepted) and applied and "data" in mode)
    found = await scene.exchange.lookup(OWN, ETH)
    assert isinstance(found, OrderReport if applied else NotFound)
    assert scene.fake.position == (D("-0.5") if applied else 0)


@pytest.mark.parametrize("applied", [True, False])
async def test_a_time_out_leaves_the_order_unknown(scene: Scene, *, applied: bool) -> None:
    await scene.ready()
    scene.exchange.link.api.timeout = 1  # type: ignore[attr-defined] # ccxt's own setting, milliseconds
    scene.server.faults[place_path(scene)] = after_effect(scene, Reply(drop=True), applied=applied)
    outcome = await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    assert isinstance(outcome, Unknown)


REJECTIONS = [
    (400, -2019, "40762", RejectReason.INSUFFICIENT_MARGIN),
    (400, -4164, "45110", RejectReason.BELOW_MIN_NOTIONAL),
    (400, -4014, "45115", RejectReason.BAD_TICK),
    (400, -2022, "22002", RejectReason.REDUCE_ONLY),
    (400, -1121, "40034", RejectReason.UNKNOWN_SYMBOL),
    (429, -1015, "429", RejectReason.TOO_MANY_ORDERS),
]


@pytest.mark.parametrize(("status", "binance", "bitget", "reason"), REJECTIONS)
async def test_an_allow_listed_answer_is_a_rejection(
    scene: Scene, status: int, binance: int, bitget: str, reason: RejectReason
) -> None:
    await scene.ready()
    reply = code(status, binance, bitget, "no")(venue_of(scene))
    scene.server.faults[place_path(scene)] = lambda _seen: reply
    outcome = await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.message) == (reason, "no")
    assert len(scene.server.writes) == 1


async def test_binance_says_service_unavailable_when_nothing_was_executed(scene: Scene) -> None:
    if venue_of(scene) != "binance":
        return
    await scene.ready()
    scene.server.faults[place_path(scene)] = lambda _seen: Reply(
        {"code": -1, "msg": "Service Unavailable."}, status=503
    )
    outcome = await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.MAINTENANCE


async def test_the_right_code_with_another_status_proves_nothing(scene: Scene) -> None:
    await scene.ready()
    reply = code(502, -2019, "40762", "no")(venue_of(scene))
    scene.server.faults[place_path(scene)] = lambda _seen: reply
    assert isinstance(await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990))), Unknown)


async def test_a_dropped_cancellation_is_sent_once_though_http_would_repeat_it(scene: Scene) -> None:
    await scene.ready()
    await scene.exchange.place(intent(quantity=D("-0.5"), price=D(3100), tif=TimeInForce.POST_ONLY))
    before = len(scene.server.writes)
    binance = venue_of(scene) == "binance"
    path = ("DELETE", "/fapi/v1/order") if binance else ("POST", "/api/v2/mix/order/cancel-order")
    scene.server.faults[path] = lambda _seen: Reply(drop=True)
    assert isinstance(await scene.exchange.cancel(OWN, ETH), Unknown)
    assert len(scene.server.writes) == before + 1


async def test_cancelling_an_order_of_an_unknown_book_looks_into_both(scene: Scene) -> None:
    await scene.ready()
    scene.forget()
    outcome = await scene.exchange.cancel(OWN, ETH)
    assert isinstance(outcome, Rejected)
    assert len(scene.server.writes) == 2


async def test_without_a_connection_it_is_proven_that_nothing_was_sent(scene: Scene) -> None:
    await scene.ready()
    await scene.server.stop()
    outcome = await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990)))
    assert isinstance(outcome, Rejected | Unknown)
    again = await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990), number=2))
    assert isinstance(again, Rejected)
    assert again.reason is RejectReason.NOT_SENT
    with pytest.raises(Retryable):
        await scene.exchange.observe()


async def test_a_freshly_placed_order_may_hide_for_a_moment(scene: Scene) -> None:
    """Bitget's answer names only ids, so that the order is asked for; Binance's own answer is enough."""
    await scene.ready()
    missing = [True, True]
    path = "/fapi/v1/order" if venue_of(scene) == "binance" else "/api/v2/mix/order/detail"

    def hide(seen: Seen) -> Reply:
        if missing:
            missing.pop()
            return code(400, -2013, "40109", "Order does not exist.")(venue_of(scene))
        handler = scene.fake
        assert callable(handler)
        answer: Reply = handler(seen)
        return answer

    scene.server.faults["GET", path] = hide
    assert isinstance(await scene.exchange.place(intent(quantity=D("-0.5"), price=D(2990))), Accepted)
    assert len(scene.server.writes) == 1


@pytest.mark.parametrize(
    ("retry_after", "words", "seconds"),
    [
        ("30", "Too many requests", 30),
        ("9" * 400, "Too many requests", 3 * 86_400),
        ("", "Way too many requests; banned until 9999999999999.", 3 * 86_400),
    ],
)
async def test_a_429_silences_everything_for_as_long_as_the_venue_says_and_never_for_years(
    scene: Scene, retry_after: str, words: str, seconds: int
) -> None:
    await scene.ready()
    path = "/fapi/v1/depth" if venue_of(scene) == "binance" else "/api/v2/mix/market/merge-depth"
    reply = code(429, -1003, "429", words)(venue_of(scene))
    headers = {"Retry-After": retry_after}
    scene.server.faults["GET", path] = lambda _seen: Reply(reply.body, status=429, headers=headers)
    with pytest.raises(Retryable):
        await scene.exchange.observe()
    scene.server.faults.clear()
    before = len(scene.server.seen)
    outcome = await scene.exchange.place(intent(quantity=D("0.5"), price=D(3100), reduce_only=True))
    assert isinstance(outcome, Rejected)
    assert outcome.reason is RejectReason.NOT_SENT
    assert len(scene.server.seen) == before
    scene.clock.advance(seconds)
    await scene.exchange.observe()


async def test_an_endless_answer_is_broken_off(scene: Scene) -> None:
    await scene.ready()
    path = (await paths_of_a_view(scene))[0]
    bomb = BODIES["gzip bomb"](venue_of(scene))
    scene.server.faults = {("GET", path): lambda _seen: bomb}
    with pytest.raises(Retryable, match=r"no whole answer from .*: ClientPayloadError"):
        await scene.exchange.observe()
