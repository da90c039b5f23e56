"""An order leaves only behind a durable intent; what became of it is found out by looking."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.errors import ConfigError, Retryable
from bot.core.orders import OrderKind, OrderRequest
from bot.core.types import VenueId
from bot.journal.order_lifecycle import IntentStatus
from bot.journal.reader import JournalView
from bot.paper.exchange import IDS
from bot.protocols.registry import CURVES
from tests.app.fakes import Rig, rig, view
from tests.core.scenes import ETH, NOW, line, pending, symbol
from tests.faults.points import Points


class Failing:
    """A hook that fails at one point as often as it is told to, and keeps the names of all points."""

    def __init__(self, name: str, times: int = 1) -> None:
        self.name, self.times = name, times
        self.reached: list[str] = []

    def __call__(self, _: int, name: str) -> None:
        self.reached.append(name)
        if name == self.name and self.times > 0:
            self.times -= 1
            raise Retryable(f"{name} fails")


async def position(run: Rig) -> Decimal:
    return (await run.exchange.observe()).positions[symbol(ETH)].size


def statuses(folder: Path) -> list[IntentStatus]:
    """Return what became of the orders, stops left aside."""
    books = JournalView.open(folder / "journal.sqlite", CURVES)
    orders = [item for item in books.intents() if item.intent.request.kind is not OrderKind.STOP_MARKET]
    found = [item.status for item in orders]
    books.close()
    return found


async def test_without_an_intent_nothing_is_sent(tmp_path: Path) -> None:
    hook = Failing("before new_intent")
    async with rig(tmp_path, points=Points(hook)) as run:
        with pytest.raises(Retryable):
            await run.turn(view(1))
        assert "before place" not in hook.reached
        assert await position(run) == 0
        await run.turn(view(2))
        assert await position(run) < 0
    assert statuses(tmp_path) == [IntentStatus.FILLED]


async def test_the_state_that_counts_an_order_is_durable_before_it_is_sent(tmp_path: Path) -> None:
    async with rig(tmp_path, points=Points(Failing("before place"))) as run:
        with pytest.raises(Retryable):
            await run.turn(view(1))
        known = run.journal.load_state()
    assert known is not None
    assert len(known.order_times) == 1


async def test_an_order_whose_end_was_not_noted_is_looked_up_and_not_sent_again(tmp_path: Path) -> None:
    hook = Failing("before resolve")
    async with rig(tmp_path, points=Points(hook)) as run:
        with pytest.raises(Retryable):
            await run.turn(view(1))
        size = await position(run)
        assert size < 0
        record = await run.turn(view(2))
        assert await position(run) == size
        assert line(record.decision, ETH).drift == size - line(record.decision, ETH).target
        assert hook.reached.count("before place") == 2, "the order, and its stop"
        assert hook.reached.count("before lookup") == 1
        assert run.journal.last_fill_at(run.exchange.venue) is not None
    assert statuses(tmp_path) == [IntentStatus.FILLED]


async def test_fills_that_could_not_be_read_are_read_the_next_time(tmp_path: Path) -> None:
    async with rig(tmp_path, points=Points(Failing("before fills"))) as run:
        record = await run.turn(view(1))
        assert len(record.decision.approved) == 1, "the cycle is recorded all the same"
        assert run.journal.last_fill_at(run.exchange.venue) is None
        await run.turn(view(2))
        assert run.journal.last_fill_at(run.exchange.venue) is not None


async def test_what_can_not_be_looked_up_stays_unresolved_and_adds_nothing(tmp_path: Path) -> None:
    hook = Failing("before lookup", times=2)
    async with rig(tmp_path, points=Points(hook)) as run:
        run.journal.new_intent(pending(ETH, "-1").intent.request, NOW, IDS)
        for number in (1, 2):
            record = await run.turn(view(number, size=1))
            assert [item.intent.request.quantity for item in run.journal.pending()] == [-1]
            assert line(record.decision, ETH).in_flight == -1
            assert record.decision.approved == ()
        await run.turn(view(3, size=1))
        assert [item.intent.request.kind for item in run.journal.pending()] == [OrderKind.STOP_MARKET]
    assert statuses(tmp_path) == [IntentStatus.NOT_FOUND, IntentStatus.FILLED]


async def test_fills_of_an_order_that_ends_later_are_recorded(tmp_path: Path) -> None:
    async with rig(tmp_path) as run:
        await run.turn(view(1))
        fills = run.journal.last_fill_at(run.exchange.venue)
        run.chain.show(view(2))
        await run.cycle.observer.observe()
        intent = run.journal.new_intent(replace(pending(ETH, "0.012").intent.request, price=Decimal(2100)), NOW, IDS)
        await run.exchange.place(intent)
        await run.turn(view(3))
        assert run.journal.last_fill_at(run.exchange.venue) != fills
    assert statuses(tmp_path)[:2] == [IntentStatus.FILLED] * 2


async def test_an_unresolved_order_at_a_venue_that_is_gone_from_the_configuration_says_so(tmp_path: Path) -> None:
    given = pending(ETH, "-1", on=VenueId("binance")).intent.request
    assert isinstance(given, OrderRequest)
    async with rig(tmp_path) as run:
        intent = run.journal.new_intent(given, NOW, IDS)
        with pytest.raises(ConfigError, match=f"venues.binance: .* order {intent.client_id} ") as caught:
            await run.daemon.run(asyncio.Event())
    assert caught.value.key == "venues.binance"
