"""The movements of an account as Bitget puts them into rows: what a trade earned and cost stands in one."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from bot.core.orders import LedgerKind
from bot.core.types import ZERO
from bot.paper.servers.records import Movement, Records

_FEES: Final = frozenset({LedgerKind.FEE, LedgerKind.LIQUIDATION_FEE})


def rows(records: Records) -> Iterator[tuple[list[Movement], Decimal]]:
    """Return the movements of each row, oldest first, with the coin's balance after it.

    A trade's profit and its fee are one row, if they are of one coin.
    """
    by_trade: dict[int, list[Movement]] = {}
    for movement in records.movements:
        if movement.trade is not None:
            by_trade.setdefault(movement.trade, []).append(movement)
    done: set[int] = set()
    balances: dict[str, Decimal] = {}
    for movement in records.movements:
        if movement.trade in done:
            continue
        parts = [movement] if movement.trade is None else by_trade[movement.trade]
        if movement.trade is not None:
            done.add(movement.trade)
        for asset in dict.fromkeys(part.asset for part in parts):
            row = [part for part in parts if part.asset == asset]
            balances[asset] = balances.get(asset, ZERO) + sum((part.entry.amount for part in row), ZERO)
            yield row, balances[asset]


def sums(parts: list[Movement]) -> tuple[Decimal, Decimal]:
    """Return a row's amount and its fee, below 0 where it was charged."""
    amount = sum((part.entry.amount for part in parts if part.entry.kind not in _FEES), ZERO)
    return amount, sum((part.entry.amount for part in parts if part.entry.kind in _FEES), ZERO)


def was_sold(records: Records, movement: Movement) -> bool:
    """Whether the trade that a liquidation fee belongs to was a sale."""
    before = [
        trade.fill.quantity
        for trade in records.trades
        if trade.fill.symbol == movement.entry.symbol and trade.fill.at <= movement.entry.at
    ]
    return bool(before) and before[-1] < 0
