"""The data of ``dnbot status``, read from the journal, and its JSON form."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from bot.app.report import as_data
from bot.app.services import journal_path
from bot.app.settings import Settings
from bot.core.command import CommandResult
from bot.core.pnl.ledger import Book
from bot.core.record import CycleRecord, Event
from bot.core.types import Mode
from bot.core.view.cycle import CycleView, view_of
from bot.core.view.glance import glance
from bot.journal.reader import JournalMeta, JournalView
from bot.journal.rows import IntentRecord
from bot.protocols.registry import CURVES

_LAST: Final = 10
"""Orders, and events, that are listed."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is known: of the journal, its last cycle, orders and events; ``now`` is the daemon's own answer."""

    meta: JournalMeta
    record: CycleRecord | None
    orders: Sequence[IntentRecord]
    events: Sequence[Event]
    book: Book
    began: date | None
    mode: Mode
    now: CommandResult | None = None

    @property
    def view(self) -> CycleView | None:
        """The last cycle as it is shown."""
        return None if self.record is None else view_of(self.record, self.began)


def read(settings: Settings, now: CommandResult | None) -> Status:
    """Read what the journal has.

    Raises:
        ConfigError: there is no journal.
    """
    with closing(JournalView.open(journal_path(settings), CURVES)) as view:
        book, record = view.book(), view.last_record()
        return Status(
            meta=view.meta(),
            record=None if record is None else replace(record, book=book),
            orders=view.intents(limit=_LAST),
            events=view.events(limit=_LAST),
            book=book,
            began=view.began(),
            mode=settings.bot.mode,
            now=now,
        )


def _now(result: CommandResult | None) -> dict[str, str] | None:
    if result is None:
        return None
    bot = result.bot
    return {"state": bot.state.value, "reason": bot.reason, "since": bot.since.isoformat()}


def status_data(found: Status) -> dict[str, object]:
    """Return what ``--json`` prints."""
    record, view = found.record, found.view
    return {
        "bot": found.meta.bot_id,
        "mode": found.mode.value,
        "epoch": found.meta.epoch,
        "running": str(found.meta.holder) if found.meta.holder else None,
        "glance": view and glance(view, found.mode).text,
        "cycle": record and {"number": record.cycle, "seconds": record.seconds},
        "last": view and as_data(view),
        "orders": [_order(item) for item in found.orders],
        "events": [
            {"at": event.at.isoformat(), "kind": event.kind, "message": event.message} for event in found.events
        ],
        "results": {
            "today": {"day": found.book.day, **found.book.today.as_data()},
            "total": found.book.total.as_data(),
        },
        "now": _now(found.now),
    }


def _order(item: IntentRecord) -> dict[str, object]:
    return {
        "client_id": item.intent.client_id,
        "at": item.intent.created_at.isoformat(),
        "symbol": item.intent.request.symbol,
        "quantity": str(item.intent.request.quantity),
        "filled": str(item.filled),
        "status": item.status.value,
        "reason": item.intent.request.reason,
    }
