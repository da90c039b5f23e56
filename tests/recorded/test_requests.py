"""What the adapter asks, against the documentation: paths, methods, and every parameter with its spelling."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.orders import OrderKind, TimeInForce
from bot.core.types import ClientOrderId
from bot.exchange.errors import NotSent
from bot.venues.binance.facts import WEIGHTS
from bot.venues.bitget.facts import PER_SECOND
from bot.venues.bitget.unified.facts import PER_SECOND as UNIFIED_PER_SECOND
from tests.exchange.loopback import Certificate, Seen
from tests.exchange.scene import ETH, intent
from tests.recorded.files import VENUES
from tests.recorded.requests import REQUESTS, SIGNED
from tests.recorded.scene import BTC, Played, played

D = Decimal
PRICED = {"binance": WEIGHTS, "bitget": PER_SECOND, "bitget-uta": UNIFIED_PER_SECOND}
ISOLATED = {"binance": "symbol_config_isolated", "bitget": "account_isolated", "bitget-uta": "settings_isolated"}
PUBLIC_PAST = ("andles", "Klines", "klines", "fundingRate", "history-fund-rate")
"""What reads a market's past for backtests, which test_perp_fetch shows."""


async def life(venue: Played) -> None:
    """Do everything that an account is used for."""
    exchange = venue.exchange
    await exchange.check([ETH, BTC])
    exchange.settings[ETH] = replace(exchange.settings[ETH], leverage=D(5), margin_mode="isolated")
    venue.show(ISOLATED[venue.venue])
    await exchange.observe()
    sale, purchase = D("-0.5"), D("1.5")
    await exchange.place(intent(quantity=sale, price=D(2990)))  # is set up first; the recordings never change, though
    del venue.shown[0]
    exchange.settings[ETH] = replace(exchange.settings[ETH], leverage=D(20), margin_mode="cross")
    for tif in TimeInForce:
        await exchange.place(intent(quantity=sale, price=D(2990), tif=tif))
    await exchange.place(intent(quantity=sale, kind=OrderKind.MARKET))
    await exchange.place(intent(quantity=purchase, price=D(3010), reduce_only=True))
    kind = OrderKind.STOP_MARKET
    await exchange.place(intent(quantity=purchase, kind=kind, trigger=D(3900), reduce_only=True, number=4))
    if exchange.amends:
        resting = intent(quantity=sale, price=D(3105), tif=TimeInForce.POST_ONLY, number=3)
        await exchange.amend(resting.client_id, resting.request)
    for number in (3, 4, 9):
        await exchange.cancel(ClientOrderId(f"bot-1-{number}"), ETH)
        await exchange.lookup(ClientOrderId(f"bot-1-{number}"), ETH)
    await exchange.lookup(ClientOrderId("bot-1-2"), ETH)
    if venue.venue == "bitget-uta":
        venue.show("sub_orders_none")
        await exchange.lookup(ClientOrderId("bot-1-2"), ETH)
    exchange.orders.ids.clear()  # as after a restart: whose trades these are must be asked for
    await exchange.fills(venue.clock.now() - timedelta(hours=1))
    await exchange.ledger(venue.clock.now() - timedelta(hours=1))
    exchange.link.config = replace(exchange.link.config, margin_mode="isolated")
    with suppress(NotSent):
        await exchange.add_margin(ETH, D("5.12"))


@pytest.mark.parametrize("venue", VENUES)
async def test_every_request_is_one_that_the_documentation_has(venue: str, certificate: Certificate) -> None:
    async with played(venue, certificate) as made:
        await life(made)
        wrong = [fault for seen in made.server.seen for fault in faults(venue, seen)]
        asked = {(one.method, one.path) for one in made.server.seen}
    assert wrong == []
    assert asked == set(REQUESTS[venue])
    unasked = {path for path in {*PRICED[venue]} - {path for _, path in asked} if not path.endswith(PUBLIC_PAST)}
    assert unasked == set()


def faults(venue: str, seen: Seen) -> list[str]:
    """Say what of a request the documentation does not have."""
    known = REQUESTS[venue].get((seen.method, seen.path))
    if known is None:
        return [f"{seen.method} {seen.path}: not documented"]
    sent = set(seen.params) - SIGNED
    name = f"{seen.method} {seen.path}"
    found = [f"{name}: {key} is unknown" for key in sorted(sent - known.required - known.optional - known.extra)]
    found += [f"{name}: {key} is missing" for key in sorted(known.required - sent)]
    for key, values in known.values.items():
        if key in sent and str(seen.params[key]) not in values:
            found.append(f"{name}: {key} is {seen.params[key]!r}")
    return found
