"""An account as people have them: stops and take profits set by hand, foreign assets, a stranger's orders, coin fees.

All at once, under the daemon's own cycle with ccxt against the venue servers: the hedge stays in its band, it flattens
on command, and the ledger that was read sums to the equity.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import pytest

from bot.core.command import Command, Verb
from bot.core.orders import LedgerKind, OrderKind, TimeInForce
from bot.core.types import ZERO, ClientOrderId, Symbol
from bot.exchange.fields import milliseconds_of
from bot.paper.servers.desk import Wish
from bot.paper.servers.venue import Incoming
from tests.core.scenes import BTC, ETH, MARKS, symbol
from tests.recorded.files import dated, named
from tests.scenarios.test_delisting import WORD
from tests.scenarios.trend import Trend, trend, wanted
from tests.scenarios.trend_market import WARM
from tests.scenarios.trend_venue import DEPOSIT, VENUE

D = Decimal
COIN: Final = {"binance": "BNB", "bitget": "BGB"}
BY_HAND: Final = {"binance": ("STOP_MARKET", "ios_st_8f2ab61d"), "bitget": ("pos_loss", "1375512090044444444")}
PART: Final = "web_9f8e7d6c5b"
WHOLE: Final = {"binance": "ios_st_8f2ab61c", "bitget": "1372849518383902720"}
"""The client ids of the take profits."""
BLOCKS: Final = 40


TAKE_PROFITS: Final = {
    "binance": ("open_algo_orders_hand_set", "/fapi/v1/openAlgoOrders"),
    "bitget": ("plans_of_position", "/api/v2/mix/order/orders-plan-pending"),
}
"""Where each venue documents, or showed, a take profit that was set by hand, and in which answer."""


def take_profits(run: Trend, flavour: str) -> Callable[[Incoming, bytes], bytes]:
    """Show two take profits, of all of the position and of a part, and what Bitget adds to the position then.

    They stand as long as there is a position, as at the venues. The servers know none: the rows are the recorded ones.
    """
    name, path = TAKE_PROFITS[flavour]
    recorded: Any = dated(named(flavour, name).body, milliseconds_of(run.clock.now()))
    rows = recorded if flavour == "binance" else recorded["data"]["entrustedList"]
    (whole,) = [
        row for row in rows if row.get("orderType") == "TAKE_PROFIT_MARKET" or row.get("planType") == "pos_profit"
    ]
    trigger = str((MARKS[ETH] * D("0.9")).quantize(D("0.01")))
    whole = {**whole, "triggerPrice": trigger, **({} if flavour == "binance" else {"stopSurplusTriggerPrice": trigger})}
    if flavour == "binance":
        part = {
            **whole,
            "algoId": whole["algoId"] + 9,
            "clientAlgoId": PART,
            "closePosition": False,
            "quantity": "0.100",
        }
    else:
        part = {**whole, "planType": "profit_plan", "size": "0.1", "orderId": whole["orderId"] + "9", "clientOid": PART}

    def edit(incoming: Incoming, body: bytes) -> bytes:
        of, kind = (dict(parse_qsl(incoming.query)).get(key) for key in ("symbol", "planType"))
        if incoming.method != "GET" or run.account.size(symbol(ETH)) == 0:
            return body
        answer = json.loads(body)
        if incoming.path == path and of == "ETHUSDT" and kind in (None, "profit_loss"):
            if flavour == "binance":
                answer += [whole, part]
            else:
                answer["data"]["entrustedList"] = [*(answer["data"]["entrustedList"] or []), whole, part]
        if incoming.path.endswith("-position"):
            for row in (row for row in answer["data"] if row["symbol"] == "ETHUSDT"):
                row |= {"takeProfit": trigger, "takeProfitId": whole["orderId"]}
        return json.dumps(answer).encode()

    return edit


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
    run.account.records.movements.append(run.account.assets.moved(run.account.engine.account, COIN[flavour], D(5)))
    run.account.assets.fees_in = COIN[flavour]
    run.told.watch.edit = take_profits(run, flavour)
    run.venue.shut[Symbol(symbol(BTC))] = WORD[flavour]
    run.exchange.stale = True  # as after the six hours in which the rules are read again


@pytest.mark.parametrize("flavour", BY_HAND)
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
        assert run.last is not None
        told_of = [alarm.message for alarm in run.last.decision.alarms if alarm.key.startswith("foreign")]
        for name in (BY_HAND[flavour][1], PART, WHOLE[flavour]):
            assert [words for words in told_of if name in words and "it can only close" in words], name
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
