"""A report in a real browser: its charts and tables, their figures, and that it asks nobody for anything."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.backtest.engine import replay
from bot.backtest.report_model import Leg, Story, of_result
from bot.backtest.report_page import page
from bot.backtest.result import Result
from bot.core.types import Underlying
from tests.backtest.scenes import FILE, ROOT, generated, plan_of
from tests.cli.scenes import dnbot
from tests.test_strangers_names import NAMES
from tests.tools import browser

CHARTS = "document.querySelectorAll('.chart .main-svg').length >= 12"
"""Two layers a chart."""
UNCUT = "[...document.querySelectorAll('.long')].every(table => table.scrollWidth <= table.clientWidth)"


@pytest.fixture(scope="module")
def result() -> Result:
    return replay(plan_of(generated()))


@pytest.fixture(scope="module")
def story(result: Result) -> Story:
    return of_result(result)


def test_the_lines_end_where_the_accounts_end(result: Result, story: Story) -> None:
    assert story.hedged[-1] == pytest.approx(float(result.total.total), abs=0.01)
    assert story.unhedged[-1] == pytest.approx(float(result.end_value - result.start_value), abs=0.01)
    assert story.hold[-1] == pytest.approx(float(result.hold_value - result.start_value), abs=0.01)
    assert float(sum(amount for _, amount in story.total.terms)) == pytest.approx(float(result.total.total))
    leg = story.legs[Underlying("ETH")]
    assert sum(trade.quantity for trade in story.trades) == pytest.approx(leg.short[-1])
    assert leg.drift[-1] == pytest.approx((leg.exposure[-1] or 0) + (leg.short[-1] or 0))


async def test_it_draws_its_charts_and_asks_nobody(story: Story, tmp_path: Path) -> None:
    if browser.chromium() is None:
        pytest.skip(browser.MISSING)
    hostile = "</script><img src=x onerror=\"document.title='owned'\">"
    file = tmp_path / "report.html"
    file.write_text(page(replace(story, assumed=(*story.assumed, hostile), title=f"Backtest {hostile}")), "utf-8")
    async with browser.browser() as shown:
        for width in (1280, 390):
            await shown.size(width, 900)
            await shown.open(file.as_uri())
            await shown.until(CHARTS)
            assert await shown.evaluate("document.documentElement.scrollWidth") == width
            if width == 1280:  # on a phone tables are scrolled
                assert await shown.evaluate(UNCUT)
        text = await shown.evaluate("document.body.innerText")
        assert "Variance left by the hedge" in text
        assert all(line in text for line in story.assumed)
        assert f"{float(story.total.total):,.2f}" in text
        assert await shown.evaluate("document.querySelectorAll('img').length") == 0
        assert await shown.evaluate("document.title") == f"dnbot · Backtest {hostile}"
        assert await shown.evaluate("document.querySelectorAll('#attribution .barlayer .point').length") == 10
        for theme, colour in (("dark", "rgb(22, 27, 34)"), ("light", "rgb(255, 255, 255)")):
            await shown.theme(theme)
            await shown.until(f"document.querySelector('#value .main-svg').style.background === '{colour}'")
        assert shown.errors == []
        assert file.stat().st_size < 2e6
        asked = [url for url in shown.requests if not url.startswith(("data:", "about:"))]
        assert {urlsplit(url).scheme for url in asked} == {"file"}


def test_a_long_replay_of_many_underlyings_stays_below_two_megabytes(story: Story) -> None:
    (leg,) = story.legs.values()
    long = 40_000 // len(story.at)
    more = Leg(leg.exposure * long, leg.short * long, leg.drift * long, leg.band * long)
    lines = {name: getattr(story, name) * long for name in ("at", "hedged", "unhedged", "hold", "distance")}
    legs = {Underlying(f"U{number}"): more for number in range(5)}
    assert len(page(replace(story, **lines, legs=legs)).encode()) < 2e6


@pytest.mark.parametrize("name", [name for name in NAMES.values() if set(name) & set("<&\"'{")])
def test_a_stranger_s_words_are_no_part_of_the_page(story: Story, name: str) -> None:
    assert tags(story, name) == tags(story, "WETH")


def tags(story: Story, name: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the tags of a page full of a name, with their attributes' names."""
    trade = replace(story.trades[0], symbol=name, reason=name)
    held = [(name, "1 to 2", "in range", name, name)]
    found = Tags()
    found.feed(page(replace(story, title=name, assumed=(name,), remarks=(name,), held=held, trades=[trade])))
    return found.tags


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(key for key, _ in attrs)))


def test_the_command_writes_the_page_and_the_picture(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text(FILE, encoding="utf-8")
    out = tmp_path / "page.html"
    config = ROOT / "config" / "paper-mainnet.toml"
    ran = dnbot("report", "-c", config, "--data", tmp_path, "-o", out, "--png")
    assert ran.code == 0, ran.err
    assert "<h1>Backtest: simulated, no real money</h1>" in out.read_text(encoding="utf-8")
    assert "http://" not in out.read_text(encoding="utf-8").split("<script>", maxsplit=1)[0]
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_a_backtest_s_folder_gives_the_page_of_the_replay(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text(FILE, encoding="utf-8")
    place = ["-c", ROOT / "config" / "paper-mainnet.toml"]
    assert dnbot("backtest", *place, "--data", tmp_path, "--out", tmp_path / "done").code == 0
    assert dnbot("report", *place, "--data", tmp_path, "-o", tmp_path / "replayed.html").code == 0
    ran = dnbot("report", *place, "--backtest", tmp_path / "done", "-o", tmp_path / "read.html")
    assert ran.code == 0, ran.err
    assert (tmp_path / "read.html").read_bytes() == (tmp_path / "replayed.html").read_bytes()
    (tmp_path / "done" / "story.json").write_text('{"title": 1}', encoding="utf-8")
    ran = dnbot("report", *place, "--backtest", tmp_path / "done", "-o", tmp_path / "other.html")
    assert (ran.code, (tmp_path / "other.html").exists()) == (2, False)
    assert "story.json" in ran.err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--data", "nowhere"], "no such file"),
        (["--backtest", "nowhere"], "no folder that `dnbot backtest --out` wrote"),
        (["--journal", "nowhere.sqlite"], "there is no journal here"),
        (["--data", "nowhere", "--journal", "nowhere.sqlite"], "give one of"),
    ],
)
def test_what_is_not_there_is_named(more: list[str], words: str, tmp_path: Path) -> None:
    ran = dnbot("report", "-c", ROOT / "config" / "paper-mainnet.toml", "-o", tmp_path / "page.html", *more)
    assert ran.code == 2
    assert words in ran.err
    assert not list(tmp_path.iterdir())
