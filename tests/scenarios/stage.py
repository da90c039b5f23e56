"""The daemon's own cycle on an in-memory twin of the demo's chain: what must hold is checked at every tick.

A full-range and a ranged ETH/USD position, the paper engine as the venue, a minute a tick. Nothing of the decision, the
guards, the executor or the exchange is replaced; only wires and disks are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from bot.app.adapter_configs import paper_config
from bot.app.loop.commands import Commands
from bot.app.loop.cost_basis import EntryBook
from bot.app.loop.cycle import Act, Cycle
from bot.app.loop.execute import Executor
from bot.app.loop.order_reconciliation import Reconciler
from bot.app.settings import load
from bot.backtest.journal import MemoryJournal
from bot.backtest.replay_venue import SimClock, SimObserver, SimVenue
from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.tick_math import tick_at_sqrt_ratio
from bot.core.decision import Decision, Severity
from bot.core.orders import OrderKind
from bot.core.pnl.ledger import Book, book_cycle
from bot.core.snapshot import (
    BlockStamp,
    ChainView,
    Entry,
    EntrySource,
    LeftOut,
    LpPosition,
    PoolPrice,
    Snapshot,
    Token,
    VenueUnknown,
    VenueView,
)
from bot.core.state import State
from bot.core.types import (
    USD,
    ZERO,
    Address,
    BlockHash,
    ChainId,
    ChainName,
    PoolId,
    PositionId,
    Symbol,
    Underlying,
    VenueId,
)
from bot.paper.config import venue_rules
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.liquidation import LIQUIDATION_ID
from bot.paper.engine.rules import Deleveraging, Hardships, MarkUpdate, Window, WindowKind
from tests.core.amm.positions import at
from tests.core.amm.roots import sqrt_ratio_at_price
from tests.scenarios.script import ONE, D, Row, Scenario, Tick, Told

ETH: Final = Underlying("ETH")
PERP: Final = Symbol("ETH/USDT:USDT")
PAPER: Final = VenueId("paper")
CHAIN: Final = ChainName("twin")
START: Final = datetime(2026, 1, 5, tzinfo=UTC)
TICK: Final = timedelta(minutes=1)
PRICE: Final = D(3000)
CONFIG: Final = Path(__file__).parents[2] / "config" / "paper-local.toml"
_WETH = Token(Address("0xWETH"), "WETH", 18, ETH, D(1))
_USDC = Token(Address("0xUSDC"), "USDC", 6, USD, D(1))
_RAW = D(10) ** -12
"""Raw USDC per raw WETH at a price of one dollar."""
_STOPS_MAY_LACK: Final = 2
"""Ticks in which a short may be without its whole stop: that of a trade, and the next."""


def trap_of(price: Decimal) -> PoolId:
    return PoolId(f"0xTRAP{price}")


def _curve_v2(price: Decimal, value: Decimal) -> ConstantProductPosition:
    root = (price * _RAW).sqrt()
    reserve0, reserve1 = int(D(10**22) / root / D(10**6)), int(D(10**22) * root / D(10**6))
    whole = 2 * D(reserve1) / 10**6
    share = int(value / whole * 10**18)
    return ConstantProductPosition(share, 10**18, reserve0, reserve1, reserve0, reserve1, 0, fee_on=False)


@dataclass
class Stage:
    """One scenario under way."""

    scenario: Scenario

    def __post_init__(self) -> None:
        """Open the account, put the liquidity in at the first price."""
        settings = load([CONFIG], {}).settings
        self.policy = settings.policy()
        config = paper_config(PAPER, settings.venues[PAPER], Path("unused"))
        config = replace(config, symbols={ETH: PERP}, deposit=self.scenario.deposit, hardships=self._hardships())
        self.policy = replace(self.policy, hedges={ETH: self.policy.hedges[ETH]})
        self.venue = SimVenue(PaperEngine.open(venue_rules(config), START, config.deposit))
        clock, journal = SimClock([self.venue]), MemoryJournal()
        venues = {PAPER: self.venue}
        self.journal = journal
        self.cycle = Cycle(
            observer=SimObserver((), [self.venue], (), EntryBook(journal, clock, 0.0), clock, 0.0),
            executor=Executor(venues, journal, clock),
            reconciler=Reconciler(venues, journal, clock),
            journal=journal,
            clock=clock,
            policy=self.policy,
            commands=Commands(journal, clock),
            state=State.fresh(START),
        )
        first = self.scenario.ticks[0].mark
        self.half = self.scenario.value / 2
        root = sqrt_ratio_at_price(first * _RAW)
        centre = tick_at_sqrt_ratio(root) // 10 * 10
        self.edges = centre - 2000, centre + 2000
        unit = at(10**15, *self.edges, root).principal_at(first * _RAW)
        worth = (unit[0] * first * _RAW + unit[1]) / 10**6
        self.liquidity = int(self.half / worth * 10**15)
        self.shares = _curve_v2(first, self.half).liquidity
        self.deep = _curve_v2(first, self.half)
        self.told = Told(self.scenario)
        self.bare = 0
        self.decision: Decision | None = None
        self.seen: tuple[Snapshot, Act] | None = None
        self.gifts: tuple[LeftOut, ...] = ()
        self.traps: tuple[Decimal, ...] = ()
        """The prices of the pools of our own pair in which a stranger gave us dust."""

    def _hardships(self) -> Hardships:
        windows: tuple[Window, ...] = ()
        if self.scenario.outage is not None:
            begin, end = (START + number * TICK for number in self.scenario.outage)
            windows = (Window(begin, end, WindowKind.OUTAGE),)
        forced = self.scenario.deleveraged
        adl = () if forced is None else (Deleveraging(START + forced * TICK, PERP, D("0.5")),)
        return Hardships(windows=windows, deleveragings=adl)

    async def play(self) -> Told:
        """Play it to its end."""
        for number, tick in enumerate(self.scenario.ticks, 1):
            await self.turn(number, tick)
        fills = self.venue.fills_made
        self.told.liquidations = sum(str(fill.client_id).startswith(LIQUIDATION_ID) for fill in fills)
        self.told.orders, self.told.equity = len(self.journal.orders), self.venue.engine.equity
        return self.told

    async def turn(self, number: int, tick: Tick) -> None:
        """One minute: the market moves, the venue does what it does by itself, the bot runs a cycle."""
        now = START + number * TICK
        self.venue.advance(now, {PERP: MarkUpdate(tick.mark, tick.mark, funding_rate=tick.rate)})
        away = self.venue.engine.rules.hardships.window(now) is not None
        if not away:
            await self.cycle.reconciler.reconcile()
        snapshot = self.snapshot(number, tick, now, away=away)
        act = await self.cycle.act(snapshot)
        self.seen, decision = (snapshot, act), act.decision
        self.cycle.state, self.decision = decision.state, decision
        book = book_cycle(self.cycle.book or Book(), snapshot, decision, {})
        self.cycle.book, self.cycle.booked = book, book.booked()
        self._check(number, decision, away=away)
        self._keep(number, tick, decision)

    def snapshot(self, number: int, tick: Tick, now: datetime, *, away: bool) -> Snapshot:
        """Show the twin's chain and the venue; a venue that is away is unknown."""
        price = (tick.mark if tick.pool is None else tick.pool) / tick.par
        stamp = BlockStamp(number, BlockHash(f"0x{number:064x}"), BlockHash(f"0x{number - 1:064x}"), now - tick.age)
        held = (*self.positions(price), *self.trapped())
        pools = (*self.pools(price, tick.par), *(PoolPrice(trap_of(each), ETH, USD, each, ONE) for each in self.traps))
        view = ChainView(CHAIN, ChainId(31337), stamp, held, pools, self.gifts)
        seen: VenueView | VenueUnknown = self.venue.view(with_ledger=True)
        if away:
            seen = VenueUnknown(PAPER, "no answer", now)
        return Snapshot(now, (view,), (seen,))

    def positions(self, price: Decimal) -> tuple[LpPosition, ...]:
        """Return both positions at a pool price, USDC per WETH."""
        root = sqrt_ratio_at_price(price * _RAW)
        ranged = at(self.liquidity, *self.edges, root)
        full = self.deep.principal_at(price * _RAW)
        scale = D(self.deep.total_supply) / self.deep.liquidity
        reserves = int(full[0] * scale), int(full[1] * scale)
        deep = replace(
            self.deep, balance0=reserves[0], balance1=reserves[1], reserve0=reserves[0], reserve1=reserves[1]
        )
        made = []
        for name, pool, curve in (("full", "0xV2", deep), ("range", "0xV3", ranged)):
            amounts = curve.amounts()
            entry = Entry.single(amounts.principal0, amounts.principal1, curve.liquidity, EntrySource.FIRST_SIGHT, 0)
            made.append(LpPosition(PositionId(name), name, PoolId(pool), _WETH, _USDC, curve, amounts, entry))
        return tuple(made)

    def trapped(self) -> Iterable[LpPosition]:
        """Return what a stranger gave us."""
        for price in self.traps:
            curve = at(10**9, -400_000, -100_000, sqrt_ratio_at_price(price * _RAW))
            amounts, pool = curve.amounts(), trap_of(price)
            yield LpPosition(PositionId(f"gift in {pool}"), "range", pool, _WETH, _USDC, curve, amounts, None)

    def pools(self, price: Decimal, par: Decimal) -> Iterable[PoolPrice]:
        """Return the pools' own prices, and a pool of two dollar tokens that shows the par."""
        for name in ("0xV2", "0xV3"):
            yield PoolPrice(PoolId(name), ETH, USD, price, D(10**6))
        yield PoolPrice(PoolId("0xPAR"), USD, USD, par, D(10**6))

    def _check(self, number: int, decision: Decision, *, away: bool) -> None:
        engine, caps = self.venue.engine, self.policy.guards
        mark = engine.account.markets[PERP].mark
        held = engine.account.positions.get(PERP)
        size = held.size if held is not None else ZERO
        self._hold(number, size <= 0, f"long {size}")
        self._hold(number, -size * mark <= caps.max_notional_per_underlying * D("1.5"), f"short {size} above the cap")
        for item in decision.approved:
            worth = abs(item.order.quantity) * max(mark, item.order.price or ZERO)
            self._hold(number, worth <= caps.max_order_notional * D("1.01"), f"an order of {worth:.0f} USD")
        stops = [one for one in engine.account.orders.values() if one.kind is OrderKind.STOP_MARKET and one.reduce_only]
        covered = sum((one.remaining for one in stops), ZERO)
        is_covered = covered >= -size * (1 - self.policy.risk.stop.size_tolerance)
        self.bare = 0 if is_covered or away else self.bare + 1
        self._hold(number, self.bare <= _STOPS_MAY_LACK, f"{self.bare} ticks without a stop for {size}")
        self._hold(number, not self._is_silent(decision), "under-hedged, and nobody is told why")

    def _is_silent(self, decision: Decision) -> bool:
        acted = {item.order.underlying for item in decision.approved}
        resting = {
            item.intent.request.underlying for item in self.journal.pending() if not item.intent.request.reduce_only
        }
        loud = any(alarm.severity is not Severity.INFO for alarm in decision.alarms)
        return any(
            hedge.band is not None
            and hedge.drift is not None
            and hedge.drift > hedge.band.outer
            and hedge.underlying not in acted | resting
            and not loud
            for hedge in decision.hedges
        )

    def _hold(self, number: int, holds: object, words: str) -> None:
        if not holds:
            self.told.broken.append(f"tick {number}: {words}")

    def _keep(self, number: int, tick: Tick, decision: Decision) -> None:
        (hedge,) = decision.hedges
        engine = self.venue.engine
        held = engine.account.positions.get(PERP)
        position_risk = next(iter(decision.position_risks), None)
        self.told.rows.append(
            Row(
                number=number,
                mark=tick.mark,
                exposure=hedge.exposure,
                short=held.size if held is not None else ZERO,
                drift=hedge.drift,
                band=hedge.band.outer if hedge.band else None,
                ratio=position_risk.ratio if position_risk else None,
                rung=position_risk.rung.value if position_risk else "-",
                state=decision.state.bot.state.value,
                alarms=tuple(sorted({alarm.key.split(":")[0] for alarm in decision.alarms})),
            )
        )


async def play(scenario: Scenario) -> Told:
    """Play a scenario; the same one gives the same rows, always."""
    return await Stage(scenario).play()
