"""Snapshots from rows: what the daemon would have seen at a row's end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

import numpy as np

from bot.backtest.columns import Floats, moment
from bot.backtest.market import Market, MarketDay
from bot.backtest.pool import Own, PoolDay, PoolFacts
from bot.backtest.replay_venue import SimVenue
from bot.core.snapshot import (
    BlockStamp,
    ChainView,
    Entry,
    EntrySource,
    LpPosition,
    PoolPrice,
    Snapshot,
)
from bot.core.types import BlockHash, ChainId, ChainName, PositionId, Symbol, Underlying
from bot.paper.engine.rules import MarkUpdate

CHAIN: Final = ChainName("backtest")
_DEPTH: Final = Decimal(1)


@dataclass(slots=True)
class World:
    """Builds snapshots; knows what was deposited."""

    market: Market
    venues: Sequence[SimVenue]
    entries: dict[PositionId, Entry]
    block: int = 0

    def updates(
        self, day: MarketDay, row: int, venue: SimVenue, marks: Mapping[Underlying, Decimal] | None = None
    ) -> dict[Symbol, MarkUpdate]:
        """Return a venue's prices at a row, or soon after it at other ``marks``; a candle out of date says so."""
        found: dict[Symbol, MarkUpdate] = {}
        for symbol, rules in venue.engine.rules.symbols.items():
            underlying = rules.market.underlying
            mark, true_at = day.marks[underlying][row], day.mark_times[underlying]
            mark = mark if marks is None else marks[underlying]
            rates = self.market.rates(underlying)
            rate = None if rates is None else rates.at(day.times[row])
            as_of = None
            if true_at is not None and day.times[row] - int(true_at[row]) > self.market.perps[underlying].interval:
                as_of = moment(int(true_at[row]))
            found[symbol] = MarkUpdate(mark, mark, funding_rate=rate, as_of=as_of)
        return found

    def snapshot(self, day: MarketDay, row: int, number: int, venues: Sequence[SimVenue] | None = None) -> Snapshot:
        """Return the world at a row; ``number`` counts the rows since the start."""
        positions = [
            self._position(pool, place, int(index[row]))
            for pool, index in zip(day.pools, day.index, strict=True)
            for place in range(len(pool.own))
        ]
        view = replace(self.prices(day, row, number), positions=tuple(positions))
        now = view.block.timestamp
        return Snapshot(now, (view,), tuple(venue.view(with_ledger=True) for venue in venues or self.venues))

    def prices(self, day: MarketDay, row: int, number: int) -> ChainView:
        """Return the chain at a row without the positions."""
        pairs = zip(day.pools, day.index, strict=True)
        prices = tuple(_price(pool.facts, int(pool.ticks[int(index[row])])) for pool, index in pairs)
        return ChainView(CHAIN, ChainId(0), _stamp(number, moment(day.times[row])), (), prices)

    def _position(self, pool: PoolDay, place: int, at: int) -> LpPosition:
        own, facts = pool.own[place], pool.facts
        curve = pool.curve(place, at)
        amounts = curve.amounts()
        entry = self.entries.get(own.id)
        if entry is None:
            entry = Entry.single(amounts.principal0, amounts.principal1, own.liquidity, EntrySource.MINT_EVENTS, 0)
            self.entries[own.id] = entry
        return LpPosition(own.id, facts.protocol, facts.pool, facts.token0, facts.token1, curve, amounts, entry)


def _stamp(number: int, now: datetime) -> BlockStamp:
    return BlockStamp(number, BlockHash(f"0x{number:064x}"), BlockHash(f"0x{number - 1:064x}"), now)


def _price(facts: PoolFacts, tick: int) -> PoolPrice:
    usd = facts.price(tick)
    price = 1 / usd if facts.is_inverted else usd
    return PoolPrice(facts.pool, facts.token0.underlying, facts.token1.underlying, price, _DEPTH)


@dataclass(frozen=True, slots=True)
class Lines:
    """A day in floats, a value a row: USD values at the marks, amounts in base units.

    ``lvr`` is each position's loss against rebalancing in each row, USD.
    """

    value: Floats
    hold: Floats
    lvr: Mapping[PositionId, Floats]
    marks: Mapping[Underlying, Floats]
    exposure: Mapping[Underlying, Floats]


def lines(day: MarketDay, entries: Mapping[PositionId, Entry]) -> Lines:
    """Value all positions along a day."""
    marks = {name: np.array([float(mark) for mark in series]) for name, series in day.marks.items()}
    value, hold = (np.zeros(len(day)) for _ in range(2))
    lvr: dict[PositionId, Floats] = {}
    exposure = {name: np.zeros(len(day)) for name in marks}
    for pool, index in zip(day.pools, day.index, strict=True):
        name = pool.facts.underlying
        seen = day.mark_times[name]
        is_fresh = seen is not None and np.array_equal(seen, day.times)
        for place, own in enumerate(pool.own):
            volatile, stable = (amounts[index] for amounts in pool.amounts(place))
            worth = volatile * marks[name] + stable
            exposure[name] += volatile
            value += worth
            held, cash = _deposit(pool.facts, own, entries)
            hold += held * marks[name] + cash
            lvr[own.id] = _lvr(pool, place, index, marks[name] if is_fresh else None)
    return Lines(value, hold, lvr, marks, exposure)


def _deposit(facts: PoolFacts, own: Own, entries: Mapping[PositionId, Entry]) -> tuple[float, float]:
    entry = entries[own.id]
    whole = float(facts.token0.to_units(entry.amount0)), float(facts.token1.to_units(entry.amount1))
    return (whole[1], whole[0]) if facts.is_inverted else whole


def _lvr(pool: PoolDay, place: int, index: np.typing.NDArray[np.int64], marks: Floats | None) -> Floats:
    """Return what rebalancing would have kept: x before times the move of the price, less the change in worth.

    It trades at the market, as the hedge does: at ``marks``, one a row. An arbitraged pool's own price stands its fee
    off that, on the side that is worse; it counts where the marks are older than the rows, since what moved meanwhile
    would look like a gain.
    """
    own, facts = pool.own[place], pool.facts
    bare = PoolDay(facts, [own], pool.times, pool.ticks, [[0] * len(pool.ticks)], [[0] * len(pool.ticks)])
    volatile, stable = bare.amounts(0)
    if marks is not None:
        volatile, stable, index = volatile[index], stable[index], np.arange(len(index))
    price = facts.prices(pool.ticks) if marks is None else marks
    worth = volatile * price + stable
    steps = np.concatenate(([0.0], volatile[:-1] * np.diff(price) - np.diff(worth)))
    total = np.cumsum(steps)[index]
    found: Floats = np.diff(total, prepend=0.0)
    return found
