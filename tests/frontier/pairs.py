"""Two volatile underlyings: what decide() makes of two drifts that move together, against value iteration over both.

Constant-product pools of ETH and USD, BTC and USD, and ETH and BTC. A state is a pair of drifts, each in cells of the
deviation with which it moves, so that a step is one cell of the one, the other, or both. A step costs lambda/2 times
its variance, and trading its share of what is traded. No formula of bot/core: the optimum is over every trade from
every pair of drifts.
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
from bot.core.types import Underlying
from tests.core import scenes
from tests.core.scenes import BTC, ETH, MARKS, NO_INPUTS, NOW, USD
from tests.frontier.live import AVERSION, Floats

_CELLS = 6
"""Cells of the (geometric) mean of both outer edges."""
_FAR = 1e9
_CLOSE = 1e-5
_ROUNDS = 8
_SWEEPS = 40_000
_LOOK = 50
Edges = tuple[float, float]
"""(b, r) of a drift, USD."""


@dataclass(frozen=True, slots=True)
class Bands:
    """Both bands, and by how many USD each one's middle falls for a USD of the other's drift."""

    first: Edges
    second: Edges
    leans: tuple[float, float]

    def scaled(self, first: float, second: float, leans: float) -> Bands:
        """Return bands of other widths that lean otherwise."""
        one, other = self.leans
        return Bands(_times(self.first, first), _times(self.second, second), (one * leans, other * leans))

    @property
    def corner(self) -> tuple[float, float]:
        """The largest drifts that both bands hold."""
        (one, other), whole = np.abs(self.leans), 1 - abs(self.leans[0] * self.leans[1])
        return (self.first[0] + one * self.second[0]) / whole, (self.second[0] + other * self.first[0]) / whole

    def after(self, drifts: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        """Return where drifts end once those beyond their outer edges are traded to their inner ones.

        One that is beyond while another one is where it was, is traded along.
        """
        ends, trades = [np.array(drift, dtype=float) for drift in drifts], [np.zeros_like(drifts[0], dtype=bool)] * 2
        edges = self.first, self.second
        for _ in range(_ROUNDS):
            for place in (1, 0):  # BTC first, as underlyings are ordered
                outer, inner = edges[place]
                middle = -self.leans[place] * ends[1 - place]
                off = drifts[place] - middle
                trades[place] = trades[place] | (np.abs(off) > outer)
                back = trades[place] & (np.abs(off) > inner)
                ends[place] = np.where(back, middle + np.sign(off) * inner, drifts[place])
        return ends[0], ends[1]


def _times(edges: Edges, by: float) -> Edges:
    return edges[0] * by, edges[1] * by


@dataclass(frozen=True, slots=True)
class Book:
    """What is held, and what hedging it costs.

    Attributes:
        gammas: in units of ``unit`` USD, of the pools ETH/USD, BTC/USD and ETH/BTC: whole numbers. A constant product
            has a quarter of its value.
        correlation: of the two prices.
        costs: of trading ETH and BTC, fractions of the notional.
        volatilities: of ETH and BTC, yearly.
        told: the correlation that the marks' history tells, where it is another one.
    """

    gammas: tuple[int, int, int]
    correlation: float
    costs: tuple[float, float]
    volatilities: tuple[float, float] = (0.8, 0.8)
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

    @property
    def covariance(self) -> Floats:
        """That of both drifts, USD^2 a year."""
        one, other, both = self.gammas
        moves = self.unit * np.array([[-one - both, both], [both, -other - both]], dtype=float)
        found: Floats = moves @ self.prices @ moves.T
        return found

    @property
    def prices(self) -> Floats:
        """The covariance of both prices' logarithms, a year."""
        first, second = self.volatilities
        shared = self.correlation * first * second
        return np.array([[first**2, shared], [shared, second**2]])

    def decide(self, drifts: tuple[float, float] = (0.0, 0.0)) -> Decision:
        """Decide with drifts of so many USD."""
        pools = zip(("a", "b", "c"), self.gammas, ((ETH, USD), (BTC, USD), (ETH, BTC)), strict=True)
        positions = [scenes.v2(name, Decimal(4 * self.unit * size), tokens) for name, size, tokens in pools if size]
        quotes = [
            scenes.quote(key, lot="0.0000001", fee=repr(cost - 1e-5), half_spread="0.00001", min_notional="0")
            for key, cost in zip((ETH, BTC), self.costs, strict=True)
        ]
        first, second = self.volatilities
        covariance = {
            pair(ETH, ETH): first**2 / YEAR,
            pair(BTC, BTC): second**2 / YEAR,
            pair(ETH, BTC): self.known * first * second / YEAR,
        }
        history = MarkHistory(last_at=NOW, last=MARKS, covariance=covariance, weight=2 * MIN_WEIGHT)
        sizes = {
            key: f"{(drift - held) / float(MARKS[key]):.7f}"
            for key, drift, held in zip((ETH, BTC), drifts, self.held, strict=True)
        }
        return decide(
            scenes.snapshot(scenes.chain(positions), scenes.venue(sizes, quotes=quotes)),
            NO_INPUTS,
            replace(scenes.state(), marks=history),
            scenes.policy(guards=replace(scenes.GUARDS, slippage=Decimal("0.01"))),
        )

    @property
    def held(self) -> tuple[float, float]:
        """USD of ETH and BTC in all pools: each holds half of its value in each token."""
        one, other, both = (2 * self.unit * size for size in self.gammas)
        return one + both, other + both

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
        first, second = (self._edges(key) for key in (ETH, BTC))
        by = 0.4 * min(first[0], second[0])
        leans = -self._middle(ETH, (0.0, by)) / by, -self._middle(BTC, (by, 0.0)) / by
        found = Bands(first, second, leans)
        middle = -leans[0] * by
        assert self.traded((middle + 0.99 * first[0], by)) == (0, 0)
        for drifts in (
            (middle + 1.01 * first[0], by),
            (1.3 * first[0], -1.3 * second[0]),
            (0.9 * first[0], 2 * second[0]),
        ):
            ends = found.after((np.array(drifts[0]), np.array(drifts[1])))
            for done, end, drift in zip(self.traded(drifts), ends, drifts, strict=True):
                assert math.isclose(done, float(end) - drift, abs_tol=0.01 * by)
        return found

    def _edges(self, key: Underlying) -> Edges:
        band = scenes.line(self.decide(), key).band
        assert band is not None
        return float(band.outer * MARKS[key]), float(band.inner * MARKS[key])

    def _middle(self, key: Underlying, drifts: tuple[float, float]) -> float:
        """Return the drift around which the band lies: what the target leans by, USD."""
        line = scenes.line(self.decide(drifts), key)
        return float((line.target + line.exposure) * MARKS[key])

    def told_error(self) -> float:
        """Return the variance of the error that decide() tells of, both underlyings taken as independent, USD^2."""
        decision = self.decide()
        shares = [line.band.tracking_error for line in decision.hedges if line.band is not None]
        return sum((float(share) * self.value) ** 2 for share in shares)


