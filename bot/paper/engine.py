"""The paper exchange's engine: one account on one venue, moved by calls alone; the time is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from bot.core.orders import (
    Accepted,
    LedgerKind,
    OrderKind,
    OrderReport,
    OrderRequest,
    OrderStatus,
    Rejected,
    RejectReason,
)
from bot.core.snapshot import VenueView
from bot.core.types import ClientOrderId, Symbol
from bot.paper import codec, collateral, trade, views
from bot.paper.account import Account, Events, FundingState, Market, Order, open_account
from bot.paper.checks import Refusal, is_triggered, refuse
from bot.paper.codes import code_of
from bot.paper.money import usd
from bot.paper.rules import MarkUpdate, VenueRules


class PaperEngine:
    """One account on one made-up venue.

    Call ``advance`` first; everything else happens at the time and the prices that it brought. Same rules, same calls:
    the same state to the byte.
    """

    def __init__(self, rules: VenueRules, account: Account) -> None:
        self.rules = rules
        self.account = account

    @classmethod
    def open(cls, rules: VenueRules, now: datetime, deposit: Decimal) -> PaperEngine:
        """Open a new account with a deposit in USD."""
        return cls(rules, open_account(rules, now, deposit))

    @classmethod
    def from_dict(cls, rules: VenueRules, data: Mapping[str, object]) -> PaperEngine:
        """Bring back what ``to_dict`` gave.

        Raises:
            ConfigError: the data has another version, or misses a part.
        """
        return cls(rules, codec.decode(rules, data))

    def to_dict(self) -> dict[str, object]:
        """Give the whole state as JSON values: Decimals and times as strings, a version, a bounded history."""
        return codec.encode(self.account)

    def fork(self) -> PaperEngine:
        """Give a copy to try something on; its events start empty."""
        return PaperEngine(self.rules, self.account.fork())

    @property
    def now(self) -> datetime:
        """The account's present."""
        return self.account.now

    @property
    def equity(self) -> Decimal:
        """Wallet + unrealised profit, USD."""
        return collateral.equity(self.account)

    def drain(self) -> Events:
        """Give fills, ledger entries and ended orders since the last call, for the append-only store."""
        events, self.account.events = self.account.events, Events()
        return events

    def advance(self, now: datetime, marks: Mapping[Symbol, MarkUpdate]) -> None:
        """Move time, and prices with it.

        What falls due before ``now`` (funding, triggered stops) happens in order of time at the prices that were in
        force until then; then the new prices count. A symbol that ``marks`` leaves out keeps its price.

        Raises:
            ValueError: time would go backwards, a price is not above 0, a symbol is unknown.
        """
        if now < self.account.now:
            raise ValueError(f"the account is at {self.account.now}, {now} is before that")
        self._run_until(now, inclusive=False)
        self.account.now = now
        for symbol, update in marks.items():
            self._take_prices(symbol, update)
        self._run_until(now, inclusive=True)
        self._meet_prices()
        self._run_until(now, inclusive=True)

    def place(self, client_id: ClientOrderId, request: OrderRequest) -> Accepted | Rejected:
        """Take an order; the answer tells how it stands after it met the book.

        Raises:
            ValueError: the symbol has no price yet; advance first.
        """
        symbol = request.symbol
        if symbol not in self.rules.symbols:
            return self._rejected(client_id, Refusal(RejectReason.UNKNOWN_SYMBOL, f"no symbol {symbol}"))
        if symbol not in self.account.markets:
            raise ValueError(f"{symbol} has no price yet")
        order = self._new_order(client_id, request)
        refusal = refuse(self.account, self.rules, order)
        if refusal is not None:
            return self._rejected(client_id, refusal)
        self.account.orders_made += 1
        order = trade.execute(self.account, self.rules, order)
        trade.expire_reduce_only(self.account, self.rules, symbol)
        return Accepted(order.report())

    def cancel(self, client_id: ClientOrderId) -> Accepted | Rejected:
        """Cancel a working order; one that is not working is refused."""
        order = self.account.orders.get(client_id)
        if order is None:
            return self._rejected(client_id, Refusal(RejectReason.OTHER, "no working order of that id"))
        final = self.account.close_order(order, OrderStatus.CANCELLED, "", self.rules.history)
        return Accepted(final.report())

    def lookup(self, client_id: ClientOrderId) -> OrderReport | None:
        """Give an order by its id if it is working or in the bounded history."""
        order = self.account.find(client_id)
        return None if order is None else order.report()

    def view(self) -> VenueView:
        """Give the account and its markets as a snapshot has them.

        Raises:
            ValueError: a symbol has no price yet.
        """
        return views.venue_view(self.account, self.rules)

    def _rejected(self, client_id: ClientOrderId, refusal: Refusal) -> Rejected:
        return Rejected(client_id, refusal.reason, code_of(self.rules.flavour, refusal.reason), refusal.message)

    def _new_order(self, client_id: ClientOrderId, request: OrderRequest) -> Order:
        now = self.account.now
        return Order(
            client_id=client_id,
            number=self.account.orders_made + 1,
            symbol=request.symbol,
            quantity=request.quantity,
            kind=request.kind,
            time_in_force=request.time_in_force,
            reduce_only=request.reduce_only,
            price=request.price,
            trigger=request.trigger,
            placed_at=now,
            updated_at=now,
        )

    def _take_prices(self, symbol: Symbol, update: MarkUpdate) -> None:
        last = update.mark if update.last is None else update.last
        if symbol not in self.rules.symbols:
            raise ValueError(f"no symbol {symbol}")
        if min(update.mark, update.index, last) <= 0:
            raise ValueError(f"{symbol}: a price must be above 0: {update}")
        as_of = self.account.now if update.as_of is None else update.as_of
        self.account.markets[symbol] = Market(usd(update.mark), usd(update.index), usd(last), as_of)
        if update.funding_rate is not None:
            next_at = self.account.funding[symbol].next_at
            self.account.funding[symbol] = FundingState(update.funding_rate, next_at)

    def _run_until(self, end: datetime, *, inclusive: bool) -> None:
        """Let everything happen that is due before ``end`` (or at it), in order of time, funding before stops."""
        while True:
            funding = [(state.next_at, 0, str(symbol)) for symbol, state in self.account.funding.items()]
            stops = [
                (order.due_at, order.number, str(order.client_id))
                for order in self.account.orders.values()
                if order.due_at is not None
            ]
            at, number, key = min(funding + stops)
            if at > end or (at == end and not inclusive):
                return
            self.account.now = max(at, self.account.now)
            if number == 0:
                self._settle_funding(Symbol(key))
            else:
                self._fire(self.account.orders[ClientOrderId(key)])

    def _settle_funding(self, symbol: Symbol) -> None:
        """Pay mark x position x rate: longs pay a positive rate, shorts receive it."""
        account = self.account
        state, position = account.funding[symbol], account.positions[symbol]
        if position.size:
            mark = account.markets[symbol].mark
            account.book(LedgerKind.FUNDING, symbol, -position.size * mark * state.rate)
        interval = self.rules.symbols[symbol].funding_interval
        account.funding[symbol] = FundingState(state.rate, state.next_at + interval)

    def _fire(self, order: Order) -> None:
        """Let a triggered stop take from the book."""
        trade.execute(self.account, self.rules, order)
        trade.expire_reduce_only(self.account, self.rules, order.symbol)

    def _meet_prices(self) -> None:
        """Set off stops and fill resting orders at the present prices."""
        for order in list(self.account.orders.values()):
            market = self.account.markets.get(order.symbol)
            waits = order.kind is OrderKind.STOP_MARKET and order.due_at is None
            if market is not None and waits and is_triggered(order, market.mark):
                self.account.orders[order.client_id] = replace(
                    order, due_at=self.account.now + self.rules.stop_latency, updated_at=self.account.now
                )
        for symbol in self.account.markets:
            trade.match_resting(self.account, self.rules, symbol)
