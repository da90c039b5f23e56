"""Time on the paper exchange: events that fall due, and what new prices trigger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from bot.core.orders import LedgerKind, OrderKind
from bot.core.types import ClientOrderId, Symbol
from bot.paper.engine import liquidation, trade
from bot.paper.engine.account import FundingState, Market, PaperAccount
from bot.paper.engine.money import usd
from bot.paper.engine.order_checks import is_triggered
from bot.paper.engine.rules import MarkUpdate, VenueRules, WindowKind


class _Kind(IntEnum):
    """What can fall due; at one moment in this order."""

    FUNDING = 1
    DELEVERAGING = 2
    STOP = 3


@dataclass(frozen=True, order=True, slots=True)
class _Due:
    """Something that falls due: what ``number`` and ``key`` mean depends on the kind."""

    at: datetime
    kind: _Kind
    number: int
    key: str


def advance(account: PaperAccount, rules: VenueRules, now: datetime, marks: Mapping[Symbol, MarkUpdate]) -> None:
    """Move time, and prices with it.

    Raises:
        ValueError: time would go backwards, a price is not above 0, a symbol is unknown.
    """
    if now < account.now:
        raise ValueError(f"the account is at {account.now}, {now} is before that")
    prices = {symbol: _market(rules, symbol, update, now) for symbol, update in marks.items()}
    _run_until(account, rules, now, inclusive=False)
    account.now = now
    for symbol, market in prices.items():
        account.markets[symbol] = market
        rate = marks[symbol].funding_rate
        if rate is not None:
            account.funding[symbol] = FundingState(rate, account.funding[symbol].next_at)
    _run_until(account, rules, now, inclusive=True)
    if not _halted(account, rules):
        liquidation.liquidate(account, rules)
        _trigger_stops(account, rules)
        _run_until(account, rules, now, inclusive=True)
        for symbol in account.markets:
            trade.match_resting(account, rules, symbol)
        liquidation.liquidate(account, rules)


def _market(rules: VenueRules, symbol: Symbol, update: MarkUpdate, now: datetime) -> Market:
    last = update.mark if update.last is None else update.last
    if symbol not in rules.symbols:
        raise ValueError(f"no symbol {symbol}")
    prices = usd(update.mark), usd(update.index), usd(last)
    if min(prices) <= 0:
        raise ValueError(f"{symbol}: a price must be above 0: {update}")
    return Market(*prices, now if update.as_of is None else update.as_of)


def _halted(account: PaperAccount, rules: VenueRules) -> bool:
    """Whether nothing trades now: the venue is in maintenance."""
    window = rules.hardships.window(account.now)
    return window is not None and window.kind is WindowKind.MAINTENANCE


def _due(account: PaperAccount, rules: VenueRules) -> list[_Due]:
    due = [_Due(state.next_at, _Kind.FUNDING, 0, str(symbol)) for symbol, state in account.funding.items()]
    due += [
        _Due(max(order.due_at, account.now), _Kind.STOP, order.number, str(order.client_id))
        for order in account.orders.values()
        if order.due_at is not None and not _halted(account, rules)
    ]
    plan = sorted(rules.hardships.deleveragings, key=lambda event: event.at)
    due += [_Due(event.at, _Kind.DELEVERAGING, number, "") for number, event in enumerate(plan)][account.deleveraged :]
    return due


def _run_until(account: PaperAccount, rules: VenueRules, end: datetime, *, inclusive: bool) -> None:
    """Run everything that is due before ``end`` (or at it), in order of time, at the prices in force."""
    if not account.orders and not any(position.size for position in account.positions.values()):
        _pass_funding_times(account, rules, end)
    while True:
        event = min(_due(account, rules))
        if event.at > end or (event.at == end and not inclusive):
            return
        account.now = max(event.at, account.now)
        match event.kind:
            case _Kind.FUNDING:
                _settle_funding(account, rules, Symbol(event.key))
            case _Kind.DELEVERAGING:
                account.deleveraged += 1
                plan = sorted(rules.hardships.deleveragings, key=lambda one: one.at)
                liquidation.deleverage(account, rules, plan[event.number])
            case _Kind.STOP:
                order = account.orders[ClientOrderId(event.key)]
                trade.execute(account, rules, order)
                trade.sweep_reduce_only(account, rules, order.symbol)
        if not _halted(account, rules):
            liquidation.liquidate(account, rules)


def _settle_funding(account: PaperAccount, rules: VenueRules, symbol: Symbol) -> None:
    """Pay mark x position x rate: longs pay a positive rate, shorts receive it; an isolated margin bears its own."""
    state, position = account.funding[symbol], account.positions[symbol]
    if position.size:
        payment = usd(-position.size * account.markets[symbol].mark * state.rate)
        account.book(LedgerKind.FUNDING, symbol, payment)
        if position.margin:
            account.positions[symbol] = replace(position, margin=position.margin + payment)
    account.funding[symbol] = FundingState(state.rate, state.next_at + rules.symbols[symbol].funding_interval)


def _pass_funding_times(account: PaperAccount, rules: VenueRules, end: datetime) -> None:
    """Go to each symbol's first funding time from ``end`` on: while nothing is held and ordered, none pays anything."""
    for symbol, state in account.funding.items():
        interval = rules.symbols[symbol].funding_interval
        missed = max(0, -((state.next_at - end) // interval))
        account.funding[symbol] = replace(state, next_at=state.next_at + missed * interval)


def _trigger_stops(account: PaperAccount, rules: VenueRules) -> None:
    """Trigger the stops that the marks have reached; they reach the book after the stop latency."""
    hardships = rules.hardships
    for order in list(account.orders.values()):
        market = account.markets.get(order.symbol)
        waits = order.kind is OrderKind.STOP_MARKET and order.due_at is None
        if market is not None and waits and is_triggered(order, market.mark):
            wait = hardships.stop_latency
            if hardships.jitter:
                wait += hardships.jitter * float(account.drawn())
            account.orders[order.client_id] = replace(order, due_at=account.now + wait, updated_at=account.now)
