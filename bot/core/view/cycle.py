"""The view model of a cycle: what every screen, report, metric and message takes its figures from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Final

from bot.core.data_quality.collateral import Collateral, collaterals
from bot.core.decision import Hedge, PositionRisk, RemarkCode
from bot.core.explain import HedgeWords, explain
from bot.core.pnl.position_report import PositionReport
from bot.core.record import CycleRecord
from bot.core.run_state import RunState
from bot.core.snapshot import Balance, LpPosition, VenueUnknown, VenueView
from bot.core.types import USD, ZERO, Underlying, VenueId
from bot.core.view.next_trade import NextTrade, next_trade
from bot.core.view.perps import Perp, margin_ratio, perps
from bot.core.view.results import Results, results_of

_WHOLE: Final = Decimal(10) ** 12
"""Ranges whose upper price is this many times the lower one cover every price that there will be."""


@dataclass(frozen=True)
class HedgeView:
    """One underlying: the decision's own line, its words, and what it comes to.

    ``unhedged`` is exposure + position, base units (below 0: over-hedged), whatever the bot aims at; None where the
    position is unknown. ``nearest`` is the short of it that is nearest to liquidation, ``stop`` the lowest trigger of
    its verified stops. ``is_open`` says that more stays unhedged than the configuration wants and the band allows.
    ``positions`` are None while the bot does not trade.
    """

    hedge: Hedge
    words: HedgeWords
    unhedged: Decimal | None
    nearest: PositionRisk | None
    stop: Decimal | None
    is_open: bool
    positions: Sequence[LpPosition] | None

    @cached_property
    def next_trade(self) -> NextTrade:
        """The prices at which the hedge trades next; searched when they are first asked for."""
        return NextTrade() if self.positions is None else next_trade(self.hedge, self.positions)

    @property
    def unhedged_share(self) -> Decimal | None:
        """What is unhedged, as a fraction of the exposure; None where there is none, or it is unknown."""
        exposure = self.hedge.exposure
        return None if self.unhedged is None or not exposure else self.unhedged / exposure


@dataclass(frozen=True, slots=True)
class VenueState:
    """One venue's account; ``reason`` says why it could not be read, and ``balance`` is None then."""

    venue: VenueId
    as_of: datetime
    reason: str | None = None
    balance: Balance | None = None
    perps: tuple[Perp, ...] = ()
    open_orders: int = 0
    collaterals: tuple[Collateral, ...] = ()

    @property
    def margin_ratio(self) -> Decimal | None:
        """Maintenance margin over equity: liquidation is at 1."""
        return None if self.balance is None else margin_ratio(self.balance)

    @property
    def liquidation_distance(self) -> Decimal | None:
        """That of the position which is nearest to it."""
        known = (perp.liquidation_distance for perp in self.perps)
        return min((distance for distance in known if distance is not None), default=None)


@dataclass(frozen=True, slots=True)
class PriceRange:
    """Where a position trades, and where the pool stands: ``quote`` tokens per ``base`` token."""

    lower: Decimal
    upper: Decimal
    price: Decimal
    base: str
    quote: str


@dataclass(frozen=True, slots=True)
class PositionView:
    """A position with the decision's report on it; ``range`` is None where it trades at every price, or has none."""

    position: LpPosition
    report: PositionReport | None
    range: PriceRange | None

    @property
    def pair(self) -> str:
        """Both tokens' symbols."""
        return f"{self.position.token0.symbol}/{self.position.token1.symbol}"

    @property
    def amounts(self) -> tuple[tuple[str, Decimal], tuple[str, Decimal]]:
        """Symbol and whole tokens of both sides, fees included."""
        position, amounts = self.position, self.position.amounts
        return (
            (position.token0.symbol, Decimal(amounts.total0).scaleb(-position.token0.decimals)),
            (position.token1.symbol, Decimal(amounts.total1).scaleb(-position.token1.decimals)),
        )


@dataclass(frozen=True, slots=True)
class Totals:
    """The whole book, USD; sums over all positions, None as soon as one of them is unknown.

    ``lp_value`` includes ``fees_value``; ``il_value`` covers the positions whose entry is known (the others have none).
    ``equity`` is by venue; a venue that could not be read is missing, and ``all_equity`` is None then.
    """

    lp_value: Decimal | None
    fees_value: Decimal | None
    il_value: Decimal
    equity: Mapping[VenueId, Decimal]
    all_equity: Decimal | None


@dataclass(frozen=True, slots=True)
class CycleView:
    """A recorded cycle and what it comes to; ``results`` count from the day on which the journal ``began``."""

    record: CycleRecord
    began: date
    hedges: tuple[HedgeView, ...]
    venues: tuple[VenueState, ...]
    positions: tuple[PositionView, ...]
    totals: Totals
    results: Results

    @property
    def perps(self) -> tuple[Perp, ...]:
        """Every market of every venue that could be read."""
        return tuple(perp for venue in self.venues for perp in venue.perps)


