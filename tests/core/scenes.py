"""Scenes for the decision's tests: positions, venues, policies and states with few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.amm.curve import Amounts
from bot.core.decide import decide
from bot.core.decision import Decision, Hedge
from bot.core.explain import explain
from bot.core.inputs import CycleInputs, Pending, PendingStatus
from bot.core.market import Book, Funding, Mark, PerpMarket
from bot.core.orders import Intent, OrderKind, OrderRequest, TimeInForce
from bot.core.policy import BandPolicy, GuardPolicy, HedgeMarket, HedgePolicy, Policy, RiskAversion, RiskPolicy
from bot.core.run_state import BotState, RunState
from bot.core.snapshot import (
    Balance,
    BlockStamp,
    ChainView,
    LpPosition,
    OpenOrder,
    PerpPosition,
    PoolPrice,
    Quote,
    Snapshot,
    Token,
    VenueUnknown,
    VenueView,
)
from bot.core.state import State
from bot.core.types import (
    Address,
    BlockHash,
    ChainId,
    ChainName,
    ClientOrderId,
    PoolId,
    PositionId,
    Symbol,
    Underlying,
    VenueId,
)
from tests.core.risks import BOUNDLESS

NO_INPUTS = CycleInputs()
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CHAIN = ChainName("local")
PAPER = VenueId("paper")
BTC, ETH, USD = Underlying("BTC"), Underlying("ETH"), Underlying("USD")
WETH = Token(Address("0xE"), "WETH", 18, ETH, Decimal(1))
WBTC = Token(Address("0xB"), "WBTC", 8, BTC, Decimal(1))
USDC = Token(Address("0xD"), "USDC", 6, USD, Decimal(1))
TOKENS = {ETH: WETH, BTC: WBTC, USD: USDC}
MARKS = {ETH: Decimal(2000), BTC: Decimal(50000)}


@dataclass(frozen=True, slots=True)
class FakeCurve:
    """A curve that answers what it is told; at other prices it is a constant product."""

    liquidity: int
    in_range: bool
    held: Amounts
    raw_price: Decimal
    slopes: tuple[Decimal, Decimal]

    def amounts(self) -> Amounts:
        return self.held

    def price(self) -> Decimal:
        return self.raw_price

    def log_sensitivity(self) -> tuple[Decimal, Decimal]:
        return self.slopes

    def compounded(self, root: int) -> Decimal:
        del root
        return Decimal(0)

    def principal_at(self, price: Decimal) -> tuple[Decimal, Decimal]:
        root = (price / self.raw_price).sqrt()
        return self.held.principal0 / root, self.held.principal1 * root

    def span(self) -> None:
        return

    def bounds(self) -> None:
        return


def symbol(underlying: Underlying) -> Symbol:
    return Symbol(f"{underlying}/USDT:USDT")


def pool_id(name: str) -> PoolId:
    return PoolId(f"0x{name}")


def lp(
    name: str,
    units: tuple[Decimal | str | int, Decimal | str | int],
    pair: tuple[Underlying, Underlying] = (ETH, USD),
    *,
    slopes: tuple[Decimal, Decimal] | None = None,
    pool: str = "pool",
    liquidity: int = 1,
) -> LpPosition:
    """Make a position of ``units`` of both underlyings; its slopes are a V2 position's unless they are given."""
    tokens = TOKENS[pair[0]], TOKENS[pair[1]]
    whole = Decimal(units[0]), Decimal(units[1])
    in_units = slopes or (-whole[0] / 2, whole[1] / 2)
    raw = [int(amount.scaleb(token.decimals)) for amount, token in zip(whole, tokens, strict=True)]
    amounts = Amounts(raw[0], raw[1], 0, 0)
    raw_slopes = in_units[0].scaleb(tokens[0].decimals), in_units[1].scaleb(tokens[1].decimals)
    curve = FakeCurve(liquidity, any(in_units), amounts, Decimal(1), raw_slopes)
    return LpPosition(PositionId(name), "fake", pool_id(pool), *tokens, curve, amounts, None)


