"""Closed forms for a diffusing price: the chance that it reaches a level, and the loss of a position.

The mark moves as exp(sigma W - sigma^2 t/2), without drift in expectation. With w = ln(1 + u), s = sigma sqrt(T) and
m = -s^2/2 it reaches 1 + u within T with the chance N((m - w)/s) + exp(2 m w/s^2) N(-(m + w)/s) (reflection).
Loss against rebalancing: Milionis, Moallemi, Roughgarden and Zhang, arXiv 2208.06046; the fees that pay for it besides.
Floats inside only.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

_NORMAL: Final = NormalDist()
_FARTHEST: Final = 100.0
_STEPS: Final = 100


def chance_of_rise(rise: float, volatility: float, years: float) -> float:
    """Return the chance that a mark is ever ``rise`` (a fraction) above where it is now, within so many years."""
    if rise <= 0:
        return 1.0
    spread = volatility * math.sqrt(years)
    if spread <= 0:
        return 0.0
    level, drift = math.log1p(rise), -(spread**2) / 2
    return _NORMAL.cdf((drift - level) / spread) + math.exp(-level) * _NORMAL.cdf(-(drift + level) / spread)


def rise_of_chance(chance: float, volatility: float, years: float) -> float:
    """Return the smallest rise that is reached with at most so much chance (a hundredfold at most)."""
    low, high = 0.0, _FARTHEST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if chance_of_rise(middle, volatility, years) > chance:
            low = middle
        else:
            high = middle
    return high


def loss_against_rebalancing(slope: float, price: float, variance: float) -> float:
    """Return what a position loses a year against a portfolio that holds the same and trades at the market, USD.

    variance/2 x |slope| x price, which is variance/8 of the value of a constant product.

    Args:
        slope: d(amount)/d(ln p) of one of the tokens, in its units, p the pool's price.
        price: USD per unit of that token.
        variance: the yearly variance of p.
    """
    return variance / 2 * abs(slope) * price


def fees_of_arbitrage(variance: float, fee: float, years: float) -> float:
    """Return the fees that arbitrage alone pays, as a share of the loss against rebalancing.

    What it does not win of that: 1 - 1/(1 + sqrt(2/years) gamma/sigma) (Milionis, Moallemi, Roughgarden, arXiv
    2305.14604).

    Args:
        variance: the yearly variance of the price.
        fee: the pool's, a fraction.
        years: the mean time between two arbitrage trades.
    """
    if variance <= 0:
        return 1.0
    return 1 - 1 / (1 + math.sqrt(2 / (years * variance)) * -math.log1p(-fee))


def paying_noise(share: float, value: float, variance: float, fee: float, years: float) -> float:
    """Return the volume a year besides arbitrage with which a full range's fees are a share of its loss, USD.

    A narrower range earns, and loses, more by the same factor. 0 where arbitrage pays as much by itself.

    Args:
        share: all fees over the loss against rebalancing.
        value: the worth of the full range, USD.
        variance: the yearly variance of the price.
        fee: the pool's, a fraction.
        years: the mean time between two arbitrage trades.
    """
    missing = max(share - fees_of_arbitrage(variance, fee, years), 0.0)
    return missing * variance / 8 * value / fee if fee > 0 else 0.0
