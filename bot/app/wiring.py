"""Wiring: the only place that builds concrete adapters; from settings to a daemon, or to a preview of one decision."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog

from bot.app.adapter_configs import ccxt_config, chain_config, paper_config
from bot.app.loop.commands import Commands
from bot.app.loop.cost_basis import EntryBook
from bot.app.loop.cycle import Cycle
from bot.app.loop.daemon import Daemon
from bot.app.loop.execute import Executor
from bot.app.loop.observe import Observer
from bot.app.loop.order_reconciliation import Reconciler
from bot.app.services import journal_path, services
from bot.app.settings import Settings
from bot.app.settings.checks import require_owners
from bot.app.settings.venues import MarkSource, PaperClock, VenueSettings
from bot.chain.config import ChainConfig
from bot.chain.head_tracker import Reorg
from bot.chain.reader import EvmChainReader
from bot.clock import ChainClock, SystemClock
from bot.core.errors import Retryable
from bot.core.inputs import Pending
from bot.core.reconciliation.identity import NOISE
from bot.core.record import Event
from bot.core.snapshot import Entry
from bot.core.state import State
from bot.core.types import PositionId, Symbol, VenueId
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.streams import Streams
from bot.journal.journal import SqliteJournal
from bot.journal.reader import JournalView
from bot.journal.thinning import MEBIBYTE, Limits
from bot.paper.exchange import PaperExchange
from bot.paper.live_marks import VenueMarks
from bot.paper.marks import MarkSource as Marks
from bot.paper.marks import PoolMarks, ScriptMarks
from bot.ports import (
    ChainFed,
    ChainReader,
    Clock,
    EntryStore,
    Exchange,
    Journal,
    NoTelemetry,
    Notes,
    Service,
    Telemetry,
)
from bot.protocols.registry import CURVES, sources
from bot.telemetry.publisher import TelemetryPublisher
from bot.venues.connect import connect, connect_public
from bot.venues.registry import kind_of
from bot.version import decider

log = structlog.get_logger(__name__)

OnReorg = Callable[[Reorg], None]
_NEVER: Final = datetime.fromtimestamp(0, UTC)


@asynccontextmanager
async def daemon(settings: Settings) -> AsyncIterator[Daemon]:
    """Build the daemon and its dependencies; release everything at the end, whatever happened.

    Raises:
        ConfigError: something on disk does not fit the configuration, or an owner is a placeholder.
        Halt: another daemon holds the journal, or it is damaged.
    """
    require_owners(settings)
    async with AsyncExitStack() as stack:
        clock = _clock(settings)
        journal = SqliteJournal.open(
            journal_path(settings),
            settings.bot.id,
            SystemClock().now(),
            CURVES,
            limits=Limits(size=settings.bot.journal_size * MEBIBYTE),
            noise=secrets.randbelow(NOISE),
        )
        stack.callback(journal.close)
        with closing(JournalView.open(journal_path(settings), CURVES)) as view:
            publisher = TelemetryPublisher(view.began())
        journal.telemetry = publisher
        world = await _world(
            settings, clock, settings.bot.state_dir, _Reports(publisher, _noted(journal, clock), journal.notes), stack
        )
        venues = {venue.venue: venue for venue in world.venues}
        commands = Commands(journal, clock)
        around = await services(settings, commands, journal.epoch, publisher, stack)
        cycle = Cycle(
            observer=_observer(settings, world, journal, publisher),
            executor=Executor(venues, journal, clock),
            reconciler=Reconciler(venues, journal, clock),
            journal=journal,
            clock=clock,
            policy=settings.policy(),
            commands=commands,
            number=journal.last_cycle(),
            telemetry=publisher,
            version=decider(),
        )
        running = Daemon(
            chains=world.chains,
            venues=world.venues,
            symbols=_symbols(settings),
            cycle=cycle,
            journal=journal,
            clock=clock,
            interval=settings.bot.cycle_interval.total_seconds(),
            spacing=_spacing(settings),
        )
        running.services = [*around, *_streams(settings, world, running.hint, publisher)]
        yield running


@dataclass(frozen=True, slots=True)
class Preview:
    """What one decision needs, with nothing behind it that could send or write."""

    chains: Sequence[ChainReader]
    venues: Sequence[Exchange]
    symbols: dict[VenueId, Sequence[Symbol]]
    observer: Observer
    state: State | None
    pending: tuple[Pending, ...]


@asynccontextmanager
async def preview(settings: Settings) -> AsyncIterator[Preview]:
    """Build what ``plan`` needs: the journal read-only where there is one, the paper accounts as copies.

    Raises:
        ConfigError: something on disk does not fit the configuration, or an owner is a placeholder.
    """
    require_owners(settings)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="dnbot-plan-")))
        for name in settings.venues:
            _copy_account(_account_file(settings.bot.state_dir, name), _account_file(folder, name))
        memory = _Memory({})
        state: State | None = None
        pending: tuple[Pending, ...] = ()
        if journal_path(settings).exists():
            view = JournalView.open(journal_path(settings), CURVES)
            stack.callback(view.close)
            record = view.last_record()
            if record is not None:
                state = record.decision.state
                known = {position.id: position.entry for position in record.snapshot.positions}
                memory.entries.update({key: entry for key, entry in known.items() if entry is not None})
            pending = view.pending()
        world = await _world(settings, _clock(settings), folder, _Reports(NoTelemetry()), stack)
        observer = _observer(settings, world, memory, NoTelemetry())
        yield Preview(world.chains, world.venues, _symbols(settings), observer, state, pending)


@dataclass(frozen=True, slots=True)
class _Memory:
    """An EntryStore that stores nothing."""

    entries: dict[PositionId, Entry]

    def entry(self, position: PositionId) -> Entry | None:
        return self.entries.get(position)

    def save_entry(self, position: PositionId, entry: Entry) -> None:
        self.entries[position] = entry


@dataclass(frozen=True, slots=True)
class _Reports:
    """The sinks that adapters report to."""

    telemetry: Telemetry
    on_reorg: OnReorg | None = None
    notes: Notes | None = None


@dataclass(frozen=True, slots=True)
class _World:
    clock: Clock
    chains: Sequence[ChainReader]
    venues: Sequence[Exchange]
    fed: Sequence[ChainFed]


async def _world(settings: Settings, clock: Clock, folder: Path, reports: _Reports, stack: AsyncExitStack) -> _World:
    fed: list[ChainFed] = [clock] if isinstance(clock, ChainClock) else []
    venues: list[Exchange] = []
    for name, venue in settings.venues.items():
        if venue.is_paper:
            marks = await _marks(name, venue, clock)
            fed += [marks] if isinstance(marks, PoolMarks) else []
            exchange: Exchange = PaperExchange(paper_config(name, venue, _account_file(folder, name)), marks, clock)
        else:
            exchange = await connect(ccxt_config(name, venue, venue.kind), clock)
        stack.push_async_callback(exchange.close)
        venues.append(exchange)
    chains = [
        EvmChainReader(
            _timed(chain_config(name, chain), clock), sources, clock, reports.on_reorg, reports.telemetry, reports.notes
        )
        for name, chain in settings.chains.items()
    ]
    for chain in chains:
        stack.push_async_callback(chain.close)
    return _World(clock, chains, venues, fed)


def _timed(chain: ChainConfig, clock: Clock) -> ChainConfig:
    """Let a chain's blocks be ahead of a clock that follows them."""
    if not isinstance(clock, ChainClock):
        return chain
    return replace(chain, limits=replace(chain.limits, max_head_lead=None))


