"""A pool that leaves its own recent average, or jumps between two looks, is not believed though its price is near."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bot.core.data_quality.pool_prices import watch_pools
from bot.core.state import PoolWatch
from tests.core.scenes import ETH, GUARDS, MARKS, NOW, chain, pool_id, pool_price, v2

D = Decimal
NARROW = replace(
    GUARDS, max_pool_mark_deviation=D("0.5"), max_pool_average_deviation=D("0.05"), max_pool_step=D("0.10")
)
STEADY = replace(NARROW, max_pool_average_deviation=D("0.5"), max_pool_step=D("0.03"))


def doubted(basis: str, average: str, seen: str, *, is_step: bool) -> bool:
    view = chain([v2("a", 1)], pools=[pool_price(MARKS[ETH] * D(seen))], at=NOW)
    before = {(view.chain, pool_id("pool")): PoolWatch(NOW - timedelta(seconds=12), D(basis), D(average))}
    _, doubts = watch_pools(before, [view], MARKS, STEADY if is_step else NARROW)
    return any(key[1] == "0xpool" for key in doubts)


def test_a_price_off_its_own_average_is_doubted() -> None:
    assert not doubted("1.04", "1", "1.04", is_step=False)
    assert doubted("1.06", "1", "1.06", is_step=False)
    assert doubted("0.94", "1", "0.94", is_step=False)


def test_a_step_between_two_looks_is_doubted() -> None:
    assert not doubted("1.10", "1.10", "1.12", is_step=True)
    assert doubted("1.10", "1.10", "1.14", is_step=True)
    assert doubted("1.10", "1.10", "1.06", is_step=True)
