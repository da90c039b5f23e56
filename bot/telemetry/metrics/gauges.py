"""The gauges, read from the last cycle at each scrape: what is unknown has no sample, never a 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Final

from bot.core.decision import Hedge
from bot.core.inputs import PendingStatus
from bot.core.pnl.attribution import HedgeResult, LiquidityResult
from bot.core.pnl.position_report import PositionReport
from bot.core.record import CycleRecord
from bot.core.run_state import RunState
from bot.core.snapshot import Balance, BlockStamp
from bot.core.types import PositionId, Underlying
from bot.core.view.cycle import CycleView, HedgeView
from bot.core.view.perps import Perp, margin_ratio

Sample = tuple[tuple[str, ...], Decimal | float | None]
"""The labels' values and the figure; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The last cycle, and the time at which it is asked about."""

    view: CycleView
    now: datetime

    @property
    def record(self) -> CycleRecord:
        """The cycle's record."""
        return self.view.record


@dataclass(frozen=True, slots=True)
class Gauge:
    """A gauge and how it is read from a record."""

    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[Seen], Iterable[Sample]]


def _hedge(name: str, text: str, figure: Callable[[Hedge], Decimal | None]) -> Gauge:
    def read(seen: Seen) -> Iterator[Sample]:
        for hedge in seen.record.decision.hedges:
            yield (hedge.underlying,), figure(hedge)

    return Gauge(f"dnbot_{name}", text, ("underlying",), read)


def _view(name: str, text: str, figure: Callable[[HedgeView], Decimal | float | None]) -> Gauge:
    def read(seen: Seen) -> Iterator[Sample]:
        for item in seen.view.hedges:
            yield (item.hedge.underlying,), figure(item)

    return Gauge(f"dnbot_{name}", text, ("underlying",), read)


def _position(name: str, text: str, figure: Callable[[PositionReport], Decimal | None]) -> Gauge:
    def read(seen: Seen) -> Iterator[Sample]:
        for report in seen.record.positions:
            yield (report.position,), figure(report)

    return Gauge(f"dnbot_lp_{name}", text, ("position",), read)


def _venue(name: str, text: str, figure: Callable[[Balance], Decimal | None]) -> Gauge:
    def read(seen: Seen) -> Iterator[Sample]:
        for venue in seen.view.venues:
            if venue.balance is not None:
                yield (venue.venue,), figure(venue.balance)

    return Gauge(f"dnbot_{name}", text, ("venue",), read)


def _perp(name: str, text: str, figure: Callable[[Perp], Decimal | None]) -> Gauge:
    def read(seen: Seen) -> Iterator[Sample]:
        for perp in seen.view.perps:
            yield perp.labels, figure(perp)

    return Gauge(f"dnbot_{name}", text, ("venue", "symbol"), read)


def _chain(name: str, text: str, figure: Callable[[BlockStamp, datetime], float]) -> Gauge:
    def read(seen: Seen) -> Iterator[Sample]:
        for view in seen.record.snapshot.chains:
            yield (view.chain,), figure(view.block, seen.now)

    return Gauge(f"dnbot_{name}", text, ("chain",), read)


def _states(seen: Seen) -> Iterator[Sample]:
    present = seen.record.decision.state.bot.state
    for state in RunState:
        yield (state.value,), float(state is present)


def _prices(seen: Seen) -> Iterator[Sample]:
    for underlying, price in seen.record.decision.prices.items():
        yield (underlying,), price


def _venues_up(seen: Seen) -> Iterator[Sample]:
    for venue in seen.view.venues:
        yield (venue.venue,), float(venue.balance is not None)


def _collaterals(seen: Seen) -> Iterator[Sample]:
    for venue in seen.view.venues:
        for one in venue.collaterals:
            yield (venue.venue, one.currency), one.price


def _in_range(seen: Seen) -> Iterator[Sample]:
    for position in seen.record.snapshot.positions:
        yield (position.id,), float(position.curve.in_range)


def _pending(seen: Seen) -> Iterator[Sample]:
    pending = seen.record.pending
    for status in PendingStatus:
        yield (status.value,), float(sum(item.status is status for item in pending))


def _alarms(seen: Seen) -> Iterator[Sample]:
    for alarm in seen.record.decision.alarms:
        yield (alarm.key, alarm.severity.value), 1.0


def _terms(results: Mapping[PositionId, LiquidityResult] | Mapping[Underlying, HedgeResult]) -> Iterator[Sample]:
    for key, result in results.items():
        for term in fields(result):
            yield (key, term.name), getattr(result, term.name)


def _results(seen: Seen) -> Iterator[Sample]:
    results = seen.view.results
    yield ("liquidity",), results.liquidity
    yield ("hedge",), results.hedge
    yield ("both",), results.total


def _residual(seen: Seen) -> Iterator[Sample]:
    for venue, item in seen.record.book.accounts.items():
        yield (venue,), item.residual


