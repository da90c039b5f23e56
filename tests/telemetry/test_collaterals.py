"""What a venue settles in is told by page and broker as the feeds say it; a price that nobody tells is no dollar."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.market import DollarPrice
from bot.core.record import CycleRecord
from bot.core.types import Mode
from bot.core.view.cycle import view_of
from bot.telemetry.mqtt.config import Broker, MqttConfig
from bot.telemetry.mqtt.messages import Composer
from bot.telemetry.web import status_json
from tests.telemetry.web.scenes import record


def said(*prices: DollarPrice) -> CycleRecord:
    made = record()
    (chain,) = made.snapshot.chains
    return replace(made, snapshot=replace(made.snapshot, chains=(replace(chain, dollars=prices),)))


@pytest.mark.parametrize(
    ("told", "price", "sources"),
    [
        ((), None, ""),
        ((DollarPrice("USDT", None, "a feed: it is 2 days old"),), None, "a feed: it is 2 days old"),
        ((DollarPrice("USDT", Decimal("0.9871"), "a feed"), DollarPrice("USDC", Decimal(1), "b")), "0.9871", "a feed"),
    ],
)
def test_page_and_broker_tell_the_same(
    told: tuple[DollarPrice, ...], price: str | None, sources: str, tmp_path: Path
) -> None:
    view = view_of(said(*told))
    expected = [{"currency": "USDT", "price": price, "sources": sources}]
    (venue,) = json.loads(status_json.dumps(status_json.cycle(view)))["venues"]
    assert venue["collaterals"] == expected
    config = MqttConfig(Broker("localhost", 1883), "dnbot", "b", "0.1.0", Mode.PAPER, 1, tmp_path / "c")
    (message,) = (one for one in Composer(config).states(view) if one.topic == "dnbot/state/venue/paper")
    assert json.loads(message.payload)["collaterals"] == expected
