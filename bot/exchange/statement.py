"""Ledger rows of any venue, one by one: what is booked in USD, what is valued at a price, what is set aside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Final

from bot.core.orders import LedgerEntry, LedgerKind, SetAside
from bot.core.types import Symbol
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, row_of

Price = Callable[[str], Awaitable[Decimal | None]]
"""What a whole unit of an asset is worth now, USD; None where it is unknown."""
_LONG: Final = 160
"""Characters of an unreadable row that are shown as they are."""
_COSTS: Final = frozenset({LedgerKind.FEE, LedgerKind.FUNDING, LedgerKind.LIQUIDATION_FEE})
"""What is paid for trading and holding, in whatever asset."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A row in the venue's terms: ``amount`` of ``asset``; ``name`` is the venue's word for the kind.

    ``kind`` None: the venue's word is not known.
    """

    key: str
    number: int
    name: str
    kind: LedgerKind | None
    asset: str
    amount: Decimal
    symbol: Symbol | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a ledger; ``full`` when there may be more in the same span."""

    entries: tuple[LedgerEntry, ...]
    full: bool
    aside: tuple[SetAside, ...] = ()


async def page(
    raw: Iterable[object], read: Callable[[Row], Iterable[LedgerRow]], settle: str, price: Price, until: datetime
) -> tuple[tuple[LedgerEntry, ...], tuple[SetAside, ...]]:
    """Book the rows of an answer.

    A cost that was paid in another asset than the account's money is booked at that asset's price, and as paid in from
    outside by as much, since the money itself did not move. Any other movement of another asset, one of a kind that is
    not known and one that can't be read are set aside.
    """
    entries: list[LedgerEntry] = []
    aside: list[SetAside] = []
    for item in raw:
        try:
            rows = list(read(row_of(item, "ledger")))
        except Unbelievable as error:
            aside.append(SetAside(f"odd:{print_of(item)}", "rows that can't be read", str(error), until))
            continue
        for row in rows:
            booked = await _booked(row, settle, price)
            if isinstance(booked, SetAside):
                aside.append(booked)
            else:
                entries += booked
    return tuple(entries), tuple(aside)


async def _booked(row: LedgerRow, settle: str, price: Price) -> list[LedgerEntry] | SetAside:
    if row.kind is None:
        return SetAside(row.key, f"{row.name} of {row.asset}", "this kind of movement is not known", row.at)
    if row.asset == settle:
        return [LedgerEntry(row.number, row.kind, row.symbol, row.amount, row.at, row.key)]
    rate = await price(row.asset) if row.kind in _COSTS else None
    if rate is None:
        return SetAside(row.key, f"{row.name} of {row.asset}", f"{row.asset} is no money of this account", row.at)
    amount = row.amount * rate
    return [
        LedgerEntry(row.number, row.kind, row.symbol, amount, row.at, row.key),
        LedgerEntry(row.number, LedgerKind.DEPOSIT, row.symbol, -amount, row.at, f"{row.key}:paid"),
    ]


def print_of(item: object) -> str:
    """Return an id of an unreadable row, the same each time that it is read."""
    shown = repr(sorted(item.items(), key=str) if isinstance(item, Mapping) else item)
    return shown if len(shown) <= _LONG else f"{shown[:_LONG]}… {sha256(shown.encode()).hexdigest()[:16]}"
