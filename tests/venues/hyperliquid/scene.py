"""The venue's recorded answers behind TLS on the loopback, and the adapter connected to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final, Literal

from pydantic import SecretStr

from bot.core.orders import Intent, OrderKind, OrderRequest, TimeInForce
from bot.core.snapshot import VenueView
from bot.core.types import ClientOrderId, Symbol, Underlying, VenueId
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.config import CcxtConfig
from bot.exchange.fields import milliseconds_of
from bot.venues.connect import connect
from bot.venues.hyperliquid import Account
from tests.exchange.loopback import Certificate, Reply, Seen, Server
from tests.exchange.scene import NEVER_LATE, START, FastClock
from tests.recorded.files import Recording, first, named

D = Decimal
ETH, BTC = Symbol("ETH/USDC:USDC"), Symbol("BTC/USDC:USDC")
USER: Final = "0x" + "a1" * 20
KEY: Final = "0123456789" * 6 + "0123"
FILLED, STOP, REST = (ClientOrderId(f"0x{0xA000 + number:032x}") for number in (1, 2, 3))
USUAL: Final = """
    exchange_status meta meta_and_asset_ctxs l2_book_eth l2_book_btc clearinghouse_state active_asset_data_eth
    active_asset_data_btc frontend_open_orders order_status_filled order_status_stop order_status_rest
    order_status_unknown user_fills_by_time user_funding user_non_funding_ledger_updates historical_orders user_fees
    user_role_user user_role_agent extra_agents user_abstraction_classic user_rate_limit vault_details perp_dexs"""
"""What the venue answers unless a test says otherwise: a classic account with a short, a stop and a resting order."""


@dataclass
class Played:
    """The venue; ``shown`` are the recordings by preference."""

    clock: FastClock
    server: Server
    exchange: CcxtExchange = field(init=False)
    shown: list[Recording] = field(default_factory=list)

    def show(self, *names: str) -> None:
        """Prefer these recordings."""
        self.shown[:0] = [named("hyperliquid", name) for name in names]

    def answer(self, seen: Seen) -> Reply:
        found = first(self.shown, seen)
        if found is None:
            raise AssertionError(f"no recording of {seen.path} {seen.params}")
        return found.reply(milliseconds_of(self.clock.true()))

    @property
    def writes(self) -> list[Seen]:
        """What was written."""
        return [one for one in self.server.seen if one.path != "/info"]

    def order(self, number: int) -> Intent:
        """Make an order to sell."""
        return intent("-0.5", "2990", client_id=ClientOrderId(f"0x{0xB000 + number:032x}"))

    async def observed(self) -> VenueView:
        """Look at the venue."""
        return await self.exchange.observe()

    def asked(self, kind: str) -> int:
        """Count the reads of a kind."""
        return sum(one.params.get("type") == kind for one in self.server.seen)


@asynccontextmanager
async def played(
    certificate: Certificate,
    *names: str,
    symbols: tuple[Symbol, ...] = (ETH, BTC),
    account: Account | None = None,
    demo: bool = False,
    margin_mode: Literal["cross", "isolated"] = "cross",
) -> AsyncIterator[Played]:
    """Connect the adapter to the recordings; ``names`` are preferred."""
    clock = FastClock(START)
    made: list[Played] = []
    server = Server(certificate, lambda seen: made[0].answer(seen))  # noqa: PLW0108 - it is made below
    await server.start()
    made.append(Played(clock, server))
    made[0].show(*USUAL.split())
    made[0].show(*names)
    config = CcxtConfig(
        venue=VenueId("hl"),
        kind="hyperliquid",
        symbols=symbols,
        login=(account or Account(account_address=USER, agent_key=SecretStr(KEY))).login(),
        demo=demo,
        leverage=D(20),
        margin_mode=margin_mode,
        timeout=timedelta(seconds=2),
        connector=server.connector,
    )
    try:
        made[0].exchange = await connect(config, clock)
        try:
            yield made[0]
        finally:
            await made[0].exchange.close()
    finally:
        await server.stop()


def intent(
    quantity: str,
    price: str | None = None,
    trigger: str | None = None,
    *,
    kind: OrderKind = OrderKind.LIMIT,
    tif: TimeInForce = TimeInForce.IOC,
    reduce_only: bool = False,
    client_id: ClientOrderId = FILLED,
) -> Intent:
    """Return an order for ETH."""
    request = OrderRequest(
        VenueId("hl"),
        ETH,
        Underlying("ETH"),
        D(quantity),
        kind,
        tif,
        reduce_only,
        "test",
        price=None if price is None else D(price),
        trigger=None if trigger is None else D(trigger),
    )
    return Intent(client_id, 1, request, NEVER_LATE)
