"""Place, cancel and look up orders on a real venue: each write leaves once, and only proof counts as an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from bot.core.errors import Retryable
from bot.core.orders import (
    Accepted,
    Intent,
    NotFound,
    OrderKind,
    OrderReport,
    OrderRequest,
    Outcome,
    Rejected,
    RejectReason,
    Unknown,
)
from bot.core.types import ClientOrderId, Symbol
from bot.exchange import translate_orders
from bot.exchange.account_view import Observer
from bot.exchange.ccxt_link import Link, Written
from bot.exchange.dialect import Amends, Dialect, Found, Instrument
from bot.exchange.errors import NotSent, Unbelievable
from bot.exchange.fields import Row, has, row_of
from bot.exchange.order_outcome import judge, not_sent
from bot.exchange.precision import sendable

K = TypeVar("K")
V = TypeVar("V")

_MEMORY: Final = 10_000
"""Ids that are remembered at most."""
_CONFIRM_AFTER: Final = (0.0, 0.2, 0.5, 1.0)
"""Seconds before each observation for an order that the venue took but did not describe: it may stay hidden for a
moment."""

FILTERS: Final = frozenset(
    {
        RejectReason.BAD_LOT,
        RejectReason.BAD_TICK,
        RejectReason.BELOW_MIN_NOTIONAL,
        RejectReason.BELOW_MIN_QUANTITY,
        RejectReason.ABOVE_MAX_QUANTITY,
        RejectReason.MARKET_CLOSED,
    }
)
"""Rejections that say that the market's rules are not the ones that were loaded."""


