"""The attribution: its parts add up to the change of net asset value, and each of them is what its own source says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from math import isqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.inputs import CycleInputs
from bot.core.orders import LedgerEntry, LedgerKind
from bot.core.pnl.ledger import Book, JournaledTrade, book_cycle
from bot.core.snapshot import Entry, EntrySource, LpPosition, Snapshot
from bot.core.types import USD, ZERO, ClientOrderId, PoolId, PositionId
from tests.core.scenes import BTC, ETH, NO_INPUTS, USDC, WETH, chain, policy, pool_price
from tests.core.scenes import state as fresh
from tests.paper.engine import scene
from tests.paper.engine.scene import D, opened, request

TICKS = st.integers(-400, 400)
"""Steps of the price, in ticks of 0.01%."""
TIGHT = D("1e-9")
START = 200_311
"""The tick (token0 USDC, token1 WETH) at which ETH costs 2000 USD."""


def usd_price(tick: int) -> Decimal:
    root = Decimal(sqrt_ratio_at_tick(tick)) / 2**96
    return D(10) ** 12 / (root * root)


def v3(liquidity: int, tick: int, grown: int, taken: int, entry: Entry | None = None) -> LpPosition:
    """A range of about ±10% with its real curve; ``grown`` and ``taken`` are fee growth, X128."""
    curve = ConcentratedPosition(
        liquidity, START - 950, START + 950, sqrt_ratio_at_tick(tick), tick, grown, grown // 10, 0, 0, 0, 0, taken,
        taken // 10, 0, 0,
    )  # fmt: skip
    if tick < START - 950:  # what grew inside is written down on the side where the price is
        curve = replace(curve, fee_growth_outside_lower0_x128=grown, fee_growth_outside_lower1_x128=grown // 10)
    elif tick >= START + 950:
        curve = replace(curve, fee_growth_outside_upper0_x128=grown, fee_growth_outside_upper1_x128=grown // 10)
    amounts = curve.amounts()
    return LpPosition(PositionId("v3"), "v3", PoolId("0x3"), USDC, WETH, curve, amounts, entry)


def v2(liquidity: int, tick: int, k: int, entry: Entry | None = None) -> LpPosition:
    """A share of a pair with its real curve; swap fees let ``k`` grow."""
    root = Decimal(sqrt_ratio_at_tick(tick)) / 2**96
    usdc, weth = int(isqrt(k) / root), int(isqrt(k) * root)
    curve = ConstantProductPosition(liquidity, 10**22, usdc, weth, usdc, weth, 0, fee_on=False)
    return LpPosition(PositionId("v2"), "v2", PoolId("0x2"), USDC, WETH, curve, curve.amounts(), entry)


@dataclass
class World:
    """A market, two positions and a paper account, moved at random; it counts transfers by itself."""

    tick: int = START
    k: int = 10**38
    shares: int = 5 * 10**17
    liquidity: int = 10**16
    grown: int = 0
    taken: int = 0
    moved_in: Decimal = ZERO
    entries: dict[str, Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.engine = opened(deposit=100_000, eth=str(self.mark))
        self.trades: list[JournaledTrade] = []
        self.told: list[LedgerEntry] = []
        self.marks: dict[str, Decimal] = {}
        self.deposits = 0
        self.note()

    @property
    def mark(self) -> Decimal:
        return usd_price(self.tick).quantize(D("0.01"))

    def positions(self) -> list[LpPosition]:
        return [
            v2(self.shares, self.tick, self.k, self.entries.get("v2")),
            v3(self.liquidity, self.tick, self.grown, self.taken, self.entries.get("v3")),
        ]

    def note(self) -> None:
        """Take what is there as deposited, as the chain's own events would say after an addition."""
        for item in self.positions():
            amounts = item.amounts
            self.entries[item.id] = Entry.single(
                amounts.principal0, amounts.principal1, item.curve.liquidity, EntrySource.MINT_EVENTS, 1
            )

    def value(self) -> Decimal:
        """The worth of all positions at the mark."""
        return sum(
            (
                item.token0.to_units(item.amounts.total0) + item.token1.to_units(item.amounts.total1) * self.mark
                for item in self.positions()
            ),
            ZERO,
        )

    @property
    def nav(self) -> Decimal:
        return self.value() + self.engine.equity

    def swap(self, ticks: int, fees: int, wait: timedelta = timedelta(seconds=10)) -> None:
        self.tick += ticks
        self.k += self.k * fees // 10**6
        if START - 950 <= self.tick < START + 950:
            self.grown += fees * 2**128 // 10**9
        self.engine.advance(self.engine.now + wait, {scene.ETH: scene.mark(self.mark)})

    def resize(self, percent: int) -> None:
        """Add or take liquidity; what moves is a transfer. Fees are collected with it, as the contract does."""
        before = self.value()
        self.shares += self.shares * percent // 100
        self.liquidity += self.liquidity * percent // 100
        self.taken = self.grown
        self.note()
        self.moved_in += self.value() - before

    def trade(self, lots: int) -> None:
        name = ClientOrderId(f"o{len(self.marks)}")
        self.marks[name] = self.mark
        self.engine.place(name, request(D(lots) / 100))

    def pay_in(self, amount: int) -> None:
        self.deposits += 1
        assert self.engine.transfer(D(amount)) is None
        self.moved_in += amount

    def snapshot(self) -> Snapshot:
        events = self.engine.drain()
        for fill in events.fills:
            mark = self.marks.get(fill.client_id) if fill.client_id else None
            self.trades.append(JournaledTrade(len(self.trades) + 1, fill, mark))
        self.told += events.ledger
        view = replace(self.engine.view(), ledger=tuple(self.told))
        pools = [pool_price(1 / self.mark, (USD, ETH), name) for name in ("2", "3")]
        now = self.engine.now
        seen = chain(self.positions(), pools=pools, at=now)
        return Snapshot(now, (seen,), (view,))


