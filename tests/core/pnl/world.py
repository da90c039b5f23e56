"""A world with a bot in it whose change of net asset value is known part by part."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from math import isqrt

from hypothesis import strategies as st

from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.tick_math import sqrt_ratio_at_tick
from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.orders import LedgerEntry
from bot.core.pnl.ledger import Book, JournaledTrade, book_cycle
from bot.core.snapshot import Entry, EntrySource, LpPosition, Snapshot
from bot.core.types import USD, ZERO, ClientOrderId, PoolId, PositionId
from tests.core.scenes import ETH, NO_INPUTS, USDC, WETH, chain, policy, pool_price
from tests.core.scenes import state as fresh
from tests.paper.engine import scene
from tests.paper.engine.scene import D, opened, request

TICKS = st.integers(-400, 400)
"""Steps of the price, in ticks of 0.01%."""

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
