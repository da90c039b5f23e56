"""Two volatile underlyings: what decide() makes of two drifts that move together, against value iteration over both.

Constant-product pools of ETH and USD, BTC and USD, and ETH and BTC. Both prices step up or down by the same share, so a
state is a pair of drifts in whole cells: USD per USD of gamma and step. A step costs lambda/2 times its variance, and
trading its share of what is traded. No formula of bot/core: the optimum is over every trade from every pair of drifts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import product

import numpy as np

from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.hedge.volatility import MIN_WEIGHT, YEAR, pair
from bot.core.state import MarkHistory
from tests.core import scenes
from tests.core.scenes import BTC, ETH, MARKS, NO_INPUTS, NOW, USD
from tests.frontier.live import AVERSION, Floats

_VOLATILITY = 0.8
_CELLS = 12
"""Cells between no drift and the outer edge of the first band; even, since what moves both moves them by two."""
_FAR = 1e9
_CLOSE = 1e-5
_SWEEPS = 20_000
_LOOK = 50
Edges = tuple[float, float]
"""(b, r) of a drift, USD."""


@dataclass(frozen=True, slots=True)
class Bands:
    """Both bands, and whether a drift beyond its inner edge is traded along when the other is at its outer one."""

    first: Edges
    second: Edges
    is_together: bool

    def scaled(self, first: float, second: float) -> Bands:
        """Return bands of other widths."""
        return Bands(_times(self.first, first), _times(self.second, second), self.is_together)


def _times(edges: Edges, by: float) -> Edges:
    return edges[0] * by, edges[1] * by


@dataclass(frozen=True, slots=True)
class Book:
    """What is held, and what hedging it costs.

    Attributes:
        gammas: in units of ``unit`` USD, of the pools ETH/USD, BTC/USD and ETH/BTC: whole numbers. A constant product
            has a quarter of its value.
        correlation: of the two prices, which are equally volatile.
        costs: of trading ETH and BTC, fractions of the notional.
        told: the correlation that the marks' history tells, where it is another one.
    """

    gammas: tuple[int, int, int]
    correlation: float
    costs: tuple[float, float]
    told: float | None = None
    unit: float = 25_000.0

    @property
    def known(self) -> float:
        """The correlation that decide() goes by."""
        return self.correlation if self.told is None else self.told

    @property
    def value(self) -> float:
        """The worth of all pools, USD."""
        return 4 * self.unit * sum(self.gammas)

    def decide(self, drifts: tuple[float, float] = (0.0, 0.0)) -> Decision:
        """Decide with drifts of so many USD."""
        pools = zip(("a", "b", "c"), self.gammas, ((ETH, USD), (BTC, USD), (ETH, BTC)), strict=True)
        positions = [scenes.v2(name, Decimal(4 * self.unit * size), tokens) for name, size, tokens in pools if size]
        quotes = [
            scenes.quote(key, lot="0.0000001", fee=repr(cost - 1e-5), half_spread="0.00001", min_notional="0")
            for key, cost in zip((ETH, BTC), self.costs, strict=True)
        ]
        variance = _VOLATILITY**2 / YEAR
        covariance = {pair(ETH, ETH): variance, pair(BTC, BTC): variance, pair(ETH, BTC): self.known * variance}
        history = MarkHistory(last_at=NOW, last=MARKS, covariance=covariance, weight=2 * MIN_WEIGHT)
        one, other, both = (
            2 * self.unit * size for size in self.gammas
        )  # a pool holds half of its value in each token
        held = {ETH: one + both, BTC: other + both}
        sizes = {key: f"{(drift - held[key]) / float(MARKS[key]):.7f}" for key, drift in zip(held, drifts, strict=True)}
        return decide(
            scenes.snapshot(scenes.chain(positions), scenes.venue(sizes, quotes=quotes)),
            NO_INPUTS,
            replace(scenes.state(), marks=history),
            scenes.policy(guards=replace(scenes.GUARDS, slippage=Decimal("0.01"))),
        )

    def traded(self, drifts: tuple[float, float]) -> tuple[float, float]:
        """Return what decide() trades of both at some drifts, USD."""
        approved = [item.order for item in self.decide(drifts).approved]
        one, other = (
            sum(float(order.quantity * MARKS[key]) for order in approved if order.underlying == key)
            for key in (ETH, BTC)
        )
        return one, other

    def bands(self) -> Bands:
        """Return the bands that decide() has, held against what it does."""
        found = []
        for key in (ETH, BTC):
            band = scenes.line(self.decide(), key).band
            assert band is not None
            found.append((float(band.outer * MARKS[key]), float(band.inner * MARKS[key])))
        first, second = found
        assert self.traded((0.999 * first[0], -0.999 * second[0])) == (0, 0)
        is_together = bool(self.traded((1.001 * first[0], -0.99 * second[0]))[1])
        sold, bought = self.traded((1.001 * first[0], -1.001 * second[0]))
        assert math.isclose(sold, first[1] - 1.001 * first[0], rel_tol=0.01)
        assert math.isclose(bought, 1.001 * second[0] - second[1], rel_tol=0.01)
        return Bands(first, second, is_together)


class Plane:
    """The pairs of drifts of a book on a grid of ``cell`` USD."""

    def __init__(self, book: Book, cell: float, reach: int) -> None:
        self.book, self.cell, self.reach = book, cell, reach
        self.cells = np.arange(-reach, reach + 1)
        first, second = np.meshgrid(self.cells, self.cells, indexing="ij")
        weight = AVERSION / book.value * cell**3 / (2 * book.unit**2)
        moves = list(self._moves())
        self.moving = sum(chance for chance, *_ in moves)
        self.moves = [(chance / self.moving, first, second) for chance, first, second in moves]
        squares = first**2 + second**2 + 2 * book.correlation * first * second
        self.running: Floats = weight * squares / self.moving

    def _moves(self) -> Iterable[tuple[float, int, int]]:
        """Yield the steps of both drifts with their chances; steps in which neither moves change nothing."""
        one, other, both = self.book.gammas
        for up, side in product((1, -1), (1, -1)):
            step = -(one + both) * up + both * side, both * up - (other + both) * side
            if step != (0, 0):
                yield (1 + self.book.correlation * up * side) / 4, *step

    def ahead(self, values: Floats) -> Floats:
        """Return what a step costs and leads to; beyond the grid nothing may go."""
        size = len(values)
        width = max(max(abs(first), abs(second)) for _, first, second in self.moves)
        padded = np.full((size + 2 * width, size + 2 * width), _FAR)
        padded[width:-width, width:-width] = values
        found = self.running.copy()
        for chance, first, second in self.moves:
            found += chance * padded[width + first :, width + second :][:size, :size]
        return np.minimum(found, _FAR)

    @cached_property
    def best(self) -> float:
        """What the best policy costs a step."""

        def trade(values: Floats) -> Floats:
            for axis, cost in enumerate(self.book.costs):
                paid = np.expand_dims(cost * self.cells, 1 - axis)
                down = np.minimum.accumulate(values - paid, axis=axis) + paid
                up = np.flip(np.minimum.accumulate(np.flip(values + paid, axis), axis=axis), axis) - paid
                values = np.minimum(down, up)
            return values

        return self._settled(trade)

    def score(self, bands: Bands) -> float:
        """Return what two bands cost a step: a drift at its outer edge is traded back to its inner one."""
        both = bands.first, bands.second
        drifts = np.meshgrid(self.cells, self.cells, indexing="ij")
        beyond = [np.abs(drift) >= edges[0] / self.cell - _CLOSE for drift, edges in zip(drifts, both, strict=True)]
        acts = [beyond[0] | beyond[1]] * 2 if bands.is_together else beyond
        inner = [round(edges[1] / self.cell) for edges in both]
        after = [
            np.where(act & (np.abs(drift) > back), np.sign(drift) * back, drift)
            for act, drift, back in zip(acts, drifts, inner, strict=True)
        ]
        paid = sum(
            cost * np.abs(drift - there) for cost, drift, there in zip(self.book.costs, drifts, after, strict=True)
        )
        to_first, to_second = (there + self.reach for there in after)
        return self._settled(lambda values: values[to_first, to_second] + paid)

    def _settled(self, trade: Callable[[Floats], Floats]) -> float:
        """Repeat step and trade until values grow alike; half steps, since walks go round in twos."""
        values, middle, before = np.zeros_like(self.running), self.reach, 0.0
        for sweep in range(1, _SWEEPS):
            grown = trade(self.ahead(values)) - values
            values = values + grown / 2
            values -= values[middle, middle]
            if sweep % _LOOK == 0:
                now = float(grown[middle, middle])
                if math.isclose(now, before, rel_tol=_CLOSE):
                    return now
                before = now
        raise AssertionError("values do not settle")


def plane(book: Book, cells: int = _CELLS) -> tuple[Plane, Bands]:
    """Return a book's grid, so fine that the first band's outer edge is ``cells`` away, and decide()'s bands."""
    bands = book.bands()
    cell = bands.first[0] / cells
    widest = max(bands.first[0], bands.second[0]) / cell
    return Plane(book, cell, math.ceil(2 * widest)), bands


@dataclass(frozen=True, slots=True)
class Found:
    """How a book's bands do: against the optimum, and against the best of ``searched`` pairs of widths."""

    ratio: float
    best_of_search: float
    searched: int


def searched(book: Book, steps: tuple[float, ...]) -> Found:
    """Score decide()'s bands, and all pairs of them by some factors."""
    grid, bands = plane(book)
    own = grid.score(bands)
    tried = [grid.score(bands.scaled(one, other)) for one, other in product(steps, steps)]
    return Found(own / grid.best, own / min([own, *tried]), len(tried))
