"""The few figures of a cycle that charts and tables want, cheap to read by the thousand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bot.core.decision import Hedge
from bot.core.record import CycleRecord
from bot.core.run_state import RunState
from bot.core.snapshot import VenueView
from bot.core.types import ZERO, ChainName, Underlying, VenueId


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
class Figures:
    """The whole book, USD; sums over all positions, None as soon as one of them is unknown.

    ``lp_value`` includes ``fees_value``; ``il_value`` covers the positions whose entry is known (the others have none).
    ``equity`` is by venue; a venue that could not be read is missing.
    """

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


@dataclass(frozen=True, slots=True)
class CycleSummary:
    """One cycle in short; ``blocks`` by chain, ``seconds`` that it took."""

    number: int
    at: datetime
    seconds: float
    blocks: Mapping[ChainName, int]
    figures: Figures


def summarise(record: CycleRecord) -> CycleSummary:
    """Draw the figures out of a cycle's record."""
    snapshot, decision = record.snapshot, record.decision
    figures = Figures(
        state=decision.state.bot.state,
        positions=len(decision.positions),
        lp_value=_sum(report.value for report in decision.positions),
        fees_value=_sum(report.fees_value for report in decision.positions),
        il_value=sum((report.il_value for report in decision.positions if report.il_value is not None), ZERO),
        equity={view.venue: view.balance.equity for view in snapshot.venues if isinstance(view, VenueView)},
        hedges=tuple(_hedge(hedge) for hedge in decision.hedges),
        approved=len(decision.approved),
        refused=len(decision.refused),
        alarms=len(decision.alarms),
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


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    total = ZERO
    for value in values:
        if value is None:
            return None
        total += value
    return total
