"""A day of a made-up market for screens: real curves and the real decision, an account that fills at the touch.

Nothing here proves anything about trading; it only moves like the real thing.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.curve import Curve
from bot.core.amm.tick_math import nearest_usable_tick, tick_at_sqrt_ratio
from bot.core.decide import decide
from bot.core.decision import PlaceStop
from bot.core.orders import (
    Accepted,
    Fill,
    Intent,
    LedgerEntry,
    LedgerKind,
    OrderKind,
    OrderReport,
    OrderRequest,
    OrderStatus,
)
from bot.core.pnl.ledger import Book, JournaledTrade, book_cycle
from bot.core.policy import RiskAversion
from bot.core.record import CycleRecord
from bot.core.run_state import BotState, RunState
from bot.core.snapshot import (
    Balance,
    ChainView,
    Entry,
    EntrySource,
    LpPosition,
    OpenOrder,
    PerpPosition,
    PoolPrice,
    Snapshot,
    VenueView,
)
from bot.core.state import State
from bot.core.types import ZERO, ChainName, ClientOrderId, PositionId, Symbol, Underlying
from tests.core import scenes
from tests.core.amm.roots import sqrt_ratio_at_price
from tests.core.scenes import BTC, ETH, NO_INPUTS, NOW, PAPER, USD, USDC, WBTC, WETH

STEP = timedelta(seconds=60)
POLICY = scenes.policy(RiskAversion(Decimal(50)))
TAKER = Decimal("0.0005")
START = {ETH: Decimal(3400), BTC: Decimal(96_000)}
MAINTENANCE = Decimal("0.005")
POOL_ETH_USD, POOL_BTC_ETH = scenes.pool_id("3"), scenes.pool_id("2")


@dataclass(slots=True)
class Account:
    """Cash and shorts; every order fills at the touch. It keeps its ledger and its trades."""

    cash: Decimal = Decimal(18_000)
    sizes: dict[Underlying, Decimal] = field(default_factory=lambda: {ETH: ZERO, BTC: ZERO})
    entries: dict[Underlying, Decimal] = field(default_factory=lambda: {ETH: ZERO, BTC: ZERO})
    ledger: list[LedgerEntry] = field(default_factory=list)
    trades: list[JournaledTrade] = field(default_factory=list)
    triggers: dict[Symbol, Decimal] = field(default_factory=dict)

    def trade(self, intent: Intent, price: Decimal) -> Decimal:
        """Fill an order and give its fee."""
        order, at, number = intent.request, intent.created_at, len(self.trades) + 1
        underlying, quantity = order.underlying, order.quantity
        size, entry = self.sizes[underlying], self.entries[underlying]
        after = size + quantity
        if quantity * size < 0:
            self.cash += -quantity * (price - entry)
        else:
            self.entries[underlying] = (size * entry + quantity * price) / after
        self.sizes[underlying] = after
        fee = abs(quantity) * price * TAKER
        self.cash -= fee
        self.ledger.append(LedgerEntry(number, LedgerKind.FEE, order.symbol, -fee, at))
        fill = Fill(
            str(number), intent.client_id, PAPER, order.symbol, quantity, price, fee, ZERO, is_maker=False, at=at
        )
        self.trades.append(JournaledTrade(number, fill, order.mark))
        return fee

    def view(self, marks: dict[Underlying, Decimal], at: datetime) -> VenueView:
        """Show the account as a venue does, with a stop under each short."""
        equity = self.cash + sum((self.profit(key, marks[key]) for key in self.sizes), ZERO)
        notional = sum((abs(self.sizes[key]) * marks[key] for key in self.sizes), ZERO)
        quotes = {}
        for key, mark in marks.items():
            shown = scenes.quote(key, mark, lot="0.001" if key == ETH else "0.0001")
            quotes[scenes.symbol(key)] = replace(
                shown,
                mark=replace(shown.mark, as_of=at),
                book=replace(shown.book, as_of=at),
                funding=replace(scenes.FUNDING, as_of=at, next_at=_next_funding(at)),
            )
        positions = [self.position(key, marks[key], equity, notional) for key in marks]
        stops = tuple(
            _stop(item, self.triggers[item.symbol], at)
            for item in positions
            if item.size and item.symbol in self.triggers
        )
        return VenueView(
            venue=PAPER,
            as_of=at,
            quotes=quotes,
            positions={item.symbol: item for item in positions},
            open_orders=stops,
            balance=Balance(self.cash, equity, equity - notional / 5, notional / 5, notional * MAINTENANCE),
            ledger=tuple(self.ledger[-20:]),
        )

    def profit(self, underlying: Underlying, mark: Decimal) -> Decimal:
        return self.sizes[underlying] * (mark - self.entries[underlying])

    def position(self, underlying: Underlying, mark: Decimal, equity: Decimal, notional: Decimal) -> PerpPosition:
        size = self.sizes[underlying]
        others = notional - abs(size) * mark
        price = (equity - size * mark - MAINTENANCE * others) / (-size * (1 + MAINTENANCE)) if size else None
        return PerpPosition(
            symbol=scenes.symbol(underlying),
            size=size,
            entry_price=self.entries[underlying] if size else None,
            unrealised=self.profit(underlying, mark),
            liquidation_price=price,
            margin=abs(size) * mark / 5,
            leverage=Decimal(5),
        )


def play(cycles: int, seed: int = 7) -> Iterator[tuple[CycleRecord, list[tuple[Intent, Accepted]]]]:
    """Return each cycle's record and the orders that it sent, with their fills."""
    draw = random.Random(seed)
    account, book, state = Account(), Book(), State(bot=BotState(RunState.RUNNING, "first start", NOW))
    marks = START
    numbers = iter(range(1, 10**6))
    for cycle in range(1, cycles + 1):
        at = NOW + cycle * STEP
        marks = _moved(marks, draw, jump=cycle == cycles * 3 // 5)
        snapshot = Snapshot(at, (_chain(marks, cycle, at),), (account.view(marks, at),))
        decision = decide(snapshot, NO_INPUTS, state, POLICY)
        state = decision.state
        fills = []
        for item in decision.approved:
            intent = Intent(ClientOrderId(f"dn-1-{(number := next(numbers))}"), number, item.order, at)
            fills.append((intent, _fill(account, intent, marks[item.order.underlying])))
        for action in decision.stops:
            if isinstance(action, PlaceStop) and action.approved.order.trigger is not None:
                account.triggers[action.approved.order.symbol] = action.approved.order.trigger
        booked = book.accounts[PAPER].trade if book.accounts else 0
        book = book_cycle(book, snapshot, decision, {PAPER: account.trades[booked:]})
        yield CycleRecord(cycle, at, snapshot, decision, 0.03 + draw.random() / 50, book=book), fills


def _fill(account: Account, intent: Intent, mark: Decimal) -> Accepted:
    order: OrderRequest = intent.request
    price = (mark * (1 + (1 if order.quantity > 0 else -1) * Decimal("0.0001"))).quantize(Decimal("0.01"))
    fee = account.trade(intent, price)
    quantity, at = order.quantity, intent.created_at
    return Accepted(
        OrderReport(intent.client_id, "1", order.symbol, OrderStatus.FILLED, quantity, quantity, price, fee, at)
    )


def _moved(marks: dict[Underlying, Decimal], draw: random.Random, *, jump: bool) -> dict[Underlying, Decimal]:
    """Move both prices by correlated returns of 90% and 65% a year, and once by a jump."""
    root = math.sqrt(STEP / timedelta(days=365))
    common, own = draw.gauss(0, 1), draw.gauss(0, 1)
    returns = {ETH: 0.9 * root * (0.8 * common + 0.6 * own), BTC: 0.65 * root * common}
    drop = -0.02 if jump else 0.0
    return {key: (marks[key] * Decimal(math.exp(returns[key] + drop))).quantize(Decimal("0.01")) for key in marks}


def _chain(marks: dict[Underlying, Decimal], cycle: int, at: datetime) -> ChainView:
    pools = (
        PoolPrice(POOL_ETH_USD, ETH, USD, marks[ETH], Decimal(10**6)),
        PoolPrice(POOL_BTC_ETH, BTC, ETH, marks[BTC] / marks[ETH], Decimal(10**3)),
    )
    positions = _concentrated(marks[ETH], cycle), _full(marks[BTC] / marks[ETH], cycle)
    return scenes.chain(
        positions, block=21_500_000 + 5 * cycle, pools=pools, at=at - timedelta(seconds=2), name=ChainName("ethereum")
    )


def _concentrated(price: Decimal, cycle: int) -> LpPosition:
    """Return a WETH/USDC position of about 20,000 USD, 10% to each side of 3,400."""
    root = sqrt_ratio_at_price(price.scaleb(-12))
    middle = tick_at_sqrt_ratio(sqrt_ratio_at_price(START[ETH].scaleb(-12)))
    earned = cycle * 2**128 // 10**7
    curve = ConcentratedPosition(
        liquidity=3_650_000_000_000_000,
        tick_lower=nearest_usable_tick(middle - 1000, 10),
        tick_upper=nearest_usable_tick(middle + 1000, 10),
        sqrt_price_x96=root,
        tick=tick_at_sqrt_ratio(root),
        fee_growth_global0_x128=earned * 35000,
        fee_growth_global1_x128=earned // 8000,
        fee_growth_outside_lower0_x128=0,
        fee_growth_outside_lower1_x128=0,
        fee_growth_outside_upper0_x128=0,
        fee_growth_outside_upper1_x128=0,
        fee_growth_inside_last0_x128=0,
        fee_growth_inside_last1_x128=0,
        tokens_owed0=0,
        tokens_owed1=0,
    )
    deposit = _deposit(curve, START[ETH].scaleb(-12))
    name = PositionId("ethereum:uniswap_v3:871204")
    return LpPosition(name, "uniswap_v3", POOL_ETH_USD, WETH, USDC, curve, curve.amounts(), deposit)


def _full(price: Decimal, cycle: int) -> LpPosition:
    """Return a WBTC/WETH position of about 20,000 USD; the pair's reserves grow by the fees that they earn."""
    root = math.sqrt(price)
    depth = 1.65e10 * (1 + 2e-8 * cycle)
    reserves = int(depth / root * 10**3), int(depth * root * 10**13)
    supply = int(1.65e10) * 10**8
    curve = ConstantProductPosition(supply // 298_000, supply, *reserves, *reserves, 0, fee_on=False)
    deposit = _deposit(curve, (START[BTC] / START[ETH]).scaleb(10))
    name = PositionId("ethereum:uniswap_v2:0xBb2b8038a1640196FbE3e38816F3e67Cba72D940")
    return LpPosition(name, "uniswap_v2", POOL_BTC_ETH, WBTC, WETH, curve, curve.amounts(), deposit)


def _deposit(curve: Curve, price: Decimal) -> Entry:
    amount0, amount1 = curve.principal_at(price)
    return Entry.single(int(amount0), int(amount1), curve.liquidity, EntrySource.MINT_EVENTS, 21_500_000)


def _next_funding(at: datetime) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(hours=8 * (at.hour // 8 + 1))


def _stop(position: PerpPosition, trigger: Decimal, at: datetime) -> OpenOrder:
    return OpenOrder(
        client_id=None,
        venue_order_id="stop",
        symbol=position.symbol,
        kind=OrderKind.STOP_MARKET,
        remaining=-position.size,
        price=None,
        trigger=trigger,
        reduce_only=True,
        placed_at=at,
    )
