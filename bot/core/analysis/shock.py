"""What if prices moved: the snapshot as it would be, for the same decide() that runs live.

Pools are taken to follow the market at once, uncollected fees to stay as they are; marks and books move with the
underlying, stablecoins not at all. Nothing has been traded on the way: a stop that the move would have set off, or a
liquidation, is told beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Final

from bot.core.amm.curve import Amounts, Curve
from bot.core.amm.decimal_context import PRECISE
from bot.core.decision import Decision, PositionRisk
from bot.core.pnl.position_report import reports
from bot.core.snapshot import (
    Balance,
    ChainView,
    LpPosition,
    PerpPosition,
    PoolPrice,
    Quote,
    Snapshot,
    VenueUnknown,
    VenueView,
)
from bot.core.state import State
from bot.core.types import USD, ZERO, Symbol, Underlying

Shocks = Mapping[Underlying, Decimal]
"""How far the price of each underlying moves, as a fraction of it: 0.3 is +30%; above -1."""

_STEP: Final = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class Moved:
    """A position with its pool at another price ``at`` (raw token1 per raw token0); implements Curve."""

    real: Curve
    at: Decimal

    @property
    def liquidity(self) -> int:
        """The position's own liquidity."""
        return self.real.liquidity

    @property
    def in_range(self) -> bool:
        """Whether the position trades there."""
        return any(self.log_sensitivity())

    def amounts(self) -> Amounts:
        """Return what would be paid out there, the principal rounded down."""
        now, there = self.real.amounts(), self.real.principal_at(self.at)
        principal0, principal1 = (int(amount.to_integral_value(ROUND_FLOOR)) for amount in there)
        return Amounts(principal0, principal1, now.fees0, now.fees1)

    def price(self) -> Decimal:
        """Return the price."""
        return self.at

    def log_sensitivity(self) -> tuple[Decimal, Decimal]:
        """Return d(amount)/d(ln price), by the difference of the principal a little above and a little below."""
        with localcontext(PRECISE):
            high, low = (self.real.principal_at(self.at * (1 + step)) for step in (_STEP, -_STEP))
            return (high[0] - low[0]) / (2 * _STEP), (high[1] - low[1]) / (2 * _STEP)

    def compounded(self, root: int) -> Decimal:
        """Return the share of the principal that is fees: no price changes it."""
        return self.real.compounded(root)

    def principal_at(self, price: Decimal) -> tuple[Decimal, Decimal]:
        """Return the principal at yet another price."""
        return self.real.principal_at(price)

    def span(self) -> tuple[float, float] | None:
        """Return what the amounts change by over the range: no price changes it."""
        return self.real.span()

    def bounds(self) -> tuple[Decimal, Decimal] | None:
        """Return the prices between which the position trades: they stay."""
        return self.real.bounds()


@dataclass(frozen=True, slots=True)
class Fate:
    """What the move does to one short: where it stood and would stand, and what would have closed it on the way.

    ``stop`` is the trigger of its verified stop if the move reaches it; ``liquidation`` the price likewise.
    """

    before: PositionRisk
    after: PositionRisk | None
    stop: Decimal | None
    liquidation: Decimal | None


@dataclass(frozen=True, slots=True)
class Planned:
    """A snapshot and the decision on it."""

    snapshot: Snapshot
    decision: Decision


@dataclass(frozen=True, slots=True)
class Profit:
    """What a move brings, USD: the liquidity by itself (None where a price is missing), and every short."""

    liquidity: Decimal | None
    shorts: Decimal

    @property
    def both(self) -> Decimal | None:
        """The sum."""
        return None if self.liquidity is None else self.liquidity + self.shorts


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What stands now, what would stand after a move of prices, and what the move does to every short."""

    now: Planned
    then: Planned
    shocks: Shocks
    fates: tuple[Fate, ...]

    @property
    def profit(self) -> Profit:
        """What the move brings if nothing is traded but what it sets off: a short ends at its stop, or is liquidated.

        Slippage, fees and what a liquidation costs come on top.
        """
        return Profit(_gained(self.now, self.then), sum(map(_earned, self.fates), ZERO))


def shocked(snapshot: Snapshot, shocks: Shocks) -> Snapshot:
    """Return the snapshot after the move."""
    factors = {underlying: 1 + shock for underlying, shock in shocks.items()}
    with localcontext(PRECISE):
        return replace(
            snapshot,
            chains=tuple(_chain(view, factors) for view in snapshot.chains),
            venues=tuple(view if isinstance(view, VenueUnknown) else _venue(view, factors) for view in snapshot.venues),
        )


def shockable(snapshot: Snapshot) -> frozenset[Underlying]:
    """Return the underlyings that a move can be asked of: those of positions and markets, USD apart."""
    held = {token.underlying for item in snapshot.positions for token in (item.token0, item.token1)}
    traded = {quote.market.underlying for view in snapshot.known_venues for quote in view.quotes.values()}
    return frozenset(held | traded) - {USD}


def settled(state: State, shocks: Shocks) -> State:
    """Return the state for a decision after the move: pools believed again, and no volatility learned from it."""
    last = {key: mark * (1 + shocks.get(key, ZERO)) for key, mark in state.marks.last.items()}
    return replace(state, pools={}, marks=replace(state.marks, last=last))


def fates(before: Decision, after: Decision) -> tuple[Fate, ...]:
    """Compare where every short stood with where it would stand."""
    later = {(one.venue, one.symbol): one for one in after.position_risks}
    found = []
    for one in before.position_risks:
        there = later.get((one.venue, one.symbol))
        mark = one.mark if there is None else there.mark
        stop = one.stop if one.stop is not None and one.stop <= mark else None
        lost = one.liquidation if one.liquidation is not None and one.liquidation <= mark else None
        found.append(Fate(one, there, stop, lost))
    return tuple(found)


def _gained(now: Planned, then: Planned) -> Decimal | None:
    """Return the change of the liquidity's value."""
    before, after = _value(now), _value(then)
    return None if before is None or after is None else after - before


