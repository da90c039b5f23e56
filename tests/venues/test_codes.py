"""Every documented error code of a write has its meaning: proven to have had no effect, or to be looked up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.core.orders import Rejected, Unknown
from bot.core.types import ClientOrderId
from bot.exchange.ccxt_link import Written
from bot.exchange.order_outcome import judge
from bot.exchange.transport import Wire
from bot.venues.binance import facts as binance
from bot.venues.bitget import facts as bitget
from bot.venues.bitget.unified import facts as unified
from tests.recorded.files import FOLDER, VENUES

FACTS = {"binance": binance.FACTS, "bitget": bitget.FACTS, "bitget-uta": unified.FACTS}


def listed(venue: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "codes" / f"{venue}.json").read_text(encoding="utf-8"))
    return found


def answered(venue: str, code: str, status: int) -> object:
    wire = Wire("POST", "/order", is_read=False, sent=True, status=status, code=code, message="no")
    return judge(Written(wire, None, "refused"), ClientOrderId("a"), FACTS[venue])


@pytest.mark.parametrize("venue", VENUES)
def test_every_documented_refusal_is_a_rejection(venue: str) -> None:
    codes = listed(venue)
    missed = [
        code
        for code in (*codes["rejected"], *codes["others"])
        if not isinstance(answered(venue, code, codes["status"].get(code, 400)), Rejected)
    ]
    assert missed == []


@pytest.mark.parametrize("venue", VENUES)
def test_what_does_not_tell_the_outcome_is_looked_up_whatever_the_status(venue: str) -> None:
    codes = listed(venue)
    taken = [
        (code, status)
        for code in codes["unknown"]
        for status in (200, 400, 401, 403, 429, 500, 503)
        if not isinstance(answered(venue, code, status), Unknown)
    ]
    assert taken == []


@pytest.mark.parametrize("venue", VENUES)
def test_no_code_is_known_that_no_source_has(venue: str) -> None:
    codes = listed(venue)
    known = {rule.code for rule in FACTS[venue].rejections if rule.code} | set(FACTS[venue].remedies)
    throttled = set() if venue == "binance" else {"429"}
    assert known - throttled <= {*codes["rejected"], *codes["others"], *codes["elsewhere"]}
    assert all(len(str(source)) >= 20 for source in codes["others"].values())
    assert len(codes["source"]) > 20


@pytest.mark.parametrize("venue", VENUES)
def test_a_code_under_another_status_or_from_no_json_proves_nothing(venue: str) -> None:
    code = listed(venue)["rejected"][20]
    assert isinstance(answered(venue, code, 500), Unknown)
    assert isinstance(answered(venue, "unreadable", 400), Unknown)


@pytest.mark.parametrize("venue", VENUES)
def test_every_remedy_says_what_to_do(venue: str) -> None:
    for code, words in FACTS[venue].remedies.items():
        assert any(sign in words for sign in (":", ";")), (code, words)
