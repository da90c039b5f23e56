"""Margin tables: ``meta`` names one per market; a number below 50 is itself the leverage of a table of one tier."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final

from bot.core.errors import ConfigError
from bot.core.types import Symbol
from bot.exchange.errors import Unbelievable
from bot.exchange.fields import Row, has, number, positive, row_of, rows_of

_ONE_TIER: Final = 50
_NO_END: Final = Decimal(10) ** 12
"""USD; the last tier has no end."""


def of(meta: Row, coin: str, symbol: Symbol, margin_mode: str) -> Sequence[Row]:
    """Return a market's margin table as ccxt would have it: the maintenance rate is half of 1 / leverage.

    Raises:
        ConfigError: the market does not take the margin mode.
        Unbelievable: there is no such market or table.
    """
    what = f"margin tiers of {symbol}"
    rows = [row for row in rows_of(meta.get("universe"), "markets") if row.get("name") == coin]
    if len(rows) != 1:
        raise Unbelievable(f"{what}: {len(rows)} markets are named {coin}")
    only_isolated = rows[0].get("onlyIsolated") is True or has(rows[0], "marginMode")
    if only_isolated and margin_mode != "isolated":
        raise ConfigError(f'{symbol} takes isolated margin only; set margin_mode = "isolated"', key="margin_mode")
    steps = _steps(meta, rows[0], what)
    floors = [floor for floor, _ in steps]
    if floors[0] != 0 or any(one >= two for one, two in pairwise(floors)):
        raise Unbelievable(f"{what}: the tiers do not rise from 0")
    return [
        {
            "minNotional": str(floor),
            "maxNotional": str(end),
            "maintenanceMarginRate": str(1 / (2 * leverage)),
            "maxLeverage": str(leverage),
        }
        for (floor, leverage), end in zip(steps, [*floors[1:], _NO_END], strict=True)
    ]


def _steps(meta: Row, row: Row, what: str) -> list[tuple[Decimal, Decimal]]:
    """Return floor and largest leverage of every tier."""
    most = positive(row, "maxLeverage", what)
    number_ = int(number(row, "marginTableId", what)) if has(row, "marginTableId") else 0
    if number_ < _ONE_TIER:
        return [(Decimal(0), most)]
    tables = meta.get("marginTables")
    for item in tables if isinstance(tables, list) else ():
        if isinstance(item, list) and len(item) == 2 and int(item[0]) == number_:  # noqa: PLR2004 - number and table
            tiers = rows_of(row_of(item[1], what).get("marginTiers"), what)
            found = [(number(tier, "lowerBound", what), positive(tier, "maxLeverage", what)) for tier in tiers]
            if found:
                return found
    raise Unbelievable(f"{what}: there is no margin table {number_}")
