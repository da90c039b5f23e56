"""The paper exchange behind the Exchange port: the engine, an account in its own file, marks and a clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.errors import ConfigError, Retryable
from bot.core.market import PerpMarket
from bot.core.orders import (
    Fill,
    Intent,
    LedgerKind,
    NotFound,
    OrderReport,
    Outcome,
    Rejected,
    RejectReason,
    Statement,
    Unknown,
)
from bot.core.reconciliation.identity import Forced, OrderIds
from bot.core.snapshot import VenueView
from bot.core.types import ZERO, ClientOrderId, Symbol, VenueId
from bot.exchange.order_ids import TextIds
from bot.paper.config import PaperConfig, venue_rules
from bot.paper.engine.account import Events
from bot.paper.engine.engine import PaperEngine
from bot.paper.engine.liquidation import ADL_ID, LIQUIDATION_ID
from bot.paper.engine.order_checks import Refusal
from bot.paper.engine.rules import MarkUpdate, WindowKind
from bot.paper.live_marks import VenueMarks
from bot.paper.marks import MarkPoint, MarkSource
from bot.paper.store import PaperStore
from bot.ports import Clock

IDS: Final = TextIds(forced_by={ADL_ID: Forced.DELEVERAGING, LIQUIDATION_ID: Forced.LIQUIDATION})
_NO_ORDER: Final = ClientOrderId("")
_SLACK: Final = timedelta(seconds=2)
"""How far the clock may be behind the account's time (a clock set back a little) before nothing is done any more."""