@dataclass(slots=True)
class Bot:
    """Books a world's cycles as the daemon does."""

    world: World
    book: Book = field(default_factory=Book)
    decision: Decision | None = None

    def cycle(self, *, ledger: bool = True, trades: bool = True) -> None:
        seen = self.world.snapshot()
        if not ledger:
            seen = replace(seen, venues=tuple(replace(view, ledger=None) for view in seen.known_venues))
        if self.decision is None:
            self.decision = decide(seen, NO_INPUTS, fresh(), policy())
        decision = replace(self.decision, prices={ETH: self.world.mark})  # all that the book asks of a decision
        known = self.world.trades if trades else ()
        news = {
            view.venue: [item for item in known if item.number > (old.trade if old else 0)]
            for view in seen.known_venues
            for old in (self.book.accounts.get(view.venue),)
        }
        self.book = book_cycle(self.book, seen, decision, news)


STEP = st.tuples(
    st.sampled_from(["swap", "swap", "swap", "night", "resize", "trade", "trade", "pay_in", "cycle", "blind", "late"]),
    TICKS,
    st.integers(0, 500),
)


@settings(deadline=None)
@given(st.lists(STEP, max_size=25))
def test_the_parts_add_up_to_the_change_of_net_asset_value_transfers_apart(steps: list[tuple[str, int, int]]) -> None:
    world = World()
    bot = Bot(world)
    bot.cycle()
    start = world.nav
    for what, amount, fees in steps:
        match what:
            case "swap":
                world.swap(amount, fees)
            case "night":  # what is late is told before
                bot.cycle()
                world.swap(amount, fees, 8 * scene.HOUR)
            case "resize":  # seen at once before and after, so that nothing is earned in between
                bot.cycle()
                world.resize(amount // 10)
                bot.cycle()
            case "trade":
                world.trade(amount or 1)
            case "pay_in":
                world.pay_in(fees + 1)
            case "cycle":
                bot.cycle()
            case "blind":
                bot.cycle(ledger=False)
            case _:
                bot.cycle(trades=False)
    bot.cycle()
    found = bot.book.total
    size = max(abs(world.nav), start)
    assert abs(found.total - (world.nav - start - world.moved_in)) <= TIGHT * size
    assert abs(found.explained - found.total) <= TIGHT * size
    assert bot.book.disputes == ()


def test_each_part_is_what_its_own_source_says() -> None:
    world = World()
    bot = Bot(world)
    bot.cycle()
    entries = {item.id: item.amounts for item in world.positions()}
    world.trade(-500)  # 5 ETH short at 2000
    bot.cycle()
    for _ in range(9):  # over a settlement
        world.swap(30, 40, scene.HOUR)
        bot.cycle()
    found, mark = bot.book.total, world.mark
    ledger = {kind: sum((one.amount for one in world.told if one.kind is kind), ZERO) for kind in LedgerKind}
    (trade,) = world.trades
    size = trade.fill.quantity
    assert found.hedge.funding == ledger[LedgerKind.FUNDING] > 0
    assert found.hedge.trading_fees == ledger[LedgerKind.FEE] < 0
    assert found.hedge.price == size * (mark - usd_price(START).quantize(D("0.01")))
    assert found.hedge.slippage == size * (usd_price(START).quantize(D("0.01")) - trade.fill.price) < 0
    for item in world.positions():
        amounts, result, deposit = item.amounts, found.positions[item.id], entries[item.id]
        move = mark - usd_price(START).quantize(D("0.01"))
        assert result.hold == pytest.approx(item.token1.to_units(deposit.principal1) * move)
        held = item.token0.to_units(deposit.principal0) + item.token1.to_units(deposit.principal1) * mark
        worth = item.token0.to_units(amounts.total0) + item.token1.to_units(amounts.total1) * mark
        assert result.fees + result.il == pytest.approx(worth - held)
        assert result.fees > 0 > result.il
    rho = usd_price(world.tick) / usd_price(START)
    closed = 2 * rho.sqrt() / (1 + rho) - 1
    held_v2 = entries[PositionId("v2")]
    deposited = USDC.to_units(held_v2.principal0) + WETH.to_units(held_v2.principal1) * mark
    assert float(found.positions[PositionId("v2")].il) == pytest.approx(float(closed * deposited), rel=1e-3)


def test_a_finely_seen_position_loses_sigma_squared_over_8_to_rebalancing() -> None:
    """V2: LVR of a step is V (d ln P)^2/8."""
    world = World(liquidity=0)
    bot = Bot(world)
    bot.cycle()
    expected = 0.0
    for number in range(200):
        ticks = 25 if number * 7 % 3 else -37
        expected += float(world.value()) * (ticks * 1e-4) ** 2 / 8
        world.swap(ticks, 0)
        bot.cycle()
    found = bot.book.total
    assert float(found.positions[PositionId("v2")].lvr) == pytest.approx(expected, rel=0.01)


def test_the_residual_of_a_strangers_trade_becomes_an_alarm() -> None:
    """Our trades do not explain the move, so the venue waits; then it is booked, and what is missing is told."""
    world = World()
    bot = Bot(world)
    bot.cycle()
    world.trade(-2000)
    world.swap(300, 0)
    for _ in range(30):  # five minutes
        bot.cycle(trades=False)
        assert bot.book.disputes == ()
        assert bot.book.total.hedge.total == 0
        world.swap(0, 0)
    bot.cycle(trades=False)
    (dispute,) = bot.book.disputes
    assert dispute.key == "residual:paper"
    assert "USD of today's change of equity is explained by no trade" in dispute.message
    account = bot.book.accounts[scene.PAPER]
    assert abs(account.residual) > 1000  # 20 ETH short, and ETH fell by 3%
    assert float(bot.book.today.residual) == pytest.approx(float(account.residual))
    world.swap(0, 0)
    world.trade(100)  # what comes to light so late stays unexplained, and hinders nothing that follows
    bot.cycle()
    assert bot.book.accounts[scene.PAPER].trade == len(world.trades)
    assert bot.book.accounts[scene.PAPER].residual == account.residual
    following = decide(world.snapshot(), CycleInputs(disputes=bot.book.disputes), fresh(), policy())
    assert [alarm.key for alarm in following.alarms if alarm.key.startswith("residual")] == ["residual:paper"]


def test_a_new_day_begins_at_zero() -> None:
    world = World()
    bot = Bot(world)
    bot.cycle()
    world.trade(-500)
    world.swap(100, 100)
    bot.cycle()
    first = bot.book.today
    assert first.total == bot.book.total.total != 0
    world.swap(0, 0, 24 * scene.HOUR)
    bot.cycle()
    assert bot.book.day == "2026-01-02"
    assert first.plus(bot.book.today) == bot.book.total


def test_what_nobody_prices_waits_until_it_is_priced() -> None:
    world = World()
    bot = Bot(world)
    bot.cycle()
    seen = world.snapshot()
    blind = book_cycle(bot.book, seen, replace(decide(seen, NO_INPUTS, fresh(), policy()), prices={BTC: D(40_000)}), {})
    assert blind.stakes == bot.book.stakes
    assert blind.total == bot.book.total