def _streams(settings: Settings, world: _World, hint: Callable[[], None], telemetry: Telemetry) -> Iterator[Service]:
    """Return what follows the streams of the real venues."""
    for venue in world.venues:
        if isinstance(venue, CcxtExchange) and settings.venues[venue.venue].streams:
            yield Streams(venue.link, venue.dialect.facts, hint, telemetry, world.clock)


def _noted(journal: Journal, clock: Clock) -> OnReorg:
    """Return what writes a reorganisation into the journal."""

    def note(reorg: Reorg) -> None:
        text = f"{reorg.chain}: blocks from {reorg.from_number} up to {reorg.old.number} were replaced"
        text += f" ({reorg.untold} more such events were not reported)" if reorg.untold else ""
        event = Event(clock.now(), "reorg", text, {"old": reorg.old.hash, "new": reorg.new.hash})
        try:
            journal.add_event(event)
        except Retryable as error:  # the reader must go on reading, whatever the disk does
            log.warning("event not journaled", kind=event.kind, reason=str(error))

    return note


def _clock(settings: Settings) -> SystemClock:
    """Return the clock of the run: the chain's own where a paper venue is to live in market time."""
    on_chain = any(venue.clock is PaperClock.CHAIN for venue in settings.venues.values())
    return ChainClock(_NEVER) if on_chain else SystemClock()


def _observer(settings: Settings, world: _World, entries: EntryStore, telemetry: Telemetry) -> Observer:
    deadline = max(chain.read_timeout.total_seconds() for chain in settings.chains.values())
    book = EntryBook(entries, world.clock, deadline)
    every = settings.bot.ledger_interval.total_seconds()
    return Observer(world.chains, world.venues, world.fed, book, world.clock, deadline, telemetry, every)


def _spacing(settings: Settings) -> float:
    """Return the seconds between cycles: a view of a real venue costs part of its request budget."""
    if settings.bot.cycle_spacing is not None:
        return settings.bot.cycle_spacing.total_seconds()
    real = [kind_of(venue.kind).spacing for venue in settings.venues.values() if not venue.is_paper]
    return max(real, default=timedelta()).total_seconds()


def _symbols(settings: Settings) -> dict[VenueId, Sequence[Symbol]]:
    return {VenueId(name): tuple(venue.symbols.values()) for name, venue in settings.venues.items()}


async def _marks(name: VenueId, venue: VenueSettings, clock: Clock) -> Marks:
    match venue.mark:
        case MarkSource.POOL:
            return PoolMarks()
        case MarkSource.SCRIPT:
            assert venue.script is not None  # noqa: S101 - the settings give both or neither; tells the type checker
            return ScriptMarks(venue.script)
        case MarkSource.VENUE:
            assert venue.source is not None  # noqa: S101 - the settings give both or neither; tells the type checker
            return VenueMarks(*await connect_public(ccxt_config(name, venue, venue.source), clock), venue.symbols)


def _account_file(folder: Path, venue: VenueId) -> Path:
    return folder / f"paper-{venue}.sqlite"


def _copy_account(account: Path, copy: Path) -> None:
    """Copy a paper account as it stands, even while a daemon writes it."""
    if account.exists():
        with (
            closing(sqlite3.connect(f"file:{account}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
