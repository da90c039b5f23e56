"""Whatever a venue answers: typed errors only, every write sent once, memory bounded, and the next look is whole."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import pytest

from bot.core.errors import Halt, Retryable, SkipCycle
from bot.core.orders import Accepted, Intent, Rejected, Unknown
from bot.core.snapshot import VenueView
from bot.exchange.ccxt_client import CcxtExchange
from tests.exchange.loopback import Certificate, Reply, Seen, Server
from tests.exchange.scene import ETH, FastClock
from tests.recorded.files import VENUES
from tests.recorded.scene import BTC, Played, played
from tests.spoil import GROWTH, INPUTS, headers, resident, spoiled
from tests.venues.hyperliquid.scene import BTC as HL_BTC
from tests.venues.hyperliquid.scene import ETH as HL_ETH
from tests.venues.hyperliquid.scene import played as hyperliquid

pytestmark = pytest.mark.slow


@pytest.fixture(params=VENUES)
async def venue(request: pytest.FixtureRequest, certificate: Certificate) -> AsyncIterator[Played]:
    async with played(request.param, certificate) as made:
        await made.exchange.check([ETH, BTC])
        yield made


class Asked(Protocol):
    """A venue that answers with recordings, and the adapter connected to it."""

    clock: FastClock
    server: Server
    exchange: CcxtExchange

    @property
    def writes(self) -> Sequence[Seen]: ...
    def answer(self, seen: Seen) -> Reply: ...
    def order(self, number: int) -> Intent: ...
    async def observed(self) -> VenueView: ...


@dataclass
class Spoiler:
    """Spoils most answers while it is ``on``, or few, so that what follows them is reached too."""

    venue: Asked
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


async def over_venue(venue: Asked, inputs: int, seed: int) -> None:
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
            order = venue.order(number)
            with suppress(Retryable, SkipCycle):
                await venue.exchange.lookup(order.client_id, order.request.symbol)
            before = len(venue.writes)
            outcome = await venue.exchange.place(order)
            assert isinstance(outcome, Accepted | Rejected | Unknown)
            assert len(venue.writes) <= before + 1
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
    await over_venue(venue, INPUTS, seed=1)
    assert resident() - before < GROWTH


async def test_spoiled_answers_of_hyperliquid_do_no_more(certificate: Certificate) -> None:
    async with hyperliquid(certificate) as venue:
        await venue.exchange.check([HL_ETH, HL_BTC])
        await over_venue(venue, 300, seed=0)
        before = resident()
        await over_venue(venue, INPUTS, seed=1)
        assert resident() - before < GROWTH
