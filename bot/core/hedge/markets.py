"""The markets of one underlying as one decision sees them, with position and unresolved orders on each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from bot.core.inputs import Pending, PendingStatus
from bot.core.market import Funding, PerpMarket
from bot.core.orders import OrderKind
from bot.core.policy import HedgeMarket, HedgePolicy
from bot.core.snapshot import Quote, Snapshot, VenueView
from bot.core.types import ZERO, MarketKey, Symbol, VenueId


@dataclass(frozen=True, slots=True)
class Flight:
    """The unresolved orders on one market: what may still be sold (<= 0) and bought (>= 0), base units."""

    selling: Decimal = ZERO
    buying: Decimal = ZERO
    is_unknown: bool = False


_NO_FLIGHT: Final = Flight()


def in_flight(pending: Iterable[Pending]) -> dict[MarketKey, Flight]:
    """Sum unresolved orders by market. What a stop may fill is protection and no part of the plan."""
    flights: dict[MarketKey, Flight] = {}
    for item in pending:
        request = item.intent.request
        remaining = ZERO if request.kind is OrderKind.STOP_MARKET else item.remaining
        key = request.venue, request.symbol
        flight = flights.get(key, Flight())
        flights[key] = Flight(
            selling=flight.selling + min(remaining, ZERO),
            buying=flight.buying + max(remaining, ZERO),
            is_unknown=flight.is_unknown or item.status is not PendingStatus.OPEN,
        )
    return flights


def openings(view: VenueView, symbol: Symbol) -> Decimal:
    """Return what strangers' working orders may still sell on a symbol beyond closing (<= 0), base units."""
    found = (order for order in view.strangers if order.symbol == symbol and order.can_open)
    return sum((min(order.remaining, ZERO) for order in found), ZERO)


@dataclass(frozen=True, slots=True)
class MarketState:
    """One market that can be read: its rules, what it shows, and our position (signed, base units).

    ``worst_price`` is the highest price that a unit can be worth here: what caps on notional are computed with.
    ``flight`` are our own unresolved orders. ``stranger_sales`` (<= 0) is what others' orders there may sell: what is
    added must be right with them too. What they may buy or close counts for nothing here, since no reduction waits for
    a stranger. ``is_ending``: nothing may be opened there any more.
    """

    market: HedgeMarket
    rules: PerpMarket
    mark: Decimal
    bid: Decimal
    ask: Decimal
    as_of: datetime
    position: Decimal
    flight: Flight
    funding: Funding | None
    worst_price: Decimal
    stranger_sales: Decimal = ZERO
    is_ending: bool = False

    @property
    def key(self) -> MarketKey:
        """Venue and symbol."""
        return self.market.venue, self.market.symbol

    def without(self, flight: Flight) -> MarketState:
        """Return the market as if some of the orders in flight were not there."""
        left = replace(
            self.flight, selling=self.flight.selling - flight.selling, buying=self.flight.buying - flight.buying
        )
        return replace(self, flight=left)

    @property
    def selling(self) -> Decimal:
        """What may still be sold here by anybody (<= 0), base units."""
        return self.flight.selling + self.stranger_sales

    @property
    def closable(self) -> Decimal:
        """The short that reduce-only buys can still close, base units, >= 0."""
        return max(-(self.position + self.flight.buying), ZERO)

    @property
    def short_notional(self) -> Decimal:
        """The USD notional of the short, with all that may still be sold."""
        return max(-(self.position + self.selling), ZERO) * self.worst_price

    def whole_lots(self, quantity: Decimal) -> Decimal:
        """Round a positive quantity down to lots."""
        return (quantity / self.rules.lot).to_integral_value(ROUND_FLOOR) * self.rules.lot

    def smallest(self, price: Decimal) -> Decimal:
        """Return the smallest order at ``price`` that the venue takes, in whole lots."""
        return self.rules.smallest(price)

    def limit_price(self, quantity: Decimal, slippage: Decimal) -> Decimal:
        """Return the price of an immediate order: the touch and the slippage beyond it, rounded so that it fills."""
        tick = self.rules.tick
        if quantity > 0:
            return (self.ask * (1 + slippage) / tick).to_integral_value(ROUND_CEILING) * tick
        return max((self.bid * (1 - slippage) / tick).to_integral_value(ROUND_FLOOR), Decimal(1)) * tick

    def resting_price(self, quantity: Decimal) -> Decimal:
        """Return the price of an order that rests at the touch: the bid for a purchase, the ask for a sale."""
        tick = self.rules.tick
        if quantity > 0:
            return max((self.bid / tick).to_integral_value(ROUND_FLOOR), Decimal(1)) * tick
        return (self.ask / tick).to_integral_value(ROUND_CEILING) * tick


