"""The status page in a real browser: what it shows, that it follows the bot, and that it asks nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest

from bot.core.run_state import RunState
from bot.core.telemetry_event import CycleRecorded
from bot.telemetry.web.config import HttpConfig
from tests.telemetry.feed import tell
from tests.telemetry.web.scenes import UNKNOWN, Site, account, record, site
from tests.tools import browser
from tests.tools.browser import Page
from tests.tools.screenshot import feed, ready

pytestmark = pytest.mark.slow

CHARTS = "document.querySelectorAll('.chart .main-svg').length"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TEXT = "document.body.innerText"


@dataclass(frozen=True, slots=True)
class Shown:
    """A page that is open, and the server behind it."""

    page: Page
    at: Site


@pytest.fixture
async def shown() -> AsyncIterator[Shown]:
    """A page that shows a made-up market."""
    if browser.chromium() is None:
        pytest.skip(browser.MISSING)
    async with site(HttpConfig(stale_after=90)) as at, browser.browser() as page:
        await feed(at.server, at.clock, 60)
        await page.size(1280, 900)
        await ready(page, at.server.url)
        own = urlsplit(at.server.url).netloc
        yield Shown(page, at)
        assert page.errors == []
        hosts = {urlsplit(url).netloc for url in page.requests if not url.startswith(("about:", "data:"))}
        assert hosts == {own}
        assert len(page.requests) >= 8


async def test_the_page_draws_its_charts_and_follows_the_bot(shown: Shown) -> None:
    page, at = shown.page, shown.at
    text = await page.evaluate(TEXT)
    assert "Running" in text
    assert "cycle 60" in text
    assert "WETH/USDC" in text
    assert "No connection" not in text
    terms = await page.evaluate("document.getElementById('results').innerText")
    assert [word in terms for word in ("LP fees", "impermanent loss", "unexplained", "since the journal began")] == [
        True
    ] * 4
    assert await page.evaluate("document.querySelectorAll('#results tr').length") == 12
    assert await page.evaluate("document.querySelectorAll('#hedges .card').length") == 2
    lines = "document.querySelectorAll('[data-underlying=ETH] .scatterlayer .trace').length"
    assert await page.evaluate(lines) == 7  # exposure, short, drift, and two edges of each band
    before = await page.evaluate("document.querySelector('#result-chart').data[0].y.length")
    tell(at.server, CycleRecorded(record(61, UNKNOWN)))
    await page.until(f"{TEXT}.includes('cycle 61') && {TEXT}.includes('it sleeps')")
    assert await page.evaluate("document.querySelector('#result-chart').data[0].y.length") == before + 1


async def test_nothing_is_wider_than_the_screen_of_a_phone_or_a_desk(shown: Shown) -> None:
    page = shown.page
    wider = """[...document.querySelectorAll('main *:not(svg *)')].filter(item =>
        item.getBoundingClientRect().right > innerWidth + 0.5)"""
    clipped = """[...document.querySelectorAll('dd, .figure')].filter(item =>
        item.scrollWidth > item.clientWidth + 1).map(item => item.textContent)"""
    for width, height in [(390, 844), (320, 640), (768, 1024), (1280, 900), (1920, 1080)]:
        await page.size(width, height)
        await page.until(f"innerWidth === {width} && {OVERFLOW} <= 0 && {wider}.length === 0")
        assert await page.evaluate(clipped) == []


async def test_it_is_dark_or_light_as_the_reader_likes_and_remembers_a_choice(shown: Shown) -> None:
    page = shown.page
    theme = "document.documentElement.dataset.theme"
    colour = "getComputedStyle(document.body).backgroundColor"
    await page.theme("dark")
    await page.until(f"{theme} === 'dark'")
    dark = await page.evaluate(colour)
    await page.theme("light")
    await page.until(f"{theme} === 'light'")
    assert await page.evaluate(colour) != dark
    await page.evaluate("document.getElementById('theme').click()")
    assert await page.evaluate(theme) == "dark"
    await ready(page, shown.at.server.url)
    assert await page.evaluate(theme) == "dark"


async def test_it_says_when_the_bot_has_gone_quiet_and_when_nobody_answers(shown: Shown) -> None:
    page, at = shown.page, shown.at
    live = "document.getElementById('live').className"
    await page.until(f"{live} === 'live fresh'")
    at.clock.advance(91)
    await page.open(at.server.url)
    await page.until(f"{live} === 'live stale'")
    await at.server.close()
    await page.until(f"{live} === 'live lost'")
    page.errors.clear()  # the browser itself complains of the refused connection


async def test_names_that_strangers_chose_are_only_ever_text(shown: Shown) -> None:
    page, at = shown.page, shown.at
    hostile = "<img src=x onerror=\"document.title='owned'\">"
    cycle = record(61)
    view = cycle.snapshot.chains[0]
    position = view.positions[0]
    named = replace(position, token0=replace(position.token0, symbol=hostile))
    snapshot = replace(cycle.snapshot, chains=(replace(view, positions=(named,)),))
    tell(at.server, CycleRecorded(replace(cycle, snapshot=snapshot)))
    await page.until(f"document.getElementById('positions').textContent.includes({hostile!r})")
    assert await page.evaluate("document.querySelectorAll('main img').length") == 0
    assert await page.evaluate("document.title") == "paper · running · dnbot"


async def test_the_first_line_answers_whether_the_exposure_is_hedged(shown: Shown) -> None:
    page, at = shown.page, shown.at
    line = "document.getElementById('glance').innerText"
    first = await page.evaluate(line)
    assert first.startswith("paper\nBTC ")
    assert "sells next below" in first
    assert await page.evaluate("document.querySelectorAll('main > *')[0].id") == "glance"
    tell(at.server, CycleRecorded(record(61, account("0"), RunState.FLATTENING)))
    await page.until(f"{line}.includes('flattening')")
    red = await page.evaluate("[...document.querySelectorAll('#glance .bad')].map(item => item.textContent)")
    assert red == ["flattening", "ETH 0% hedged, 2.5 ETH unhedged"]
    assert "within the band" not in await page.evaluate("document.querySelector('[data-underlying=ETH]').innerText")


async def test_a_ruler_shows_where_the_pool_stands_in_the_range(shown: Shown) -> None:
    places = await shown.page.evaluate("""(() => {
        const box = (query) => document.querySelector(query).getBoundingClientRect();
        const [all, inside, mark] = [box('.ruler'), box('.ruler i'), box('.ruler b')];
        return [all.left, inside.left, (mark.left + mark.right) / 2, inside.right, all.right];
    })()""")
    assert places == sorted(places)
    assert "USDC per WETH" in await shown.page.evaluate("document.querySelector('.range-ruler').innerText")


async def test_times_are_told_in_utc_wherever_the_reader_is(shown: Shown) -> None:
    page, at = shown.page, shown.at
    await page.send("Emulation.setTimezoneOverride", timezoneId="Asia/Tokyo")
    await ready(page, at.server.url)
    assert "since 03:04:05 UTC" in await page.evaluate("document.getElementById('state').innerText")
    drawn = await page.evaluate("document.querySelector('#result-chart').data[0].x[0]")
    assert drawn.startswith("2026-01-02T03:0")
