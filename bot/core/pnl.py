"""What happened to the money between two cycles: the liquidity's change in value, and the hedge's.

The identity, with nothing left over: change of net asset value = LP fees + change of what was deposited + impermanent
loss + hedge price profit + funding - trading fees - slippage - liquidation fees. Each term is booked from its own
source; what they leave unexplained is the residual.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TypeVar

from bot.core.decision import Decision
from bot.core.losses import worth
from bot.core.orders import Fill, LedgerEntry, LedgerKind
from bot.core.snapshot import LpPosition, Snapshot, VenueView
from bot.core.types import USD, ZERO, PositionId, Underlying


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
    """Give the positions that only the market moved: the same liquidity, and no fees taken out."""
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


@dataclass(frozen=True, slots=True)
class LiquidityResult:
    """What one position brought, USD: ``fees``; ``hold``, the deposit's change in price; ``il`` against it (<= 0)."""

    fees: Decimal = ZERO
    hold: Decimal = ZERO
    il: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class HedgeResult:
    """What one underlying's perpetuals brought, USD; costs are below 0.

    ``price`` is position x change of the mark, each trade counted from the mark of its decision; ``slippage`` is the
    difference between that mark and the fill.
    """

    price: Decimal = ZERO
    funding: Decimal = ZERO
    trading_fees: Decimal = ZERO
    slippage: Decimal = ZERO
    liquidation_fees: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Trade:
    """A fill with its underlying and the mark of the decision that asked for it (None: nobody of ours did)."""

    fill: Fill
    underlying: Underlying
    mark: Decimal | None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where a change of net asset value came from; ``total`` is that change as the snapshots have it, USD."""

    positions: Mapping[PositionId, LiquidityResult] = field(default_factory=dict)
    hedges: Mapping[Underlying, HedgeResult] = field(default_factory=dict)
    total: Decimal = ZERO

    @property
    def liquidity(self) -> LiquidityResult:
        """All positions together."""
        return summed(self.positions.values(), LiquidityResult())

    @property
    def hedge(self) -> HedgeResult:
        """All underlyings together."""
        return summed(self.hedges.values(), HedgeResult())

    @property
    def explained(self) -> Decimal:
        """The sum of all terms."""
        parts = (self.liquidity, self.hedge)
        return sum((getattr(part, one.name) for part in parts for one in fields(part)), ZERO)

    @property
    def residual(self) -> Decimal:
        """What the terms leave unexplained."""
        return self.total - self.explained

    def plus(self, other: Attribution) -> Attribution:
        """Give both together."""
        return Attribution(
            merged(self.positions, other.positions), merged(self.hedges, other.hedges), self.total + other.total
        )


Result = TypeVar("Result", LiquidityResult, HedgeResult)
Key = TypeVar("Key")


def summed(items: Iterable[Result], start: Result) -> Result:
    """Add results up, term by term."""
    for item in items:
        start = type(start)(*(getattr(start, one.name) + getattr(item, one.name) for one in fields(start)))
    return start


def merged(one: Mapping[Key, Result], other: Mapping[Key, Result]) -> dict[Key, Result]:
    """Add results up by key."""
    found = dict(one)
    for key, item in other.items():
        found[key] = summed((found[key], item), type(item)()) if key in found else item
    return found


@dataclass(frozen=True, slots=True)
class Stand:
    """What was held, and its USD prices."""

    snapshot: Snapshot
    prices: Mapping[Underlying, Decimal]


def attribute(
    before: Stand, after: Stand, trades: Iterable[Trade], ledger: Iterable[tuple[Underlying, LedgerEntry]]
) -> Attribution | None:
    """Attribute the change between two stands; None where a price or a venue is unknown in one of them.

    Args:
        before: the book and its prices before.
        after: the same afterwards.
        trades: the fills after ``before`` and up to ``after``.
        ledger: the cash movements of the same time, by underlying; deposits are no result and stay out.
    """
    equities = _equity(before.snapshot), _equity(after.snapshot)
    if equities[0] is None or equities[1] is None:
        return None
    positions, liquidity = _positions(before, after)
    hedges = _price_profit(before, after)
    for trade in trades:
        hedges = merged(hedges, {trade.underlying: _trade_profit(trade, after.prices[trade.underlying])})
    for underlying, entry in ledger:
        hedges = merged(hedges, {underlying: _cash(entry)})
    return Attribution(positions, hedges, liquidity + equities[1] - equities[0])


def _positions(before: Stand, after: Stand) -> tuple[dict[PositionId, LiquidityResult], Decimal]:
    """Give each position's result, and the change of their value; a position that was changed counts as held still."""
    steady = _steady(before.snapshot, after.snapshot)
    later = {position.id: position for position in after.snapshot.positions}
    found: dict[PositionId, LiquidityResult] = {}
    total = ZERO
    for position in before.snapshot.positions:
        now = later[position.id] if position.id in steady else position
        value0, fees0 = _worth(position, before.prices)
        value1, fees1 = _worth(now, after.prices)
        entry = position.entry
        known = entry is not None and entry.liquidity == position.curve.liquidity
        held = (entry.amount0, entry.amount1) if entry is not None and known else _principal(position)
        hold = _raw_worth(position, held, after.prices) - _raw_worth(position, held, before.prices)
        found[position.id] = LiquidityResult(fees1 - fees0, hold, value1 - value0 - hold)
        total += value1 + fees1 - value0 - fees0
    return found, total


def _principal(position: LpPosition) -> tuple[int, int]:
    return position.amounts.principal0, position.amounts.principal1


def _worth(position: LpPosition, prices: Mapping[Underlying, Decimal]) -> tuple[Decimal, Decimal]:
    fees = position.amounts.fees0, position.amounts.fees1
    return _raw_worth(position, _principal(position), prices), _raw_worth(position, fees, prices)


def _raw_worth(position: LpPosition, raw: tuple[int, int], prices: Mapping[Underlying, Decimal]) -> Decimal:
    tokens = position.token0, position.token1
    known = {USD: Decimal(1), **prices}
    return sum(
        (token.to_units(amount) * known[token.underlying] for token, amount in zip(tokens, raw, strict=True)), ZERO
    )


def _price_profit(before: Stand, after: Stand) -> dict[Underlying, HedgeResult]:
    """Give what the positions that stood before made of the marks' moves."""
    found: dict[Underlying, HedgeResult] = {}
    marks = {
        (view.venue, symbol): quote.mark.price
        for view in after.snapshot.known_venues
        for symbol, quote in view.quotes.items()
    }
    for view in before.snapshot.known_venues:
        for symbol, position in view.positions.items():
            quote = view.quotes[symbol]
            move = marks[view.venue, symbol] - quote.mark.price
            found = merged(found, {quote.market.underlying: HedgeResult(price=position.size * move)})
    return found


def _trade_profit(trade: Trade, mark_after: Decimal) -> HedgeResult:
    fill = trade.fill
    mark = fill.price if trade.mark is None else trade.mark
    return HedgeResult(price=fill.quantity * (mark_after - mark), slippage=fill.quantity * (mark - fill.price))


def _cash(entry: LedgerEntry) -> HedgeResult:
    match entry.kind:
        case LedgerKind.FUNDING:
            return HedgeResult(funding=entry.amount)
        case LedgerKind.FEE:
            return HedgeResult(trading_fees=entry.amount)
        case LedgerKind.LIQUIDATION_FEE:
            return HedgeResult(liquidation_fees=entry.amount)
        case LedgerKind.REALISED | LedgerKind.DEPOSIT:
            return HedgeResult()
