"""Checks that an order passes before it meets the book, in the venue's order."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from bot.core.orders import OrderKind, RejectReason, TimeInForce
from bot.core.risk.margin import max_notional
from bot.core.types import ZERO
from bot.paper.engine import collateral
from bot.paper.engine.account import Order, PaperAccount
from bot.paper.engine.book import touch
from bot.paper.engine.money import is_multiple
from bot.paper.engine.rules import SymbolRules, VenueRules, WindowKind
from bot.paper.engine.trade import reducible, would_take


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is refused, with a message that says what would be right.

    ``code`` is the venue's where the reason alone does not report it.
    """

    reason: RejectReason
    message: str
    code: str | None = None


def refuse(account: PaperAccount, rules: VenueRules, order: Order) -> Refusal | None:
    """Return the first reason against an order, or None."""
    checks: tuple[Callable[[PaperAccount, VenueRules, Order], Refusal | None], ...] = (
        _check_window,
        _check_id,
        _check_quantity,
        _check_prices,
        _check_notional,
        _check_trigger,
        _check_counts,
        _check_reduce_only,
        _check_stops,
        _check_post_only,
        _check_position,
        _check_margin,
        _check_luck,
    )
    for check in checks:
        refusal = check(account, rules, order)
        if refusal is not None:
            return refusal
    return None


def _check_window(account: PaperAccount, rules: VenueRules, _: Order) -> Refusal | None:
    window = rules.hardships.window(account.now)
    if window is not None and window.kind is WindowKind.MAINTENANCE:
        return Refusal(RejectReason.MAINTENANCE, f"the venue is in maintenance until {window.end}")
    return None


def _check_luck(account: PaperAccount, rules: VenueRules, _: Order) -> Refusal | None:
    rate = rules.hardships.reject_rate
    if rate and account.drawn() < rate:
        return Refusal(RejectReason.OTHER, "the venue is overloaded", rules.conventions.overloaded)
    return None


def _check_id(account: PaperAccount, rules: VenueRules, order: Order) -> Refusal | None:
    pattern = rules.conventions.client_id
    if not re.fullmatch(pattern, order.client_id):
        return Refusal(RejectReason.BAD_ID, f"client id {order.client_id!r} does not match {pattern}")
    ended = rules.conventions.keeps_ids and account.find(order.client_id) is not None
    if order.client_id in account.orders or ended:
        return Refusal(RejectReason.DUPLICATE_ID, f"client id {order.client_id!r} is in use")
    return None


def _check_quantity(_: PaperAccount, rules: VenueRules, order: Order) -> Refusal | None:
    market = rules.symbols[order.symbol].market
    size = abs(order.quantity)
    if size == 0 or not is_multiple(size, market.lot):
        return Refusal(RejectReason.BAD_LOT, f"quantity {size} is no multiple of the lot {market.lot}")
    if size < market.min_quantity:
        return Refusal(RejectReason.BELOW_MIN_QUANTITY, f"quantity {size} is below {market.min_quantity}")
    if size > market.max_quantity:
        return Refusal(RejectReason.ABOVE_MAX_QUANTITY, f"quantity {size} is above {market.max_quantity}")
    return None


def _check_prices(account: PaperAccount, rules: VenueRules, order: Order) -> Refusal | None:
    one = rules.symbols[order.symbol]
    wanted = {
        OrderKind.MARKET: (None, None),
        OrderKind.LIMIT: (order.price, None),
        OrderKind.STOP_MARKET: (None, order.trigger),
    }[order.kind]
    missing = (order.kind is OrderKind.LIMIT and order.price is None) or (
        order.kind is OrderKind.STOP_MARKET and order.trigger is None
    )
    if missing or wanted != (order.price, order.trigger):
        return Refusal(RejectReason.OTHER, f"a {order.kind} order with price {order.price}, trigger {order.trigger}")
    for price in (order.price, order.trigger):
        if price is not None and (price <= 0 or not is_multiple(price, one.market.tick)):
            return Refusal(RejectReason.BAD_TICK, f"price {price} is no multiple of the tick {one.market.tick}")
    return _check_band(account.markets[order.symbol].mark, one, order)


def _check_band(mark: Decimal, one: SymbolRules, order: Order) -> Refusal | None:
    if order.price is None:
        return None
    low, high = mark * (1 - one.price_band), mark * (1 + one.price_band)
    if (order.quantity > 0 and order.price > high) or (order.quantity < 0 and order.price < low):
        message = f"price {order.price} is outside {low} to {high} around the mark"
        return Refusal(RejectReason.PRICE_OUT_OF_BAND, message)
    return None


