"""A symbol that stops trading under the daemon's own cycle: nothing is added there, and all else goes on."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from bot.core.command import Command, Verb
from bot.core.decision import Decision
from bot.core.orders import OrderKind
from bot.paper.servers.registry import SERVERS
from tests.core.scenes import BTC, ETH, symbol
from tests.scenarios.trend import Trend, trend, wanted

D = Decimal
WORD = {"binance": "SETTLING", "bitget": "limit_open", "bitget-uta": "limit_open"}
FLAVOURS = [name for name in SERVERS if name in WORD]


async def turned(run: Trend, first: int, count: int, multiple: float) -> Decision:
    for number in range(first, first + count):
        await run.turn(number, multiple)
        run.clock.advance(2)
    assert run.last is not None
    return run.last.decision


def keys(decision: Decision) -> set[str]:
    return {alarm.key.split(":")[0] for alarm in decision.alarms}


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_symbol_that_stops_trading_is_left_alone_with_its_short(flavour: str, tmp_path: Path) -> None:
    async with trend(flavour, tmp_path, wanted()) as run:
        await turned(run, 0, 4, 1.0)
        short = run.account.size(symbol(BTC))
        assert short < 0
        run.venue.shut[symbol(BTC)] = WORD[flavour]
        fallen = await turned(run, 4, 4, 0.97)  # both need a larger short; the venue's word is what tells of it
        assert "shut" in keys(fallen)
        assert run.account.size(symbol(BTC)) == short, "nothing was added there"
        eth = next(item for item in fallen.hedges if item.underlying == ETH)
        assert eth.band is not None
        assert abs(run.account.size(symbol(ETH)) - eth.target) <= eth.band.outer, "the other one is hedged on"
        assert not [row for row in run.told.alarms if row == "venue"]
        stops = [one for one in run.account.working(symbol(BTC)) if one.kind is OrderKind.STOP_MARKET]
        assert sum(one.quantity for one in stops) >= -short, "its stop stands"
        risen = await turned(run, 8, 4, 1.05)
        btc = next(item for item in risen.hedges if item.underlying == BTC)
        assert short < run.account.size(symbol(BTC)) <= btc.target + btc.band.outer  # type: ignore[union-attr] # it has one
        asked = asyncio.create_task(run.cycle.commands.submit(Command(Verb.FLATTEN, "test")))
        await asyncio.sleep(0)
        await turned(run, 12, 3, 1.05)
        assert (await asked).accepted
        assert (run.account.size(symbol(BTC)), run.account.size(symbol(ETH))) == (D(0), D(0))
