"""Reports: what each position is worth, and its impermanent loss, at the prices of a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from bot.core.lp.exposure import Units, units_of
from bot.core.pnl.impermanent_loss import impermanent_loss
from bot.core.snapshot import LpPosition, Snapshot
from bot.core.types import ZERO, PoolId, PositionId, Underlying


@dataclass(frozen=True, slots=True)
class PositionReport:
    """A position as the decision saw it; values in USD, None where a price is missing.

    ``fees_value`` is what waits to be collected and what is left in the pool since the deposit, as far as the
    entry is known; ``il`` is a fraction (<= 0), fees apart. ``rewards_value`` is what stakes have earned besides, no
    part of ``value``.
    """

    position: PositionId
    value: Decimal | None
    fees_value: Decimal | None
    il: Decimal | None
    il_value: Decimal | None
    rewards_value: Decimal | None = ZERO


def reports(snapshot: Snapshot, prices: Mapping[Underlying, Decimal]) -> tuple[PositionReport, ...]:
    """Report on every position of every chain."""
    found = []
    for view in snapshot.chains:
        units: dict[PoolId, Units] = {}
        for position in view.positions:
            if position.pool not in units:
                units[position.pool] = units_of(position)
            found.append(report(position, units[position.pool], prices))
    return tuple(found)


def report(position: LpPosition, units: Units, prices: Mapping[Underlying, Decimal]) -> PositionReport:
    """Value a position, its uncollected fees, and its loss against holding the deposit; None where a price is missing.

    The loss is None too where the entry is unknown or belongs to another liquidity than the position's, or is empty;
    the fees then are those alone that the protocol keeps apart. ``units`` are those of the position's pool (see
    ``units_of``).
    """
    token0, token1, amounts, entry = position.token0, position.token1, position.amounts, position.entry
    rewards = _rewards_value(position, prices)
    price0, price1 = prices.get(token0.underlying), prices.get(token1.underlying)
    if price0 is None or price1 is None:
        return PositionReport(position.id, None, None, None, None, rewards)
    unit0, unit1 = units
    present = amounts.principal0 * unit0, amounts.principal1 * unit1
    fees = amounts.fees0 * unit0 * price0 + amounts.fees1 * unit1 * price1
    worth = present[0] * price0 + present[1] * price1 + fees
    if entry is None or entry.liquidity != position.curve.liquidity or not (entry.amount0 or entry.amount1):
        return PositionReport(position.id, worth, fees, None, None, rewards)
    left_in = position.curve.compounded(entry.root)
    deposited = present[0] * (1 - left_in), present[1] * (1 - left_in)
    loss = impermanent_loss((entry.amount0 * unit0, entry.amount1 * unit1), deposited, (price0, price1))
    return PositionReport(position.id, worth, fees + (worth - fees) * left_in, loss.fraction, loss.value, rewards)


def _rewards_value(position: LpPosition, prices: Mapping[Underlying, Decimal]) -> Decimal | None:
    total = ZERO
    for reward in position.rewards:
        price = None if reward.underlying is None else prices.get(reward.underlying)
        if price is None:
            return None
        total += reward.amount * reward.rate * price
    return total
