"""The paper exchange behind its port when the venue is slow or away."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.errors import Retryable
from bot.core.orders import Accepted, LedgerKind, NotFound, OrderReport, OrderStatus, Rejected, RejectReason, Unknown
from bot.core.types import ClientOrderId
from bot.paper.engine.rules import Hardships, Window, WindowKind
from bot.paper.exchange import PaperExchange
from tests.paper.engine.scene import limit, request, stop
from tests.paper.exchange_scene import ETH, START, D, TestClock, config, intent, script

MINUTE = timedelta(minutes=1)


def exchange(directory: Path, clock: TestClock, hardships: Hardships, seed: int = 0) -> PaperExchange:
    return PaperExchange(replace(config(directory), hardships=hardships, seed=seed), script(directory), clock)


def away(kind: WindowKind) -> Hardships:
    return Hardships(windows=(Window(START + MINUTE, START + 3 * MINUTE, kind),))


async def test_an_order_meets_the_book_of_when_it_arrives(tmp_path: Path) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock, Hardships(order_latency=MINUTE, cancel_latency=MINUTE))
    outcome = await paper.place(intent("a", request("-1")))
    assert isinstance(outcome, Accepted)
    assert outcome.report.average_price == D("2099.79")
    assert outcome.report.updated_at == clock.now() == START + MINUTE
    await paper.close()


async def test_an_order_may_fill_while_its_cancel_is_on_the_way(tmp_path: Path) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock, Hardships(cancel_latency=2 * MINUTE))
    await paper.place(intent("a", limit("-1", "2090")))
    assert isinstance(await paper.cancel(ClientOrderId("a"), ETH), Rejected)
    report = await paper.lookup(ClientOrderId("a"), ETH)
    assert isinstance(report, OrderReport)
    assert report.status is OrderStatus.FILLED
    await paper.close()


async def test_jitter_is_drawn_and_survives_a_restart(tmp_path: Path) -> None:
    hardships = Hardships(order_latency=timedelta(milliseconds=100), jitter=timedelta(milliseconds=100))

    async def waits(name: str, seed: int, *, restart: bool) -> list[timedelta]:
        directory = tmp_path / name
        directory.mkdir()
        clock = TestClock()
        paper = exchange(directory, clock, hardships, seed)
        found = []
        for number in range(4):
            before = clock.now()
            await paper.place(intent(f"o{number}", request("-0.01")))
            found.append(clock.now() - before)
            if restart:
                await paper.close()
                paper = exchange(directory, clock, hardships, seed)
        await paper.close()
        return found

    first = await waits("a", 1, restart=False)
    assert first == await waits("b", 1, restart=True)
    assert first != await waits("c", 2, restart=False)
    assert len(set(first)) == 4
    assert all(timedelta(milliseconds=100) <= wait <= timedelta(milliseconds=200) for wait in first)


async def test_in_an_outage_nothing_answers_nothing_arrives_and_resting_stops_stand(tmp_path: Path) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock, away(WindowKind.OUTAGE))
    await paper.place(intent("a", request("-1")))
    await paper.place(intent("s", stop("1", "2100")))
    clock.move(minutes=1)
    with pytest.raises(Retryable, match="outage"):
        await paper.observe()
    with pytest.raises(Retryable, match="outage"):
        await paper.lookup(ClientOrderId("a"), ETH)
    with pytest.raises(Retryable, match="outage"):
        await paper.fills(START)
    with pytest.raises(Retryable, match="outage"):
        await paper.ledger(START)
    assert isinstance(await paper.place(intent("b", request("-1"))), Unknown)
    assert isinstance(await paper.cancel(ClientOrderId("s"), ETH), Unknown)
    clock.move(minutes=2)
    view = await paper.observe()
    assert view.positions[ETH].size == 0
    assert isinstance(await paper.lookup(ClientOrderId("b"), ETH), NotFound)
    assert [fill.client_id for fill in await paper.fills(START)] == ["a", "s"]
    await paper.close()


async def test_in_maintenance_orders_are_refused_and_reads_do_not_answer(tmp_path: Path) -> None:
    clock = TestClock()
    paper = exchange(tmp_path, clock, away(WindowKind.MAINTENANCE))
    await paper.place(intent("a", limit("-1", "2090")))
    clock.move(minutes=1)
    with pytest.raises(Retryable, match="maintenance"):
        await paper.observe()
    for outcome in (await paper.place(intent("b", request("-1"))), await paper.cancel(ClientOrderId("a"), ETH)):
        assert isinstance(outcome, Rejected)
        assert outcome.reason is RejectReason.MAINTENANCE
    clock.move(minutes=2)
    assert (await paper.observe()).open_orders[0].client_id == "a"
    await paper.close()


async def test_a_liquidation_is_seen_in_position_fills_and_ledger(tmp_path: Path) -> None:
    clock = TestClock()
    prices = "time,underlying,price\n2026-01-01T01:00:00Z,ETH,2000\n2026-01-01T01:00:00Z,BTC,40000\n"
    marks = script(tmp_path, prices + "2026-01-01T01:01:00Z,ETH,2400\n")
    paper = PaperExchange(replace(config(tmp_path), deposit=D(2_100)), marks, clock)
    await paper.place(intent("a", request("-10")))
    price = (await paper.observe()).positions[ETH].liquidation_price
    assert price is not None
    assert 2190 < price < 2210
    clock.move(minutes=1)
    assert (await paper.observe()).positions[ETH].size == 0
    fills = await paper.fills(START)
    assert fills[-1].client_id is not None
    assert fills[-1].client_id.startswith("autoclose-")
    entries = (await paper.ledger(START)).entries
    assert sum((entry.amount for entry in entries), D(0)) == (await paper.observe()).balance.wallet >= 0
    assert {entry.kind for entry in entries} >= {LedgerKind.DEPOSIT, LedgerKind.FEE, LedgerKind.REALISED}
    await paper.close()
