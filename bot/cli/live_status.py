"""``dnbot status --follow``: the last cycle as it stands, drawn anew with every cycle until Ctrl-C."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bot.cli.console import number, table_of, text
from bot.cli.status_data import Status, status_data
from bot.cli.tables import COLOURS, glance_line, ruler
from bot.core.errors import Retryable
from bot.core.view.cycle import CycleView
from bot.core.view.glance import price
from bot.ports import Clock

_EVERY: Final = 1.0
"""Seconds between two reads of the journal."""
_SHOWN: Final = 5
"""Orders, and events, that are listed."""

Read = Callable[[], Status]


def follow(read: Read, console: Console, clock: Clock, *, as_json: bool) -> None:
    """Show every cycle from now on; Ctrl-C ends it, and is no error."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_lines(read, clock) if as_json or not console.is_terminal else _screen(read, console, clock))


async def _lines(read: Read, clock: Clock) -> None:
    """Write a line of JSON for each cycle: the last one at once, then each new one that is seen."""
    seen: int | None = None
    while True:
        found = _try(read)
        if found is not None and found.record is not None and found.record.cycle != seen:
            seen = found.record.cycle
            sys.stdout.write(json.dumps(status_data(found)) + "\n")
            sys.stdout.flush()
        await clock.sleep(_EVERY)


async def _screen(read: Read, console: Console, clock: Clock) -> None:
    found = read()
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(draw(found, clock), refresh=True)
            await clock.sleep(_EVERY)
            found = _try(read) or found


def _try(read: Read) -> Status | None:
    """Read the journal; None while it can't be read."""
    try:
        return read()
    except Retryable:
        return None


def draw(found: Status, clock: Clock) -> RenderableType:
    """Draw what is known now."""
    view = found.view
    if view is None:
        return Group(text("no cycle was journaled yet"), _who(found))
    age = timedelta(seconds=max(0, round((clock.now() - view.record.at).total_seconds())))
    parts: list[RenderableType] = [
        glance_line(view, found.mode),
        Text(),
        _hedges(view),
        *(text(("  " + item.pair, "bold"), f"  {ruler(item.range)}") for item in view.positions if item.range),
        *(
            text((alarm.severity.value, COLOURS[alarm.severity]), f"  {alarm.message}")
            for alarm in view.record.decision.alarms
        ),
        Text(),
        *_orders(found),
        *(
            text((f"{event.at:%H:%M:%S} UTC  ", "dim"), f"{event.kind}: {event.message}")
            for event in found.events[-_SHOWN:]
        ),
        Text(),
        text((f"cycle {view.record.cycle}, {age} ago, in {view.record.seconds * 1000:.0f} ms", "dim")),
        _who(found),
    ]
    return Group(*parts)


def _hedges(view: CycleView) -> Table:
    """Show a row per underlying with what matters most."""
    table = table_of("", "hedged", "unhedged", "band", "sells below", "buys above", "stop", "what is done")
    for item in view.hedges:
        share, trades, band = item.unhedged_share, item.next_trade, item.hedge.band
        mood = "bold red" if item.is_open else "green"
        hedged = "unknown" if item.unhedged is None else "-" if share is None else f"{1 - share:.1%}"
        table.add_row(
            text((item.hedge.underlying, "bold")),
            text((hedged, mood)),
            number(item.unhedged),
            "-" if band is None else number(band.outer),
            "-" if trades.sells_below is None else price(trades.sells_below),
            "-" if trades.buys_above is None else price(trades.buys_above),
            "-" if item.stop is None else price(item.stop),
            text(item.words.note),
        )
    return table


def _orders(found: Status) -> list[Text]:
    lines = []
    for item in list(found.orders)[-_SHOWN:]:
        request = item.intent.request
        what = f"{request.quantity} {request.symbol}: {item.status.value}, filled {item.filled}"
        lines.append(text((f"{item.intent.created_at:%H:%M:%S} UTC  ", "dim"), what))
    return lines


def _who(found: Status) -> Text:
    runs = f"held by {found.meta.holder}" if found.meta.holder else "no daemon runs"
    return text((f"{found.meta.bot_id}, {found.mode.value}, {runs}; Ctrl-C ends this view", "dim"))
