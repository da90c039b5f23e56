"""Two volatile underlyings: decide()'s bands beside value iteration over both drifts."""

from __future__ import annotations

import pytest

from tests.frontier.pairs import Book, plane, searched

BAR = 1.02
EVEN, UNEVEN = (5e-4, 5e-4), (5e-4, 1e-3)
PAIR = (0, 0, 1)


@pytest.mark.parametrize("costs", [EVEN, UNEVEN], ids=["even costs", "one to two"])
@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6, 0.85, 0.95])
def test_a_pool_of_two_volatile_tokens_is_hedged_at_the_optimum(correlation: float, costs: tuple[float, float]) -> None:
    grid, bands = plane(Book(PAIR, correlation, costs))
    assert 0.999 <= grid.score(bands) / grid.best <= BAR


@pytest.mark.parametrize("correlation", [0.0, 0.6, 0.95])
def test_a_wrong_correlation_costs_it_little(correlation: float) -> None:
    grid, bands = plane(Book(PAIR, correlation, UNEVEN, told=0.8))
    assert 0.999 <= grid.score(bands) / grid.best <= BAR


def test_legs_that_trade_by_themselves_would_be_worse() -> None:
    """Each with the band that it would have if the other's price moved independently."""
    grid, bands = plane(Book(PAIR, 0.95, UNEVEN))
    alone, _ = plane(Book(PAIR, 0.0, UNEVEN))
    one, other = (
        edges[0] / alone.cell * grid.cell / bands.first[0]
        for edges in (alone.book.bands().first, alone.book.bands().second)
    )
    apart = type(bands)(*(bands.scaled(one, other).first, bands.scaled(one, other).second), is_together=False)
    assert grid.score(apart) / grid.best > 1.2


@pytest.mark.parametrize("correlation", [0.3, 0.85])
@pytest.mark.parametrize("gammas", [(1, 1, 1), (1, 1, 0)])
def test_no_other_widths_are_much_better_for_three_pools(gammas: tuple[int, int, int], correlation: float) -> None:
    assert searched(Book(gammas, correlation, EVEN), (0.8, 1.25)).best_of_search <= 1.05


def test_the_optimum_is_the_known_one() -> None:
    """Two prices, one factor: .75 (c + c') s^2/b a step, of which the grid's coarseness adds less than a tenth."""
    grid, bands = plane(Book(PAIR, 0.6, EVEN))
    cells, step = bands.first[0] / grid.cell, 2.0
    assert grid.best == pytest.approx(0.75 * sum(EVEN) * step**2 / cells, rel=0.1)
