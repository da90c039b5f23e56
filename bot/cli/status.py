"""``dnbot status``: what the daemon says, where one runs, and what the journal says in any case."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

import typer
from rich.console import Console

from bot.app.report import as_data
from bot.app.services import control_path, journal_path
from bot.cli.options import AsJson, ConfigFiles, Live, open_settings
from bot.cli.tables import results_table, show
from bot.control.client import ask
from bot.control.messages import SOURCE
from bot.core.command import Command, CommandResult, Verb
from bot.core.errors import Halt
from bot.core.pnl.ledger import Book
from bot.core.record import CycleRecord, Event
from bot.core.view.cycle import view_of
from bot.journal.reader import JournalMeta, JournalView
from bot.journal.rows import IntentRecord
from bot.protocols.registry import CURVES

app = typer.Typer(add_completion=False)

_LAST = 10
_PATIENCE = 5.0


@app.command()
def status(ctx: typer.Context, files: ConfigFiles = None, *, as_json: AsJson = False, live: Live = False) -> None:
    """Print the state that stands now, and the last cycle, orders and events of the journal."""
    settings = open_settings(ctx, files, live=live).settings
    now = _asked(control_path(settings))
    with closing(JournalView.open(journal_path(settings), CURVES)) as view:
        meta, record = view.meta(), view.last_record()
        orders, events = view.intents(limit=_LAST), view.events(limit=_LAST)
        book = view.book()
    if as_json:
        sys.stdout.write(json.dumps(status_data(meta, record, orders, events, book, now), indent=2) + "\n")
    else:
        console = Console()
        _show(console, meta, record, orders, events)
        if book.day:
            console.print(results_table(book))
        if now is not None:
            console.print(f"now: {now.message}", highlight=False)


def _asked(path: Path) -> CommandResult | None:
    """Ask the daemon for its state; None where none runs, or one that is too busy to answer at once."""
    try:
        return ask(path, Command(Verb.STATUS, SOURCE), _PATIENCE)
    except Halt:
        return None


def _now(result: CommandResult | None) -> dict[str, str] | None:
    if result is None:
        return None
    bot = result.bot
    return {"state": bot.state.value, "reason": bot.reason, "since": bot.since.isoformat()}


def status_data(
    meta: JournalMeta,
    record: CycleRecord | None,
    orders: tuple[IntentRecord, ...],
    events: tuple[Event, ...],
    book: Book,
    now: CommandResult | None,
) -> dict[str, object]:
    """Return what ``--json`` prints; ``now`` is the daemon's own answer, where one runs."""
    return {
        "bot": meta.bot_id,
        "epoch": meta.epoch,
        "running": str(meta.holder) if meta.holder else None,
        "cycle": record and {"number": record.cycle, "seconds": record.seconds},
        "last": record and as_data(view_of(record)),
        "orders": [
            {
                "client_id": item.intent.client_id,
                "at": item.intent.created_at.isoformat(),
                "symbol": item.intent.request.symbol,
                "quantity": str(item.intent.request.quantity),
                "filled": str(item.filled),
                "status": item.status.value,
                "reason": item.intent.request.reason,
            }
            for item in orders
        ],
        "events": [{"at": event.at.isoformat(), "kind": event.kind, "message": event.message} for event in events],
        "results": {"today": {"day": book.day, **book.today.as_data()}, "total": book.total.as_data()},
        "now": _now(now),
    }


def _show(
    console: Console,
    meta: JournalMeta,
    record: CycleRecord | None,
    orders: tuple[IntentRecord, ...],
    events: tuple[Event, ...],
) -> None:
    runs = f"held by {meta.holder}" if meta.holder else "no daemon runs"
    console.print(f"{meta.bot_id}, opened {meta.opened_at:%Y-%m-%d %H:%M} UTC, {runs}", highlight=False)
    if record is None:
        console.print("no cycle was journaled yet")
    else:
        console.print(f"cycle {record.cycle} of {record.at:%Y-%m-%d %H:%M:%S} UTC, {record.seconds * 1000:.0f} ms")
        show(console, record.snapshot, record.decision)
    for item in orders:
        request = item.intent.request
        what = f"{request.quantity} {request.symbol}: {item.status.value}, filled {item.filled}"
        at = f"{item.intent.created_at:%Y-%m-%d %H:%M:%S}"
        console.print(f"{at}  {item.intent.client_id}  {what} ({request.reason})", highlight=False)
    for event in events:
        console.print(f"{event.at:%Y-%m-%d %H:%M:%S}  {event.kind}: {event.message}", highlight=False)
