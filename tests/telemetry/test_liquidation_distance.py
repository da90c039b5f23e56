"""Liquidation as every reader is told it: where all marks of the account rise, the same figure for all of them."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.app.report import as_data
from bot.core.decide import decide
from bot.core.market import MarginTier
from bot.core.record import CycleRecord
from bot.core.risk.liquidation import MarginAccount
from bot.core.snapshot import PerpPosition, VenueView
from bot.core.telemetry_event import CycleRecorded
from bot.core.types import Mode, Underlying
from bot.core.view.cycle import view_of
from bot.core.view.perps import perps
from bot.telemetry.mqtt.config import Broker, MqttConfig
from bot.telemetry.mqtt.messages import Composer
from bot.telemetry.web import status_json
from tests.core.scenes import BTC, ETH, MARKS, NO_INPUTS, NOW, chain, policy, quote, snapshot, state, symbol, v2, venue
from tests.telemetry.feed import tell
from tests.telemetry.web.scenes import site

D = Decimal
TIERS = (MarginTier(D(0), D(10**9), D("0.005"), D(0), D(50)),)
RATE = D("0.005")


def short_in(sizes: dict[Underlying, str], cash: str, told: dict[Underlying, str] | None = None) -> VenueView:
    """Make a cross account; ``told`` are the venue's own liquidation prices."""
    quotes = [replace(one, market=replace(one.market, tiers=TIERS)) for one in map(quote, MARKS)]
    view = venue(sizes, quotes=quotes, cash=D(cash))
    prices = {symbol(key): D(price) for key, price in (told or {}).items()}
    positions: dict[Any, PerpPosition] = {
        key: replace(one, liquidation_price=prices.get(key)) for key, one in view.positions.items()
    }
    return replace(view, positions=positions)


def record_of(view: VenueView) -> CycleRecord:
    seen = snapshot(chain([v2("a", 100_000), v2("b", 100_000, (BTC, Underlying("USD")))]), view)
    return CycleRecord(1, NOW, seen, decide(seen, NO_INPUTS, state(), policy()), 0.01)


def joint(view: VenueView) -> Decimal:
    """Return, by the definition, the common rise at which a cross account of one tier is liquidated."""
    account = MarginAccount(view)
    notional = sum((account.notional(one) for one in account.crossed), D(0))
    return (account.cross_equity - RATE * notional) / (notional * (1 + RATE))


CASES = {
    "two shorts of a size": short_in({ETH: "-25", BTC: "-1"}, "120000"),
    "one large, one small": short_in({ETH: "-25", BTC: "-0.1"}, "60000"),
    "the venue tells its own, that stands still": short_in(
        {ETH: "-25", BTC: "-1"}, "120000", {ETH: "5256", BTC: "150000"}
    ),
    "nearly liquidated": short_in({ETH: "-25", BTC: "-1"}, "1500", {ETH: "2100"}),
}


@pytest.mark.parametrize("view", CASES.values(), ids=CASES)
async def test_page_metrics_messages_and_plan_show_the_joint_distance(view: VenueView, tmp_path: Path) -> None:
    record, true = record_of(view), float(joint(view))
    assert [float(one.liquidation_distance or 0) for one in perps(record)] == pytest.approx([true, true])

    page = status_json.cycle(view_of(record))["perps"]
    assert isinstance(page, list)
    assert [float(one["distance"]) for one in page] == pytest.approx([true, true])
    marks = [float(MARKS[key]) for key in (ETH, BTC)]
    assert [float(one["liquidation"]) for one in page] == pytest.approx([mark * (1 + true) for mark in marks])

    config = MqttConfig(Broker("localhost", 1883), "dnbot", "b", "0.1.0", Mode.PAPER, 1, tmp_path / "counter")
    composer = Composer(config)
    told = next(json.loads(one.payload) for one in composer.states(view_of(record)) if "/venue/" in one.topic)
    assert float(told["liquidation_distance"]) == pytest.approx(true, abs=1e-6)

    async with site() as at:
        tell(at.server, CycleRecorded(record))
        async with at.client.get("/metrics") as answer:
            families = text_string_to_metric_families(await answer.text())
    gauges = [
        one.value for family in families for one in family.samples if one.name == "dnbot_liquidation_distance_ratio"
    ]
    assert gauges == pytest.approx([true, true])

    shorts = as_data(view_of(record))["shorts"]
    assert isinstance(shorts, list)
    assert [float(one["distance"]) for one in shorts] == pytest.approx([true, true])


def test_a_nearer_price_that_the_venue_tells_counts() -> None:
    record = record_of(short_in({ETH: "-25", BTC: "-1"}, "120000", {ETH: "2200"}))
    assert next(one.liquidation_price for one in perps(record)) == D(2200)


def test_a_long_that_somebody_opened_has_the_venues_price() -> None:
    record = record_of(short_in({ETH: "2"}, "10000", {ETH: "500"}))
    assert [one.liquidation_distance for one in perps(record)] == [D("0.75"), None]