class PaperExchange:
    """One paper account. Its time advances when it is observed or traded on; reading its history advances nothing.

    Raises:
        ConfigError: the account's file is none, or holds a position in a symbol that is not configured.
        Retryable: the file can't be read now.
    """

    def __init__(self, config: PaperConfig, marks: MarkSource, clock: Clock) -> None:
        self._config = config
        self._rules = venue_rules(config)
        self._hardships = config.hardships
        self._marks = marks
        self._clock = clock
        self._store = PaperStore(config.file)
        self._engine: PaperEngine | None = None
        try:
            self._load()
        except (ConfigError, Retryable):
            self._store.close()
            raise

    @property
    def venue(self) -> VenueId:
        """The venue's name in the configuration."""
        return self._config.venue

    @property
    def silence(self) -> None:
        """The account is in this process: what it does not know was never placed."""
        return

    @property
    def ids(self) -> OrderIds:
        """How the venue's client order ids are written."""
        return IDS

    async def check(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PerpMarket]:
        """Return the markets' rules.

        Raises:
            ConfigError: a symbol is not configured, or the venue that gives the prices has none of that name.
            Retryable: that venue did not answer.
        """
        await self._refresh()
        unknown = [symbol for symbol in symbols if symbol not in self._rules.symbols]
        if unknown:
            known = ", ".join(self._rules.symbols)
            raise ConfigError(f"the paper venue {self.venue} has no {', '.join(unknown)}; it has {known}")
        return {symbol: self._rules.symbols[symbol].market for symbol in symbols}

    async def observe(self) -> VenueView:
        """Advance the account to now and return its state.

        Raises:
            Retryable: no price, an old one, a clock that was set back, a file that can't be written, or a venue that
                is away.
        """
        await self._refresh()
        draft = self._advanced()
        self._commit(draft)
        self._must_answer()
        view = draft.view()
        return replace(view, balance=replace(view.balance, reserve=self._reserve(draft)))

    async def place(self, intent: Intent) -> Outcome:
        """Send an order once, after the order latency; it is durable when this returns Accepted."""
        try:
            await self._latency(self._hardships.order_latency)
            await self._refresh()
            draft = self._advanced()
        except Retryable as error:
            return Rejected(intent.client_id, RejectReason.NOT_SENT, "paper", f"nothing was done: {error}")
        if self._is_silent(draft):
            return self._answer(draft, intent.client_id, Unknown(intent.client_id, "paper: no answer"))
        outcome: Outcome = draft.place(intent.client_id, intent.request)
        if isinstance(outcome, Rejected) and outcome.reason is RejectReason.DUPLICATE_ID:
            outcome = Unknown(intent.client_id, outcome.message)  # its owner shows when it is looked up
        return self._answer(draft, intent.client_id, outcome)

    async def cancel(self, client_id: ClientOrderId, symbol: Symbol) -> Outcome:
        """Cancel a working order once, after the cancel latency, in which it may still fill."""
        try:
            await self._latency(self._hardships.cancel_latency)
            await self._refresh()
            draft = self._advanced()
        except Retryable as error:
            return Unknown(client_id, f"paper: {error}")
        if self._is_silent(draft):
            return self._answer(draft, client_id, Unknown(client_id, "paper: no answer"))
        report = draft.lookup(client_id)
        if report is None or report.symbol != symbol:
            outcome = Rejected(client_id, RejectReason.OTHER, "paper", f"no order {client_id} on {symbol}")
            return self._answer(draft, client_id, outcome)
        return self._answer(draft, client_id, draft.cancel(client_id))

    async def add_margin(self, symbol: Symbol, amount: Decimal) -> Rejected | Unknown | None:
        """Put free cash (USD) aside for an isolated position, once."""
        return await self._move(lambda draft: draft.add_margin(symbol, amount))

    async def transfer(self, amount: Decimal) -> Rejected | Unknown | None:
        """Bring cash (USD) in from the reserve, once."""

        def bring_in(draft: PaperEngine) -> Refusal | None:
            left = self._reserve(draft)
            if amount > left:
                return Refusal(RejectReason.INSUFFICIENT_MARGIN, f"{amount:f} USD asked for, {left:f} in reserve")
            return draft.transfer(amount)

        return await self._move(bring_in)

    async def _move(self, move: Callable[[PaperEngine], Refusal | None]) -> Rejected | Unknown | None:
        """Move money on the account as it is after the order latency."""
        try:
            await self._latency(self._hardships.order_latency)
            await self._refresh()
            draft = self._advanced()
        except Retryable as error:
            return Rejected(_NO_ORDER, RejectReason.NOT_SENT, "paper", f"nothing was done: {error}")
        lost = self._is_silent(draft)
        refusal = None if lost else move(draft)
        try:
            self._commit(draft)
        except Retryable as error:
            return Unknown(_NO_ORDER, f"paper: {error}")
        if lost:
            return Unknown(_NO_ORDER, "paper: no answer")
        if refusal is None:
            return None
        return Rejected(_NO_ORDER, refusal.reason, "paper", refusal.message)

    def _reserve(self, draft: PaperEngine) -> Decimal:
        """Return what is left of the reserve: all that ever came in beyond the first deposit is taken from it."""
        used = draft.account.totals.get(LedgerKind.DEPOSIT, ZERO) - self._config.deposit
        return max(self._config.reserve - used, ZERO)

    async def lookup(self, client_id: ClientOrderId, symbol: Symbol) -> OrderReport | NotFound:
        """Look for an order among the working ones and all that ever ended.

        Raises:
            Retryable: the file can't be read now, or the venue is away.
        """
        self._must_answer()
        report = self._load().lookup(client_id)
        if report is None or report.symbol != symbol:
            report = self._store.order(client_id, symbol)
        return NotFound(client_id, self._clock.now()) if report is None else report

    async def fills(self, since: datetime) -> tuple[Fill, ...]:
        """Return our trades from ``since`` on, oldest first.

        Raises:
            Retryable: the file can't be read now, or the venue is away.
        """
        self._must_answer()
        return self._store.fills(since)

    async def ledger(self, since: datetime) -> Statement:
        """Move the account to now, and return its cash movements from ``since`` on, oldest first.

        Raises:
            Retryable: as ``observe``.
        """
        await self._refresh()
        draft = self._advanced()
        if draft.account.events != Events():  # without changes nothing is synced
            self._commit(draft)
        self._must_answer()
        return Statement(self._store.ledger(since))

    async def close(self) -> None:
        """Close the file and the marks' connections."""
        self._store.close()
        if isinstance(self._marks, VenueMarks):
            await self._marks.close()

    def _load(self) -> PaperEngine:
        """Return the account as it was last committed; open it if the file is new."""
        if self._engine is None:
            state = self._store.load()
            if state is None:
                engine = PaperEngine.open(self._rules, self._clock.now(), self._config.deposit)
                self._store.commit(engine.to_dict(), engine.drain())
                self._engine = engine
            else:
                self._engine = PaperEngine.from_dict(self._rules, state)
        return self._engine

    def _advanced(self) -> PaperEngine:
        """Return a draft of the account that has come to now, along every price on the way."""
        draft = self._load().fork()
        now = self._clock.now()
        if now < draft.now - _SLACK:
            raise Retryable(f"the clock says {now}, but the paper account is at {draft.now} already")
        now = max(now, draft.now)
        since = draft.now if draft.account.markets else None
        for point in self._marks.path(since, now, list(self._config.symbols)):
            draft.advance(max(point.at, draft.now), self._updates(point))
        return draft

    def _updates(self, point: MarkPoint) -> dict[Symbol, MarkUpdate]:
        return {symbol: point.marks[underlying] for underlying, symbol in self._config.symbols.items()}

    async def _refresh(self) -> None:
        """Refresh the marks, where they come over a network."""
        if isinstance(self._marks, VenueMarks):
            await self._marks.refresh()

    async def _latency(self, base: timedelta) -> None:
        """Wait as long as a call takes to reach the venue."""
        jitter = self._hardships.jitter
        if base or jitter:
            drawn = float(self._load().account.drawn()) if jitter else 0.0
            await self._clock.sleep((base + jitter * drawn).total_seconds())

    def _must_answer(self) -> None:
        """Raise Retryable while the venue is away."""
        window = self._hardships.window(self._clock.now())
        if window is not None:
            raise Retryable(f"paper: no answer, the venue is in {window.kind} until {window.end}")

    def _is_silent(self, draft: PaperEngine) -> bool:
        """Whether the venue leaves a call without an answer (in maintenance it answers that it is)."""
        window = self._hardships.window(draft.now)
        return window is not None and window.kind is WindowKind.OUTAGE

    def _answer(self, draft: PaperEngine, client_id: ClientOrderId, outcome: Outcome) -> Outcome:
        """Make a call's effect durable; where that fails, nobody knows whether it has one."""
        try:
            self._commit(draft)
        except Retryable as error:
            return Unknown(client_id, f"paper: {error}")
        return outcome

    def _commit(self, draft: PaperEngine) -> None:
        """Make a draft the account. After a failure the account is read from its file again."""
        self._engine = None
        self._store.commit(draft.to_dict(), draft.drain())
        self._engine = draft
