"""The owners of a venue's working orders, and the alarms about those that this process did not place."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from decimal import Decimal

from bot.core.inputs import Dispute, Hold, Pending
from bot.core.orders import OrderKind
from bot.core.reconciliation.identity import Identity
from bot.core.snapshot import OpenOrder, Unread, VenueView
from bot.core.types import ClientOrderId, Symbol, VenueId


def by_owner(view: VenueView, identity: Identity, pending: Iterable[Pending]) -> VenueView:
    """Separate this bot's working orders from all others.

    Ours are known by their client id alone, since the journal may be gone. Where the venue does not say whether one of
    them is reduce-only its intent does; without an intent a stop is, since this bot sends no other stops. An order of
    ours that may open and has no intent (any more) is managed by nobody and counts among the strangers' ones.
    """
    if not view.open_orders and not view.strangers:
        return view
    sent = {item.intent.client_id: item.intent.request for item in pending}
    ours: list[OpenOrder] = []
    strangers: list[OpenOrder] = []
    for order in (*view.open_orders, *view.strangers):
        request = None if order.client_id is None else sent.get(order.client_id)
        if request is None and identity.epoch_of(order.client_id) is None:
            strangers.append(order)
            continue
        if order.reduce_only is None:
            is_closing = order.kind is OrderKind.STOP_MARKET if request is None else request.reduce_only
            order = replace(order, reduce_only=is_closing)  # noqa: PLW2901 - the same order, with what is known of it
        (strangers if request is None and order.can_open else ours).append(order)
    return replace(view, open_orders=tuple(ours), strangers=tuple(strangers))


def as_shown(pending: tuple[Pending, ...], views: Iterable[VenueView]) -> tuple[Pending, ...]:
    """Return the unresolved intents with the prices that their working orders rest at: one may have been amended."""
    shown = {order.client_id: order.price for view in views for order in view.open_orders if order.price is not None}
    return tuple(_priced(item, shown.get(item.intent.client_id)) for item in pending) if shown else pending


def _priced(item: Pending, price: Decimal | None) -> Pending:
    request = item.intent.request
    if price is None or request.price is None or price == request.price:
        return item
    return replace(item, intent=replace(item.intent, request=replace(request, price=price)))


def disputes(view: VenueView, identity: Identity, sent: Collection[ClientOrderId]) -> tuple[Dispute, ...]:
    """Tell of the working orders that this process did not place, of what could not be read, and of shut markets.

    Nothing is held back for a stranger's order: what it may open is counted as in flight. An order of a newer process
    of this bot means that two of them are at work, and what can't be read may be anything.

    Args:
        view: the venue, its orders separated by owner.
        identity: who we are.
        sent: the client ids of the intents that are not resolved.
    """
    unknown = [order for order in view.open_orders if order.client_id not in sent]
    others = [order for order in view.strangers if identity.forced(order.client_id) is None]
    return (
        *(_of_order(view.venue, order, identity) for order in (*unknown, *others)),
        *(_of_unread(view.venue, item) for item in view.unread),
        *(_of_shut(view.venue, symbol, why) for symbol, why in view.shut.items()),
    )


def _of_order(venue: VenueId, order: OpenOrder, identity: Identity) -> Dispute:
    key = f"foreign:{venue}:{order.venue_order_id or order.client_id}"
    name = f"{order.client_id or order.venue_order_id}, {order.remaining:f} {order.symbol} at {venue}"
    epoch = identity.epoch_of(order.client_id)
    if epoch is not None and epoch > identity.epoch:
        whose = "an order of a newer process of this bot rests on the account: two daemons are at work"
        message = f"{whose}: {name}; nothing is added there until it is gone"
        return Dispute(key, venue, None, message, Hold.ADDS, is_critical=True)
    whose = "an order rests that the journal holds for ended"
    if epoch is None:
        whose = "an order that is not this bot's rests on the account"
    what = "what it may sell counts as in flight" if order.can_open else "it can only close, which counts as possible"
    return Dispute(key, venue, order.symbol, f"{whose}: {name}; {what}", Hold.NOTHING)


def _of_unread(venue: VenueId, item: Unread) -> Dispute:
    where = venue if item.symbol is None else f"{item.symbol} at {venue}"
    message = f"{item.what} can't be read ({item.reason}); nothing is added on {where} until it can"
    return Dispute(f"unread:{venue}:{item.what}", venue, item.symbol, message, Hold.ADDS, is_critical=True)


def _of_shut(venue: VenueId, symbol: Symbol, why: str) -> Dispute:
    message = f"{symbol} at {venue} {why}; nothing is added there, what closes and protects goes on"
    return Dispute(f"shut:{venue}:{symbol}", venue, symbol, message, Hold.ADDS, is_critical=True)