def view_of(record: CycleRecord, began: date | None = None) -> CycleView:
    """Compute what a cycle comes to; ``began`` None: the journal began with it."""
    snapshot, decision = record.snapshot, record.decision
    reports = {report.position: report for report in record.positions}
    said = explain(decision)
    by_venue: dict[VenueId, list[Perp]] = {}
    settled = collaterals(snapshot)
    for perp in perps(record):
        by_venue.setdefault(perp.view.venue, []).append(perp)
    return CycleView(
        record=record,
        began=began or record.at.date(),
        hedges=tuple(_hedge(record, item, said[item.underlying]) for item in decision.hedges),
        venues=tuple(_venue(view, by_venue.get(view.venue, ()), settled) for view in snapshot.venues),
        positions=tuple(PositionView(item, reports.get(item.id), price_range(item)) for item in snapshot.positions),
        totals=totals_of(record),
        results=results_of(record.book, snapshot),
    )


def totals_of(record: CycleRecord) -> Totals:
    """Add up what a cycle's positions and accounts are worth."""
    found = record.positions
    equity = {view.venue: view.balance.equity for view in record.snapshot.known_venues}
    return Totals(
        lp_value=_sum(report.value for report in found),
        fees_value=_sum(report.fees_value for report in found),
        il_value=sum((report.il_value for report in found if report.il_value is not None), ZERO),
        equity=equity,
        all_equity=sum(equity.values(), ZERO) if len(equity) == len(record.snapshot.venues) else None,
    )


def _hedge(record: CycleRecord, hedge: Hedge, words: HedgeWords) -> HedgeView:
    risks = [risk for risk in record.decision.position_risks if risk.underlying == hedge.underlying]
    near = [risk for risk in risks if risk.distance is not None]
    unhedged = _unhedged(hedge)
    return HedgeView(
        hedge=hedge,
        words=words,
        unhedged=unhedged,
        nearest=min(near, key=lambda risk: risk.distance or ZERO, default=None),
        stop=min((risk.stop for risk in risks if risk.stop is not None), default=None),
        is_open=_is_open(hedge, unhedged),
        positions=record.snapshot.positions if _is_trading(record) else None,
    )


def _unhedged(hedge: Hedge) -> Decimal | None:
    """Return exposure + position; no position is looked for where no hedge is configured."""
    if hedge.position is None:
        is_configured = all(remark.code is not RemarkCode.NOT_HEDGED for remark in hedge.remarks)
        return None if is_configured else hedge.exposure
    return hedge.exposure + hedge.position


def _is_trading(record: CycleRecord) -> bool:
    return record.decision.state.bot.state is RunState.RUNNING and not record.snapshot.unread


def _is_open(hedge: Hedge, unhedged: Decimal | None) -> bool:
    """Whether more is unhedged than what is wanted: the share that a running bot leaves, and the band around it."""
    if unhedged is None:
        return True
    wanted = hedge.exposure + hedge.target if hedge.target else ZERO
    edge = hedge.band.outer if hedge.band is not None else ZERO
    return abs(unhedged - wanted) > edge


def _venue(view: VenueView | VenueUnknown, held: Iterable[Perp], settled: Iterable[Collateral]) -> VenueState:
    if isinstance(view, VenueUnknown):
        return VenueState(view.venue, view.as_of, view.reason)
    own = tuple(one for one in settled if one.venue == view.venue)
    return VenueState(view.venue, view.as_of, None, view.balance, tuple(held), len(view.open_orders), own)


def price_range(position: LpPosition) -> PriceRange | None:
    """Return a position's range and price, told in its quote; None where it trades at every price, or has none."""
    bounds = position.curve.bounds()
    if bounds is None or not position.curve.liquidity or bounds[1] > bounds[0] * _WHOLE:
        return None
    token0, token1 = position.token0, position.token1
    price = position.curve.price()
    low, high, here = (raw.scaleb(token0.decimals - token1.decimals) for raw in (*bounds, price))
    if _is_quote(token0.underlying, token1.underlying):
        return PriceRange(1 / high, 1 / low, 1 / here, token1.symbol, token0.symbol)
    return PriceRange(low, high, here, token0.symbol, token1.symbol)


def _is_quote(first: Underlying, second: Underlying) -> bool:
    """Whether prices are told in the first token: it is a dollar and the second is not."""
    return first == USD and second != USD


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    total = ZERO
    for value in values:
        if value is None:
            return None
        total += value
    return total
