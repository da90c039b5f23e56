"""The recordings themselves: each names its source and how sure it is, and every call that is made has one."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from bot.venues.binance.facts import WEIGHTS
from bot.venues.bitget.facts import PER_SECOND
from bot.venues.bitget.unified.facts import PER_SECOND as UNIFIED_PER_SECOND
from tests.recorded.files import FOLDER, VENUES, Certainty, Recording, recordings
from tests.recorded.scene import USUAL

ASKED = {
    "binance": {*WEIGHTS, "/sapi/v1/account/apiRestrictions"},
    "bitget": {*PER_SECOND},
    "bitget-uta": {*UNIFIED_PER_SECOND},
}
"""What the request budget has a price for, which is what is asked of a venue."""
NOT_ASKED = {"/fapi/v1/listenKey"}
WRITES = {"POST", "PUT", "DELETE"}
STREAMS = {
    "binance": {"markPriceUpdate", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "ALGO_UPDATE"},
    "bitget": {"ticker", "orders", "positions", "orders-algo"},
    "bitget-uta": {"ticker", "order", "position"},
}
_SECRET = re.compile(r"[A-Za-z0-9+/]{40,}")

ALL = [one for venue in (*VENUES, "hyperliquid") for one in recordings(venue)]


@pytest.mark.parametrize("one", ALL, ids=lambda one: f"{one.venue}-{one.name}")
def test_a_recording_names_its_source_and_how_sure_it_is(one: Recording) -> None:
    assert len(one.source) > 20
    assert one.certainty in Certainty
    assert one.method in {"GET", "STREAM", *WRITES}
    raw = json.loads((FOLDER / one.venue / f"{one.name}.json").read_text(encoding="utf-8"))
    assert set(raw) <= {"source", "certainty", "method", "path", "query", "status", "body"}
    assert one.path.endswith("listenKey") or one.venue == "hyperliquid" or not _SECRET.search(json.dumps(one.body))


@pytest.mark.parametrize("change", [{"source": ""}, {"source": None}, {"certainty": "surely"}, {"certainty": None}])
def test_a_recording_without_a_source_or_a_certainty_is_refused(change: dict[str, object]) -> None:
    whole = json.loads((FOLDER / "binance" / "time.json").read_text(encoding="utf-8"))
    wrong = {key: value for key, value in {**whole, **change}.items() if value is not None}
    with pytest.raises((ValueError, KeyError)):
        Recording.read("binance", "time", wrong)


@pytest.mark.parametrize("venue", VENUES)
def test_every_call_and_stream_has_an_answer_that_somebody_showed(venue: str) -> None:
    shown = Counter(one.path for one in recordings(venue) if one.certainty is not Certainty.INFERRED)
    assert set(shown) - STREAMS[venue] - NOT_ASKED == ASKED[venue]
    assert STREAMS[venue] <= set(shown)


@pytest.mark.parametrize("venue", VENUES)
def test_what_a_venue_usually_answers_is_never_inferred(venue: str) -> None:
    sure = {one.name for one in recordings(venue) if one.certainty is not Certainty.INFERRED}
    assert set(USUAL[venue].split()) <= sure


@pytest.mark.parametrize("venue", VENUES)
def test_the_venues_page_tells_how_many_there_are(venue: str) -> None:
    page = (FOLDER.parents[1] / "docs" / "venues.md").read_text(encoding="utf-8")
    found = recordings(venue)
    calls = {(one.method, one.path) for one in found}
    assert f"{len(found)} answers of {len(calls)} calls and streams" in page
