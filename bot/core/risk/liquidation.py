"""How far the shorts of an account are from liquidation, and how much more it can carry. USD; sizes in base units.

Liquidation is where what backs a position falls to its maintenance margin. In cross margin all shorts hang together:
besides the venues' own formula, which lets the other marks stand still, a joint price is computed at which the account
is liquidated if the marks of all its shorts rise by the same fraction, as they do in a real rally.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from heapq import merge
from itertools import takewhile
from typing import Final

from bot.core.decision import PositionRisk
from bot.core.market import PerpMarket
from bot.core.policy import RiskPolicy
from bot.core.risk.margin import at_ratio, liquidation_price, maintenance_margin, max_notional, tier_for
from bot.core.snapshot import PerpPosition, VenueView
from bot.core.types import ZERO, Symbol

_ONE: Final = Decimal(1)
_STEPS: Final = 60
_FARTHEST: Final = Decimal(100)
"""A rise of the marks beyond which nothing is searched."""
_SPENT: Final = Decimal(1000)
"""The margin ratio of an account without equity."""
_SPARE: Final = Decimal("0.98")
"""The share of the free collateral that orders may bind: marks move between reading and sending."""


@dataclass(frozen=True)
class MarginAccount:
    """One venue's collateral as the margin formulas want it."""

    view: VenueView

    def position(self, symbol: Symbol) -> PerpPosition:
        """Return the position on a symbol."""
        return self.view.positions[symbol]

    def notional(self, symbol: Symbol) -> Decimal:
        """Return the absolute notional at the mark."""
        return abs(self.position(symbol).size) * self.view.quotes[symbol].mark.price

    def maintenance(self, symbol: Symbol, notional: Decimal) -> Decimal:
        """Return the maintenance margin of a notional, 0 where the market's tiers are not known."""
        market = self.view.quotes[symbol].market
        return maintenance_margin(market.tiers, notional, market.maintenance_fee) if market.tiers else ZERO

    @cached_property
    def crossed(self) -> tuple[Symbol, ...]:
        """The symbols with an open cross position that have a price."""
        held = ((key, item) for key, item in self.view.positions.items() if key in self.view.quotes)
        return tuple(key for key, item in held if item.size and not item.is_isolated)

    @cached_property
    def cross_equity(self) -> Decimal:
        """What stands behind the cross positions."""
        alone = sum((p.margin + p.unrealised for p in self.view.positions.values() if p.is_isolated and p.size), ZERO)
        return self.view.balance.equity - alone

    def backing(self, symbol: Symbol) -> Decimal:
        """Return the equity that stands behind a position, its own profit included."""
        position = self.position(symbol)
        return position.margin + position.unrealised if position.is_isolated else self.cross_equity

    def ratio(self, symbol: Symbol) -> Decimal:
        """Return maintenance margin / equity of what the position belongs to."""
        together = (symbol,) if self.position(symbol).is_isolated else self.crossed
        need = sum((self.maintenance(one, self.notional(one)) for one in together), ZERO)
        equity = self.backing(symbol)
        return need / equity if equity > 0 else _SPENT

    def computed(self, symbol: Symbol, ratio: Decimal = _ONE) -> Decimal | None:
        """Return the mark at which the margin ratio reaches ``ratio``, by the venue's formula: 1 liquidates."""
        position, quote = self.position(symbol), self.view.quotes[symbol]
        if not quote.market.tiers:
            return None
        tiers, fee = quote.market.tiers, quote.market.maintenance_fee
        if ratio != 1:
            tiers, fee = at_ratio(tiers, fee, ratio)
        cost = position.size * quote.mark.price - position.unrealised
        collateral = self.backing(symbol) - position.unrealised
        if not position.is_isolated:
            others = (one for one in self.crossed if one != symbol)
            collateral -= sum((self.maintenance(one, self.notional(one)) for one in others), ZERO) / ratio
        return liquidation_price(tiers, position.size, cost, collateral, fee)

    def shorts(self, symbol: Symbol, extra: Decimal = ZERO) -> dict[Symbol, Decimal]:
        """Return the notionals of the shorts that share margin with a symbol's, with ``extra`` USD more of that one."""
        is_isolated = self.position(symbol).is_isolated
        together = (symbol,) if is_isolated else tuple(dict.fromkeys((*self.crossed, symbol)))
        found = {one: self.notional(one) for one in together if self.position(one).size < 0}
        found[symbol] = found.get(symbol, ZERO) + extra
        return found

    def survives(self, shorts: Mapping[Symbol, Decimal], equity: Decimal, rise: Decimal) -> bool:
        """Whether shorts with so much equity are not liquidated where all their marks rise by a fraction.

        Longs are taken not to gain.
        """
        need = sum((self.maintenance(one, size * (1 + rise)) for one, size in shorts.items()), ZERO)
        return equity - sum(shorts.values(), ZERO) * rise > need

    def headway(self, symbol: Symbol) -> Decimal | None:
        """Return the joint rise of the marks that liquidates a short, as a fraction; None: nothing within reach does.

        Between two tiers of any of the shorts both what backs them and what they need are straight lines of the rise:
        the tiers are climbed until the lines meet before the next one begins.
        """
        shorts, equity = self.shorts(symbol), self.backing(symbol)
        sizes = [(size, self.view.quotes[one].market) for one, size in shorts.items()]
        notional, low = sum(shorts.values(), ZERO), ZERO
        for high in _edges(sizes):
            start, slope = equity, -notional
            for size, market in sizes:
                base, rate = _line(size, market, (low + high) / 2)
                start, slope = start - base, slope - rate
            meeting = -start / slope
            if meeting < high:
                return max(meeting, low)
            low = high
        return None