def _value(planned: Planned) -> Decimal | None:
    known = [report.value for report in reports(planned.snapshot, planned.decision.prices)]
    priced = [value for value in known if value is not None]
    return sum(priced, ZERO) if len(priced) == len(known) else None


def _earned(fate: Fate) -> Decimal:
    """Return what a short brings: up to the price at which it is closed on the way, or to the mark after the move."""
    closed = [price for price in (fate.stop, fate.liquidation) if price is not None]
    if closed:
        return fate.before.size * max(min(closed) - fate.before.mark, ZERO)
    return ZERO if fate.after is None else fate.before.size * (fate.after.mark - fate.before.mark)


def _ratio(factors: Mapping[Underlying, Decimal], one: Underlying, other: Underlying) -> Decimal:
    return factors.get(one, Decimal(1)) / factors.get(other, Decimal(1))


def _chain(view: ChainView, factors: Mapping[Underlying, Decimal]) -> ChainView:
    return replace(
        view,
        positions=tuple(_position(item, factors) for item in view.positions),
        pools=tuple(_pool(item, factors) for item in view.pools),
    )


def _position(item: LpPosition, factors: Mapping[Underlying, Decimal]) -> LpPosition:
    ratio = _ratio(factors, item.token0.underlying, item.token1.underlying)
    if ratio == 1 or not item.curve.liquidity:
        return item
    curve = Moved(item.curve, item.curve.price() * ratio)
    return replace(item, curve=curve, amounts=curve.amounts())


def _pool(item: PoolPrice, factors: Mapping[Underlying, Decimal]) -> PoolPrice:
    return replace(item, price=item.price * _ratio(factors, item.underlying0, item.underlying1))


def _venue(view: VenueView, factors: Mapping[Underlying, Decimal]) -> VenueView:
    quotes = {symbol: _quote(quote, factors) for symbol, quote in view.quotes.items()}
    rises = {symbol: quote.mark.price - view.quotes[symbol].mark.price for symbol, quote in quotes.items()}
    positions = {symbol: _perp(item, rises.get(symbol, ZERO)) for symbol, item in view.positions.items()}
    return replace(view, quotes=quotes, positions=positions, balance=_balance(view, rises))


def _quote(quote: Quote, factors: Mapping[Underlying, Decimal]) -> Quote:
    factor = factors.get(quote.market.underlying, Decimal(1))
    mark = replace(quote.mark, price=quote.mark.price * factor, index=quote.mark.index * factor)
    return replace(quote, mark=mark, book=replace(quote.book, bid=quote.book.bid * factor, ask=quote.book.ask * factor))


def _perp(item: PerpPosition, rise: Decimal) -> PerpPosition:
    """Move a position's profit; a cross position's liquidation price hangs on the other marks and is told no more."""
    told = item.liquidation_price if item.is_isolated else None
    return replace(item, unrealised=item.unrealised + item.size * rise, liquidation_price=told)


def _balance(view: VenueView, rises: Mapping[Symbol, Decimal]) -> Balance:
    profit = bound = ZERO
    for symbol, item in view.positions.items():
        rise = rises.get(symbol, ZERO)
        profit += item.size * rise
        if item.leverage > 0 and not item.is_isolated:
            bound += abs(item.size) * rise / item.leverage
    balance = view.balance
    return replace(
        balance,
        equity=balance.equity + profit,
        available=max(balance.available + profit - bound, ZERO),
        initial_margin=balance.initial_margin + bound,
    )
