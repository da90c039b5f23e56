"""The paper exchange's engine: one account on one venue, moved by calls alone; the time is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from bot.core.orders import (
    Accepted,
    OrderKind,
    OrderReport,
    OrderRequest,
    OrderStatus,
    Rejected,
    RejectReason,
    TimeInForce,
)
from bot.core.snapshot import VenueView
from bot.core.types import ClientOrderId, Symbol
from bot.paper.engine import account_actions, codec, collateral, liquidation, scheduler, snapshot_views, trade
from bot.paper.engine.account import Events, Order, PaperAccount, open_account
from bot.paper.engine.order_checks import Refusal, refuse
from bot.paper.engine.rules import MarginMode, MarkUpdate, VenueRules, WindowKind


class PaperEngine:
    """One account on one simulated venue.

    Call ``advance`` first; everything else happens at the time and the prices that it brought. Same rules, same calls:
    the same state to the byte.
    """

    def __init__(self, rules: VenueRules, account: PaperAccount) -> None:
        self.rules = rules
        self.account = account

    @classmethod
    def open(cls, rules: VenueRules, now: datetime, deposit: Decimal) -> PaperEngine:
        """Open a new account with a deposit in USD."""
        return cls(rules, open_account(rules, now, deposit))

    @classmethod
    def from_dict(cls, rules: VenueRules, data: Mapping[str, object]) -> PaperEngine:
        """Restore what ``to_dict`` returned.

        Raises:
            ConfigError: the data has another version, or lacks a part.
        """
        return cls(rules, codec.decode(rules, data))

    def to_dict(self) -> dict[str, object]:
        """Return the whole state as JSON values: Decimals and times as strings, a version, a bounded history."""
        return codec.encode(self.account)

    def fork(self) -> PaperEngine:
        """Return a copy for trial calls; its events start empty."""
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
        """Return fills, ledger entries and ended orders since the last call, for the append-only store."""
        events, self.account.events = self.account.events, Events()
        return events

    def advance(self, now: datetime, marks: Mapping[Symbol, MarkUpdate]) -> None:
        """Move time, and prices with it.

        What falls due before ``now`` (funding, triggered stops) happens in order of time at the prices that were in
        force until then; then the new prices count. A symbol that ``marks`` leaves out keeps its price.

        Raises:
            ValueError: time would go backwards, a price is not above 0, a symbol is unknown.
        """
        scheduler.advance(self.account, self.rules, now, marks)

    def place(self, client_id: ClientOrderId, request: OrderRequest) -> Accepted | Rejected:
        """Accept an order; the answer is its state after it was matched.

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
        trade.sweep_reduce_only(self.account, self.rules, symbol)
        liquidation.liquidate(self.account, self.rules)
        return Accepted(order.report())

    def cancel(self, client_id: ClientOrderId) -> Accepted | Rejected:
        """Cancel a working order; one that is not working is refused."""
        order = self.account.orders.get(client_id)
        window = self.rules.hardships.window(self.account.now)
        if window is not None and window.kind is WindowKind.MAINTENANCE:
            return self._rejected(client_id, Refusal(RejectReason.MAINTENANCE, f"in maintenance until {window.end}"))
        if order is None:
            return self._rejected(
                client_id, Refusal(RejectReason.OTHER, "no such order", self.rules.conventions.cancel_rejected)
            )
        final = self.account.close_order(order, OrderStatus.CANCELLED, "", self.rules.history)
        return Accepted(final.report())

    def amend(self, client_id: ClientOrderId, quantity: Decimal, price: Decimal) -> Accepted | Rejected:
        """Amend quantity (signed, what is filled included) and price of a working limit order.

        It goes to the end of the queue. It is cancelled where it is filled that far already, or is post-only and would
        take; where it breaks a rule it is refused, and stays as it is.
        """
        before = self.account.orders
        order = before.get(client_id)
        if order is None or order.kind is not OrderKind.LIMIT:
            return self._rejected(
                client_id, Refusal(RejectReason.OTHER, "no such order", self.rules.conventions.cancel_rejected)
            )
        new = replace(order, quantity=quantity, price=price, updated_at=self.account.now)
        is_over = order.filled and abs(quantity) <= abs(order.filled)
        takes = order.time_in_force is TimeInForce.POST_ONLY and trade.would_take(self.account, self.rules, new)
        if is_over or takes:
            note = "filled that far" if is_over else "post-only would take"
            return Accepted(self.account.close_order(order, OrderStatus.CANCELLED, note, self.rules.history).report())
        self.account.orders = {key: one for key, one in before.items() if key != client_id}
        refusal = refuse(self.account, self.rules, new)
        if refusal is not None:
            self.account.orders = before
            return self._rejected(client_id, refusal)
        new = trade.execute(self.account, self.rules, new)
        trade.sweep_reduce_only(self.account, self.rules, new.symbol)
        liquidation.liquidate(self.account, self.rules)
        return Accepted(new.report())

    def lookup(self, client_id: ClientOrderId) -> OrderReport | None:
        """Return an order by its id if it is working or in the bounded history."""
        order = self.account.find(client_id)
        return None if order is None else order.report()

    def set_leverage(self, symbol: Symbol, leverage: Decimal) -> Refusal | None:
        """Change a symbol's leverage; return the venue's refusal, if any."""
        return account_actions.set_leverage(self.account, self.rules, symbol, leverage)

    def set_margin_mode(self, symbol: Symbol, mode: MarginMode) -> Refusal | None:
        """Change a symbol's margin mode, which must be flat and without orders; return the refusal, if any."""
        return account_actions.set_margin_mode(self.account, symbol, mode)

    def add_margin(self, symbol: Symbol, amount: Decimal) -> Refusal | None:
        """Put cash (USD) aside for an isolated position, or take it back (negative); return the refusal, if any."""
        return account_actions.add_margin(self.account, symbol, amount)

    def transfer(self, amount: Decimal) -> Refusal | None:
        """Bring cash (USD) into the account, or out of it (negative); return the refusal, if any."""
        return account_actions.transfer(self.account, amount)

    def view(self) -> VenueView:
        """Return the account and its markets as a snapshot has them.

        Raises:
            ValueError: a symbol has no price yet.
        """
        return snapshot_views.venue_view(self.account, self.rules)

    def _rejected(self, client_id: ClientOrderId, refusal: Refusal) -> Rejected:
        code = refusal.code or self.rules.conventions.code(refusal.reason)
        return Rejected(client_id, refusal.reason, code, refusal.message)

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
