"""A resting order that only follows the touch is amended where the venue can, else replaced; its intent covers it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from bot.app.loop.execute import Execution, Executor
from bot.backtest.journal import MemoryJournal
from bot.clock import ManualClock
from bot.core.decision import Approved, Cancel, Replaced
from bot.core.orders import Accepted, OrderRequest, OrderStatus, Outcome, Rejected, RejectReason
from bot.core.types import ClientOrderId
from bot.paper.exchange import IDS
from tests.app.loop.test_replace import (
    LEAST,
    Answer,
    Sight,
    Venue,
    blind,
    lost,
    report,
    request,
    says,
    sees,
)
from tests.core.scenes import ETH, NOW, PAPER, state, symbol

D = Decimal


def refuses(intent: object) -> Outcome:
    del intent
    return Rejected(ClientOrderId("a"), RejectReason.OTHER, "-5026", "Exceed maximum modify order limit.")


@dataclass
class Amending(Venue):
    """A venue that amends, as it is told to."""

    amendment: Answer = refuses
    amends: bool = True
    amended: list[OrderRequest] = field(default_factory=list)

    async def amend(self, client_id: ClientOrderId, wanted: OrderRequest) -> Outcome:
        assert client_id == self.old.client_id
        self.calls.append("amend")
        self.amended.append(wanted)
        return self.amendment(self.old)


@dataclass
class Played:
    venue: Amending
    journal: MemoryJournal
    done: Execution


async def requoted(
    amendment: Answer,
    sight: Sight = blind,
    *,
    wanted: str = "-0.6",
    known: str = "0",
    amends: bool = True,
    sent: OrderRequest | None = None,
) -> Played:
    journal = MemoryJournal()
    old = request(D("-0.6"))
    intent = journal.new_intent(old, NOW, IDS)
    journal.resolve(intent.client_id, Accepted(report(intent, OrderStatus.OPEN, known)), NOW)
    venue = Amending(intent, says(OrderStatus.CANCELLED, known), sight, amendment=amendment, amends=amends)
    cancel = Cancel(intent.client_id, PAPER, symbol(ETH), "the touch moved")
    displaced = Replaced(cancel, D(known), old.quantity - D(known), LEAST, old if sent is None else sent)
    executor = Executor({PAPER: venue}, journal, ManualClock(NOW))  # type: ignore[dict-item] # the part of the port that is used
    new = replace(request(D(wanted)), price=D(2010))
    (done,) = await executor.execute([Approved(new, displaced)], state())
    return Played(venue, journal, done)


async def test_it_is_moved_with_one_write_and_keeps_its_intent() -> None:
    played = await requoted(says(OrderStatus.OPEN, "0"))
    assert played.venue.calls == ["amend"]
    (sent,) = played.venue.amended
    assert (sent.quantity, sent.price) == (D("-0.6"), D(2010))
    (pending,) = played.journal.pending()
    assert (pending.intent.client_id, pending.remaining) == (played.venue.old.client_id, D("-0.6"))
    assert (played.done.outcome, played.done.filled) == (None, D(0))


async def test_what_it_filled_is_part_of_the_quantity_and_counts_once() -> None:
    played = await requoted(says(OrderStatus.OPEN, "-0.25"), known="-0.1", wanted="-0.5")
    assert [one.quantity for one in played.venue.amended] == [D("-0.6")], "the intent's own, and never more"
    assert played.done.filled == D("-0.15")
    assert [item.remaining for item in played.journal.pending()] == [D("-0.35")]


async def test_one_that_the_venue_ended_by_it_is_ended() -> None:
    """As documented for post-only orders that would trade at the new price."""
    played = await requoted(says(OrderStatus.CANCELLED, "0"))
    assert (played.venue.calls, played.journal.pending()) == (["amend"], ())


async def test_a_refused_amendment_becomes_a_replacement() -> None:
    played = await requoted(refuses)
    assert played.venue.calls == ["amend", "cancel", "place"]
    assert played.venue.placed == [D("-0.6")]


@pytest.mark.parametrize(
    ("sight", "left"),
    [(sees(OrderStatus.OPEN, "-0.1"), ["-0.5"]), (sees(OrderStatus.FILLED, "-0.6"), []), (blind, ["-0.6"])],
)
async def test_an_unknown_outcome_is_read_and_nothing_else_is_sent(sight: Sight, left: list[str]) -> None:
    played = await requoted(lost, sight)
    assert played.venue.calls == ["amend", "lookup"]
    assert [item.remaining for item in played.journal.pending()] == [D(one) for one in left]


async def test_a_venue_that_can_t_gets_a_replacement() -> None:
    played = await requoted(says(OrderStatus.OPEN, "0"), amends=False)
    assert played.venue.calls == ["cancel", "place"]


@pytest.mark.parametrize("wanted", ["-0.5", "0.6"])
async def test_less_than_what_rests_or_the_other_way_is_no_amendment(wanted: str) -> None:
    played = await requoted(says(OrderStatus.OPEN, "0"), wanted=wanted)
    assert played.venue.calls == ["cancel", "place"]


async def test_another_kind_of_order_is_no_amendment() -> None:
    played = await requoted(says(OrderStatus.OPEN, "0"), sent=replace(request(D("-0.6")), reduce_only=True))
    assert played.venue.calls == ["cancel", "place"]
