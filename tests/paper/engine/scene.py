"""A small venue for the tests of the paper exchange: round numbers, ETH at 2,000 USD and BTC at 40,000 USD."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bot.core.market import MarginTier, PerpMarket
from bot.core.orders import Accepted, OrderKind, OrderReport, OrderRequest, Rejected, RejectReason, TimeInForce
from bot.core.types import ClientOrderId, Symbol, Underlying, VenueId
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.rules import Depth, MarkUpdate, SymbolRules, VenueRules
from bot.paper.servers.registry import SERVERS

D = Decimal
PAPER = VenueId("paper")
ETH, BTC = Symbol("ETH/USDT:USDT"), Symbol("BTC/USDT:USDT")
START = datetime(2026, 1, 1, 1, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)

TIERS = (
    MarginTier(D(0), D(50_000), D("0.004"), D(0), D(100)),
    MarginTier(D(50_000), D(250_000), D("0.005"), D(50), D(50)),
    MarginTier(D(250_000), D(1_000_000), D("0.01"), D(1_300), D(20)),
    MarginTier(D(1_000_000), D(10_000_000), D("0.025"), D(16_300), D(10)),
)


def market(symbol: Symbol, tick: str, lot: str) -> PerpMarket:
    return PerpMarket(
        venue=PAPER,
        symbol=symbol,
        underlying=Underlying(symbol.split("/", maxsplit=1)[0]),
        tick=D(tick),
        lot=D(lot),
        min_quantity=D(lot),
        max_quantity=D(1000),
        min_notional=D(20),
        contract_size=D(1),
        maker_fee=D("0.0002"),
        taker_fee=D("0.0005"),
        tiers=TIERS,
    )


def symbol_rules(symbol: Symbol, tick: str, lot: str) -> SymbolRules:
    depth = Depth(half_spread=D("0.0001"), usd_per_bp=D(20_000))
    return SymbolRules(market(symbol, tick, lot), depth, D(10), D("0.0001"), timedelta(hours=8))


RULES = VenueRules(
    PAPER,
    SERVERS["binance"].conventions,
    {ETH: symbol_rules(ETH, "0.01", "0.001"), BTC: symbol_rules(BTC, "0.1", "0.001")},
)


def flavoured(flavour: str) -> VenueRules:
    return replace(RULES, conventions=SERVERS[flavour].conventions)


def mark(price: str | int | Decimal) -> MarkUpdate:
    return MarkUpdate(D(price), D(price))


def opened(rules: VenueRules = RULES, deposit: int = 10_000, eth: str | int = 2000) -> PaperEngine:
    engine = PaperEngine.open(rules, START, D(deposit))
    engine.advance(START, {ETH: mark(eth), BTC: mark(40_000)})
    return engine


def after(engine: PaperEngine, wait: timedelta, **prices: str | int) -> None:
    symbols = {"eth": ETH, "btc": BTC}
    engine.advance(engine.now + wait, {symbols[name]: mark(price) for name, price in prices.items()})


def request(  # a keyword each, since most tests set two
    quantity: str | Decimal,
    *,
    kind: OrderKind = OrderKind.MARKET,
    tif: TimeInForce = TimeInForce.IOC,
    price: str | Decimal | None = None,
    trigger: str | Decimal | None = None,
    reduce_only: bool = False,
    symbol: Symbol = ETH,
) -> OrderRequest:
    return OrderRequest(
        venue=PAPER,
        symbol=symbol,
        underlying=Underlying(symbol.split("/", maxsplit=1)[0]),
        quantity=D(quantity),
        kind=kind,
        time_in_force=tif,
        reduce_only=reduce_only,
        reason="test",
        price=None if price is None else D(price),
        trigger=None if trigger is None else D(trigger),
    )


def limit(quantity: str, price: str, tif: TimeInForce = TimeInForce.GTC, *, reduce_only: bool = False) -> OrderRequest:
    return request(quantity, kind=OrderKind.LIMIT, tif=tif, price=price, reduce_only=reduce_only)


def stop(quantity: str, trigger: str, *, reduce_only: bool = True) -> OrderRequest:
    return request(quantity, kind=OrderKind.STOP_MARKET, tif=TimeInForce.GTC, trigger=trigger, reduce_only=reduce_only)


def accepted(engine: PaperEngine, name: str, wanted: OrderRequest) -> OrderReport:
    outcome = engine.place(ClientOrderId(name), wanted)
    assert isinstance(outcome, Accepted), outcome
    return outcome.report


def refused(engine: PaperEngine, wanted: OrderRequest, name: str = "x") -> RejectReason:
    outcome = engine.place(ClientOrderId(name), wanted)
    assert isinstance(outcome, Rejected), outcome
    return outcome.reason
