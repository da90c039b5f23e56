"""One glance: hedged or not against the exposure, whatever the bot aims at; and terms that add up as they are shown."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bot.core.decide import decide
from bot.core.pnl.attribution import Attribution, HedgeResult, LiquidityResult
from bot.core.pnl.ledger import Book
from bot.core.record import CycleRecord
from bot.core.run_state import RunState
from bot.core.types import Mode, PositionId
from bot.core.view.cycle import view_of
from bot.core.view.glance import Glance, Mood, glance
from tests.core import scenes
from tests.core.scenes import BTC, ETH, NO_INPUTS, NOW, USD, policy, state
from tests.telemetry.web.scenes import UNKNOWN, account, record
from tests.tools.market import play

D = Decimal


def line(item: CycleRecord, mode: Mode = Mode.PAPER, began: date | None = None) -> Glance:
    return glance(view_of(item, began), mode)


def test_a_hedged_bot_says_what_comes_next_and_what_protects_it() -> None:
    *_, last = (item for item, fills in play(40) if not fills)
    found = line(last)
    words = re.sub(r"[\d,.]+", "#", found.text)
    assert words.startswith("paper · BTC #% hedged · sells next below # buys back above # · stop # · liquidation +#%")
    assert "ETH #% hedged" in words
    assert "since # Jan: " in words
    assert not any(part.mood is Mood.BAD for part in found.parts[:-1])


@pytest.mark.parametrize(
    ("size", "run", "says"),
    [
        ("-0.5", RunState.PAUSED, ["paused", "ETH 20% hedged, 2 ETH unhedged", "no stop"]),
        ("0", RunState.FLATTENING, ["flattening", "ETH 0% hedged, 2.5 ETH unhedged"]),
        ("-1.5", RunState.FROZEN, ["frozen", "ETH 60% hedged, 1 ETH unhedged", "no stop"]),
        ("-2.5", RunState.HALTED, ["halted", "no stop"]),
        ("-3.5", RunState.RUNNING, ["ETH 140% hedged, \N{MINUS SIGN}1 ETH unhedged", "no stop"]),
    ],
)
def test_the_unhedged_share_is_told_in_every_state(size: str, run: RunState, says: list[str]) -> None:
    found = line(record(venue=account(size), run=run))
    assert [part.text for part in found.parts if part.mood is Mood.BAD] == says


def test_what_can_not_be_read_is_unknown_and_not_zero() -> None:
    bad = [part.text for part in line(record(venue=UNKNOWN)).parts if part.mood is Mood.BAD]
    assert bad == ["paper can't be read", "ETH hedge unknown"]


def test_the_joint_distance_is_named_as_such() -> None:
    assert "liquidation +50% ·" in line(record()).text  # the venue's own price is nearest
    *_, last = (item for item, fills in play(40) if not fills)
    assert "(joint)" in line(last).text


def test_an_exposure_that_nobody_hedges_and_a_short_without_liquidity_are_told() -> None:
    btc = scenes.snapshot(scenes.chain([scenes.v2("a", 1000, (BTC, USD))]), scenes.venue({}))
    alone = CycleRecord(1, NOW, btc, decide(btc, NO_INPUTS, state(), policy(hedges={ETH: scenes.hedge(ETH)})), 0.1)
    assert "BTC 0% hedged, 0.01 BTC unhedged" in line(alone).text
    short = scenes.snapshot(scenes.chain([]), scenes.venue({ETH: "-1"}))
    bare = CycleRecord(1, NOW, short, decide(short, NO_INPUTS, state(), policy()), 0.1)
    assert "ETH \N{MINUS SIGN}1 open without liquidity" in line(bare).text


@pytest.mark.parametrize("scale", ["1", "0.037", "31.7"])
def test_the_terms_of_the_result_add_up_as_they_are_shown(scale: str) -> None:
    liquidity = LiquidityResult(D("530.4"), D(-700), D("-41.3"), D("60.2"))
    hedge = HedgeResult(D("684.7"), D("-20.3"), D("-30.1"), D("-8.2"), D(0))
    by = D(scale)
    liquidity = LiquidityResult(*(getattr(liquidity, key) * by for key in ("fees", "hold", "il", "lvr")))
    hedge = HedgeResult(*(getattr(hedge, key) * by for key in HedgeResult.__dataclass_fields__))
    total = Attribution({PositionId("a"): liquidity}, {ETH: hedge}, liquidity.total + hedge.total)
    text = line(replace(record(), book=Book("2026-01-02", {}, {}, total, total)), began=date(2025, 11, 1)).text
    said = re.search(r"since 1 Nov 2025: (\S+) USD \((.*)\)", text.replace("\N{MINUS SIGN}", "-"))
    assert said is not None
    terms = [D(term.rsplit(" ", 1)[1].replace(",", "")) for term in said[2].split(", ")]
    assert sum(terms) == D(said[1].replace(",", "").removeprefix("+"))
    assert [term.rsplit(" ", 1)[0] for term in said[2].split(", ")][:4] == ["fees", "LVR", "hedge costs", "funding"]


def test_the_mode_stands_first() -> None:
    assert [line(record(), mode).parts[0].text for mode in Mode] == ["paper", "demo", "live"]
