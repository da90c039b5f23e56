"""/metrics: right figures, none for what is unknown, and a format that Prometheus accepts."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from decimal import Decimal

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.clock import ManualClock
from bot.core.booked import AccountBook, BookedAccount
from bot.core.decide import decide
from bot.core.orders import (
    Accepted,
    Intent,
    LedgerEntry,
    LedgerKind,
    NotFound,
    OrderReport,
    OrderStatus,
    Outcome,
    Rejected,
    RejectReason,
    Unknown,
)
from bot.core.pnl.attribution import Attribution, HedgeResult, LiquidityResult
from bot.core.pnl.ledger import Book
from bot.core.record import CycleRecord, Event
from bot.core.telemetry_event import (
    CycleFailed,
    CycleRecorded,
    EventJournaled,
    LedgerRead,
    OrderReported,
    Phase,
    PhaseEnded,
    RpcFailed,
    TelemetryEvent,
    VenueFailed,
)
from bot.core.types import ChainName, Mode, PositionId
from bot.core.view.cycle import view_of
from bot.core.view.glance import glance
from bot.telemetry.web.config import HttpConfig
from bot.telemetry.web.server import HttpServer
from tests.core import scenes
from tests.core.scenes import ETH, NOW, PAPER, pending, symbol
from tests.telemetry.feed import tell
from tests.telemetry.web.scenes import ABOUT, UNKNOWN, Site, record, site

ETH_PERP = symbol(ETH)
Samples = dict[tuple[str, tuple[str, ...]], float]


async def text(at: Site) -> str:
    async with at.client.get("/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return await answer.text()


async def samples(at: Site) -> Samples:
    """Return every sample by its name and its labels' values in alphabetical order."""
    return {
        (sample.name, tuple(sorted(sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(await text(at))
        for sample in family.samples
    }


def outcomes(intent: Intent) -> list[Outcome | NotFound]:
    """Return every kind of end that an order can have."""
    name = intent.client_id
    quantity = intent.request.quantity
    report = OrderReport(name, "1", ETH_PERP, OrderStatus.FILLED, quantity, quantity, Decimal(2000), Decimal(1), NOW)
    rejected = Rejected(name, RejectReason.INSUFFICIENT_MARGIN, "-2019", "no")
    return [Accepted(report), rejected, Unknown(name, "lost"), NotFound(name, NOW)]


def tell_everything(server: HttpServer) -> None:
    """Have the server take every kind of event."""
    intent = pending(ETH, "-0.5").intent
    funding = [LedgerEntry(1, LedgerKind.FUNDING, ETH_PERP, Decimal("1.5"), NOW)]
    funding.append(LedgerEntry(2, LedgerKind.FUNDING, ETH_PERP, Decimal("-0.25"), NOW))
    events: list[TelemetryEvent] = [
        CycleRecorded(record()),
        *(PhaseEnded(phase, 0.003) for phase in Phase),
        CycleFailed("Retryable"),
        RpcFailed(ChainName("local")),
        VenueFailed(PAPER),
        *(OrderReported(intent, outcome) for outcome in outcomes(intent)),
        LedgerRead(PAPER, tuple(funding[:1])),
        LedgerRead(PAPER, tuple(funding)),
        EventJournaled(Event(NOW, "started", "the daemon started", {})),
    ]
    for event in events:
        tell(server, event)


async def test_the_gauges_say_what_the_record_says() -> None:
    async with site() as at:
        tell(at.server, CycleRecorded(record(3)))
        at.clock.advance(5)
        found = await samples(at)
    eth, position, market = ("ETH",), ("local:v2:one",), (ETH_PERP, "paper")
    expected: Samples = {
        ("dnbot_exposure_units", eth): 2.5,
        ("dnbot_target_units", eth): -2.5,
        ("dnbot_position_units", eth): -2.5,
        ("dnbot_drift_units", eth): 0,
        ("dnbot_mark_price_usd", eth): 2000,
        ("dnbot_lp_value_usd", position): 10_000,
        ("dnbot_lp_in_range", position): 1,
        ("dnbot_margin_ratio", ("paper",)): 0.02,
        ("dnbot_equity_usd", ("paper",)): 10_000,
        ("dnbot_liquidation_distance_ratio", market): 0.5,
        ("dnbot_perp_notional_usd", market): -5000,
        ("dnbot_funding_yearly_ratio", market): 0.1095,
        ("dnbot_block_number", ("local",)): 100,
        ("dnbot_head_age_seconds", ("local",)): 5,
        ("dnbot_last_cycle_age_seconds", ()): 5,
        ("dnbot_state", ("running",)): 1,
        ("dnbot_state", ("halted",)): 0,
        ("dnbot_venue_up", ("paper",)): 1,
        ("dnbot_pending_orders", ("unknown",)): 0,
        ("dnbot_cycles_total", ()): 1,
        ("dnbot_build_info", ("0.1.0", "paper", "testbot")): 1,
    }
    assert {key: found.get(key) for key in expected} == pytest.approx(expected)
    assert found["dnbot_band_outer_units", eth] > 0


@pytest.mark.parametrize(("usd", "severity"), [(100_000, "critical"), (100, "warning")])
async def test_an_exposure_without_a_market_shows_as_unhedged_in_figures_plan_and_page(usd: int, severity: str) -> None:
    positions = [scenes.v2("own", 100_000), scenes.v2("other", usd, (scenes.BTC, scenes.USD))]
    seen = scenes.snapshot(scenes.chain(positions), scenes.venue({ETH: -25}))
    decision = decide(seen, scenes.NO_INPUTS, scenes.state(), scenes.policy(hedges={ETH: scenes.hedge(ETH)}))
    made = CycleRecord(1, NOW, seen, decision, 0.02)
    async with site() as at:
        tell(at.server, CycleRecorded(made))
        found = await samples(at)
    held = usd / 100_000
    assert found["dnbot_exposure_units", ("BTC",)] == found["dnbot_unhedged_units", ("BTC",)] == held
    assert found["dnbot_alarm", tuple(sorted(("no-market:BTC", severity)))] == 1
    (item,) = (one for one in view_of(made).hedges if one.hedge.underlying == scenes.BTC)
    assert (float(item.hedge.exposure), float(item.unhedged or 0)) == (held, held)
    assert item.words.note == "no hedge is configured: shown, not hedged"
    assert f"BTC 0% hedged, {held:.6g} BTC unhedged" in glance(view_of(made), Mode.PAPER).text


async def test_what_is_unknown_has_no_sample() -> None:
    async with site() as at:
        tell(at.server, CycleRecorded(record()))
        assert ("dnbot_drift_units", ("ETH",)) in await samples(at)
        tell(at.server, CycleRecorded(record(2, UNKNOWN)))
        found = await samples(at)
    assert found["dnbot_venue_up", ("paper",)] == 0
    assert found["dnbot_exposure_units", ("ETH",)] == 2.5
    gone = {"dnbot_drift_units", "dnbot_position_units", "dnbot_mark_price_usd", "dnbot_margin_ratio"}
    assert not gone & {name for name, _ in found}
    assert found["dnbot_alarm", ("venue:paper", "warning")] == 1


async def test_before_the_first_cycle_only_the_age_is_known() -> None:
    async with site() as at:
        at.clock.advance(9)
        found = await samples(at)
    assert found["dnbot_last_cycle_age_seconds", ()] == 9
    assert not any(name.startswith("dnbot_state") for name, _ in found)


async def test_what_no_record_holds_is_counted() -> None:
    async with site() as at:
        tell_everything(at.server)
        found = await samples(at)
    expected: Samples = {
        ("dnbot_cycle_phase_seconds_count", ("observe",)): 1,
        ("dnbot_cycle_phase_seconds_sum", ("decide",)): 0.003,
        ("dnbot_cycle_failures_total", ("Retryable",)): 1,
        ("dnbot_rpc_errors_total", ("local",)): 1,
        ("dnbot_venue_errors_total", ("paper",)): 1,
        ("dnbot_order_outcomes_total", (ETH_PERP, "accepted", "filled", "paper")): 1,
        ("dnbot_order_outcomes_total", (ETH_PERP, "insufficient_margin", "paper", "rejected")): 1,
        ("dnbot_order_outcomes_total", ("", ETH_PERP, "paper", "unknown")): 1,
        ("dnbot_order_outcomes_total", ("", ETH_PERP, "not_found", "paper")): 1,
        ("dnbot_ledger_usd", ("funding", "paper")): 1.25,
        ("dnbot_events_total", ("started",)): 1,
    }
    assert {key: found.get(key) for key in expected} == pytest.approx(expected)


async def test_every_metric_is_defined_once_and_every_definition_is_exposed() -> None:
    async with site() as at:
        tell_everything(at.server)
        families = {item.name: item for item in text_string_to_metric_families(await text(at))}
        definitions = at.server.metrics.definitions
    own = {name for name in families if name.startswith("dnbot_")}
    assert own == {item.name.removesuffix("_total") for item in definitions}
    assert len(own) == len(definitions)
    for item in definitions:
        family = families[item.name.removesuffix("_total")]
        assert (family.type, family.documentation) == (item.kind, item.help)
        assert {key for sample in family.samples for key in sample.labels} - {"le"} <= set(item.labels)


async def test_promtool_finds_no_fault() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is missing: `make testtools` as root, or install the package prometheus")
    async with site() as at:
        tell_everything(at.server)
        body = await text(at)
    checked = subprocess.run([promtool, "check", "metrics"], input=body, text=True, capture_output=True, check=False)  # noqa: S603, ASYNC221 - our own text; nothing else runs meanwhile
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


async def test_what_was_booked_is_told_by_term() -> None:
    liquidity = {PositionId("v3"): LiquidityResult(Decimal(5), Decimal(7), Decimal(-2), Decimal(3))}
    hedges = {ETH: HedgeResult(Decimal(-6), Decimal(1), Decimal("-0.5"), Decimal("-0.25"), Decimal(0))}
    account = AccountBook(BookedAccount(Decimal(10_000), {}, {}), 0, residual=Decimal("0.125"))
    total = Attribution(liquidity, hedges, Decimal(4))
    async with site() as at:
        tell(at.server, CycleRecorded(replace(record(), book=Book("2026-01-02", {}, {PAPER: account}, total, total))))
        found = await samples(at)
        async with at.client.get("/status") as answer:
            results = (await answer.json())["last"]["results"]
    assert {key[1]: value for key, value in found.items() if key[0] == "dnbot_lp_result_usd"} == {
        ("fees", "v3"): 5,
        ("hold", "v3"): 7,
        ("il", "v3"): -2,
        ("lvr", "v3"): 3,
    }
    told = {key[1][1]: value for key, value in found.items() if key[0] == "dnbot_hedge_result_usd"}
    assert told == {"price": -6, "funding": 1, "trading_fees": -0.5, "slippage": -0.25, "liquidation_fees": 0}
    assert found["dnbot_residual_usd", (PAPER,)] == 0.125
    assert results["today"]["liquidity"] == {"fees": "5", "hold": "7", "il": "-2", "lvr": "3"}
    assert results["total"]["residual"] == "-0.25"


async def test_error_counters_stand_at_zero_before_anything_fails() -> None:
    about = replace(ABOUT, chains=(ChainName("local"),), venues=(PAPER,))
    found = HttpServer(HttpConfig(), ManualClock(NOW), about).metrics.text().decode()
    for line in (
        'dnbot_rpc_errors_total{chain="local"} 0.0',
        'dnbot_venue_errors_total{venue="paper"} 0.0',
        'dnbot_cycle_failures_total{error="Retryable"} 0.0',
    ):
        assert line in found
