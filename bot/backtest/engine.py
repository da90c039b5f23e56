"""The replay: rows become snapshots, decide() decides, the daemon's executor sends to the paper exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final

from bot.app.adapter_configs import paper_config
from bot.app.loop.commands import Commands
from bot.app.loop.cost_basis import EntryBook
from bot.app.loop.cycle import Cycle
from bot.app.loop.execute import Executor
from bot.app.loop.order_reconciliation import Reconciler
from bot.app.settings import Settings
from bot.backtest.assumptions import assumptions
from bot.backtest.between_rows import at_moment, moments
from bot.backtest.columns import moment
from bot.backtest.fast_forward import Quiet, QuietDay, is_active
from bot.backtest.journal import MemoryJournal
from bot.backtest.market import Market, MarketDay
from bot.backtest.pnl_booking import Booking, Stand
from bot.backtest.pool_pays import by_order, funding_ends, funding_words
from bot.backtest.replay_statistics import Seen, Tally
from bot.backtest.replay_venue import SimClock, SimObserver, SimVenue, finish
from bot.backtest.replay_world import World, lines
from bot.backtest.result import Result, Series
from bot.backtest.scenario import Scenario
from bot.core.decision import Decision, PositionRisk
from bot.core.errors import ConfigError
from bot.core.hedge.band import to_decimal
from bot.core.hedge.volatility import Volatility
from bot.core.inputs import CycleInputs
from bot.core.pnl.attribution import Attribution, LiquidityResult
from bot.core.policy import Policy
from bot.core.risk.liquidation import position_risks
from bot.core.snapshot import Snapshot
from bot.core.state import State
from bot.core.types import ZERO, Underlying
from bot.paper.config import venue_rules
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.liquidation import LIQUIDATION_ID

Watcher = Callable[["Replay"], None]
_DIGITS: Final = 12
"""To which a distance is told: whether rows are left out shows in the last ones."""
_POINTS: Final = 5000
"""Rows that a chart gets at most."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is replayed: a market, a policy and the venues."""

    market: Market
    policy: Policy
    venues: tuple[PaperEngine, ...]


def plan_replay(market: Market, settings: Settings, scenario: Scenario) -> Plan:
    """Take policy and paper venues from the settings, as far as the market has prices for them.

    Raises:
        ConfigError: no venue trades what the pools hold, or the latency is longer than a row.
    """
    policy = settings.policy()
    hedges = {name: hedge for name, hedge in policy.hedges.items() if name in market.underlyings}
    if not hedges:
        held = ", ".join(market.underlyings)
        raise ConfigError(f"no venue of the configuration has a perpetual on what the pools hold ({held})")
    if scenario.latency is not None and scenario.latency >= market.interval:
        raise ConfigError(f"latency must be shorter than a row ({market.interval})", key="latency")
    engines = []
    for name, venue in settings.venues.items():
        config = paper_config(name, venue, Path("unused"))
        symbols = {key: symbol for key, symbol in config.symbols.items() if key in hedges}
        if not symbols:
            continue
        hardships = config.hardships
        if scenario.latency is not None:
            hardships = replace(hardships, order_latency=scenario.latency, cancel_latency=scenario.latency)
        config = replace(config, symbols=symbols, hardships=hardships, deposit=scenario.collateral or config.deposit)
        engines.append(PaperEngine.open(venue_rules(config), moment(market.start), config.deposit))
    return Plan(market, replace(policy, hedges=hedges), tuple(engines))


def replay(plan: Plan, *, skip: bool = True, watcher: Watcher | None = None) -> Result:
    """Replay the market; the same plan gives the same bytes, with ``skip`` or without.

    Args:
        plan: what to replay; its engines are forked, so that it may be replayed again.
        skip: leave out the decisions that can't act.
        watcher: is shown the replay after each day.

    Raises:
        ConfigError: the market has no row.
    """
    return Replay(plan, skip=skip).run(watcher)


