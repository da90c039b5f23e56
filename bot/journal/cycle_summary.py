"""The figures of a cycle for charts and tables, cheap to read by the thousand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.core.decision import Hedge
from bot.core.record import CycleRecord
from bot.core.run_state import RunState
from bot.core.types import ChainName, Underlying, VenueId
from bot.core.view.cycle import totals_of
from bot.core.view.results import results_of


@dataclass(frozen=True, slots=True)
class HedgeFigures:
    """One underlying, base units; ``outer`` and ``inner`` are the band's; ``mark`` in USD; None where unknown."""

    underlying: Underlying
    exposure: Decimal
    target: Decimal
    position: Decimal | None
    in_flight: Decimal
    drift: Decimal | None
    outer: Decimal | None
    inner: Decimal | None
    mark: Decimal | None


@dataclass(frozen=True, slots=True)
class ResultFigures:
    """What the liquidity and its hedge brought since the journal began, USD."""

    liquidity: Decimal
    hedge: Decimal

    @property
    def both(self) -> Decimal:
        """The sum."""
        return self.liquidity + self.hedge


@dataclass(frozen=True, slots=True)
class Figures:
    """The whole book, USD: see ``Totals``; ``result`` is None in journals of versions that did not write it."""

    state: RunState
    positions: int
    lp_value: Decimal | None
    fees_value: Decimal | None
    il_value: Decimal
    equity: Mapping[VenueId, Decimal]
    hedges: tuple[HedgeFigures, ...]
    approved: int
    refused: int
    alarms: int
    result: ResultFigures | None = None


@dataclass(frozen=True, slots=True)
class CycleSummary:
    """A cycle's summary; ``blocks`` by chain, ``seconds`` that it took."""

    number: int
    at: datetime
    seconds: float
    blocks: Mapping[ChainName, int]
    figures: Figures


def summarise(record: CycleRecord) -> CycleSummary:
    """Extract the figures from a cycle's record."""
    snapshot, decision = record.snapshot, record.decision
    totals, results = totals_of(record), results_of(record.book, snapshot)
    figures = Figures(
        state=decision.state.bot.state,
        positions=len(record.positions),
        lp_value=totals.lp_value,
        fees_value=totals.fees_value,
        il_value=totals.il_value,
        equity=totals.equity,
        hedges=tuple(_hedge(hedge) for hedge in decision.hedges),
        approved=len(decision.approved),
        refused=len(decision.refused),
        alarms=len(decision.alarms),
        result=ResultFigures(results.liquidity, results.hedge),
    )
    blocks = {view.chain: view.block.number for view in snapshot.chains}
    return CycleSummary(record.cycle, record.at, record.seconds, blocks, figures)


def _hedge(hedge: Hedge) -> HedgeFigures:
    return HedgeFigures(
        underlying=hedge.underlying,
        exposure=hedge.exposure,
        target=hedge.target,
        position=hedge.position,
        in_flight=hedge.in_flight,
        drift=hedge.drift,
        outer=hedge.band.outer if hedge.band else None,
        inner=hedge.band.inner if hedge.band else None,
        mark=hedge.mark,
    )