def _edges(sizes: Sequence[tuple[Decimal, PerpMarket]]) -> Iterator[Decimal]:
    """Return the rises up to the farthest one at which any of some notionals leaves a tier, and the farthest."""
    rises = merge(*(_leaves(size, market) for size, market in sizes))
    yield from takewhile(lambda rise: rise < _FARTHEST, (rise for rise in rises if rise > 0))
    yield _FARTHEST


def _leaves(size: Decimal, market: PerpMarket) -> Iterator[Decimal]:
    """Return the rises at which a notional leaves the market's tiers, as the caps go up."""
    return (tier.notional_cap / size - 1 for tier in market.tiers[:-1])


def _line(size: Decimal, market: PerpMarket, rise: Decimal) -> tuple[Decimal, Decimal]:
    """Return the maintenance margin around a rise of a notional as a line of the rise: start and slope."""
    if not market.tiers:
        return ZERO, ZERO
    tier = tier_for(market.tiers, size * (1 + rise))
    slope = size * (tier.maintenance_rate + market.maintenance_fee)
    return slope - tier.maintenance_amount, slope


def _last(holds: Callable[[Decimal], bool], most: Decimal) -> Decimal | None:
    """Return the largest number from 0 to ``most`` up to which a falling condition holds; None where it never fails."""
    if holds(most):
        return None
    low, high = ZERO, most
    if not holds(low):
        return ZERO
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if holds(middle):
            low = middle
        else:
            high = middle
        if high - low < Decimal("1e-9"):
            break
    return low


def position_risks(view: VenueView) -> tuple[PositionRisk, ...]:
    """Return where every short of a venue stands that has a price."""
    account = MarginAccount(view)
    return tuple(_position_risk(account, key) for key in view.quotes if view.positions[key].size < 0)


def _position_risk(account: MarginAccount, symbol: Symbol) -> PositionRisk:
    position, quote = account.position(symbol), account.view.quotes[symbol]
    mark = quote.mark.price
    computed = account.computed(symbol)
    told = position.liquidation_price if position.liquidation_price and position.liquidation_price > 0 else None
    joint = computed
    if computed is None or (not position.is_isolated and len(account.crossed) > 1):
        rise = account.headway(symbol)
        joint = None if rise is None else mark * (1 + rise)
    prices = [price for price in (computed, told, joint) if price is not None]
    nearest = min(prices, default=None)
    return PositionRisk(
        venue=account.view.venue,
        symbol=symbol,
        underlying=quote.market.underlying,
        size=position.size,
        mark=mark,
        computed=computed,
        reported=told,
        joint=joint,
        liquidation=nearest,
        distance=None if nearest is None else max(nearest / mark - 1, ZERO),
        ratio=account.ratio(symbol),
    )


def room(view: VenueView, symbol: Symbol, wanted: Decimal, risk: RiskPolicy) -> tuple[Decimal, str]:
    """Return how much of ``wanted`` USD more may be shorted, and what limits it.

    What must hold afterwards: the distance to liquidation is at least the buffer, the margin ratio at most its limit;
    the initial margin is there; the venue allows the position at its leverage. An isolated position may be backed by
    all that is free, since the ladder adds it where it is needed.
    """
    account, quote, balance = MarginAccount(view), view.quotes[symbol], view.balance
    position = account.position(symbol)
    leverage = position.leverage if position.leverage > 0 else risk.leverage
    cost = quote.market.taker_fee + max(quote.mark.price - quote.book.bid, ZERO) / quote.mark.price
    funds = account.backing(symbol) + (max(balance.available, ZERO) if position.is_isolated else ZERO)

    def is_sound(extra: Decimal) -> bool:
        equity, shorts = funds - extra * cost, account.shorts(symbol, extra)
        need = sum((account.maintenance(one, size) for one, size in shorts.items()), ZERO)
        return account.survives(shorts, equity, risk.buffer) and need <= risk.max_ratio * equity

    limits = [(max(balance.available, ZERO) * _SPARE / (1 / leverage + cost), "free margin")]
    if quote.market.tiers:
        most = max_notional(quote.market.tiers, leverage)
        limits.append((most - account.notional(symbol), f"the venue's largest position at leverage {leverage:f}"))
    if not is_sound(wanted):
        limits.append((_last(is_sound, wanted) or ZERO, f"a buffer of {risk.buffer:.0%} to liquidation"))
    least, why = min(limits, key=lambda limit: limit[0])
    return (wanted, "") if least >= wanted else (max(least, ZERO), why)
