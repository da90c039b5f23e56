"""One cell of the fault matrix, told to its end: what the daemon does, and what must hold by the venue's own books."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from bot.app.loop.cycle import Cycle
from bot.core.errors import ConfigError, Retryable, SkipCycle
from bot.core.inputs import PendingStatus
from bot.core.market import DollarPrice
from bot.core.orders import OrderKind, Rejected
from bot.core.record import CycleRecord
from bot.core.snapshot import ChainView, VenueView
from bot.core.types import ZERO, Symbol, VenueId
from bot.exchange.ccxt_client import CcxtExchange
from bot.journal.journal import SqliteJournal
from bot.journal.reader import JournalView
from bot.paper.servers.desk import Desk
from bot.paper.servers.venue import Incoming
from bot.protocols.registry import CURVES
from tests.app.fakes import FakeChain, position
from tests.core.scenes import ETH, chain, line, pool_price
from tests.exchange.scene import FastClock
from tests.faults.cells import Cell
from tests.faults.odd import ALONE, GROUNDLESS, Odd
from tests.faults.venue import FaultyVenue, Meanwhile
from tests.faults.venue_calls import WRITES
from tests.paper.engine.scene import ETH as PERP
from tests.paper.servers.flavours import own_symbol
from tests.paper.servers.scene import Prices

D = Decimal
VENUE = VenueId("venue")
LEVERAGE: Final = D(2)
RECOVERY: Final = 20
"""Cycles after the faults' end within which all must be well: a lost order alone takes some 70 s to be proven so."""
PACE: Final = 12.0
"""Seconds between two cycles."""
ADDED: Final = D(10)
STEP: Final = D("-0.0005")
LEAP: Final = D("0.01")
_COVERED: Final = D("0.98")
"""The share of a short that its stop closes at least."""


class HarmError(AssertionError):
    """Something happened that must never happen, or something that must did not."""


@dataclass(slots=True)
class Watched:
    """The exchange, with every view that it gives compared with the account itself."""

    real: CcxtExchange
    desk: Desk
    perp: Symbol

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the exchange has
        return getattr(self.real, name)

    async def observe(self) -> VenueView:
        before = self.desk.size(self.perp)
        view = await self.real.observe()
        if view.positions[self.perp].size not in (before, self.desk.size(self.perp)):
            raise HarmError(f"{view.positions[self.perp].size} was believed, {self.desk.size(self.perp)} is true")
        return view


