"""Inputs and verdict types of the risk guards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from bot.core.data_quality.staleness import DataIssue
from bot.core.decision import Approved, Reduced, Refused
from bot.core.hedge.markets import HedgeMarkets, MarketState
from bot.core.inputs import Dispute
from bot.core.orders import OrderRequest
from bot.core.policy import GuardPolicy, RiskPolicy
from bot.core.risk.loss_limits import Overspend
from bot.core.run_state import BotState
from bot.core.snapshot import Balance, VenueView
from bot.core.state import MarketWatch
from bot.core.types import ZERO, MarketKey, Symbol, Underlying, VenueId

Verdict = Approved | Reduced | Refused


@dataclass(slots=True)
class RiskContext:
    """What the guards look at. ``shorts``, ``venue_shorts`` (USD), ``views``, ``order_times`` follow what is approved.

    ``fired`` tells when a stop of an underlying fired last; ``capital`` is LP value + equity, USD;
    ``spent`` gives the limits for which no more money is spent on adding, ``protective`` the reductions that the margin
    ladder asks for; ``addable`` how much more may be shorted of an underlying before it rests on what is not believed,
    base units (an underlying of which everything is believed is left out); ``urgent`` the underlyings that no budget of
    orders holds up; ``turnover`` how much more may be traded of an underlying.
    """

    at: datetime
    bot: BotState
    policy: GuardPolicy
    risk: RiskPolicy
    venue_caps: Mapping[VenueId, Decimal]
    hedge_markets: Mapping[Underlying, HedgeMarkets]
    issues: tuple[DataIssue, ...]
    markets: Mapping[MarketKey, MarketWatch]
    fired: Mapping[Underlying, datetime]
    capital: Decimal
    spent: tuple[Overspend, ...]
    protective: frozenset[OrderRequest]
    unread: tuple[str, ...]
    shorts: dict[Underlying, Decimal]
    venue_shorts: dict[VenueId, Decimal]
    views: dict[VenueId, VenueView]
    order_times: list[datetime]
    disputes: tuple[Dispute, ...] = ()
    addable: dict[Underlying, Decimal] = field(default_factory=dict)
    urgent: frozenset[Underlying] = frozenset()
    turnover: dict[Underlying, Decimal] = field(default_factory=dict)

    def market_state(self, order: OrderRequest) -> MarketState:
        """Return the market that an order is for."""
        for market_state in self.hedge_markets[order.underlying].open:
            if market_state.market.venue == order.venue and market_state.market.symbol == order.symbol:
                return market_state
        raise KeyError(f"{order.symbol} on {order.venue} is no market of {order.underlying}")

    def count(self, order: OrderRequest, *, is_last: bool = False) -> None:
        """Take an approved order into account for the ones after it, if there are any."""
        self.order_times.append(self.at)
        if order.reduce_only or is_last:
            return
        market_state = self.market_state(order)
        for most in (self.addable, self.turnover):
            if order.underlying in most:
                most[order.underlying] -= abs(order.quantity)
        added = abs(order.quantity) * worth(order, market_state)
        self.shorts[order.underlying] = self.shorts.get(order.underlying, ZERO) + added
        self.venue_shorts[order.venue] = self.venue_shorts.get(order.venue, ZERO) + added
        if (view := self.views.get(order.venue)) is not None:
            self.views[order.venue] = with_short(
                view, order.symbol, abs(order.quantity), market_state.mark, self.risk.leverage
            )


@dataclass(slots=True)
class RiskVerdicts:
    """What the guards made of all orders."""

    approved: list[Approved] = field(default_factory=list)
    reduced: list[Reduced] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


Guard = Callable[[OrderRequest, RiskContext], Verdict]


def worth(order: OrderRequest, market_state: MarketState) -> Decimal:
    """Return the most that a unit of the order can be worth, USD."""
    return max(market_state.worst_price, order.price or ZERO)


def reduced_to(order: OrderRequest, context: RiskContext, room: Decimal, guard: str, reason: str) -> Verdict:
    """Reduced an order down to ``room`` USD in whole lots, or refuse it where the venue would not take what is left."""
    market_state = context.market_state(order)
    size = abs(order.quantity)
    if size * worth(order, market_state) <= room:
        return Approved(order)
    quantity = market_state.whole_lots(max(room, ZERO) / worth(order, market_state))
    least = market_state.rules.lot if order.reduce_only else market_state.smallest(order.price or market_state.mark)
    if quantity < least:
        return Refused(order, guard, f"{reason}: what is left of it is below the smallest order, {least:f}")
    return Reduced(replace(order, quantity=quantity.copy_sign(order.quantity)), guard, reason)


def with_short(view: VenueView, symbol: Symbol, size: Decimal, mark: Decimal, leverage: Decimal) -> VenueView:
    """Return a venue as it would be with ``size`` base units more sold at the mark."""
    position, balance = view.positions[symbol], view.balance
    bound = size * mark / (position.leverage if position.leverage > 0 else leverage)
    margin = position.margin + bound if position.is_isolated else position.margin
    return replace(
        view,
        positions={**view.positions, symbol: replace(position, size=position.size - size, margin=margin)},
        balance=_with_bound(balance, bound),
    )


def _with_bound(balance: Balance, bound: Decimal) -> Balance:
    return replace(
        balance, available=max(balance.available - bound, ZERO), initial_margin=balance.initial_margin + bound
    )