class Plane:
    """The pairs of drifts of a book on a grid: ``cells`` to the mean of both outer edges, steps of a cell at most."""

    def __init__(self, book: Book, bands: Bands, cells: int = _CELLS) -> None:
        self.book = book
        covariance = book.covariance
        deviations = np.sqrt(np.diag(covariance))
        self.correlation = float(covariance[0, 1] / deviations.prod())
        outer = np.array([bands.first[0], bands.second[0]])
        self.cell: Floats = deviations * math.sqrt(float((outer / deviations).prod())) / cells
        self.reach = math.ceil(1.1 * float((bands.corner / self.cell).max()) + 2)
        self.cells = np.arange(-self.reach, self.reach + 1)
        moves = list(self._moves())
        rate = sum(often for often, *_ in moves)
        self.moves = [(often / rate, first, second) for often, first, second in moves]
        self.years = float(self.cell[0] / deviations[0]) ** 2 / rate
        self.drifts = self._usd(0), self._usd(1)
        prices = book.prices
        squares = [prices[a, b] * self.drifts[a] * self.drifts[b] for a, b in product((0, 1), (0, 1))]
        self.running: Floats = AVERSION / book.value / 2 * sum(squares, np.zeros_like(self.drifts[0])) * self.years

    def _usd(self, axis: int) -> Floats:
        cells = np.expand_dims(self.cells, 1 - axis) * self.cell[axis]
        found: Floats = np.broadcast_to(cells, (len(self.cells), len(self.cells)))
        return found

    def _moves(self) -> Iterable[tuple[float, int, int]]:
        """Yield the steps with how often each comes: each drift moves once a unit of time, with the other as often."""
        alike = abs(self.correlation)
        for side in (1, -1):
            yield (1 - alike) / 2, side, 0
            yield (1 - alike) / 2, 0, side
            yield alike / 2, side, side if self.correlation > 0 else -side

    def ahead(self, values: Floats) -> Floats:
        """Return what a step costs and leads to; beyond the grid nothing may go."""
        size = len(values)
        padded = np.pad(values, 1, constant_values=_FAR)
        found = self.running.copy()
        for chance, first, second in self.moves:
            if chance > 0:
                found += chance * padded[1 + first :, 1 + second :][:size, :size]
        return np.minimum(found, _FAR)

    @cached_property
    def best(self) -> float:
        """What the best policy costs a year."""

        def trade(values: Floats) -> Floats:
            for axis, cost in enumerate(self.book.costs):
                paid = cost * self.drifts[axis]
                down = np.minimum.accumulate(values - paid, axis=axis) + paid
                up = np.flip(np.minimum.accumulate(np.flip(values + paid, axis), axis=axis), axis) - paid
                values = np.minimum(down, up)
            return values

        return self._settled(trade)

    def score(self, bands: Bands) -> float:
        """Return what bands cost a year, trades and errors."""
        return self._kept(bands, self.book.costs)

    def error(self, bands: Bands) -> float:
        """Return the yearly variance of the error that bands leave, USD^2."""
        return self._kept(bands, (0.0, 0.0)) * 2 * self.book.value / AVERSION

    def _kept(self, bands: Bands, costs: tuple[float, float]) -> float:
        """Drifts end between cells: that is four ends, in proportion."""
        ends = bands.after(self.drifts)
        paid = sum(cost * np.abs(drift - end) for cost, drift, end in zip(costs, self.drifts, ends, strict=True))
        places = [end / cell + self.reach for end, cell in zip(ends, self.cell, strict=True)]
        lower = [np.clip(np.floor(place + _CLOSE).astype(int), 0, 2 * self.reach - 1) for place in places]
        beyond = [place - low for place, low in zip(places, lower, strict=True)]

        def trade(values: Floats) -> Floats:
            found = np.array(paid, dtype=float)
            for first, second in product((0, 1), (0, 1)):
                shares = [part if side else 1 - part for part, side in zip(beyond, (first, second), strict=True)]
                found = found + shares[0] * shares[1] * values[lower[0] + first, lower[1] + second]
            return found

        return self._settled(trade)

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
                    return now / self.years
                before = now
        raise AssertionError("values do not settle")


def plane(book: Book, cells: int = _CELLS) -> tuple[Plane, Bands]:
    """Return a book's grid and decide()'s bands."""
    bands = book.bands()
    return Plane(book, bands, cells), bands


@dataclass(frozen=True, slots=True)
class Found:
    """How a book's bands do: against the optimum, and against the best of ``searched`` others."""

    ratio: float
    best_of_search: float
    searched: int


def searched(book: Book, widths: tuple[float, ...], leans: tuple[float, ...], cells: int = _CELLS) -> Found:
    """Score decide()'s bands, and all that are wider by some factors, each by each, and lean by others."""
    grid, bands = plane(book, cells)
    own = grid.score(bands)
    tried = [grid.score(bands.scaled(*factors)) for factors in product(widths, widths, leans)]
    return Found(own / grid.best, own / min([own, *tried]), len(tried))
