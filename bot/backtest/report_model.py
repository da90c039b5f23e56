"""The model behind a report, whether of a replay or of a daemon's journal. Floats: it is for charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from bot.core.errors import ConfigError
from bot.core.pnl.attribution import Attribution
from bot.core.record import CycleRecord
from bot.core.snapshot import LpPosition
from bot.core.types import ZERO, Mode, Underlying
from bot.core.view.cycle import price_range
from bot.journal.cycle_summary import CycleSummary
from bot.journal.reader import JournalView

if TYPE_CHECKING:
    from bot.backtest.result import Result  # numpy, which a report of the journal does without

CYCLES: Final = 2000
"""The newest cycles of a journal that are drawn."""
Numbers = list[float | None]
"""A line; None where it was not known."""
BLUE, RED, GREEN, GREY, VIOLET = "#1f6feb", "#d1242f", "#1a7f37", "#8c959f", "#8250df"
_VIEW: Final = 4
"""Bands that a chart of the drift shows."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One underlying, base units: the short is signed, ``drift`` exposure x ratio + short, ``band`` a half-width."""

    exposure: Numbers
    short: Numbers
    drift: Numbers
    band: Numbers

    @property
    def limit(self) -> float:
        """Where a chart of the drift is cut; 0: there was no band."""
        return _VIEW * max((one for one in self.band if one is not None), default=0.0)


@dataclass(frozen=True, slots=True)
class ReportTrade:
    """An order: ``quantity`` filled, signed; ``price`` USD."""

    at: str
    symbol: str
    quantity: float
    price: float | None
    reason: str
    status: str


@dataclass(frozen=True, slots=True)
class Story:
    """All that a report shows; values in USD, ``distance`` the rise that liquidates (fraction)."""

    title: str
    span: str
    at: Sequence[str]
    hedged: Numbers
    unhedged: Numbers
    hold: Numbers
    legs: Mapping[Underlying, Leg]
    distance: Numbers
    trades: Sequence[ReportTrade]
    total: Attribution
    days: Mapping[str, Attribution]
    numbers: Sequence[tuple[str, str]]
    assumed: Sequence[str]
    remarks: Sequence[str] = field(default=())
    pays: Sequence[tuple[str, str, str]] = field(default=())
    held: Sequence[Sequence[str]] = field(default=())
    """Of each open position: name, range, where the price is, where it is staked, what that has earned."""

    @property
    def lines(self) -> tuple[tuple[str, Numbers, str], ...]:
        """The lines of value: name, changes, colour."""
        return ("hedged", self.hedged, BLUE), ("unhedged", self.unhedged, RED), ("deposit held", self.hold, GREY)


_SAVED: Final = TypeAdapter(Story)
FILE: Final = "story.json"


def save(story: Story, folder: Path) -> None:
    """Write a report's model into a backtest's folder, exact to the last digit."""
    (folder / FILE).write_bytes(_SAVED.dump_json(story) + b"\n")


def of_folder(folder: Path) -> Story:
    """Read the report's model from a backtest's folder.

    Raises:
        ConfigError: there is none, or it is something else.
    """
    file = folder / FILE
    try:
        return _SAVED.validate_json(file.read_bytes())
    except OSError as error:
        message = f"no folder that `dnbot backtest --out` wrote: {error.strerror}"
        raise ConfigError(message, source=str(file)) from error
    except ValidationError as error:
        raise ConfigError("is no backtest's story; write it again with `dnbot backtest`", source=str(file)) from error


def of_result(result: Result) -> Story:
    """Tell of a replay."""
    series = result.series
    start = float(result.start_value + result.start_equity)
    legs = {}
    for name in series.marks:
        ratio = float(result.ratios.get(name, ZERO))
        exposure, short = series.exposure[name], series.short[name]
        drift: Numbers = [ratio * one + other for one, other in zip(exposure, short, strict=True)]
        legs[name] = Leg([*exposure], [*short], drift, [*series.band[name]])
    trades = [
        ReportTrade(
            order.intent.created_at.strftime("%Y-%m-%d %H:%M:%S"),
            order.intent.request.symbol,
            float(order.filled),
            None if order.average is None else float(order.average),
            order.intent.request.reason,
            str(order.status),
        )
        for order in result.orders
        if order.filled
    ]
    near = result.worst_distance
    return Story(
        title="Backtest: simulated, no real money",
        span=f"{_when(result.start)} to {_when(result.end)}, {result.rows:,} rows, {result.steps:,} decisions",
        at=[f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}" for at in series.at],
        hedged=[value + equity - start for value, equity in zip(series.value, series.equity, strict=True)],
        unhedged=[value - float(result.start_value) for value in series.value],
        hold=[value - float(result.start_value) for value in series.hold],
        legs=legs,
        distance=[one if one != float("inf") else None for one in series.distance],
        trades=trades,
        total=result.total,
        days={day.isoformat(): one for day, one in result.days.items()},
        numbers=(
            ("Liquidity at the start", _usd(result.start_value)),
            ("Collateral at the start", _usd(result.start_equity)),
            ("Result", _usd(result.total.total)),
            ("Without the hedge", _usd(result.total.liquidity.total)),
            ("Variance left by the hedge", f"{result.variance_ratio:.3%}"),
            ("Tracking error a year", f"{result.tracking_error:.3%}"),
            ("of it by drift in the band", f"{result.tracking_error_adrift:.3%}"),
            ("Opening the hedge, once", _usd(result.opening)),
            ("Rebalancing a year", f"{result.rebalancing_a_year:.3%}"),
            ("Orders filled", f"{len(trades):,} of {len(result.orders):,}"),
            ("Turnover", _usd(result.turnover)),
            ("Liquidations", str(result.liquidations)),
            ("Nearest liquidation", "never short" if near is None else f"{near:.1%} above the mark"),
            ("Loss against rebalancing", _usd(result.total.liquidity.lvr)),
            ("Unexplained", _usd(result.total.residual)),
        ),
        assumed=result.assumptions,
        remarks=[finding.words for finding in result.findings],
        pays=result.pool_result.rows(),
    )