class Replay:
    """One replay under way."""

    def __init__(self, plan: Plan, *, skip: bool) -> None:
        self._market, self._policy = plan.market, plan.policy
        self.venues = tuple(SimVenue(engine.fork()) for engine in plan.venues)
        self.world = World(plan.market, self.venues, {})
        self.journal = MemoryJournal()
        by_name = {venue.venue: venue for venue in self.venues}
        clock = SimClock(self.venues)
        self._cycle = Cycle(
            observer=SimObserver((), self.venues, (), EntryBook(self.journal, clock, 0.0), clock, 0.0),
            executor=Executor(by_name, self.journal, clock),
            reconciler=Reconciler(by_name, self.journal, clock),
            journal=self.journal,
            clock=clock,
            policy=plan.policy,
            commands=Commands(self.journal, clock),
            state=State.fresh(moment(plan.market.start)),
        )
        self.state = State.fresh(moment(plan.market.start))
        self.acted = True
        """Whether the last step, or the venue in it, did anything."""
        self._quiet = Quiet(self, plan.policy) if skip else None
        self.tally = Tally(Series(every=max(1, plan.market.rows // _POINTS)))
        self.booking = Booking(self.venues, self.journal)
        self._seen = Seen()
        self.days = 0
        """How many are done."""

    def run(self, watcher: Watcher | None = None) -> Result:
        """Replay all days that are not done."""
        for day in islice(self._market.days(), self.days, None):
            self._day(day)
            self.days += 1
            if watcher is not None:
                watcher(self)
        return self._result()

    def _day(self, day: MarketDay) -> None:
        base, seen = self.tally.rows, Seen()
        self._seen = seen
        quiet: QuietDay | None = None
        row = 0
        while row < len(day):
            decision = self._step(day, row, base + row + 1, is_last=row == len(day) - 1)
            seen.decided += 1
            self._note(row, decision.position_risks)
            seen.bands.append({one.underlying: float(one.band.outer) for one in decision.hedges if one.band})
            if seen.idle is None and not self.acted:
                seen.idle = row
            if row == 0 and self._quiet is not None:
                quiet = self._quiet.day(day, base)
            self._work(day, row, decision)
            end = row + 1 if quiet is None else quiet.skip(row, decision)
            if seen.idle is None and end > row + 1:
                seen.idle = row + 1
            row = end
        found = lines(day, self.world.entries)
        self.tally.take(day, found, seen)
        lost = {key: LiquidityResult(lvr=to_decimal(float(losses.sum()))) for key, losses in found.lvr.items()}
        self.booking.add(_date(day.times[0]), Attribution(lost))

    def pass_over(self, day: MarketDay, row: int) -> None:
        """Advance the venues to a row at which nothing is decided."""
        for venue in self.venues:
            venue.advance(moment(day.times[row]), self.world.updates(day, row, venue))
        self._note(row, [risk for venue in self.venues for risk in position_risks(venue.view())])
        self._seen.bands.append(self._seen.bands[-1])

    def _note(self, row: int, risks: Iterable[PositionRisk]) -> None:
        """Note where the accounts stand after a row: equity, shorts, and the marks that liquidate the nearest ones."""
        self._seen.steps.append(row)
        self._seen.equity.append(self._equity())
        self._seen.shorts.append(self._shorts())
        self._seen.liquidations.append(_liquidations(risks))

    def _step(self, day: MarketDay, row: int, number: int, *, is_last: bool) -> Decision:
        """Decide at a row and carry it out."""
        now = moment(day.times[row])
        happened = [venue.advance(now, self.world.updates(day, row, venue)) for venue in self.venues]
        if any(happened) or self.acted or self.journal.works:
            finish(self._cycle.reconciler.reconcile())
        snapshot = self.world.snapshot(day, row, number)
        return self._decide(snapshot, day.times[row], is_eventful=any(happened), is_last=is_last)

    def _decide(self, snapshot: Snapshot, seconds: int, *, is_eventful: bool, is_last: bool = False) -> Decision:
        """Decide on a snapshot of a UTC day's row, carry it out, and book what happened."""
        self._cycle.state, self._cycle.booked = self.state, self.booking.booked
        counted = self.booking.counted()
        decision = finish(self._cycle.act(snapshot)).decision
        self.state = decision.state
        self.acted = is_eventful or is_active(decision)
        if is_last or self.acted or self.booking.last is None:
            self.booking.book(Stand(snapshot, decision.prices), _date(seconds), counted)
        self.tally.judge(decision, seconds)
        return decision

    def _work(self, day: MarketDay, row: int, decision: Decision) -> None:
        """Live on to the next row while an order rests, or was cut to size; the history of marks stays the rows'."""
        if not (self.journal.works or decision.reduced):
            return
        marks = self.state.marks
        volatility = Volatility(marks, float(self._policy.assumed_volatility))
        ways = moments(day, row, {name: volatility.of(name) for name in day.marks})
        for now, prices in ways:
            happened = [venue.advance(now, self.world.updates(day, row, venue, prices)) for venue in self.venues]
            finish(self._cycle.reconciler.reconcile())
            snapshot = at_moment(self.world.snapshot(day, row, self.tally.rows + row + 1), now)
            decision = self._decide(snapshot, day.times[row], is_eventful=any(happened))
            self.state = replace(self.state, marks=marks)
            if not (self.journal.works or decision.reduced):
                return

    @property
    def alarms(self) -> Mapping[str, int]:
        """Keys of the alarms that were raised, with the time of the first row that raised each, seconds since 1970."""
        return self.tally.alarms

    @property
    def inputs(self) -> CycleInputs:
        """The present state of journal and book."""
        self._cycle.booked = self.booking.booked
        return self._cycle.inputs()

    def _equity(self) -> float:
        return float(sum((venue.engine.equity for venue in self.venues), ZERO))

    def _shorts(self) -> dict[Underlying, float]:
        found: dict[Underlying, float] = dict.fromkeys(self._market.underlyings, 0.0)
        for venue in self.venues:
            for symbol, position in venue.engine.account.positions.items():
                found[venue.engine.rules.symbols[symbol].market.underlying] += float(position.size)
        return found

    def _result(self) -> Result:
        first, last, tally = self.booking.first, self.booking.last, self.tally
        if first is None or last is None:
            raise ConfigError("the market has no row to replay")
        fills = [fill for venue in self.venues for fill in venue.fills_made]
        forced = [fill for fill in fills if str(fill.client_id).startswith(LIQUIDATION_ID)]
        return Result(
            start=first.snapshot.observed_at,
            end=last.snapshot.observed_at,
            rows=tally.rows,
            steps=tally.steps,
            orders=tuple(self.journal.orders.values()),
            total=self.booking.total,
            days=self.booking.days,
            start_value=first.value,
            end_value=last.value,
            start_equity=first.equity,
            end_equity=last.equity,
            hold_value=Stand(first.snapshot, last.prices).value,
            hedged=tally.hedged,
            unhedged=tally.unhedged,
            adrift=tally.adrift,
            turnover=sum((abs(fill.quantity) * fill.price for fill in fills), ZERO),
            worst_distance=None if tally.worst in {None, float("inf")} else round(tally.worst or 0.0, _DIGITS),
            liquidations=len(forced),
            refused=tally.refused,
            series=tally.series,
            findings=self._market.findings,
            assumptions=(*assumptions(self._policy, self.venues), funding_words(self._market)),
            ratios={name: hedge.ratio for name, hedge in self._policy.hedges.items()},
            opening=self.booking.trading_costs(until=tally.opened),
            funding=funding_ends(tally.series, self._market),
            horizons=tally.horizons,
            guards=tally.guards,
            alarms=tally.alarms,
            fills=by_order(fills),
        )


def _liquidations(risks: Iterable[PositionRisk]) -> dict[Underlying, float]:
    """Return the mark at which the nearest short of each underlying is liquidated."""
    found: dict[Underlying, float] = {}
    for item in risks:
        if item.liquidation is not None:
            found[item.underlying] = min(float(item.liquidation), found.get(item.underlying, float("inf")))
    return found


def _date(seconds: int) -> date:
    """Return the UTC day that ends a row: midnight belongs to the day before."""
    return moment(seconds - 1).date()