@dataclass(slots=True)
class Story:
    """A cell being played."""

    cell: Cell
    folder: Path
    clock: FastClock
    chain: FakeChain
    layer: FaultyVenue
    desk: Desk
    exchange: CcxtExchange
    cycle: Cycle
    journal: SqliteJournal
    sizes: tuple[Decimal, ...]
    prices: Prices
    block: int = 0
    most: Decimal = ZERO
    last: CycleRecord | None = None

    async def play(self) -> None:
        """Play it to its end.

        Raises:
            HarmError: something happened that must not.
        """
        self._break()
        self.layer.meanwhile = self._meanwhile
        await self.start()
        await self._turns(D(3), D(3), D(3))
        await self.recover(D(3))
        self._break()
        self.exchange.stale = self.cell.call in ("markets", "tiers")
        self.exchange.link.suspect = self.cell.call == "time"
        await self._turns(*self.sizes[:2])
        await self._add_margin()
        await self._turns(*self.sizes[2:])
        if self._is_alone and not self._is_hedged():
            raise HarmError(
                f"{self.desk.size(self.perp)} for {self.sizes[-1]}: a row that is not ours held the hedge back"
            )
        await self.recover(self.sizes[-1])
        self.check_books()

    @property
    def _is_groundless(self) -> bool:
        return (self.cell.call, self.cell.kind) in GROUNDLESS

    @property
    def _is_alone(self) -> bool:
        return self.cell.kind in ALONE and not self._is_groundless

    def _break(self) -> None:
        times: int | None = 2 if self.cell.call in WRITES else 4  # a read is tried three times in a row
        if isinstance(self.cell.kind, Odd) and not self._is_groundless:
            times = None  # such a row stays
        self.layer.faults.clear()
        self.layer.add(self.cell.call, self.cell.kind, self.cell.effect, times=times)

    async def start(self) -> None:
        """Meet the venue, as often as it takes."""
        for _ in range(3 * RECOVERY):  # a ban lasts two minutes, and there may be four
            try:
                await self.exchange.check([self.perp])
                await self.cycle.reconciler.begin()
            except (Retryable, SkipCycle, ConfigError):
                self.clock.advance(10)
                continue
            return
        raise HarmError("it never started")

    async def _turns(self, *sizes: Decimal) -> None:
        for size in sizes:
            await self.turn(size)

    async def turn(self, size: Decimal) -> None:
        """Show a block with so many ETH in the liquidity, and run one cycle; every other one is read ahead of."""
        self.block += 1
        self.clock.advance(PACE)
        if self.cell.call == "amend":
            self._move(STEP)
        if self.block % 2 == 0:
            await self.cycle.prefetch.read()
        self.most = max(self.most, size)
        self.chain.shown = self._view(size)
        self.last = None
        try:
            self.last = await self.cycle.run(asyncio.Event())
        except (Retryable, SkipCycle):
            self.clock.advance(1)
        held = self.desk.size(self.perp)
        if not -self.most * D("1.03") <= held <= 0:
            raise HarmError(f"the position is {held}, and never was more than {self.most} to be hedged")

    def _move(self, by: Decimal) -> None:
        """Move the touch away from what is sold there, so that it is followed."""
        self.prices.marks[self.perp] = (self.prices.marks[self.perp] * (1 + by)).quantize(D("0.01"))

    def _meanwhile(self, what: Meanwhile) -> None:
        """Let the orders that rest be filled by a price that leaps, or cancelled by hand."""
        if what is Meanwhile.FILLED:
            self._move(LEAP)
            return
        for order in [one for one in self.desk.working(self.perp) if one.kind is OrderKind.LIMIT]:
            self.desk.cancel(order)

    def _view(self, size: Decimal) -> ChainView:
        shown = chain([position(D(2000), size)], block=self.block, pools=[pool_price(2000)], at=self.clock.now())
        return replace(shown, dollars=(DollarPrice("USDT", D(1), "feed"),))

    async def recover(self, size: Decimal) -> None:
        """Let the faults end, and wait until all is well."""
        self.layer.faults.clear()
        self.layer.release()
        for _ in range(RECOVERY):
            await self.turn(size)
            if self._is_well():
                return
        known = [(item.intent.client_id, item.status.value) for item in self.journal.pending()]
        alarms = [alarm.message for alarm in self.last.decision.alarms] if self.last else ["no cycle"]
        raise HarmError(f"not well: {self.desk.size(self.perp)} for {size}, pending {known}, alarms {alarms}")

    def _is_hedged(self) -> bool:
        if self.last is None:
            return False
        band = line(self.last.decision, ETH).band
        return band is not None and abs(self.desk.size(self.perp) - line(self.last.decision, ETH).target) <= band.outer

    def _is_well(self) -> bool:
        if not self._is_hedged() or any(item.status is not PendingStatus.OPEN for item in self.journal.pending()):
            return False
        resting, open_orders = (
            {item.intent.client_id for item in self.journal.pending()},
            self.desk.engine.account.orders,
        )
        stops = [order for order in open_orders.values() if order.kind is OrderKind.STOP_MARKET and order.reduce_only]
        is_protected = sum((order.remaining for order in stops), ZERO) >= -self.desk.size(self.perp) * _COVERED
        return is_protected and resting == set(open_orders)

    async def _add_margin(self) -> None:
        if self.cell.call != "margin":
            return
        before = self.desk.engine.account.positions[self.perp].margin
        outcome = await self.exchange.add_margin(self.perp, ADDED)
        self.clock.advance(6)
        with suppress(Retryable):  # a venue that asked for silence is not even read
            await self.exchange.observe()
        after = self.desk.engine.account.positions[self.perp].margin
        moved, sent = after - before, len(self.layer.sent("margin"))
        allowed = [ADDED] if outcome is None else [ZERO] if isinstance(outcome, Rejected) else [ZERO, ADDED]
        if moved not in allowed or sent > 1:
            raise HarmError(f"{moved} USD were added by {sent} requests, and the answer was {outcome}")

    @property
    def perp(self) -> Symbol:
        """The venue's perpetual."""
        return own_symbol(self.cell.flavour, PERP)

    def check_books(self) -> None:
        """Compare the journal with the venue's own books."""
        orders = Counter(order.client_id for order in self.desk.orders())
        sends = Counter(filter(None, map(_client_id, [*self.layer.sent("place"), *self.layer.sent("place_stop")])))
        view = JournalView.open(self.folder / "journal.sqlite", CURVES)
        try:
            intents = {item.intent.client_id: item for item in view.intents()}
            told = Counter((fill.client_id, fill.quantity) for fill in view.fills())
        finally:
            view.close()
        true = Counter((trade.fill.client_id, trade.fill.quantity) for trade in self.desk.records.trades)
        filled: dict[str, Decimal] = {}
        for trade in self.desk.records.trades:
            name = trade.fill.client_id or ""
            filled[name] = filled.get(name, ZERO) + trade.fill.quantity
        wrong = {
            "two effects of one intent": [name for name, times in orders.items() if times > 1],
            "sent twice": [name for name, times in sends.items() if times > 1],
            "an order without an intent": [name for name in {*orders, *sends} if name not in intents],
            "a trade that the journal lacks": list((true - told).elements()),
            "a trade that never was": list((told - true).elements()),
            "a filled quantity": [name for name, item in intents.items() if item.filled != filled.get(name, ZERO)],
            "filled more than wanted": [
                name
                for name, item in intents.items()
                if abs(filled.get(name, ZERO)) > abs(item.intent.request.quantity)
            ],
        }
        found = {what: names for what, names in wrong.items() if names}
        if found:
            raise HarmError(f"{found}")
        if self.desk.engine.account.leverage[self.perp] != LEVERAGE:
            raise HarmError("traded without the leverage")


def _client_id(incoming: Incoming) -> str:
    text = incoming.body.decode()
    if text.startswith("{"):
        body = json.loads(text)
        orders = body.get("action", {}).get("orders", [{}])
        return str(body.get("clientOid") or orders[0].get("c", ""))
    given = dict(parse_qsl(text)) | dict(parse_qsl(incoming.query))
    return given.get("newClientOrderId") or given.get("clientAlgoId") or ""
