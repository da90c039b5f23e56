"""How far back an account's past is asked for: what the venue keeps, in spans that it answers, without a gap."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import pytest

from bot.app.loop.order_reconciliation import EVER
from tests.exchange.loopback import Certificate, Reply, Seen
from tests.exchange.scene import ETH
from tests.recorded.files import VENUES, named
from tests.recorded.scene import BTC, Played, played

DAY: Final = timedelta(days=1)
EDGE: Final = timedelta(minutes=15)
"""What may be given up of the oldest day: time passes between the asking and the answer."""


@dataclass(frozen=True)
class Past:
    """A history: the recording without rows, how far back it reaches, and the longest span of one answer."""

    none: str
    kept: timedelta
    longest: timedelta


PASTS: Final[dict[str, dict[str, Past]]] = {
    "binance": {
        "/fapi/v1/userTrades": Past("user_trades_none", 90 * DAY, 7 * DAY),
        "/fapi/v1/income": Past("user_trades_none", 90 * DAY, 90 * DAY),
    },
    "bitget": {
        "/api/v2/mix/order/fills": Past("fills_none", 89 * DAY, 90 * DAY),
        "/api/v2/mix/account/bill": Past("bills_none", 89 * DAY, 30 * DAY),
    },
    "bitget-uta": {
        "/api/v3/trade/fills": Past("fills_none", 89 * DAY, 30 * DAY),
        "/api/v3/account/financial-records": Past("records_none", 89 * DAY, 30 * DAY),
    },
}
"""Documented. Binance: Account Trade List (spans of 7 days; since 2026-08-26 three months: live accounts are answered
-4166 "Search window is restricted to recent 90 days only"), Get Income History (the last three months). Bitget: Get
Order Fill Details (three months), Get Account Bill (90 days, spans of 30), and the code 40704 "can only check the data
of the last three months", which are 89 days from the middle of February on; unified account: Get Fill History, Get
Financial Records (90 days, spans of 30)."""


@dataclass(frozen=True)
class Silent:
    """Answers that there is nothing."""

    body: object

    def __call__(self, _: Seen) -> Reply:
        return Reply(self.body)


@pytest.fixture(params=VENUES)
async def venue(request: pytest.FixtureRequest, certificate: Certificate) -> AsyncIterator[Played]:
    async with played(request.param, certificate) as made:
        await made.exchange.check([ETH, BTC])
        made.server.seen.clear()
        yield made


def spans(venue: Played, path: str) -> list[tuple[datetime, datetime]]:
    """Return the spans that were asked for of one symbol, or of all, oldest first."""
    asked = [one for one in venue.server.seen if one.path == path and one.params.get("symbol") in (None, "ETHUSDT")]
    return sorted({(at(one, "startTime"), at(one, "endTime")) for one in asked})


def at(seen: Seen, key: str) -> datetime:
    return EVER + timedelta(milliseconds=int(str(seen.params[key])))


@pytest.mark.parametrize(
    "ago", [timedelta(days=3650), 91 * DAY, 90 * DAY, 89 * DAY, 30 * DAY, timedelta(hours=1)], ids=str
)
async def test_what_the_venue_keeps_is_asked_for_whole_and_nothing_older(venue: Played, ago: timedelta) -> None:
    now = venue.clock.now()
    for path, past in PASTS[venue.venue].items():
        none = named(venue.venue, past.none).body
        venue.server.faults["GET", path] = Silent(none)
    await venue.exchange.fills(now - ago)
    await venue.exchange.ledger(now - ago)
    for path, past in PASTS[venue.venue].items():
        whole = spans(venue, path)
        oldest = now - past.kept
        assert whole[0][0] >= oldest, f"{path} is asked for what it does not keep"
        assert whole[0][0] <= max(now - ago, oldest + EDGE), f"{path} is not asked for all that it keeps"
        assert whole[-1][1] >= now
        assert all(end - begin <= past.longest for begin, end in whole)
        assert all(after <= end for (_, end), (after, _) in pairwise(whole)), f"{path} has a gap"
