"""The venue's official Python SDK, from an environment of its own, trades on our server; skipped where there is none.

``python -m venv /tmp/hlsdk && /tmp/hlsdk/bin/pip install hyperliquid-python-sdk`` makes one (``DNBOT_HYPERLIQUID_SDK``
names another folder).
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.clock import SystemClock
from bot.core.types import Symbol
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import VenueServer
from bot.paper.servers.venue import Venue
from tests.paper.servers.flavours import rules_of
from tests.paper.servers.scene import Prices, desk

D = Decimal
PYTHON = Path(os.environ.get("DNBOT_HYPERLIQUID_SDK", "/tmp/hlsdk")) / "bin/python"  # noqa: S108 - an environment, not a file
SCRIPT = Path(__file__).with_name("hyperliquid_sdk.py")
ETH, BTC = Symbol("ETH/USDC:USDC"), Symbol("BTC/USDC:USDC")
KEYS = SERVERS["hyperliquid"].issue("alice")

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason=f"no SDK in {PYTHON.parent.parent}")


@pytest.fixture
async def venue() -> AsyncIterator[VenueServer]:
    rules, clock = rules_of("hyperliquid"), SystemClock()
    account = desk(rules, clock.now(), KEYS)
    prices = Prices({ETH: D(2000), BTC: D(40_000)})
    async with VenueServer(Venue(rules, [account], prices, clock), SERVERS["hyperliquid"].dialect()) as server:
        yield server


async def said(venue: VenueServer) -> dict[str, Any]:
    """Run the SDK against the server; return what every call answered."""
    process = await asyncio.create_subprocess_exec(
        str(PYTHON), str(SCRIPT), venue.url, KEYS.key, KEYS.secret, stdout=-1, stderr=-1, env={}
    )
    out, wrong = await process.communicate()
    assert process.returncode == 0, wrong.decode()
    answers: dict[str, Any] = json.loads(out)
    return answers


def status(answer: Any) -> Any:  # noqa: ANN401 - parsed JSON
    """Return the one status of an order's or a cancellation's answer."""
    (one,) = answer["response"]["data"]["statuses"]
    return one


async def test_the_sdk_places_amends_cancels_triggers_and_asks(venue: VenueServer) -> None:
    told = await said(venue)
    (account,) = venue.venue.desks.values()
    assert told["leverage"] == {"status": "ok", "response": {"type": "default"}}
    assert status(told["opened"])["filled"] == {"totalSz": "1.5", "avgPx": "1999.8", "oid": 1}
    assert status(told["rested"])["resting"]["oid"] == 2
    assert told["amended"]["status"] == "ok"
    listed = {row["cloid"]: row for row in told["open"]}
    rest, stop = (f"0x{number:032x}" for number in (1, 2))
    assert (listed[rest]["sz"], listed[rest]["limitPx"], listed[rest]["tif"]) == ("0.7", "2020.0", "Alo")
    assert (listed[stop]["triggerPx"], listed[stop]["reduceOnly"], listed[stop]["orderType"]) == (
        "2100.0",
        True,
        "Stop Market",
    )
    assert told["by_cloid"]["order"]["status"] == "open"
    assert (status(told["cancelled"]), told["gone"]["order"]["status"]) == ("success", "canceled")
    assert status(told["nothing"])["error"].startswith("Order was never placed, already canceled, or filled.")
    assert status(told["refused"])["error"].startswith("Reduce only order would increase position.")
    assert status(told["too_small"])["error"].startswith("Order must have minimum value of $10.")
    (held,) = told["state"]["assetPositions"]
    assert (held["position"]["szi"], held["position"]["leverage"]) == ("-1.5", {"type": "cross", "value": 5})
    assert [(row["side"], row["sz"], row["dir"]) for row in told["fills"]] == [("A", "1.5", "Open Short")]
    assert status(told["closed"])["filled"]["totalSz"] == "0.5"
    assert account.size(ETH) == D("-1.0")
    assert told["left"]["assetPositions"][0]["position"]["szi"] == "-1.0"
    assert [order.trigger for order in account.working()] == [2100]
