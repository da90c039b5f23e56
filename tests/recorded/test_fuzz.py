"""Whatever a venue answers: typed errors only, every write sent once, memory bounded, and the next look is whole."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

import pytest

from bot.core.errors import Halt, Retryable, SkipCycle
from bot.core.orders import Accepted, OrderKind, Rejected, Unknown
from tests.exchange.loopback import Certificate, Reply, Seen
from tests.exchange.scene import ETH, intent
from tests.recorded.files import VENUES
from tests.recorded.scene import BTC, Played, played
from tests.spoil import GROWTH, INPUTS, headers, resident, spoiled

D = Decimal
pytestmark = pytest.mark.slow


@pytest.fixture(params=VENUES)
async def venue(request: pytest.FixtureRequest, certificate: Certificate) -> AsyncIterator[Played]:
    async with played(request.param, certificate) as made:
        await made.exchange.check([ETH, BTC])
        yield made


@dataclass
class Spoiler:
    """Spoils most answers while it is ``on``, or few, so that what follows them is reached too."""

    venue: Played
    draw: random.Random
    on: bool = True
    spoilt: int = 0
    share: float = 0.9

    def answer(self, seen: Seen) -> Reply:
        reply = self.venue.answer(seen)
        if not self.on or self.draw.random() > self.share:
            return reply
        self.spoilt += 1
        status, extra, pack = headers(self.draw)
        raw = pack(spoiled(reply.body, self.draw))
        return Reply(raw=raw, status=reply.status if status == 200 else status, headers=extra)


async def over_venue(venue: Played, inputs: int, seed: int) -> None:
    """Look, look up, place and cancel at a venue that spoils answers, until so many were spoiled.

    A write is sent once, whatever was said to it; when the venue is honest again the view is the whole one.
    """
    whole = await venue.observed()
    spoiler = Spoiler(venue, random.Random(seed))
    venue.server.faults = _Every(spoiler)
    number = 100
    while spoiler.spoilt < inputs:
        spoiler.on, spoiler.share = True, spoiler.draw.choice([0.1, 0.9, 0.9])
        for _ in range(10):
            venue.clock.advance(120)  # a pause that was asked for is over, so that more than its refusal is tried
            with suppress(Retryable, SkipCycle, Halt):
                await venue.observed()
            number += 1
            order = intent(quantity=D("-0.5"), price=D(2990), number=number, kind=OrderKind.LIMIT)
            with suppress(Retryable, SkipCycle):
                await venue.exchange.lookup(order.client_id, ETH)
            before = len(venue.server.writes)
            outcome = await venue.exchange.place(order)
            assert isinstance(outcome, Accepted | Rejected | Unknown)
            assert len(venue.server.writes) <= before + 1
        spoiler.on = False
        venue.server.seen.clear()
        venue.clock.advance(3600)  # whatever pause was asked for is over
        seen = await venue.observed()
        assert (seen.positions, seen.balance, seen.unread) == (whole.positions, whole.balance, whole.unread)


class _Every(dict):  # type: ignore[type-arg]  # the server's own table of faults, by request
    """One fault for every request."""

    def __init__(self, spoiler: Spoiler) -> None:
        super().__init__()
        self._spoiler = spoiler

    def get(self, key: object, default: object = None) -> object:
        del key, default
        return self._spoiler.answer


async def test_spoiled_answers_make_typed_errors_alone_and_the_next_look_is_whole(venue: Played) -> None:
    await over_venue(venue, 300, seed=0)
    before = resident()
    await over_venue(venue, INPUTS // len(VENUES), seed=1)
    assert resident() - before < GROWTH
