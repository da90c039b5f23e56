"""A venue on the loopback, the adapter connected to it, and orders for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.clock import ManualClock, SystemClock
from bot.core.orders import Intent, OrderKind, OrderRequest, TimeInForce
from bot.core.reconciliation.identity import Identity
from bot.core.reconciliation.orders import by_owner
from bot.core.snapshot import VenueView
from bot.core.types import ClientOrderId, Symbol, Underlying, VenueId
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.config import CcxtConfig
from bot.paper.exchange import IDS
from tests.exchange.fakes import Fake
from tests.exchange.loopback import Seen, Server

ETH = Symbol("ETH/USDT:USDT")
OWN = ClientOrderId("bot-1-1")
ME = Identity("bot", 1, IDS)
START = datetime(2025, 6, 1, 12, tzinfo=UTC)
NEVER_LATE = datetime(2100, 1, 1, tzinfo=UTC)
"""When an intent was made that may leave whenever a test sends it."""

KEY = "KEYxPLANTED/key+value=abcdef0123456789"
SECRET = "SECRETxPLANTED/secret+value=0123456789abcdef"  # noqa: S105 - planted, to be looked for in what is written
PASSPHRASE = "PASSxPLANTED phrase&=%"  # noqa: S105 - the same


class FastClock(ManualClock):
    """A clock by hand on which waiting passes at once; its wall time can be set, which ``true`` does not follow."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.set_by = timedelta()

    def now(self) -> datetime:
        return self.true() + self.set_by

    def true(self) -> datetime:
        return super().now()

    async def sleep(self, seconds: float) -> None:
        self.advance(max(0.0, seconds))
        await SystemClock().sleep(0)


@dataclass
class Scene:
    """Everything of one test."""

    clock: FastClock
    fake: Fake
    server: Server
    exchange: CcxtExchange

    async def ready(self) -> None:
        await self.exchange.check([ETH])

    async def observed(self) -> VenueView:
        """Look at the venue, its working orders told apart as the loop does."""
        return by_owner(await self.exchange.observe(), ME, ())

    def one_write(self) -> Seen:
        (write,) = self.server.writes
        return write

    def forget(self) -> None:
        """Lose what the adapter remembers, as after a restart."""
        self.exchange.orders.ids.clear()
        self.exchange.orders.conditional.clear()


def config(kind: str, server: Server, *, demo: bool = False, margin_mode: str = "cross") -> CcxtConfig:
    return CcxtConfig(
        venue=VenueId(kind),
        kind=kind,
        symbols=(ETH,),
        login={"apiKey": KEY, "secret": SECRET, "password": PASSPHRASE},
        demo=demo,
        leverage=Decimal(20),
        margin_mode="isolated" if margin_mode == "isolated" else "cross",
        timeout=timedelta(seconds=2),
        connector=server.connector,
    )


def intent(
    *,
    quantity: Decimal,
    kind: OrderKind = OrderKind.LIMIT,
    tif: TimeInForce = TimeInForce.IOC,
    price: Decimal | None = None,
    trigger: Decimal | None = None,
    reduce_only: bool = False,
    number: int = 1,
    created_at: datetime = NEVER_LATE,
) -> Intent:
    request = OrderRequest(
        VenueId("v"), ETH, Underlying("ETH"), quantity, kind, tif, reduce_only, "test", price=price, trigger=trigger
    )
    return Intent(ClientOrderId(f"bot-1-{number}"), number, request, created_at)
