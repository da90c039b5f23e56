"""The live view: each part on lines of its own, the drift's mark inside the gauge's edges while it is in its band."""

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

from rich.console import Console

from bot.core.decide import decide
from bot.core.record import CycleRecord
from bot.core.types import BlockHash
from bot.demo.driver import Seen
from bot.demo.path import MarketPoint
from bot.demo.scene import Step
from bot.demo.screen import render
from bot.demo.summary import DemoAccount
from tests.core.scenes import ETH, NO_INPUTS, NOW, chain, policy, snapshot, state, v2, venue


def shown(position: str) -> list[str]:
    world = snapshot(chain([v2("a", 20_000)]), venue({ETH: position}))
    record = CycleRecord(1, NOW, world, decide(world, NO_INPUTS, state(), policy()), 0.01)
    market = MarketPoint(datetime(2026, 1, 5, tzinfo=UTC), Decimal(2000), Decimal(50_000))
    account = DemoAccount()
    account.add(Seen(Step(3, 100, BlockHash("0x"), market, (), in_range=True), record, None, true=True))
    paper = StringIO()
    Console(width=120, file=paper).print(render(account, [], 100))
    return paper.getvalue().splitlines()


def line_of(lines: list[str], word: str) -> str:
    return next(line for line in lines if word in line)


def test_every_part_stands_on_a_line_of_its_own() -> None:
    lines = shown("-5")
    header = line_of(lines, "exposure")
    assert all(name in header for name in ("mark", "short", "drift", "band"))
    assert "━" not in header
    assert "unhedged" in line_of(lines, "result")


def test_a_drift_inside_the_band_stands_between_the_edges() -> None:
    gauge = line_of(shown("-5"), " ETH ")
    assert gauge.index("|") < gauge.index("●") < gauge.rindex("|")


def test_a_drift_beyond_the_band_stands_outside_of_them() -> None:
    gauge = line_of(shown("-4"), " ETH ")
    assert gauge.rindex("|") < gauge.index("●")
