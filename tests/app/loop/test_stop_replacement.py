"""A stop in the place of another: both stand for a moment, unless the venue proves that it won't have them both."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.app.loop.execute import Executor
from bot.backtest.journal import MemoryJournal
from bot.core.decision import Approved, Cancel, PlaceStop
from bot.core.orders import OrderKind, OrderRequest, TimeInForce
from bot.core.state import State
from bot.core.types import Underlying
from bot.paper.exchange import PaperExchange
from bot.paper.servers.registry import SERVERS
from tests.paper.exchange_scene import ETH, START, TestClock, config, script
from tests.paper.servers.flavours import TWINS

D = Decimal


def order(quantity: str, trigger: str | None = None) -> OrderRequest:
    kind = OrderKind.MARKET if trigger is None else OrderKind.STOP_MARKET
    price = None if trigger is None else D(trigger)
    amount, venue = D(quantity), config(Path()).venue
    return OrderRequest(
        venue, ETH, Underlying("ETH"), amount, kind, TimeInForce.GTC, amount > 0, "test", trigger=price, mark=price
    )


@pytest.mark.parametrize("flavour", TWINS)
async def test_the_new_stop_stands_and_the_old_one_goes_wherever_it_is(tmp_path: Path, flavour: str) -> None:
    clock, journal = TestClock(), MemoryJournal()
    rules = replace(config(tmp_path), conventions=SERVERS[flavour].conventions)
    venue = PaperExchange(rules, script(tmp_path), clock)
    executor = Executor({rules.venue: venue}, journal, clock)
    await venue.check([ETH])
    await executor.execute([Approved(order("-2"))], State.fresh(START))
    await executor.protect([PlaceStop(Approved(order("2", "2500")))])
    (old,) = (await venue.observe()).open_orders
    assert old.client_id is not None
    for trigger in ("2600", "2700"):
        cancel = Cancel(old.client_id, rules.venue, ETH, "test")
        await executor.protect([PlaceStop(Approved(order("2", trigger)), (cancel,))])
        (old,) = (await venue.observe()).open_orders
        assert (old.trigger, old.remaining) == (D(trigger), D(2))
        assert old.client_id is not None
    rejected = [one for one in journal.orders.values() if one.status == "rejected: stops_exceed_position"]
    assert len(rejected) == (1 if SERVERS[flavour].conventions.fits_stops else 0), "it is tried once"
    assert len({*journal.orders}) == 4 + len(rejected), "each under an id of its own"
    await venue.close()
