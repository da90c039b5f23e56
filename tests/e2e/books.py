"""What a venue and a journal must tell alike, whatever happened between them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from bot.chain.confirmation import LEAPT
from bot.core.record import CycleRecord
from bot.core.types import PositionId
from bot.journal.reader import JournalView


@dataclass(frozen=True, slots=True)
class Account:
    """What the paper venue's own file says: the truth that everything else is compared with."""

    positions: dict[str, Decimal]
    fills: tuple[tuple[str, str, Decimal], ...]
    """Client id, symbol and signed quantity of every trade."""
    ended: tuple[str, ...]
    """The client id of every order that ever ended, one entry per order."""
    open: tuple[str, ...]
    """The client ids of the orders that rest."""

    @classmethod
    def of(cls, file: Path) -> Account:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            (state,) = db.execute("SELECT state FROM account").fetchone()
            fills = db.execute("SELECT client_id, symbol, quantity FROM fills ORDER BY number").fetchall()
            ended = db.execute("SELECT client_id FROM orders ORDER BY number").fetchall()
        account = json.loads(state)
        positions = {symbol: Decimal(item["size"]) for symbol, item in account["positions"].items()}
        return cls(
            {symbol: size for symbol, size in positions.items() if size},
            tuple((client_id, symbol, Decimal(quantity)) for client_id, symbol, quantity in fills),
            tuple(client_id for (client_id,) in ended),
            tuple(account["orders"]),
        )


def waiting(record: CycleRecord) -> set[PositionId]:
    """Return the positions that leapt in the block that a cycle read, so that the next one has to say the same."""
    return {item.position for item in record.snapshot.chains[0].left_out if item.reason == LEAPT}


def check_books(account: Path, open_view: Callable[[], JournalView]) -> Account:
    """Insist that a paper account and a journal tell the same story, and that nothing was done twice."""
    truth = Account.of(account)
    with closing(open_view()) as view:
        intents, fills, pending = view.intents(limit=10_000), view.fills(limit=10_000), view.pending()
    sent = {item.intent.client_id: item for item in intents}
    assert len(sent) == len(intents)
    orders = [*truth.ended, *truth.open]
    assert len(set(orders)) == len(orders), "an intent became two orders"
    assert set(orders) <= set(sent), "an order without an intent"
    unresolved = {item.intent.client_id for item in pending}
    assert set(truth.open) <= unresolved, "an order rests that the journal takes for ended"
    # What was cancelled in the last cycle is looked up in the next one.
    assert unresolved <= set(orders), "an intent is unresolved that the venue never saw"
    assert {client_id for client_id, _, _ in truth.fills} <= set(sent)
    told = [(fill.client_id, fill.symbol, fill.quantity) for fill in fills]
    assert sorted(told, key=str) == sorted(truth.fills, key=str), "the journal's fills are not the venue's"
    for client_id, item in sent.items():
        filled = sum((quantity for name, _, quantity in truth.fills if name == client_id), Decimal(0))
        assert item.filled == filled
        assert abs(filled) <= abs(item.intent.request.quantity)
    assert truth.positions == _sums(truth.fills)
    assert all(size < 0 for size in truth.positions.values()), "long"
    return truth


def _sums(fills: Iterable[tuple[str, str, Decimal]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for _, symbol, quantity in fills:
        sums[symbol] = sums.get(symbol, Decimal(0)) + quantity
    return {symbol: size for symbol, size in sums.items() if size}


def in_band(record: CycleRecord) -> bool:
    """Whether every drift of a cycle is within its band, or dealt with: an order is out, or a guard says why not."""
    decision = record.decision
    acted = {item.order.underlying for item in decision.approved} | {item.order.underlying for item in decision.refused}
    return all(
        hedge.underlying in acted
        or hedge.in_flight != 0
        or (hedge.drift is not None and hedge.band is not None and abs(hedge.drift) <= hedge.band.outer)
        for hedge in decision.hedges
    )
