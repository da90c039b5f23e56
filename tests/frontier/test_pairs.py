"""Two volatile underlyings: decide()'s bands beside value iteration over both drifts."""

from __future__ import annotations

import pytest

from tests.frontier.pairs import Bands, Book, plane, searched

ONE_POOL, SEVERAL = 1.02, 1.05
EVEN, UNEVEN = (5e-4, 5e-4), (5e-4, 1e-3)
ALIKE, UNLIKE = (0.8, 0.8), (0.6, 0.9)
PAIR = (0, 0, 1)


@pytest.mark.parametrize("costs", [EVEN, UNEVEN], ids=["even costs", "one to two"])
@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6, 0.85, 0.95])
def test_a_pool_of_two_volatile_tokens_is_hedged_at_the_optimum(correlation: float, costs: tuple[float, float]) -> None:
    grid, bands = plane(Book(PAIR, correlation, costs))
    assert 0.995 <= grid.score(bands) / grid.best <= ONE_POOL


@pytest.mark.parametrize("correlation", [0.0, 0.6, 0.95])
def test_a_wrong_correlation_costs_it_little(correlation: float) -> None:
    grid, bands = plane(Book(PAIR, correlation, UNEVEN, told=0.8))
    assert 0.995 <= grid.score(bands) / grid.best <= ONE_POOL


@pytest.mark.parametrize("correlation", [0.0, 0.6, 0.85, 0.95])
@pytest.mark.parametrize("gammas", [(1, 1, 1), (1, 1, 2), (1, 1, 0), (1, 0, 2)])
def test_portfolios_over_two_tokens_are_hedged_near_the_optimum(
    gammas: tuple[int, int, int], correlation: float
) -> None:
    grid, bands = plane(Book(gammas, correlation, EVEN))
    assert 0.995 <= grid.score(bands) / grid.best <= SEVERAL


@pytest.mark.parametrize("correlation", [0.3, 0.85])
@pytest.mark.parametrize("gammas", [(1, 1, 1), (1, 2, 3), PAIR])
def test_so_are_those_of_unlike_tokens(gammas: tuple[int, int, int], correlation: float) -> None:
    grid, bands = plane(Book(gammas, correlation, UNEVEN, UNLIKE))
    assert 0.995 <= grid.score(bands) / grid.best <= SEVERAL


@pytest.mark.parametrize("gammas", [(1, 1, 1), (1, 1, 2)])
def test_bands_that_do_not_lean_are_worse(gammas: tuple[int, int, int]) -> None:
    """The best rectangle is 10% and more off the optimum where correlations are high."""
    grid, bands = plane(Book(gammas, 0.85, EVEN))
    upright = Bands(bands.first, bands.second, (0.0, 0.0))
    assert min(grid.score(upright.scaled(by, by, 1)) for by in (0.8, 1, 1.2)) / grid.best > 1.08


def test_no_other_bands_are_much_better_for_three_pools() -> None:
    assert searched(Book((1, 1, 1), 0.85, EVEN), (0.8, 1.25), (0.5, 1.4)).best_of_search <= SEVERAL


@pytest.mark.parametrize(("gammas", "correlation"), [((1, 1, 1), 0.0), ((1, 1, 0), 0.95), (PAIR, 0.0), (PAIR, 0.6)])
def test_errors_taken_as_independent_come_to_the_true_one_or_near_it(
    gammas: tuple[int, int, int], correlation: float
) -> None:
    """At most 1.1 times as much is left as a tracking-error budget counts: most for one pool at 0.6."""
    book = Book(gammas, correlation, EVEN)
    grid, bands = plane(book, 14)
    overshoot = 1.04  # a drift is a cell beyond its edge before it is seen
    assert grid.error(bands) <= overshoot * 1.1**2 * book.told_error()


def test_the_optimum_is_the_known_one() -> None:
    """A year costs .75 (c + c') s^2/b, to which the grid's coarseness adds less than a tenth."""
    book = Book(PAIR, 0.6, EVEN)
    grid, bands = plane(book, 14)
    edge = bands.first[0] / (1 - bands.leans[0])
    assert grid.best == pytest.approx(0.75 * sum(EVEN) * book.covariance[0, 0] / edge, rel=0.1)
