"""What the application needs of its adapters: a small Protocol each. Adapters implement, tests fake them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from bot.core.command import Command, CommandResult
from bot.core.inputs import Pending
from bot.core.market import PerpMarket
from bot.core.orders import Fill, Intent, NotFound, OrderReport, OrderRequest, Outcome, Rejected, Statement, Unknown
from bot.core.pnl.ledger import Book, JournaledTrade
from bot.core.reconciliation.identity import Identity, OrderIds
from bot.core.reconciliation.lost_orders import ResolutionRule
from bot.core.reconciliation.positions import Expected
from bot.core.record import CycleRecord, Event
from bot.core.snapshot import BlockStamp, ChainView, Entry, LpPosition, Snapshot, VenueView
from bot.core.state import State
from bot.core.telemetry_event import TelemetryEvent
from bot.core.types import ChainName, ClientOrderId, MarketKey, PositionId, Symbol, VenueId


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Return the present time, UTC and aware."""

    def monotonic(self) -> float:
        """Return seconds that never go backwards, for durations."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class ChainReader(Protocol):
    """One chain, read through any number of endpoints."""

    @property
    def chain(self) -> ChainName:
        """The chain's name in the configuration."""

    async def check(self) -> None:
        """Compare the configuration with the chain (chain id, code at addresses).

        Raises:
            ConfigError: an address has no code, the chain id differs, a token has no mapping.
            Retryable: no endpoint answers.
        """

    async def read(self) -> ChainView:
        """Read everything at the newest block, pinned to it.

        Raises:
            Retryable: no endpoint gave a whole answer in time.
            SkipCycle: the answers contradict each other or went backwards.
        """

    def follow(self, held: Collection[PositionId]) -> None:
        """Read these positions from now on even where the owners' own lists do not name them any more."""

    async def entry(self, position: LpPosition) -> Entry | None:
        """Look up a position's entry amounts in its own mint and burn events; None where the node has none.

        Raises:
            Retryable: the node did not answer.
        """

    def heads(self) -> AsyncIterator[BlockStamp]:
        """Return new heads as they come, for ever; the newest one where several came at once."""

    async def close(self) -> None:
        """Release connections."""


class ChainFed(Protocol):
    """Something that needs every believed chain view before the venues are read (the paper exchange's pool marks)."""

    def chain_seen(self, views: Sequence[ChainView]) -> None:
        """Update with the views of this cycle."""


class Exchange(Protocol):
    """One account on one derivatives venue."""

    @property
    def venue(self) -> VenueId:
        """The venue's name in the configuration."""

    @property
    def silence(self) -> ResolutionRule | None:
        """How long a lost order must stay unseen until it is proven never placed; None: one look-up is enough."""

    @property
    def ids(self) -> OrderIds:
        """How the venue's client order ids are written."""

    async def check(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, PerpMarket]:
        """Load the markets and compare the account with what dnbot needs.

        Raises:
            ConfigError: a symbol is unknown or no linear perpetual, or the account is set up wrongly.
            Retryable: the venue does not answer.
        """

    async def observe(self) -> VenueView:
        """Read the account and its markets, validated.

        Raises:
            Retryable: the venue did not answer, or not believably.
        """

    async def place(self, intent: Intent) -> Outcome:
        """Send an order once. Never raises for anything that the venue or the network does."""

    async def cancel(self, client_id: ClientOrderId, symbol: Symbol) -> Outcome:
        """Cancel a working order once."""

    async def lookup(self, client_id: ClientOrderId, symbol: Symbol) -> OrderReport | NotFound:
        """Look for an order by its client id, everywhere that the venue may keep it.

        Raises:
            Retryable: the venue did not answer, or not believably.
        """

    async def add_margin(self, symbol: Symbol, amount: Decimal) -> Rejected | Unknown | None:
        """Move ``amount`` USD of free collateral to an isolated position, once; None where the venue did it.

        Never raises for anything that the venue or the network does.
        """

    async def transfer(self, amount: Decimal) -> Rejected | Unknown | None:
        """Bring ``amount`` USD in from the venue's other wallets, once; None where the venue did it.

        Never raises for anything that the venue or the network does.
        """

    async def fills(self, since: datetime) -> tuple[Fill, ...]:
        """Return our trades from ``since`` on, oldest first."""

    async def ledger(self, since: datetime) -> Statement:
        """Return the cash movements from ``since`` on, oldest first.

        Raises:
            Retryable: the venue did not answer, or not believably.
        """

    async def close(self) -> None:
        """Release connections."""


class Notes(Protocol):
    """What adapters store across restarts, as text under keys of their own; all of it can be recomputed."""

    def note(self, key: str) -> str | None:
        """Return what was noted last."""

    def save_note(self, key: str, text: str) -> None:
        """Note a text in place of an older one.

        Raises:
            Retryable: it can't be written now.
        """


