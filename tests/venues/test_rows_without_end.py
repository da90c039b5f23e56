"""Hundreds of thousands of strange rows: what takes time by their square would hold up every cycle for minutes."""

from __future__ import annotations

import pytest

from bot.exchange.errors import Unbelievable
from bot.venues.binance.account import positions
from bot.venues.hyperliquid.account import held

ROWS: list[object] = [[]] * 500_000


@pytest.mark.timeout(30)
def test_binance_s_strange_rows_are_passed_over() -> None:
    assert positions(ROWS, ROWS, ()) == ({}, ())


@pytest.mark.timeout(30)
def test_hyperliquid_s_strange_rows_are_refused() -> None:
    with pytest.raises(Unbelievable):
        held({"assetPositions": ROWS}, {})
