"""An order in the place of a resting one: the old one's end is proven first, both together trade what is wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from bot.app.loop.execute import Execution, Executor
from bot.backtest.journal import MemoryJournal
from bot.clock import ManualClock
from bot.core.decision import Approved, Cancel, Replaced
from bot.core.errors import Retryable
from bot.core.inputs import PendingStatus
from bot.core.orders import (
    Accepted,
    Intent,
    NotFound,
    OrderKind,
    OrderReport,
    OrderRequest,
    OrderStatus,
    Outcome,
    Rejected,
    RejectReason,
    TimeInForce,
    Unknown,
)
from bot.core.types import ClientOrderId, Symbol
from bot.paper.exchange import IDS
from tests.core.scenes import ETH, NOW, PAPER, state, symbol

D = Decimal
LEAST = D("0.01")
PROMISED = D(-1)


def request(quantity: Decimal) -> OrderRequest:
    return OrderRequest(
        PAPER, symbol(ETH), ETH, quantity, OrderKind.LIMIT, TimeInForce.POST_ONLY, quantity > 0, "test", D(2000)
    )


def report(intent: Intent, status: OrderStatus, filled: str) -> OrderReport:
    quantity = intent.request.quantity
    return OrderReport(intent.client_id, "1", symbol(ETH), status, quantity, D(filled), None, None, NOW)


Answer = Callable[[Intent], Outcome]
Sight = Callable[[Intent], OrderReport | NotFound]


def says(status: OrderStatus, filled: str) -> Answer:
    return lambda intent: Accepted(report(intent, status, filled))


def lost(intent: Intent) -> Outcome:
    return Unknown(intent.client_id, "time-out")


def not_there(intent: Intent) -> Outcome:
    return Rejected(intent.client_id, RejectReason.OTHER, "-2011", "Unknown order sent.")


def sees(status: OrderStatus, filled: str) -> Sight:
    return lambda intent: report(intent, status, filled)


def blind(_: Intent) -> OrderReport | NotFound:
    raise Retryable("no answer")


def finds_nothing(intent: Intent) -> OrderReport | NotFound:
    return NotFound(intent.client_id, NOW)


@dataclass
class Venue:
    """A venue that answers about one resting order as it is told to, and takes every new one."""

    old: Intent
    answer: Answer
    sight: Sight
    placed: list[Decimal] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    ids = IDS

    async def place(self, intent: Intent) -> Outcome:
        self.calls.append("place")
        self.placed.append(intent.request.quantity)
        return Accepted(report(intent, OrderStatus.OPEN, "0"))

    async def cancel(self, client_id: ClientOrderId, name: Symbol) -> Outcome:
        del name
        assert client_id == self.old.client_id
        self.calls.append("cancel")
        return self.answer(self.old)

    async def lookup(self, client_id: ClientOrderId, name: Symbol) -> OrderReport | NotFound:
        del client_id, name
        self.calls.append("lookup")
        return self.sight(self.old)


@dataclass
class Played:
    venue: Venue
    journal: MemoryJournal
    done: Execution


async def replaced(
    answer: Answer, sight: Sight = blind, *, wanted: Decimal = PROMISED, known: str = "0", old: str = "-0.6"
) -> Played:
    """Replace a resting order, of which ``known`` was filled at the decision, by one for all that is wanted."""
    journal = MemoryJournal()
    intent = journal.new_intent(request(D(old)), NOW, IDS)
    journal.resolve(intent.client_id, Accepted(report(intent, OrderStatus.OPEN, known)), NOW)
    venue = Venue(intent, answer, sight)
    cancel = Cancel(intent.client_id, PAPER, symbol(ETH), "test")
    displaced = Replaced(cancel, D(known), D(old) - D(known), LEAST)
    executor = Executor({PAPER: venue}, journal, ManualClock(NOW))  # type: ignore[dict-item] # the part of the port that is used
    (done,) = await executor.execute([Approved(request(wanted), displaced)], state())
    return Played(venue, journal, done)


@pytest.mark.parametrize(
    ("answer", "sight", "sent"),
    [
        (says(OrderStatus.CANCELLED, "0"), blind, "-1"),
        (says(OrderStatus.CANCELLED, "-0.25"), blind, "-0.75"),
        (says(OrderStatus.FILLED, "-0.6"), blind, "-0.4"),
        (lost, sees(OrderStatus.CANCELLED, "-0.1"), "-0.9"),
        (not_there, sees(OrderStatus.FILLED, "-0.6"), "-0.4"),
        (not_there, sees(OrderStatus.EXPIRED, "0"), "-1"),
        (says(OrderStatus.OPEN, "0"), sees(OrderStatus.CANCELLED, "-0.2"), "-0.8"),
    ],
)
async def test_what_the_old_order_filled_meanwhile_is_taken_off_the_new_one(
    answer: Answer, sight: Sight, sent: str
) -> None:
    played = await replaced(answer, sight)
    assert played.venue.placed == [D(sent)]
    assert played.done.displaced + D(sent) == PROMISED
    assert [item.intent.request.quantity for item in played.journal.pending()] == [D(sent)], "the old one is resolved"


@pytest.mark.parametrize(
    ("answer", "sight"),
    [
        (lost, blind),
        (lost, sees(OrderStatus.OPEN, "0")),
        (lost, finds_nothing),
        (not_there, finds_nothing),
        (not_there, blind),
        (says(OrderStatus.OPEN, "-0.1"), sees(OrderStatus.OPEN, "-0.1")),
    ],
)
async def test_while_its_end_is_not_proven_only_what_goes_beyond_it_is_sent(answer: Answer, sight: Sight) -> None:
    played = await replaced(answer, sight)
    assert played.venue.placed == [D("-0.4")]
    assert played.done.displaced == 0
    assert [item.status for item in played.journal.pending()] == [PendingStatus.OPEN] * 2


async def test_an_order_that_filled_all_that_is_wanted_is_not_followed_by_another() -> None:
    played = await replaced(says(OrderStatus.FILLED, "-0.6"), wanted=D("-0.6"))
    assert (played.venue.placed, played.done.outcome, played.done.filled) == ([], None, D("-0.6"))
    assert played.journal.pending() == ()


async def test_a_rest_below_the_smallest_order_is_not_sent() -> None:
    played = await replaced(says(OrderStatus.FILLED, "-0.6"), wanted=D("-0.605"))
    assert played.venue.placed == []


async def test_what_was_known_to_be_filled_at_the_decision_does_not_count_again() -> None:
    played = await replaced(says(OrderStatus.CANCELLED, "-0.5"), known="-0.2")
    assert (played.venue.placed, played.done.displaced) == ([D("-0.7")], D("-0.3"))


@pytest.mark.parametrize("filled", ["0", "-0.6"])
async def test_a_purchase_in_the_place_of_a_sale_is_sent_whole(filled: str) -> None:
    """What the sale filled meanwhile is seen by the next decision; a purchase closes only what is there."""
    played = await replaced(says(OrderStatus.CANCELLED, filled), wanted=D(1))
    assert played.venue.placed == [D(1)]


async def test_the_old_order_is_taken_back_before_the_new_one_leaves_and_each_once() -> None:
    played = await replaced(says(OrderStatus.CANCELLED, "0"))
    assert played.venue.calls == ["cancel", "place"]
    lost_answer = await replaced(lost, sees(OrderStatus.CANCELLED, "0"))
    assert lost_answer.venue.calls == ["cancel", "lookup", "place"]


async def test_a_crash_between_the_two_leaves_the_old_order_proven_and_no_intent_without_its_order() -> None:
    journal = MemoryJournal()
    intent = journal.new_intent(request(D("-0.6")), NOW, IDS)
    journal.resolve(intent.client_id, Accepted(report(intent, OrderStatus.OPEN, "0")), NOW)
    venue = Venue(intent, says(OrderStatus.CANCELLED, "-0.2"), blind)

    class Full(MemoryJournal):
        def new_intent(self, *_: object, **__: object) -> Intent:
            raise Retryable("the disk is full")

    full = Full()
    full.orders, full.open = journal.orders, journal.open
    executor = Executor({PAPER: venue}, full, ManualClock(NOW))  # type: ignore[dict-item] # the part of the port that is used
    old = Replaced(Cancel(intent.client_id, PAPER, symbol(ETH), "test"), D(0), D("-0.6"), LEAST)
    with pytest.raises(Retryable):
        await executor.execute([Approved(replace(request(D(-1))), old)], state())
    assert venue.placed == []
    assert (full.orders[intent.client_id].status, full.orders[intent.client_id].filled) == ("cancelled", D("-0.2"))
