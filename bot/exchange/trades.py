"""The rows of an account's trades, each judged by itself: one that can't be read is reported, and affects no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from bot.core.orders import SetAside
from bot.exchange.ccxt_link import Link
from bot.exchange.dialect import Instrument, TradePage
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, row_of
from bot.exchange.statement import print_of


def parsed(link: Link, raw: Iterable[object], one: Instrument, since: datetime, *, full: bool) -> TradePage:
    """Let ccxt put the venue's own rows of a span into its dictionaries, one by one."""
    symbol = one.market.symbol
    return judged(raw, lambda item: row_of(link.parse_trade(row_of(item, "trade"), symbol), "trade"), since, full=full)


def judged(raw: Iterable[object], parse: Callable[[object], Row], since: datetime, *, full: bool) -> TradePage:
    """Put the venue's own rows of a span into ccxt's dictionaries; those that ``parse`` fails on are reported."""
    rows: list[Row] = []
    unread: list[SetAside] = []
    for item in raw:
        try:
            rows.append(parse(item))
        except Unbelievable as error:
            unread.append(unreadable(item, error, since))
    return TradePage(tuple(rows), full, tuple(unread))


def unreadable(item: object, error: Unbelievable, since: datetime) -> SetAside:
    """Name a trade that can't be read, of a span that began at ``since``."""
    return SetAside(f"trade:{print_of(item)}", "trades that can't be read", str(error), since)