def v2(name: str, usd: Decimal | int | str, pair: tuple[Underlying, Underlying] = (ETH, USD)) -> LpPosition:
    """Make a V2 position worth ``usd`` at MARKS, half in each token."""
    half = Decimal(usd) / 2
    marks = {**MARKS, USD: Decimal(1)}
    return lp(name, (half / marks[pair[0]], half / marks[pair[1]]), pair, pool=f"{pair[0]}{pair[1]}")


def pool_price(
    price: Decimal | str | int, pair: tuple[Underlying, Underlying] = (ETH, USD), pool: str = "pool"
) -> PoolPrice:
    return PoolPrice(pool_id(pool), pair[0], pair[1], Decimal(price), Decimal(1000))


def chain(
    positions: Iterable[LpPosition] = (),
    *,
    block: int = 100,
    pools: Iterable[PoolPrice] | None = None,
    at: datetime = NOW,
    name: ChainName = CHAIN,
) -> ChainView:
    """Make a chain view; without ``pools`` every pool stands at the marks."""
    found = tuple(positions)
    marks = {**MARKS, USD: Decimal(1)}
    fair = {
        item.pool: PoolPrice(item.pool, a, b, marks[a] / marks[b], Decimal(1000))
        for item in found
        for a, b in [(item.token0.underlying, item.token1.underlying)]
    }
    stamp = BlockStamp(block, BlockHash(f"0x{block:064x}"), BlockHash(f"0x{block - 1:064x}"), at)
    return ChainView(name, ChainId(31337), stamp, found, tuple(fair.values()) if pools is None else tuple(pools))


FUNDING: Final = Funding(Decimal("0.0001"), NOW + timedelta(hours=4), timedelta(hours=8), NOW)


def quote(
    underlying: Underlying,
    mark: Decimal | None = None,
    *,
    venue: VenueId = PAPER,
    lot: str = "0.001",
    fee: str = "0.0004",
    half_spread: str = "0.0001",
    min_notional: str = "5",
    max_quantity: str = "1000000",
) -> Quote:
    """Make a market that shows ``mark`` with a symmetric spread."""
    price = MARKS[underlying] if mark is None else mark
    size, half = Decimal(lot), Decimal(half_spread) * price
    market = PerpMarket(
        venue=venue,
        symbol=symbol(underlying),
        underlying=underlying,
        tick=Decimal("0.01"),
        lot=size,
        min_quantity=size,
        max_quantity=Decimal(max_quantity),
        min_notional=Decimal(min_notional),
        contract_size=Decimal(1),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal(fee),
        tiers=(),
    )
    return Quote(
        market=market,
        mark=Mark(price, price, NOW),
        book=Book(price - half, Decimal(1000), price + half, Decimal(1000), NOW),
        funding=FUNDING,
    )


def venue(
    sizes: Mapping[Underlying, Decimal | int | str] | None = None,
    *,
    quotes: Iterable[Quote] | None = None,
    name: VenueId = PAPER,
    at: datetime = NOW,
    cash: Decimal = Decimal(10**6),
) -> VenueView:
    """Make a venue that holds ``sizes`` under stops and quotes ETH and BTC at MARKS unless ``quotes`` say otherwise."""
    shown = [quote(key, venue=name) for key in MARKS] if quotes is None else list(quotes)
    held = sizes or {}
    view = VenueView(
        venue=name,
        as_of=at,
        quotes={item.market.symbol: item for item in shown},
        positions={
            item.market.symbol: PerpPosition(
                symbol=item.market.symbol,
                size=Decimal(held.get(item.market.underlying, 0)),
                entry_price=None,
                unrealised=Decimal(0),
                liquidation_price=None,
                margin=Decimal(0),
                leverage=Decimal(1),
            )
            for item in shown
        },
        open_orders=(),
        balance=Balance(cash, cash, cash, Decimal(0), Decimal(0)),
    )
    return covered(view)


def covered(view: VenueView) -> VenueView:
    """Return a venue with a stop at twice the mark under every short, and no other orders."""
    stops = (
        OpenOrder(None, key, key, OrderKind.STOP_MARKET, -item.size, None, 2 * view.quotes[key].mark.price, True, NOW)
        for key, item in view.positions.items()
        if item.size < 0
    )
    return replace(view, open_orders=tuple(stops))


