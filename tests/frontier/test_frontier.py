"""The live decision function stands at the optimum: exactly on a binomial price, and row by row on simulated paths."""

from __future__ import annotations

import math

import pytest

from tests.frontier.exact import V2, Case, case, v3
from tests.frontier.live import AVERSION, Holding, Live, Setting
from tests.frontier.paths import Bands, Market, by_decide, by_timer, play, to_centre

BAR = 1.02
"""The bar is 1.05; what stands here is well inside it."""


@pytest.mark.parametrize("cost", [2e-4, 5e-4, 1e-3])
@pytest.mark.parametrize("fixed", [0, 1e-6, 1e-5])
def test_a_full_range_is_hedged_at_the_optimum(cost: float, fixed: float) -> None:
    found = case(Setting(V2, cost, fixed), looks=24)
    assert 0.999 <= found.ratio <= BAR
    assert found.eta <= BAR


@pytest.mark.parametrize(
    ("setting", "looks"),
    [
        (Setting(v3(0.05), 2e-4), 8),
        (Setting(v3(0.05), 1e-3), 10),
        (Setting(v3(0.1), 5e-4, 1e-6), 10),
        (Setting(v3(0.5), 5e-4), 6),
        (Setting((Holding(None), Holding(0.1)), 5e-4), 8),
    ],
    ids=["5%, 2 bp", "5%, 10 bp", "10%, 5 bp and a fixed cost", "50%, 5 bp", "full range and 10% netted"],
)
def test_ranges_are_hedged_at_the_optimum(setting: Setting, looks: int) -> None:
    found = case(setting, looks)
    assert 0.999 <= found.ratio <= BAR
    assert found.eta <= BAR


@pytest.fixture(scope="module")
def full() -> Case:
    return case(Setting(V2), looks=24)


def test_the_exact_optimum_is_the_known_one(full: Case) -> None:
    """Whalley and Wilmott's: cost c sigma^2/(16 beta) and error sigma beta/sqrt(12) of a full range, a year."""
    beta = (3 * 5e-4 / (4 * AVERSION)) ** (1 / 3)
    a_year = full.grid.step**-2  # at a volatility of 1
    assert full.best.cost * a_year == pytest.approx(5e-4 / (16 * beta), rel=0.03)
    assert math.sqrt(full.best.variance * a_year) == pytest.approx(beta / math.sqrt(12), rel=0.03)


def test_the_centre_of_the_band_is_worse_by_what_theory_says(full: Case) -> None:
    scores = [full.centred(width) for width in (1.4, 1.5, 1.6, 1.7)]
    best = min(scores, key=lambda score: score.objective(AVERSION))
    assert best.objective(AVERSION) / full.best.objective(AVERSION) == pytest.approx(1.26, abs=0.02)
    assert best.eta(full.best, AVERSION) == pytest.approx(1.42, abs=0.03)


def test_paths_hedged_row_by_row_cost_what_the_exact_score_says() -> None:
    setting, market = Setting(v3(0.1), 5e-4, 1e-5), Market(paths=80, rows=6000, seconds=120)
    exact, live = case(setting, looks=8), Live.of(setting)
    played = play(setting, market, by_decide(live, Bands.of(live)))
    mean, error = played.objective(AVERSION)
    optimum = exact.best.objective(AVERSION) * (market.volatility / exact.grid.step) ** 2
    assert error < 0.03 * optimum
    assert abs(mean / optimum - 1) < 3 * error / optimum + 0.02
    assert played.trades > 1000


def test_a_timer_is_worse_by_what_theory_says() -> None:
    setting, market = Setting(v3(0.1)), Market(paths=100, rows=6000, seconds=120)
    exact, bands = case(setting, looks=8), Bands.of(Live.of(setting))
    optimum = exact.best.objective(AVERSION) * (market.volatility / exact.grid.step) ** 2
    best = min(play(setting, market, by_timer(rows)).objective(AVERSION)[0] for rows in (60, 90, 120, 160))
    assert best / optimum == pytest.approx(1.56, abs=0.08)
    centre = play(setting, market, to_centre(bands, 1.5)).objective(AVERSION)[0]
    assert centre / optimum == pytest.approx(1.26, abs=0.06)
