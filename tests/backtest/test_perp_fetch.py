"""A perpetual's past, read through ccxt from every venue's wire format: the prices that were, or a named fault."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.backtest.findings import Finding, Kind
from bot.backtest.part_files import Parts
from bot.backtest.perp_data import PerpFile, read_perp
from bot.backtest.perp_fetch import Wanted, fetch, write
from bot.backtest.store import read_table
from bot.core.errors import ConfigError
from bot.core.market import PriceKind
from bot.core.types import Symbol, VenueId
from bot.exchange.config import CcxtConfig
from bot.exchange.errors import Unbelievable
from bot.exchange.price_history import PerpPast, Rate
from bot.exchange.redirect import redirected
from bot.paper.servers.registry import SERVERS
from bot.paper.servers.server import Serve
from bot.paper.servers.venue import Incoming
from bot.venues.connect import past
from tests.paper.engine.scene import BTC, ETH
from tests.paper.servers.flavours import own_symbol, rules_of
from tests.paper.servers.scene import Prices, Scene, serving

D = Decimal
MINUTE = timedelta(minutes=1)
MINUTES = 530
Rows = list[list[Any]]
each = pytest.mark.parametrize("flavour", SERVERS)


@dataclass
class Past:
    """A venue that has traded for a while; ``spoil`` changes the candles of an answer."""

    venue: Scene
    config: CcxtConfig
    start: datetime
    truth: dict[datetime, list[Decimal]] = field(default_factory=dict)
    spoil: Callable[[Rows], Rows] = lambda rows: rows
    asked: int = 0

    def wanted(self, minutes: int = MINUTES - 30, span: timedelta = MINUTE) -> Wanted:
        return Wanted(self.start, self.start + minutes * MINUTE, span, self.price)

    @property
    def symbol(self) -> Symbol:
        return self.config.symbols[0]

    @property
    def price(self) -> PriceKind:
        """The mark; at a venue without candles of it the last price, which is the same here."""
        return PriceKind.LAST if self.config.kind == "hyperliquid" else PriceKind.MARK

    async def read(self, wanted: Wanted, out: Path) -> list[Finding]:
        """Read as the command does."""
        reader: PerpPast = await past(self.config, self.symbol, self.venue.clock)
        try:
            parts = Parts.open(out, int(wanted.start.timestamp()), seconds=int(wanted.span.total_seconds()))
            await fetch(reader, wanted, parts, lambda _done, _total: None)
            findings, _ = await write(reader, wanted, parts, out, out.with_name("funding.parquet"))
            return [finding for finding in findings if finding.kind is not Kind.COVERAGE]
        finally:
            await reader.close()


@asynccontextmanager
async def world(flavour: str, folder: Path) -> AsyncIterator[Past]:
    made: list[Past] = []

    async def around(request: web.BaseRequest, incoming: Incoming, serve: Serve) -> web.StreamResponse:
        del request
        answer = await serve(incoming)
        body = answer.body
        if made and (b"candleSnapshot" in incoming.body or "andles" in incoming.path or "lines" in incoming.path):
            made[0].asked += 1
            body = json.dumps(spoiled(json.loads(body), made[0].spoil)).encode()
        return web.json_response(body=body, status=answer.status, headers=answer.headers)

    symbol = own_symbol(flavour, ETH)
    prices = Prices({symbol: D(2000), own_symbol(flavour, BTC): D(40_000)})
    async with serving(flavour, rules_of(flavour), around=around, prices=prices) as venue:
        ca_file = folder / "ca.pem"
        ca_file.write_text(venue.authority)
        connector = redirected(f"127.0.0.1:{venue.server.port}", ca_file)
        config = CcxtConfig(VenueId("past"), flavour, (symbol,), connector=connector)
        made.append(traded(venue, config))
        yield made[0]


def spoiled(found: Any, spoil: Callable[[Rows], Rows]) -> Any:  # noqa: ANN401 - of many shapes
    """Change the candles of an answer, which are rows or, at Hyperliquid, tables."""
    if isinstance(found, dict):
        return {**found, "data": spoil(found["data"])}
    if found and isinstance(found[0], dict):
        rows = spoil([[one[key] for key in "tohlc"] for one in found])
        return [{**found[0], **dict(zip("tohlc", row, strict=True))} for row in rows]
    return spoil(found)


def traded(venue: Scene, config: CcxtConfig) -> Past:
    """Let the mark walk three times a minute, and note what every minute should have shown."""
    draw, mark = random.Random(11), D(2000)
    start = venue.clock.now().replace(second=0, microsecond=0) + MINUTE
    found = Past(venue, config, start)
    for number in range(3 * MINUTES):
        venue.clock.shift = start + number * timedelta(seconds=20) - datetime.now(UTC)
        mark = max(mark + D(draw.randrange(-300, 301)) / 100, D(100))
        venue.prices.marks[found.symbol] = mark
        venue.server.venue.move()
        minute = found.truth.setdefault(start + number // 3 * MINUTE, [])
        if not minute and number:
            minute.append(found.truth[start + (number // 3 - 1) * MINUTE][-1])
        minute.append(mark)
    return found


@each
async def test_candles_are_the_prices_that_were_page_after_page(flavour: str, tmp_path: Path) -> None:
    async with world(flavour, tmp_path) as here:
        wanted = here.wanted()
        assert await here.read(wanted, tmp_path / "perp.parquet") == []
        table = read_table(tmp_path / "perp.parquet")
        assert here.asked >= 3
    minutes = [here.start + number * MINUTE for number in range(MINUTES - 30)]
    assert [datetime.fromisoformat(text) for text in table["timestamp"]] == minutes
    for row, minute in enumerate(minutes):
        prices = here.truth[minute]
        shown = [D(table[name][row]) for name in ("open", "high", "low", "close")]
        assert shown == [prices[0], max(prices), min(prices), prices[-1]]
    funding = tmp_path / "funding.parquet"
    series, findings = read_perp(
        PerpFile(tmp_path / "perp.parquet", MINUTE, funding=funding if funding.exists() else None)
    )
    assert findings == []
    assert len(series.funding) == len(set(series.funding_times.tolist()))
    assert series.floats.tolist() == pytest.approx([float(here.truth[minute][-1]) for minute in minutes])


@each
async def test_longer_candles_hold_their_minutes(flavour: str, tmp_path: Path) -> None:
    async with world(flavour, tmp_path) as here:
        start = here.start + 15 * MINUTE - (here.start - datetime(1970, 1, 1, tzinfo=UTC)) % (15 * MINUTE)
        wanted = Wanted(start, start + 480 * MINUTE, 15 * MINUTE, here.price)
        assert await here.read(wanted, tmp_path / "perp.parquet") == []
        table = read_table(tmp_path / "perp.parquet")
    for row, text in enumerate(table["timestamp"]):
        first = datetime.fromisoformat(text)
        prices = [price for number in range(15) for price in here.truth[first + number * MINUTE]]
        assert D(table["high"][row]) == max(prices)
        assert D(table["low"][row]) == min(prices)
        assert D(table["close"][row]) == prices[-1]
    assert len(table["timestamp"]) == 32


@each
async def test_a_hole_in_the_middle_is_told(flavour: str, tmp_path: Path) -> None:
    async with world(flavour, tmp_path) as here:
        hole = range(210, 260)
        gone = {str(int((here.start + number * MINUTE).timestamp() * 1000)) for number in hole}
        here.spoil = lambda rows: [row for row in rows if str(row[0]) not in gone]
        (finding,) = await here.read(here.wanted(), tmp_path / "perp.parquet")
        assert (finding.kind, "0:50:00" in finding.message) == (Kind.GAP, True)
        _, findings = read_perp(PerpFile(tmp_path / "perp.parquet", MINUTE))
        assert [one.fatal for one in findings] == [True]


def _free(rows: Rows) -> Rows:
    return [[row[0], "0", "0", "0", "0", *row[5:]] if number == 3 else row for number, row in enumerate(rows)]


def _null(rows: Rows) -> Rows:
    return [[*row[:4], None, *row[5:]] if number == 3 else row for number, row in enumerate(rows)]


def _inverted(rows: Rows) -> Rows:
    return [[row[0], row[1], row[3], row[2], *row[4:]] for row in rows]


def _twice(rows: Rows) -> Rows:
    return [row for row in rows[:50] for _ in range(2)]


def _half_a_minute_on(rows: Rows) -> Rows:
    kind = type(rows[0][0])
    return [[kind(int(row[0]) + 30_000), *row[1:]] for row in rows]


@each
@pytest.mark.parametrize("spoil", [_free, _null, _inverted, _twice, _half_a_minute_on])
async def test_what_is_no_candle_is_refused(flavour: str, spoil: Callable[[Rows], Rows], tmp_path: Path) -> None:
    async with world(flavour, tmp_path) as here:
        here.spoil = spoil
        with pytest.raises(Unbelievable, match=f"candles of {own_symbol(flavour, ETH)}"):
            await here.read(here.wanted(), tmp_path / "perp.parquet")
        assert not (tmp_path / "perp.parquet").exists()


@each
async def test_one_page_for_ever_ends_as_a_hole(flavour: str, tmp_path: Path) -> None:
    async with world(flavour, tmp_path) as here:
        first: list[Rows] = []

        def again(rows: Rows) -> Rows:
            first.append(rows)
            return first[0]

        here.spoil = again
        (finding,) = await here.read(here.wanted(), tmp_path / "perp.parquet")
        assert finding.kind is Kind.GAP


@each
async def test_a_later_end_adds_to_what_is_there_and_another_request_is_refused(flavour: str, tmp_path: Path) -> None:
    async with world(flavour, tmp_path) as here:
        await here.read(here.wanted(120), tmp_path / "perp.parquet")
        before = here.asked
        await here.read(here.wanted(), tmp_path / "perp.parquet")
        await here.read(here.wanted(), tmp_path / "other.parquet")
        assert here.asked > before
        assert (tmp_path / "perp.parquet").read_bytes() == (tmp_path / "other.parquet").read_bytes()
        again = here.asked
        await here.read(here.wanted(), tmp_path / "perp.parquet")
        assert here.asked == again
        with pytest.raises(ConfigError, match="holds another download"):
            await here.read(here.wanted(span=5 * MINUTE), tmp_path / "perp.parquet")


@each
async def test_funding_is_what_was_settled(flavour: str, tmp_path: Path) -> None:
    async with world(flavour, tmp_path) as here:
        reader = await past(here.config, here.symbol, here.venue.clock)
        funding = here.venue.engine.account.funding[here.symbol]
        every = here.venue.engine.rules.symbols[here.symbol].funding_interval
        since = funding.next_at - 240 * every
        rates = await reader.rates(since, funding.next_at)
        await reader.close()
    shown = [rate.at for rate in rates]
    assert shown[-1] == funding.next_at - every
    assert {later - earlier for earlier, later in pairwise(shown)} == {every}
    assert {rate.rate for rate in rates} == {funding.rate}
    assert len(rates) > 20


async def test_what_hyperliquid_keeps_no_longer_and_what_it_has_not_is_told_before_anything_is_read(
    tmp_path: Path,
) -> None:
    async with world("hyperliquid", tmp_path) as here:
        early = here.venue.clock.now().replace(second=0, microsecond=0) - 5001 * MINUTE
        for start, span, price, words in (
            (early, MINUTE, PriceKind.LAST, r"newest 5000 candles: those of 0:01:00 begin on \d{4}-\d\d-\d\d at"),
            (here.start, MINUTE, PriceKind.MARK, "no candles of the mark price, only of: last"),
        ):
            wanted = Wanted(start, here.start + 60 * MINUTE, span, price)
            with pytest.raises(ConfigError, match=words):
                await here.read(wanted, tmp_path / "perp.parquet")
        assert here.asked == 0
        hour = timedelta(hours=1)
        start = early - (early - datetime(1970, 1, 1, tzinfo=UTC)) % hour
        await here.read(Wanted(start, start + 90 * hour, hour, PriceKind.LAST), tmp_path / "longer.parquet")


async def test_an_hour_without_hyperliquid_s_funding_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight hours may lie between two settlements elsewhere."""
    rates = PerpPast.rates

    async def with_a_hole(self: PerpPast, since: datetime, until: datetime) -> list[Rate]:
        return [one for one in await rates(self, since, until) if one.at.hour % 5]

    monkeypatch.setattr(PerpPast, "rates", with_a_hole)
    async with world("hyperliquid", tmp_path) as here:
        (finding, *_) = await here.read(here.wanted(), tmp_path / "perp.parquet")
    assert (finding.kind, "funding" in str(finding.words)) == (Kind.GAP, True)