def snapshot(
    chains: ChainView | Sequence[ChainView], venues: VenueView | Sequence[VenueView | VenueUnknown] | None = None
) -> Snapshot:
    views = (chains,) if isinstance(chains, ChainView) else tuple(chains)
    if venues is None:
        venues = venue()
    accounts = (venues,) if isinstance(venues, VenueView) else tuple(venues)
    return Snapshot(observed_at=NOW, chains=views, venues=accounts)


def hedge(
    underlying: Underlying, ratio: str = "1", cap: str = "1e9", venues: Sequence[VenueId] = (PAPER,)
) -> HedgePolicy:
    markets = tuple(HedgeMarket(name, symbol(underlying), Decimal(cap)) for name in venues)
    return HedgePolicy(Decimal(ratio), markets)


GUARDS = GuardPolicy(
    max_order_notional=Decimal(10**9),
    max_order_share=Decimal(10**9),
    max_notional_per_underlying=Decimal(10**9),
    max_notional_total=Decimal(10**9),
    max_orders_per_minute=100,
    max_snapshot_age=timedelta(seconds=60),
    max_pool_mark_deviation=Decimal("0.05"),
    max_pool_average_deviation=Decimal("0.05"),
    max_pool_step=Decimal("0.05"),
    max_depeg=Decimal("0.02"),
    absence_blocks=3,
    slippage=Decimal("0.001"),
)


def policy(
    band: BandPolicy | None = None,
    *,
    hedges: Mapping[Underlying, HedgePolicy] | None = None,
    guards: GuardPolicy = GUARDS,
    fixed_cost: str = "0",
    risk: RiskPolicy = BOUNDLESS,
) -> Policy:
    return Policy(
        band=band or RiskAversion(Decimal(50)),
        floor_width=Decimal("0.02"),
        fixed_cost=Decimal(fixed_cost),
        assumed_volatility=Decimal("0.7"),
        hedges={key: hedge(key) for key in (ETH, BTC)} if hedges is None else hedges,
        guards=guards,
        risk=risk,
    )


def state(run: RunState = RunState.RUNNING) -> State:
    return State(bot=BotState(run, "test", NOW))


def pending(
    underlying: Underlying,
    remaining: str | int | Decimal,
    status: PendingStatus = PendingStatus.UNKNOWN,
    kind: OrderKind = OrderKind.LIMIT,
    on: VenueId = PAPER,
) -> Pending:
    quantity = Decimal(remaining)
    request = OrderRequest(
        on, symbol(underlying), underlying, quantity, kind, TimeInForce.IOC, quantity > 0, "test", Decimal(1)
    )
    return Pending(Intent(ClientOrderId(f"dn-{underlying}-{remaining}"), 1, request, NOW), status, quantity)


def line(decision: Decision, underlying: Underlying) -> Hedge:
    """Return the computation of one underlying."""
    return next(item for item in decision.hedges if item.underlying == underlying)


def note(decision: Decision, underlying: Underlying) -> str:
    """Return what is said of one underlying."""
    return explain(decision)[underlying].note


def quantities(decision: Decision) -> dict[Underlying, Decimal]:
    """Sum the approved quantities by underlying."""
    total: dict[Underlying, Decimal] = {}
    for item in decision.approved:
        order = item.order
        total[order.underlying] = total.get(order.underlying, Decimal(0)) + order.quantity
    return total


def filled(view: VenueView, decision: Decision) -> VenueView:
    """Return the venue after all approved orders on it have filled, and its stops have followed."""
    positions = dict(view.positions)
    for item in decision.approved:
        if item.order.venue == view.venue:
            old = positions[item.order.symbol]
            positions[item.order.symbol] = replace(old, size=old.size + item.order.quantity)
    return covered(replace(view, positions=positions))


def decide_simply(chains: ChainView, account: VenueView | None = None, wanted: Policy | None = None) -> Decision:
    return decide(snapshot(chains, account or venue()), NO_INPUTS, state(), wanted or policy())
