"""A fast trend on each venue server: the budget of orders never stands between the hedge and its band."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.paper.servers.registry import SERVERS
from tests.scenarios.trend import PATIENCE, SHORT, SLACK, Told, play, wanted


async def played(flavour: str, folder: Path, limit: int | None = None) -> Told:
    return await play(flavour, folder, SHORT, wanted(limit, flavour))


@pytest.mark.parametrize("flavour", SERVERS)
async def test_the_hedge_stays_in_its_band_within_the_venue_s_limits(flavour: str, tmp_path: Path) -> None:
    told = await played(flavour, tmp_path)
    assert told.longest() <= PATIENCE
    assert told.farthest() <= SLACK + 1
    assert (told.watch.refused, dict(told.refusals)) == (0, {})
    assert max(told.watch.orders.values()) <= 2 * 30 + 2, "one order per market and block"


async def test_with_a_small_budget_the_hedge_is_held_up_to_two_bands_and_no_farther(tmp_path: Path) -> None:
    told = await played("binance", tmp_path, 10)
    assert told.refusals["orders per minute"] > 0
    assert told.farthest() <= 2 + SLACK - 1