@runtime_checkable
class AmendingExchange(Protocol):
    """An account whose venue can change an order in place."""

    @property
    def amends(self) -> bool:
        """Whether this one can."""

    async def amend(self, client_id: ClientOrderId, request: OrderRequest) -> Outcome:
        """Move a resting order to another price, once; ``request`` is the order with it, and with its whole quantity.

        A rejection leaves the order as it was. Never raises for anything that the venue or the network does.
        """


class EntryStore(Protocol):
    """Where entry amounts are stored."""

    def entry(self, position: PositionId) -> Entry | None:
        """Return a position's entry amounts."""

    def save_entry(self, position: PositionId, entry: Entry) -> None:
        """Set a position's entry amounts."""


class Journal(EntryStore, Protocol):
    """The bot's durable memory. Calls are synchronous, and durable when they return; only the trading loop writes."""

    def new_intent(self, request: OrderRequest, at: datetime, ids: OrderIds, state: State | None = None) -> Intent:
        """Number an order, give it its client id and commit it, before anything is sent.

        ``ids`` are the venue's; ``state``, if given, becomes the one that the next decision starts from, in the same
        transaction.
        """

    def resolve(self, client_id: ClientOrderId, outcome: Outcome | NotFound, at: datetime) -> None:
        """Record what became of an intent; a NotFound here means: proven never placed."""

    def pending(self) -> tuple[Pending, ...]:
        """Return the intents whose end is not known, oldest first."""

    def add_fills(self, fills: Sequence[Fill]) -> int:
        """Record fills, each trade id once; return how many were new."""

    @property
    def epoch(self) -> int:
        """Distinguishes the orders of this process from those of all others."""

    @property
    def damage(self) -> str | None:
        """What was found damaged when this journal was opened, and what is lost of it; None where it was sound."""

    def renew(self, at: datetime, after: int = 0) -> None:
        """Begin another epoch, which is larger than ``after``."""

    def known_ids(self, client_ids: Collection[ClientOrderId], *, traded: bool = True) -> frozenset[ClientOrderId]:
        """Return those client ids that an intent bears, or (unless ``traded`` is False) a recorded fill."""

    def adopt_order(self, request: OrderRequest, report: OrderReport, placed_at: datetime) -> None:
        """Make an intent of a resting order of ours that the journal does not hold, as if it had been sent then."""

    def identity(self, ids: OrderIds) -> Identity:
        """Return whose orders are this journal's at the venue that writes its ids like this."""

    def expected(self) -> Mapping[MarketKey, Expected]:
        """Return the positions as far as they are known: what was adopted, and what our own orders filled since."""

    def adopt(self, venue: VenueId, symbol: Symbol, size: Decimal, event: Event) -> None:
        """Take a venue's position over as the one that is expected, and append the event, both or neither."""

    def last_fill_at(self, venue: VenueId) -> datetime | None:
        """Return the time of the newest recorded fill of a venue."""

    def trades(self, venue: VenueId, after: int) -> tuple[JournaledTrade, ...]:
        """Return a venue's fills whose numbers are above ``after``, in the order in which they were recorded."""

    def record(self, record: CycleRecord) -> None:
        """Append a cycle, the state that the next decision starts from, and what was booked."""

    def last_snapshot(self) -> Snapshot | None:
        """Return the snapshot of the last recorded cycle, or None on a new journal."""

    def load_state(self) -> State | None:
        """Return the state of the last recorded cycle, or None on a new journal."""

    def load_book(self) -> Book:
        """Return what was booked up to the last recorded cycle; an empty book on a new journal."""

    def stops_fired(self, since: datetime) -> Mapping[MarketKey, datetime]:
        """Return when the last stop that filled, at least in part, ended since a time."""

    def save_state(self, state: State) -> None:
        """Replace the state that the next decision starts from (an operator's command, between two cycles)."""

    def add_event(self, event: Event) -> None:
        """Append an event."""

    def close(self) -> None:
        """Flush, unlock and close."""


class Operator(Protocol):
    """The loop, as seen by the channels of operator commands."""

    async def submit(self, command: Command) -> CommandResult:
        """Submit a command and wait for its answer; it is applied even if the caller stops waiting."""


class Service(Protocol):
    """Something that runs beside the loop (MQTT, alerts, the control socket); its failures don't affect the loop."""

    @property
    def name(self) -> str:
        """The name in the log."""

    async def run(self) -> None:
        """Run until cancelled."""


class Telemetry(Protocol):
    """Where the parts of the bot report what happens, for metrics, screens and alerts."""

    def emit(self, event: TelemetryEvent) -> None:
        """Take an event; never blocks, never raises."""


class NoTelemetry:
    """A Telemetry that drops every event."""

    def emit(self, event: TelemetryEvent) -> None:
        """Ignore it."""
