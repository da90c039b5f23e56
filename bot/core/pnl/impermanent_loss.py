"""Impermanent loss: a position's principal against holding what was deposited."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ImpermanentLoss:
    """Against holding the deposit: ``fraction`` of the holding's value, and ``value`` in USD; a loss is below 0."""

    fraction: Decimal
    value: Decimal


def impermanent_loss(
    entry: tuple[Decimal, Decimal], present: tuple[Decimal, Decimal], prices: tuple[Decimal, Decimal]
) -> ImpermanentLoss:
    """Compare the present principal with the deposit, both at present prices.

    At the pool's own price it is 2 sqrt(rho)/(1 + rho) - 1 for a constant product, rho the ratio of the pool's price
    to the one at entry, and never above 0 on any curve but for rounding.

    Args:
        entry: what was deposited, units of each token's underlying.
        present: the principal now, the same units, fees apart.
        prices: USD per unit of each underlying, now.

    Raises:
        ValueError: the deposit has no value now, so that there is no fraction of it.
    """
    held = entry[0] * prices[0] + entry[1] * prices[1]
    if held <= 0:
        raise ValueError(f"the deposit {entry} at prices {prices} is worth nothing: no loss against it")
    value = present[0] * prices[0] + present[1] * prices[1] - held
    return ImpermanentLoss(fraction=value / held, value=value)
