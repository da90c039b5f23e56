"""The rows of a book of working orders, each judged by itself: one that can't be read affects no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.core.snapshot import OpenOrder, Unread
from bot.core.types import Symbol
from bot.exchange.ccxt_link import Link
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, row_of

_IDS: Final = ("orderId", "clientOid")


@dataclass(frozen=True, slots=True)
class Listed:
    """One book's rows as ccxt's dictionaries (the venue's own stand under ``info``), and what could not be read."""

    rows: tuple[Row, ...]
    unread: tuple[Unread, ...] = ()


def parsed(link: Link, raw: Iterable[object], symbol: Symbol, ids: tuple[str, ...]) -> Listed:
    """Let ccxt put the venue's own rows into its dictionaries, one by one.

    Args:
        link: the connection.
        raw: the rows as the venue answered them.
        symbol: whose they are.
        ids: the keys that an order's id may stand under, for the name of one that can't be read.
    """
    return judged(raw, symbol, lambda item: row_of(link.parse_order(row_of(item, "order"), symbol), "order"), ids)


def judged(
    raw: Iterable[object], symbol: Symbol, parse: Callable[[object], Row], ids: tuple[str, ...] = _IDS
) -> Listed:
    """Put the venue's own rows into ccxt's dictionaries, one by one; those that ``parse`` fails on are reported."""
    rows: list[Row] = []
    unread: list[Unread] = []
    for item in raw:
        try:
            rows.append(parse(item))
        except Unbelievable as error:
            unread.append(Unread(symbol, _name(item, symbol, ids), str(error)))
    return Listed(tuple(rows), tuple(unread))


def read(listed: Listed, symbol: Symbol, translate: Callable[[Row], OpenOrder]) -> tuple[list[OpenOrder], list[Unread]]:
    """Translate every row that can be; report the others."""
    orders: list[OpenOrder] = []
    unread = list(listed.unread)
    for row in listed.rows:
        try:
            order = translate(row)
        except Unbelievable as error:
            unread.append(Unread(symbol, _name(row, symbol, ("id",)), str(error)))
            continue
        orders.append(order)
    return orders, unread


def _name(item: object, symbol: Symbol, ids: tuple[str, ...]) -> str:
    """Name an order so that the name stays the same as long as the order is there."""
    found = (str(item[key]) for key in ids if item.get(key)) if isinstance(item, Mapping) else iter(())
    return f"order {next(found, '')}".strip() + f" of {symbol}"