_TITLES: Final = {
    Mode.PAPER: "On paper: no real money",
    Mode.DEMO: "On the venue's demo system: no real money",
    Mode.LIVE: "Live, with real money",
}


def of_journal(view: JournalView, mode: Mode) -> Story | None:
    """Tell of a daemon's newest cycles; None where there is none yet."""
    cycles = view.summaries(limit=CYCLES)
    if not cycles:
        return None
    first, last = cycles[0], cycles[-1]
    distances = {record.cycle: _nearest(record) for record in view.records(after=first.number - 1)}
    names = sorted({hedge.underlying for cycle in cycles for hedge in cycle.figures.hedges})
    intents = view.intents(limit=CYCLES)
    book = view.book()
    totals, values = [_total(cycle) for cycle in cycles], [_float(cycle.figures.lp_value) for cycle in cycles]
    holds = [_hold(cycle) for cycle in cycles]
    trades = [
        ReportTrade(
            item.intent.created_at.strftime("%Y-%m-%d %H:%M:%S"),
            item.intent.request.symbol,
            float(item.filled),
            _float(item.intent.request.mark),
            item.intent.request.reason,
            item.status.value,
        )
        for item in intents
        if item.filled and item.intent.created_at >= first.at
    ]
    known = [one for one in distances.values() if one is not None]
    return Story(
        title=_TITLES[mode],
        span=f"{_when(first.at)} to {_when(last.at)}, {len(cycles):,} cycles",
        at=[f"{cycle.at:%Y-%m-%d %H:%M:%S}" for cycle in cycles],
        hedged=_since_first(totals),
        unhedged=_since_first(values),
        hold=_since_first(holds),
        legs={name: _leg(cycles, name) for name in names},
        distance=[distances.get(cycle.number) for cycle in cycles],
        trades=trades,
        total=book.total,
        days={day.isoformat(): one for day, one in view.results().items()},
        numbers=(
            ("Liquidity now", _usd(last.figures.lp_value)),
            ("Collateral now", _usd(sum(last.figures.equity.values(), Decimal(0)))),
            ("Result since the journal began", _usd(book.total.total)),
            ("State", last.figures.state.value),
            ("Fees waiting", _usd(last.figures.fees_value)),
            ("Impermanent loss", _usd(last.figures.il_value)),
            ("Orders filled", f"{len(trades):,}"),
            ("Nearest liquidation", f"{min(known):.1%} above the mark" if known else "never short"),
            ("Loss against rebalancing", _usd(book.total.liquidity.lvr)),
            ("Unexplained", _usd(book.total.residual)),
        ),
        assumed=(
            "Values are those that the daemon saw, at the marks of each cycle; between cycles nothing is known.",
            "Money paid in or out, and liquidity added or taken, moves the lines of value and no attribution.",
            "The deposit held is measured from each position's entry, where that is known.",
            "Orders are shown at the mark of their decision.",
        ),
        held=[] if (record := view.last_record()) is None else [_held(one) for one in record.snapshot.positions],
    )


def _held(position: LpPosition) -> list[str]:
    span = price_range(position)
    return [
        position.id,
        "every price" if span is None else f"{span.lower:.6g} to {span.upper:.6g} {span.quote}, now {span.price:.6g}",
        "in range" if position.curve.in_range else "out of range",
        position.staked_in or "",
        " + ".join(f"{reward.amount:.6g} {reward.symbol}" for reward in position.rewards),
    ]


def _nearest(record: CycleRecord) -> float | None:
    found = [float(one.distance) for one in record.decision.position_risks if one.distance is not None]
    return min(found, default=None)


def _leg(cycles: Sequence[CycleSummary], name: Underlying) -> Leg:
    rows = [next((one for one in cycle.figures.hedges if one.underlying == name), None) for cycle in cycles]
    return Leg(
        [_float(row.exposure) if row else None for row in rows],
        [_float(row.position) if row else None for row in rows],
        [_float(row.drift) if row else None for row in rows],
        [_float(row.outer) if row else None for row in rows],
    )


def _total(cycle: CycleSummary) -> float | None:
    figures = cycle.figures
    return None if figures.lp_value is None else float(figures.lp_value + sum(figures.equity.values(), Decimal(0)))


def _hold(cycle: CycleSummary) -> float | None:
    figures = cycle.figures
    if figures.lp_value is None or figures.fees_value is None:
        return None
    return float(figures.lp_value - figures.fees_value - figures.il_value)


def _since_first(line: Sequence[float | None]) -> Numbers:
    start = next((one for one in line if one is not None), 0.0)
    return [None if one is None else one - start for one in line]


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _usd(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{round(value, 2) + 0:,.2f} USD"


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