GAUGES: Final = (
    Gauge("dnbot_state", "1 for the state that the bot is in, 0 for the others.", ("state",), _states),
    Gauge(
        "dnbot_state_since_timestamp_seconds",
        "When the bot entered its state, Unix time.",
        (),
        lambda seen: [((), seen.record.decision.state.bot.since.timestamp())],
    ),
    _hedge("exposure_units", "Exposure of the liquidity positions, base units.", lambda hedge: hedge.exposure),
    _hedge("target_units", "Wanted perpetual position, base units (short < 0).", lambda hedge: hedge.target),
    _hedge("position_units", "Perpetual position over all venues, base units.", lambda hedge: hedge.position),
    _hedge("in_flight_units", "What unresolved orders may still add, base units.", lambda hedge: hedge.in_flight),
    _hedge("drift_units", "Exposure left unhedged, base units (> 0: under-hedged).", lambda hedge: hedge.drift),
    _view("unhedged_units", "Exposure plus position, whatever is aimed at, base units.", lambda item: item.unhedged),
    _view("unhedged_ratio", "The same as a fraction of the exposure.", lambda item: item.unhedged_share),
    _view(
        "hedge_open",
        "1 where more is unhedged than what is configured and the band allow.",
        lambda item: float(item.is_open),
    ),
    _hedge(
        "band_outer_units",
        "Beyond this absolute drift the bot trades, base units.",
        lambda hedge: hedge.band.outer if hedge.band else None,
    ),
    _hedge(
        "band_inner_units",
        "Drift, in absolute terms, that a trade goes back to, base units.",
        lambda hedge: hedge.band.inner if hedge.band else None,
    ),
    _hedge("mark_price_usd", "Mark price on the first venue that can be read.", lambda hedge: hedge.mark),
    Gauge("dnbot_price_usd", "Price that positions are valued at.", ("underlying",), _prices),
    _position("value_usd", "Value of a liquidity position, fees included.", lambda report: report.value),
    _position(
        "fees_usd",
        "Fees in a liquidity position: not collected yet, or left in the pool since the deposit.",
        lambda report: report.fees_value,
    ),
    _position("il_ratio", "Impermanent loss against holding the deposit, fraction (<= 0).", lambda report: report.il),
    _position("il_usd", "Impermanent loss against holding the deposit.", lambda report: report.il_value),
    Gauge(
        "dnbot_lp_in_range", "Whether a liquidity position trades at the pool's price (1).", ("position",), _in_range
    ),
    Gauge("dnbot_venue_up", "Whether the last cycle could read the venue (1).", ("venue",), _venues_up),
    Gauge(
        "dnbot_collateral_price_usd",
        "What one unit of a venue's collateral is worth, by the feed that is farthest from a dollar.",
        ("venue", "currency"),
        _collaterals,
    ),
    _venue("wallet_usd", "Cash of the collateral account.", lambda balance: balance.wallet),
    _venue("equity_usd", "Cash and unrealised profit of the account.", lambda balance: balance.equity),
    _venue("available_usd", "Collateral that is free.", lambda balance: balance.available),
    _venue(
        "maintenance_margin_usd",
        "Equity at which the venue liquidates.",
        lambda balance: balance.maintenance_margin,
    ),
    _venue(
        "margin_ratio",
        "Maintenance margin over equity; liquidation is at 1.",
        margin_ratio,
    ),
    _perp("perp_size_units", "Position in a perpetual, base units (short < 0).", lambda perp: perp.position.size),
    _perp("perp_notional_usd", "Size times mark (short < 0).", lambda perp: perp.notional),
    _perp("perp_unrealised_usd", "Unrealised profit of a position.", lambda perp: perp.position.unrealised),
    _perp(
        "liquidation_price_usd",
        "Mark price at which the position is liquidated; a short's where all marks of the account rise alike.",
        lambda perp: perp.liquidation_price,
    ),
    _perp(
        "liquidation_distance_ratio",
        "Adverse move of the mark until liquidation, as a fraction of the mark.",
        lambda perp: perp.liquidation_distance,
    ),
    _perp("stop_covered_units", "Part of a position that resting stops close, base units.", lambda p: p.stop_covered),
    _perp(
        "funding_rate_ratio",
        "Funding due next, fraction of the notional (> 0: a short receives).",
        lambda perp: perp.quote.funding.rate if perp.quote.funding else None,
    ),
    _perp(
        "funding_yearly_ratio",
        "Funding that a short receives in a year at the present rate, fraction of the notional.",
        lambda perp: perp.funding_a_year,
    ),
    _chain("block_number", "Block that the last cycle read.", lambda block, _: float(block.number)),
    _chain(
        "head_age_seconds",
        "Age of the block that the last cycle read, by now.",
        lambda block, now: (now - block.timestamp).total_seconds(),
    ),
    Gauge("dnbot_pending_orders", "Orders whose end is not known, by what is known of them.", ("status",), _pending),
    Gauge("dnbot_alarm", "1 for each alarm that stands.", ("key", "severity"), _alarms),
    Gauge(
        "dnbot_lp_result_usd",
        "What a position brought since the journal began, by term: fees, hold, il; lvr is no part of the sum.",
        ("position", "term"),
        lambda seen: _terms(seen.record.book.total.positions),
    ),
    Gauge(
        "dnbot_hedge_result_usd",
        "What the perpetuals of an underlying brought since the journal began, by term.",
        ("underlying", "term"),
        lambda seen: _terms(seen.record.book.total.hedges),
    ),
    Gauge(
        "dnbot_pnl_usd", "Result since the journal began: of the liquidity, its hedge, and both.", ("part",), _results
    ),
    Gauge(
        "dnbot_residual_usd",
        "What no trade, price, funding or fee explains of today's change of the venue's equity.",
        ("venue",),
        _residual,
    ),
)