@dataclass(slots=True)
class Orders:
    """Orders of one account.

    ``conditional`` remembers which of our ids went to the trigger book, ``ids`` which of our ids the venue's order ids
    belong to; both are hints that save requests, nothing depends on them.
    """

    link: Link
    dialect: Dialect
    observer: Observer
    conditional: dict[ClientOrderId, bool] = field(default_factory=dict)
    ids: dict[str, ClientOrderId] = field(default_factory=dict)

    async def place(self, intent: Intent, one: Instrument) -> Outcome:
        """Send an order once. Never raises for anything that the venue or the network does."""
        request, client_id = intent.request, intent.client_id
        if not self.dialect.facts.ids.takes(client_id):
            return not_sent(client_id, f"{client_id!r} is no client order id that the venue takes")
        try:
            rounded = sendable(request, one.market)
        except NotSent as reason:
            return not_sent(client_id, str(reason))
        self._remember(self.conditional, client_id, request.kind is OrderKind.STOP_MARKET)
        call = self.dialect.placing(request, client_id, rounded, one)
        written = await self.link.write(call.name, *call.args, urgent=request.reduce_only, created_at=intent.created_at)
        return await self._outcome(written, client_id, one)

    async def amend(self, client_id: ClientOrderId, request: OrderRequest, one: Instrument) -> Outcome:
        """Amend a resting order, once. Never raises for anything that the venue or the network does.

        Raises:
            TypeError: the venue can't, which its dialect says.
        """
        if not isinstance(self.dialect, Amends):
            raise TypeError(f"{type(self.dialect).__name__} amends no orders")
        try:
            rounded = sendable(request, one.market)
        except NotSent as reason:
            return not_sent(client_id, str(reason))
        call = self.dialect.amending(request, client_id, rounded, one)
        if call is None:
            return not_sent(client_id, "the venue amends no such order")
        written = await self.link.write(call.name, *call.args, urgent=request.reduce_only)
        verdict = judge(written, client_id, self.dialect.facts)
        if verdict is not None:
            return verdict
        try:
            row = row_of(self.link.parse_order(row_of(written.result, "order"), one.market.symbol), "order")
            return Accepted(self._report(Found(row, conditional=False), client_id, one))
        except Unbelievable:
            return await self._confirm(client_id, one)

    async def cancel(self, client_id: ClientOrderId, one: Instrument) -> Outcome:
        """Cancel a working order once, in the book that it is in; in both where that is not known.

        A cancellation that finds no such order is rejected and changes nothing, so that cancelling in the second book
        as well is no repetition. An answer that does not describe the order leaves its end unknown: it is
        looked up before the next decision, as that of every order.
        """
        known = self.conditional.get(client_id)
        outcome: Outcome = not_sent(client_id, "no book to cancel in")
        for conditional in (False, True) if known is None else (known,):
            call = self.dialect.cancelling(client_id, one, conditional=conditional)
            written = await self.link.write(call.name, *call.args, urgent=True)
            told = judge(written, client_id, self.dialect.facts) or self._told(written, client_id, one)
            outcome = told or Unknown(client_id, "the venue took the cancellation; how the order ended is looked up")
            if not isinstance(outcome, Rejected) or not self._no_such_order(written):
                return outcome
        return outcome

    def _no_such_order(self, written: Written) -> bool:
        wire = written.wire
        return wire is not None and (wire.status, wire.code) in self.dialect.facts.unknown_order

    async def _outcome(self, written: Written, client_id: ClientOrderId, one: Instrument) -> Outcome:
        told = judge(written, client_id, self.dialect.facts) or self._told(written, client_id, one)
        return told or await self._confirm(client_id, one)

    def _told(self, written: Written, client_id: ClientOrderId, one: Instrument) -> Accepted | None:
        """Return the order that an answer describes, if it does."""
        try:
            row = row_of(written.result, "order")
            if has(row, "status"):
                return Accepted(self._report(Found(row, self.conditional.get(client_id, False)), client_id, one))
        except Unbelievable:
            pass  # it is looked up, and stays unknown if that brings nothing
        return None

    async def _confirm(self, client_id: ClientOrderId, one: Instrument) -> Accepted | Unknown:
        """Read the state of an order whose request the venue took."""
        why = "it is not visible yet"
        for seconds in _CONFIRM_AFTER:
            await self.link.clock.sleep(seconds)
            try:
                found = await self.lookup(client_id, one)
            except Retryable as error:
                why = str(error)
                continue
            if isinstance(found, OrderReport):
                return Accepted(found)
        return Unknown(client_id, f"the venue took the request, but the order's state could not be read: {why}")

    async def lookup(self, client_id: ClientOrderId, one: Instrument) -> OrderReport | NotFound:
        """Look for an order in the order queries and in every book of working orders.

        Raises:
            Retryable: an answer is missing or can't be believed.
        """
        asked_at, symbol = self.link.clock.now(), one.market.symbol
        found = await self.dialect.find(self.link, client_id, symbol, one.venue_symbol)
        if found is None:
            found = await self._among_working(client_id, one)
        if found is None:
            return NotFound(client_id, asked_at)
        report = self._report(found, client_id, one)
        if found.child is None:
            return report
        child = await self.dialect.order(self.link, found.child, one)
        told = self._report(Found({**child, "clientOrderId": client_id}, conditional=False), client_id, one)
        # whether such an order is told as reduce-only differs by venue; the conditional one was
        return replace(told, note=f"came of conditional order {report.venue_order_id}", reduce_only=report.reduce_only)

    async def _among_working(self, client_id: ClientOrderId, one: Instrument) -> Found | None:
        for listing in self.dialect.facts.listings:
            for row in (await self.dialect.working(self.link, listing, one)).rows:
                if row.get("clientOrderId") == client_id:
                    return Found(row, conditional=bool(listing.params))
        return None

    def _report(self, found: Found, client_id: ClientOrderId, one: Instrument) -> OrderReport:
        row: Row = found.row
        if found.child is not None:
            # what a triggered order filled stands in the order that it became, which is asked for next
            row = {**row, "status": "open", "filled": "0"}
        now = self.link.clock.now()
        report = translate_orders.report(row, client_id, one.market.contract_size, now, conditional=found.conditional)
        self._remember(self.ids, report.venue_order_id, client_id)
        return report

    def _remember(self, memory: dict[K, V], key: K, value: V) -> None:
        memory[key] = value
        while len(memory) > _MEMORY:
            del memory[next(iter(memory))]


def instrument_of(instruments: Mapping[Symbol, Instrument], symbol: Symbol) -> Instrument:
    """Return a configured instrument.

    Raises:
        NotSent: the start-up checks were not passed, or it is no configured one.
    """
    one = instruments.get(symbol)
    if one is None:
        raise NotSent(f"{symbol} was not checked at start-up; nothing was sent")
    return one
