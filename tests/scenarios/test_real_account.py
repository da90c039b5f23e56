"""An account as people have them: hand-set stops, foreign assets, a stranger's orders, fees in the venue's own coin.

All at once, under the daemon's own cycle with ccxt against the venue servers: the hedge stays in its band, it flattens
on command, and the ledger that was read sums to the equity.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from bot.core.command import Command, Verb
from bot.core.orders import LedgerKind, OrderKind, TimeInForce
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.paper.servers.desk import Wish
from tests.core.scenes import BTC, ETH, MARKS, symbol
from tests.scenarios.test_delisting import FLAVOURS, WORD
from tests.scenarios.trend import DEPOSIT, VENUE, Trend, trend, wanted
from tests.scenarios.trend_market import WARM

D = Decimal
COIN: Final = {"binance": "BNB", "bitget": "BGB"}
BY_HAND: Final = {"binance": ("STOP_MARKET", "ios_st_8f2ab61d"), "bitget": ("pos_loss", "1375512090044444444")}
BLOCKS: Final = 40


def order(run: Trend, name: str, wish: Wish) -> None:
    assert not hasattr(run.account.place(ClientOrderId(name), wish), "reason"), name


def live(run: Trend, flavour: str) -> None:
    """Do by hand what customers do beside a bot."""
    kind, name = BY_HAND[flavour]
    eth = Symbol(symbol(ETH))
    whole = run.account.rules(eth).market.max_quantity
    stop = Wish(eth, whole, OrderKind.STOP_MARKET, TimeInForce.GTC, True, None, MARKS[ETH] * D("1.2"), kind, True)
    order(run, name, stop)
    opens = Wish(eth, D("-0.05"), OrderKind.LIMIT, TimeInForce.GTC, False, MARKS[ETH] * D("1.045"), kind_text="LIMIT")
    closes = replace(opens, quantity=D("0.05"), price=MARKS[ETH] * D("0.96"), reduce_only=True)
    order(run, "web_1a2b3c4d5e", opens if flavour == "binance" else replace(opens, kind_text="limit"))
    order(run, "web_2b3c4d5e6f", closes if flavour == "binance" else replace(closes, kind_text="limit"))
    run.account.move_asset(COIN[flavour], D(5))
    run.account.assets.fees_in = COIN[flavour]
    run.venue.shut[Symbol(symbol(BTC))] = WORD[flavour]
    run.exchange.stale = True  # as after the six hours in which the rules are read again


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_real_account_is_hedged_flattened_and_accounted_for(flavour: str, tmp_path: Path) -> None:
    async with trend(flavour, tmp_path, wanted()) as run:
        begun, number = run.clock.now(), 0

        async def play(blocks: int, to: float) -> None:
            nonlocal number
            start = run.multiple
            for step in range(1, blocks + 1):
                await run.turn(number, start + (to - start) * step / blocks)
                run.clock.advance(2)
                number += 1

        await play(WARM, 1.0)
        live(run, flavour)
        before = sum(run.told.watch.orders.values())
        await play(BLOCKS, 1.04)  # both hedges become smaller, which a market that is shut takes
        assert run.told.longest() == 0, "in band, each block"
        assert sum(run.told.watch.orders.values()) >= before + 2, "both were traded meanwhile"
        assert {"shut", "foreign", "aside"} <= set(run.told.alarms)
        assert not {"venue", "blind", "bare", "unexplained", "unread"} & set(run.told.alarms)
        asked = asyncio.create_task(run.cycle.commands.submit(Command(Verb.FLATTEN, "test")))
        await asyncio.sleep(0)
        await play(3, 1.04)
        assert (await asked).accepted
        assert [run.account.size(symbol(key)) for key in (ETH, BTC)] == [ZERO, ZERO]

        told = await run.exchange.ledger(begun)
        view = await run.exchange.observe()
        assert view.balance.equity == run.account.engine.account.wallet
        moved = sum((entry.amount for entry in told.entries), ZERO)
        opening = ZERO if any(entry.amount == DEPOSIT for entry in told.entries) else D(DEPOSIT)
        assert opening + moved == view.balance.equity, "the ledger sums to the equity, to the last digit"
        paid = [entry.amount for entry in told.entries if entry.kind is LedgerKind.FEE]
        assert sum(paid) < 0
        brought = [entry for entry in told.entries if entry.key.endswith(":paid")]
        assert brought, "fees that the coin paid left the money alone"
        assert [item.what.split()[-1] for item in told.aside] == [COIN[flavour]], "the transfer of it, and nothing else"
        assert view.venue == VENUE
