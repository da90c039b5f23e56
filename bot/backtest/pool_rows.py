"""Rows of a pool from its events: what ``backtest`` replays. Times are seconds since 1970."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.backtest.columns import Row
from bot.chain.pool_past import PoolEvent, PoolStand


def rows(events: Iterable[PoolEvent], stand: PoolStand, span: tuple[int, int], interval: int) -> Iterator[Row]:
    """Return a row for each interval from the first one on in which the price is known.

    Args:
        events: in order; those before the span only move the pool.
        stand: the pool before the first of them; it is moved along.
        span: from when and until when, whole intervals.
        interval: seconds.
    """
    start, end = span
    coming = iter(events)
    event = next(coming, None)
    while event is not None and event.time < start:
        stand.take(event)
        event = next(coming, None)
    for at in range(start + interval, end + 1, interval):
        path = [] if stand.tick is None else [stand.tick]
        in0 = in1 = fee0 = fee1 = 0
        while event is not None and event.time < at:
            earned0, earned1 = stand.take(event)
            in0, in1 = in0 + event.in0, in1 + event.in1
            fee0, fee1 = fee0 + earned0, fee1 + earned1
            if event.tick is not None:
                path.append(event.tick)
            event = next(coming, None)
        if stand.tick is not None:
            yield Row(at, stand.tick, min(path), max(path), in0, in1, stand.liquidity, fee0, fee1)