def _check_notional(account: PaperAccount, rules: VenueRules, order: Order) -> Refusal | None:
    least = rules.symbols[order.symbol].market.min_notional
    notional = abs(order.quantity) * (order.price or order.trigger or account.markets[order.symbol].mark)
    if notional < least and not order.reduce_only:
        return Refusal(RejectReason.BELOW_MIN_NOTIONAL, f"notional {notional} is below {least} USD")
    return None


def _check_trigger(account: PaperAccount, _: VenueRules, order: Order) -> Refusal | None:
    mark = account.markets[order.symbol].mark
    if order.trigger is None:
        return None
    if is_triggered(order, mark):
        return Refusal(RejectReason.WOULD_TRIGGER, f"trigger {order.trigger} would fire at the mark {mark}")
    return None


def is_triggered(order: Order, mark: Decimal) -> bool:
    """Whether a mark triggers a stop: a buy from below, a sell from above."""
    if order.trigger is None:
        return False
    return mark >= order.trigger if order.quantity > 0 else mark <= order.trigger


def _check_counts(account: PaperAccount, rules: VenueRules, order: Order) -> Refusal | None:
    working = account.working(order.symbol)
    stops = sum(one.kind is OrderKind.STOP_MARKET for one in working)
    is_stop = order.kind is OrderKind.STOP_MARKET
    have, most = (stops, rules.max_stop_orders) if is_stop else (len(working) - stops, rules.max_open_orders)
    if have >= most:
        return Refusal(RejectReason.TOO_MANY_ORDERS, f"{have} open orders of its kind, at most {most}")
    return None


def _check_reduce_only(account: PaperAccount, rules: VenueRules, order: Order) -> Refusal | None:
    waits = order.kind is OrderKind.STOP_MARKET and not rules.conventions.checks_stops
    if order.reduce_only and not waits and not reducible(account, order):
        size = account.positions[order.symbol].size
        return Refusal(RejectReason.REDUCE_ONLY, f"{order.quantity} does not reduce the position {size}")
    return None


def _check_stops(account: PaperAccount, rules: VenueRules, order: Order) -> Refusal | None:
    if not rules.conventions.fits_stops or order.kind is not OrderKind.STOP_MARKET:
        return None
    stops = [one for one in account.working(order.symbol) if one.kind is OrderKind.STOP_MARKET and one.due_at is None]
    total = sum((abs(one.remaining) for one in stops), abs(order.quantity))
    size = abs(account.positions[order.symbol].size)
    if total > size:
        return Refusal(RejectReason.STOPS_EXCEED, f"stops of {total} together are more than the position, {size}")
    return None


def _check_post_only(account: PaperAccount, rules: VenueRules, order: Order) -> Refusal | None:
    refuses = order.time_in_force is TimeInForce.POST_ONLY and not rules.conventions.cancels_takers
    if refuses and would_take(account, rules, order):
        return Refusal(RejectReason.WOULD_TAKE, f"a post-only order at {order.price} would take")
    return None


def _check_position(account: PaperAccount, rules: VenueRules, order: Order) -> Refusal | None:
    if not _adds_risk(account, order):
        return None
    size = collateral.worst_size(account, order.symbol, [*account.working(order.symbol), order])
    notional = size * account.markets[order.symbol].mark
    leverage = account.leverage[order.symbol]
    most = max_notional(rules.symbols[order.symbol].market.tiers, leverage)
    if notional > most:
        return Refusal(RejectReason.MAX_POSITION, f"notional {notional} is above {most} USD at leverage {leverage}")
    return None


def _check_margin(account: PaperAccount, rules: VenueRules, order: Order) -> Refusal | None:
    if not _adds_risk(account, order):
        return None
    working = account.working(order.symbol)
    more = collateral.initial_margin(account, order.symbol, [*working, order]) - collateral.initial_margin(
        account, order.symbol, working
    )
    need = more + _open_loss(account, rules, order)
    if rules.conventions.fee_in_cost:
        one = rules.symbols[order.symbol]
        need += abs(order.quantity) * account.markets[order.symbol].mark * one.market.taker_fee
    free = collateral.available(account)
    if need > free:
        return Refusal(RejectReason.INSUFFICIENT_MARGIN, f"margin {need} needed, {free} USD available")
    return None


def _adds_risk(account: PaperAccount, order: Order) -> bool:
    """Whether an order can bring the position further from flat than what is there and working already."""
    working = account.working(order.symbol)
    before = collateral.worst_size(account, order.symbol, working)
    return collateral.worst_size(account, order.symbol, [*working, order]) > before


def _open_loss(account: PaperAccount, rules: VenueRules, order: Order) -> Decimal:
    """Return what the order loses at once against the mark if it fills at its price (at the touch without one)."""
    market = account.markets[order.symbol]
    bid, ask = touch(rules.symbols[order.symbol], market.last)
    price = order.price or order.trigger or (ask if order.quantity > 0 else bid)
    return max(ZERO, (price - market.mark) * order.quantity)
