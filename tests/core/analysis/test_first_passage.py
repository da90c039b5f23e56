"""Closed forms against their published figures, a lattice, and finite differences."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.analysis.first_passage import (
    chance_of_rise,
    fees_of_arbitrage,
    loss_against_rebalancing,
    paying_noise,
    rise_of_chance,
)

DAY, WEEK = 1 / 365, 7 / 365


def touched(rise: float, volatility: float, years: float, steps: int) -> float:
    """Return the same chance on a trinomial lattice with a node at the level: no closed form in it."""
    level, dt = math.log1p(rise), years / steps
    nodes = math.floor(level / (volatility * math.sqrt(1.5 * dt)))
    height = level / nodes
    spread, tilt = (volatility / height) ** 2 * dt, -(volatility**2) / 2 * dt / height
    up, down = (spread + tilt**2 + tilt) / 2, (spread + tilt**2 - tilt) / 2
    here, reached = np.zeros(steps + nodes + 1), 0.0
    here[steps] = 1.0
    for _ in range(steps):
        then = here * (1 - up - down)
        then[1:] += here[:-1] * up
        then[:-1] += here[1:] * down
        reached, then[-1] = reached + float(then[-1]), 0.0
        here = then
    return reached


def at_price(price: Decimal) -> ConcentratedPosition:
    """Return a position of +-10% around 2000 USDC/WETH in a pool at a price."""
    with localcontext(prec=60):
        raw = price.scaleb(-12)
        root = int(raw.sqrt() * 2**96)
        ticks = [math.floor(math.log(edge * 1e-12) / math.log(1.0001)) for edge in (1800.0, 2200.0)]
        tick = math.floor(math.log(float(raw)) / math.log(1.0001))
        return ConcentratedPosition(10**17, ticks[0], ticks[1], root, tick, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(("rise", "volatility", "years"), [(0.2, 0.8, WEEK), (0.1, 0.8, WEEK), (0.5, 1.2, 0.25)])
def test_the_chance_is_that_of_a_lattice(rise: float, volatility: float, years: float) -> None:
    assert chance_of_rise(rise, volatility, years) == pytest.approx(touched(rise, volatility, years, 1500), rel=0.01)


@pytest.mark.parametrize(
    ("leverage", "years", "published", "within"),
    [
        (2, WEEK, 0.0, 5e-4),
        (3, WEEK, 0.009, 2e-3),
        (5, WEEK, 0.10, 0.01),
        (10, DAY, 0.03, 5e-3),
        (10, WEEK, 0.40, 0.02),
    ],
)
def test_the_chances_of_liquidation_are_the_published_ones(
    leverage: int, years: float, published: float, within: float
) -> None:
    rise = (1 + 1 / leverage) / 1.005 - 1  # a maintenance margin of 0.5%
    assert chance_of_rise(rise, 0.8, years) == pytest.approx(published, abs=within)


def test_what_is_certain_and_what_is_impossible() -> None:
    assert chance_of_rise(0, 0.8, WEEK) == 1
    assert chance_of_rise(-0.1, 0.8, WEEK) == 1
    assert chance_of_rise(0.1, 0, WEEK) == 0
    assert chance_of_rise(0.1, 0.8, 0) == 0


@pytest.mark.parametrize("chance", [0.001, 0.1, 0.9])
def test_the_rise_of_a_chance_has_that_chance(chance: float) -> None:
    assert chance_of_rise(rise_of_chance(chance, 0.8, WEEK), 0.8, WEEK) == pytest.approx(chance, rel=1e-6)


@pytest.mark.parametrize("volatility", [0.4, 0.7, 1.2])
def test_a_constant_product_loses_an_eighth_of_the_variance(volatility: float) -> None:
    amount, price = 25.0, 2000.0
    loss = loss_against_rebalancing(-amount / 2, price, volatility**2)
    assert loss == pytest.approx(volatility**2 / 8 * 2 * amount * price)


def test_the_published_example_loses_six_percent_of_its_value() -> None:
    assert loss_against_rebalancing(-25 / 2, 2000.0, 0.7**2) / 100_000 == pytest.approx(0.061, abs=5e-4)


@pytest.mark.parametrize(("seconds", "share"), [(2, 0.0536), (12, 0.1218), (120, 0.3049), (600, 0.4951)])
def test_arbitrage_pays_in_fees_what_it_does_not_win(seconds: int, share: float) -> None:
    """The chance that a block has a trade, as arXiv 2305.14604 has it, at 5% a day and a fee of 0.3%."""
    found = fees_of_arbitrage(0.05**2 * 365, 0.003, seconds / (365 * 86_400))
    assert 1 - found == pytest.approx(share, abs=5e-5)


def test_noise_brings_the_fees_to_their_share_and_is_never_below_nothing() -> None:
    value, variance, fee, minute = 10e6, 0.64, 0.0005, 1 / 525_600
    own = fees_of_arbitrage(variance, fee, minute)
    loss = variance / 8 * value
    for share in (0.8, 1.0, 1.2):
        volume = paying_noise(share, value, variance, fee, minute)
        assert own + volume * fee / loss == pytest.approx(share)
    assert paying_noise(own / 2, value, variance, fee, minute) == 0
    assert paying_noise(1, value, 0, fee, minute) == paying_noise(1, value, variance, 0, minute) == 0


@pytest.mark.parametrize("price", [Decimal(1900), Decimal(2000), Decimal(2150)])
def test_a_concentrated_position_loses_half_its_curvature_times_the_variance(price: Decimal) -> None:
    position, volatility = at_price(price), 0.7
    with localcontext(prec=60):

        def value(at: Decimal) -> Decimal:
            token0, token1 = position.principal_at(at.scaleb(-12))
            return token0.scaleb(-18) * at + token1.scaleb(-6)

        step = price / 10**6
        curvature = (value(price + step) - 2 * value(price) + value(price - step)) / step**2
        slope = position.log_sensitivity()[0].scaleb(-18)
        share = float(-curvature * price**2 / value(price))
    loss = loss_against_rebalancing(float(slope), float(price), volatility**2)
    expected = float(-curvature * price**2) / 2 * volatility**2
    assert loss == pytest.approx(expected, rel=1e-6)
    assert share * volatility**2 / 2 == pytest.approx(1.32, rel=0.15)  # about 132% of its value at the middle
