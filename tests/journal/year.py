"""``python -m tests.journal.year``: a year of a daemon, by rows, through the journal's thinning; prints its size."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects import sqlite

from bot.core.orders import Intent, OrderStatus
from bot.core.pnl.attribution import Attribution
from bot.core.record import Event
from bot.core.types import ClientOrderId
from bot.journal import intents, migrate, rows, statements, sums, tables
from bot.journal.database import Database
from bot.journal.rows import CycleRows
from bot.journal.soundness import faults
from bot.journal.thinning import MEBIBYTE, Limits, Thinner, used
from bot.protocols.registry import CURVES
from tests.faults.soak import FOLDERS
from tests.journal.things import NOW, fill, order, record, report

DAYS: Final = 365
CYCLES: Final = 240
"""A day: one every six minutes; those of every block would only be thinned sooner."""
POSITIONS: Final = 20
ORDERS, FILLS, EVENTS = 300, 40, 30
"""A day: stops that are replaced and orders that rest come to nothing for the most part."""


def main(days: int = DAYS) -> None:
    """Write it, look at it, and print what it takes."""
    with TemporaryDirectory(dir=FOLDERS) as folder:
        path = Path(folder) / "journal.sqlite"
        began = perf_counter()
        with closing(Database.for_writing(path)) as database:
            with database.transaction() as connection:
                sums.keep(connection, anew=migrate.upgrade(connection, path))
            thinner, cycle = Thinner(Limits()), 0
            row = CycleRows(CURVES).values(record(1, positions=POSITIONS))
            for day in range(days):
                with database.transaction() as connection:
                    at = NOW + timedelta(days=day)
                    _orders(connection, day, at)
                    for _ in range(CYCLES):
                        cycle += 1
                        at += timedelta(days=1) / CYCLES
                        connection.execute(insert(tables.cycles), {**row, "number": cycle, "at": at})
                        thinner.thin(connection, cycle, at)
            with database.transaction() as connection:
                held = {
                    table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                    for table in (tables.cycles, tables.intents, tables.fills, tables.events, tables.results)
                }
                taken = used(connection)
        wrote = perf_counter() - began
        size, began = path.stat().st_size, perf_counter()
        found = faults(path)
        print(  # noqa: T201 - a report
            f"{days} days, {cycle} cycles of {POSITIONS} positions, {days * ORDERS} orders, {days * FILLS} fills: "
            f"{size / MEBIBYTE:.1f} MiB on disk, {taken / MEBIBYTE:.1f} MiB used, rows {held}; "
            f"written in {wrote:.0f} s, checked in {perf_counter() - began:.1f} s, damage {found or 'none'}"
        )


def _orders(connection: Connection, day: int, at: datetime) -> None:
    """Write a day's orders, fills, events and result."""
    request = order("-0.5", reason="target -6.09208, drift 2.05308")
    for place in range(ORDERS):
        number, name = day * ORDERS + place + 1, f"dnbot-1ws1y741kw-{day * ORDERS + place + 1}"
        filled = "-0.5" if place < FILLS else "0"
        answer = report(name, OrderStatus.FILLED if place < FILLS else OrderStatus.CANCELLED, filled, "-0.5")
        values = rows.intent_values(Intent(ClientOrderId(name), number, request, at), 1)
        ended = {"status": answer.report.status.value, "filled": Decimal(filled), "resolved_at": at}
        connection.execute(insert(tables.intents), {**values, **ended, "outcome": rows.OUTCOME.dumps(answer).decode()})
        if place < FILLS:
            intents.add_fill(connection, fill(str(number), name, filled))
    for _ in range(EVENTS):
        connection.execute(statements.NEW_EVENT, rows.event_values(Event(at, "reorg", "3 blocks were replaced", {})))
    today = {"day": f"{at:%Y-%m-%d}", "result": rows.pack(rows.RESULT, Attribution())}
    connection.execute(sqlite.insert(tables.results).values(today))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
