"""What two consecutive cycles mean in money: the liquidity's change in value without its hedge, and the hedge's."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from bot.core.decision import Decision
from bot.core.risk.loss_limits import worth
from bot.core.snapshot import LpPosition, Snapshot, VenueView
from bot.core.types import USD, ZERO, PositionId


@dataclass(frozen=True, slots=True)
class Change:
    """Changes between two cycles, USD: of the LP positions without the hedge, and of the hedge's equity."""

    unhedged: Decimal
    hedge: Decimal

    @property
    def hedged(self) -> Decimal:
        """The change of both together."""
        return self.unhedged + self.hedge


def change(before: tuple[Snapshot, Decision], after: tuple[Snapshot, Decision]) -> Change | None:
    """Reckon what two consecutive cycles mean in money; None where a price or a venue is unknown in one of them.

    A position whose liquidity changed (or whose fees were collected) is valued over that step as what it held before,
    at the prices after: what was added or withdrawn is a transfer and no result. A position that is gone counts on as
    the tokens that it last held until its absence is confirmed, as it does for the hedge itself.
    """
    hedges = _equity(after[0]), _equity(before[0])
    prices0, prices1 = ({USD: Decimal(1), **item[1].prices} for item in (before, after))
    held0, held1 = before[1].state.held, after[1].state.held
    needed = {leg.underlying for held in held0.values() for leg in held.legs}
    if hedges[0] is None or hedges[1] is None or not (needed <= prices0.keys() and needed <= prices1.keys()):
        return None
    steady = _steady(before[0], after[0])
    unhedged = ZERO
    for position, held in held0.items():
        now = held1[position] if position in steady and position in held1 else held
        unhedged += worth(now, prices1) - worth(held, prices0)
    return Change(unhedged, hedges[0] - hedges[1])


def _equity(snapshot: Snapshot) -> Decimal | None:
    if not all(isinstance(venue, VenueView) for venue in snapshot.venues):
        return None
    return sum((venue.balance.equity for venue in snapshot.venues if isinstance(venue, VenueView)), ZERO)


def _steady(before: Snapshot, after: Snapshot) -> frozenset[PositionId]:
    """Return the positions that only the market moved: the same liquidity, and no fees taken out."""
    earlier = {position.id: position for position in before.positions}
    return frozenset(
        position.id
        for position in after.positions
        if position.id in earlier and _untouched(earlier[position.id], position)
    )


def _untouched(before: LpPosition, after: LpPosition) -> bool:
    return (
        before.curve.liquidity == after.curve.liquidity
        and before.amounts.fees0 <= after.amounts.fees0
        and before.amounts.fees1 <= after.amounts.fees1
    )
