"""A venue that answers with nothing but recordings, and the adapter connected to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from bot.core.orders import Intent, OrderKind
from bot.core.reconciliation.orders import by_owner
from bot.core.snapshot import VenueView
from bot.core.types import Symbol
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.fields import milliseconds_of
from bot.venues.connect import connect
from tests.exchange.loopback import Certificate, Reply, Seen, Server
from tests.exchange.scene import ETH, ME, START, FastClock, config, intent
from tests.recorded.files import Recording, first, named, recordings

BTC: Final = Symbol("BTC/USDT:USDT")
USUAL: Final = {
    "binance": """
        time exchange_info premium_index_eth premium_index_btc premium_index_bnb depth_eth depth_btc
        funding_info account_config api_restrictions symbol_config commission_rate_eth commission_rate_btc
        leverage_bracket account position_risk open_orders open_orders_none open_algo_orders
        open_algo_orders_none order order_of_stop order_amended order_placed order_cancelled algo_placed
        algo_cancelled algo_order all_algo_orders user_trades user_trades_none income leverage margin_type
        position_margin listen_key""",
    "bitget": """
        time contracts ticker_eth ticker_btc spot_ticker_bgb depth_eth depth_btc fund_rate_eth fund_rate_btc tiers_eth
        tiers_btc trade_rate key_info account accounts positions position_none orders_pending plans_normal plans_none
        order_detail order_fresh order_of_stop plan_history plan_sub_order_success fills bills order_placed plan_placed
        order_cancelled plan_cancelled leverage margin_mode margin""",
    "bitget-uta": """
        time instruments instruments_spot instruments_coin instruments_usdc ticker_eth ticker_btc ticker_bgb
        orderbook_eth orderbook_btc fund_rate_eth fund_rate_btc tiers_eth tiers_btc fee_rate info settings assets
        position_none positions orders orders_none strategies strategies_none order_info order_info_fresh
        order_info_by_number order_info_of_stop strategy_history sub_orders order_history fills records records_other
        order_placed order_modified strategy_placed order_cancelled strategy_cancelled leverage margin""",
}
"""What a venue answers unless a test says otherwise: an account with a short, a stop, an order, trades and a ledger."""
_NOT_FOUND: Final = {
    "binance": Reply({"code": -2013, "msg": "Order does not exist."}, status=400),
    "bitget": Reply(
        {"code": "40109", "msg": "The data of the order cannot be found", "requestTime": 1, "data": None}, status=400
    ),
    "bitget-uta": named("bitget-uta", "order_info_missing").reply(1),
}
_QUERIES: Final = frozenset(
    {
        *("/fapi/v1/order", "/fapi/v1/algoOrder", "/api/v2/mix/order/detail", "/api/v2/mix/order/orders-plan-history"),
        "/api/v3/trade/order-info",
    }
)


@dataclass
class Played:
    """The venue; ``shown`` are the recordings by preference."""

    venue: str
    clock: FastClock
    server: Server
    exchange: CcxtExchange = field(init=False)
    shown: list[Recording] = field(default_factory=list)

    def show(self, *names: str) -> None:
        """Prefer these recordings."""
        self.shown[:0] = [named(self.venue, name) for name in names]

    def answer(self, seen: Seen) -> Reply:
        found = first(self.shown, seen)
        if found is not None:
            return found.reply(milliseconds_of(self.clock.true()))
        if seen.path in _QUERIES:
            return _NOT_FOUND[self.venue]
        raise AssertionError(f"no recording of {seen.method} {seen.path} {seen.params}")

    @property
    def writes(self) -> list[Seen]:
        """What was written."""
        return self.server.writes

    def order(self, number: int) -> Intent:
        """Make an order to sell."""
        return intent(quantity=Decimal("-0.5"), price=Decimal(2990), number=number, kind=OrderKind.LIMIT)

    async def observed(self) -> VenueView:
        """Look at the venue, its working orders told apart as the loop does."""
        return by_owner(await self.exchange.observe(), ME, ())


@asynccontextmanager
async def played(venue: str, certificate: Certificate, symbols: Sequence[Symbol] = (ETH, BTC)) -> AsyncIterator[Played]:
    """Connect the adapter to the recordings of a venue."""
    clock = FastClock(START)
    made: list[Played] = []
    server = Server(certificate, lambda seen: made[0].answer(seen))  # noqa: PLW0108 - it is made below
    await server.start()
    made.append(Played(venue, clock, server))
    made[0].show(*USUAL[venue].split())
    made[0].exchange = await connect(replace(config(venue, server), symbols=tuple(symbols)), clock)
    try:
        yield made[0]
    finally:
        await made[0].exchange.close()
        await server.stop()


def paths(venue: str) -> set[tuple[str, str]]:
    """Return what there are recordings of: (method, path)."""
    return {(one.method, one.path) for one in recordings(venue)}