@dataclass(frozen=True, slots=True)
class HedgeMarkets:
    """All markets of an underlying: ``open`` in order of preference, and ``unreachable`` where the position is unknown.

    ``idle`` is the position on markets that show no price: it counts, and nothing is traded there. ``selling`` (<= 0)
    and ``buying`` (>= 0) sum our orders in flight over both kinds, ``stranger_sales`` (<= 0) what strangers' orders may
    sell on the open ones. ``known_position`` is the position as far as it is known. All in base units.
    """

    open: tuple[MarketState, ...] = ()
    unreachable: tuple[HedgeMarket, ...] = ()
    selling: Decimal = ZERO
    buying: Decimal = ZERO
    idle: Decimal = ZERO
    stranger_sales: Decimal = ZERO
    known_position: Decimal = ZERO

    @property
    def first(self) -> MarketState | None:
        """The market that gives mark, fee and lot."""
        return self.open[0] if self.open else None

    @property
    def position(self) -> Decimal | None:
        """The position over all venues, base units; None where a venue is unknown."""
        return None if self.unreachable else self.known_position

    def without(self, orders: Iterable[Pending]) -> HedgeMarkets:
        """Return the markets as if some resting orders of ours were not there."""
        flights = in_flight(orders)
        return replace(
            self,
            open=tuple(item.without(flights[item.key]) if item.key in flights else item for item in self.open),
            selling=self.selling - sum((flight.selling for flight in flights.values()), ZERO),
            buying=self.buying - sum((flight.buying for flight in flights.values()), ZERO),
        )


def hedge_markets_of(
    hedge: HedgePolicy, venues: Mapping[VenueId, VenueView], flights: Mapping[MarketKey, Flight]
) -> HedgeMarkets:
    """Sort the markets of a hedge into those that can be read and those that can't."""
    known: list[MarketState] = []
    dark: list[HedgeMarket] = []
    idle = selling = buying = sales = position_known = ZERO
    for market in hedge.markets:
        key = market.venue, market.symbol
        if (flight := flights.get(key, _NO_FLIGHT)) is not _NO_FLIGHT:
            selling, buying = selling + flight.selling, buying + flight.buying
        view = venues.get(market.venue)
        quote = view.quotes.get(market.symbol) if view else None
        position = view.positions.get(market.symbol) if view else None
        if view is None or position is None:
            dark.append(market)
            continue
        position_known += position.size
        if quote is None or not _is_priced(quote):
            idle += position.size
            continue
        stranger_sales = openings(view, market.symbol) if view.strangers else ZERO
        sales += stranger_sales
        known.append(
            MarketState(
                market=market,
                rules=quote.market,
                mark=quote.mark.price,
                bid=quote.book.bid,
                ask=quote.book.ask,
                as_of=min(view.as_of, quote.mark.as_of, quote.book.as_of),
                position=position.size,
                flight=flight,
                funding=quote.funding if quote.funding and quote.funding.interval > timedelta(0) else None,
                worst_price=max(quote.mark.price, quote.book.ask),
                stranger_sales=stranger_sales,
                is_ending=market.symbol in view.shut,
            )
        )
    return HedgeMarkets(tuple(known), tuple(dark), selling, buying, idle, sales, position_known)


def _is_priced(quote: Quote) -> bool:
    return quote.mark.price > 0 and quote.book.bid > 0 and quote.book.ask > 0


def known_venues(snapshot: Snapshot) -> dict[VenueId, VenueView]:
    """Return the venues that could be read, by name."""
    return {view.venue: view for view in snapshot.venues if isinstance(view, VenueView)}
