"""Exposure: what the positions hold of each underlying, netted, with positions that vanished kept until it is sure."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.amm.curve import Curve
from bot.core.policy import GuardPolicy
from bot.core.snapshot import ChainView, LpPosition
from bot.core.state import Held, Leg
from bot.core.types import USD, ZERO, ChainName, PoolId, PoolKey, PositionId, Underlying

MATTERS: Final = Decimal("0.01")
"""Of the liquidity's value: anybody can give an owner less than that, and wakes nobody up by it."""
Units = tuple[Decimal, Decimal]
"""One raw unit of token0 and of token1, in units of their underlyings."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """All legs of one underlying taken together, in its units.

    ``sensitivity`` holds d(amount)/d(ln USD price) by the underlying whose price moves (USD moves nothing). ``ranges``
    are the legs that trade within a range only.
    """

    amount: Decimal
    sensitivity: Mapping[Underlying, Decimal]
    ranges: tuple[Leg, ...] = ()


def units_of(position: LpPosition) -> Units:
    """Return what one raw unit of each token is worth in its underlying."""
    return position.token0.to_units(1), position.token1.to_units(1)


def legs_of(position: LpPosition, units: Units) -> tuple[Leg, Leg]:
    """Return both tokens of a position as exposures, fees included; ``units`` are its pool's (see ``units_of``).

    The curve's price is token1 per token0, so its sensitivity is token0's own; token1's price in terms of token0 is
    the inverse, which turns the sign.
    """
    curve = position.curve
    slope0, slope1 = curve.log_sensitivity()
    token0, token1, amounts = position.token0, position.token1, position.amounts
    unit0, unit1 = units
    span = curve.span()
    span0, span1 = (None, None) if span is None else (span[0] * float(unit0), span[1] * float(unit1))
    reach = None if span is None or slope0 else _reach(curve)
    return (
        Leg(position.id, token0.underlying, token1.underlying, amounts.total0 * unit0, slope0 * unit0, span0, reach),
        Leg(position.id, token1.underlying, token0.underlying, amounts.total1 * unit1, -slope1 * unit1, span1, reach),
    )


def _reach(curve: Curve) -> float | None:
    """Return how far ln(price) has to move until it is through the range; None where that can't be said."""
    bounds = curve.bounds()
    if bounds is None or not curve.liquidity:
        return None
    price = float(curve.price())
    return max(abs(math.log(float(edge) / price)) for edge in bounds)


def _reward_legs(position: LpPosition) -> tuple[Leg, ...]:
    """Return a position's unclaimed rewards as exposures, as far as somebody said what their tokens are a claim on."""
    return tuple(
        Leg(position.id, reward.underlying, USD, reward.amount * reward.rate, ZERO)
        for reward in position.rewards
        if reward.underlying is not None
    )


def update_held(
    before: Mapping[PositionId, Held],
    views: Iterable[ChainView],
    doubted: Container[PoolKey],
    policy: GuardPolicy,
    *,
    hedge_rewards: bool = False,
) -> dict[PositionId, Held]:
    """Carry the held positions on to what the chains show now.

    A position in a doubted pool keeps its last believed legs (none if it is new). One that is absent, or of which
    nothing is left, keeps its legs until it was missing in ``absence_blocks`` new blocks of its chain; a block that is
    not above the last one counted (a reorg, a second look) is no new block. A chain without a view changes nothing, and
    a position that is there but left out is not absent: it keeps its legs. One that moved to a contract is followed for
    ``moved_grace`` of the chain's time, and then it is absent. Unclaimed rewards count only where ``hedge_rewards``.
    """
    after: dict[PositionId, Held] = {}
    numbers: dict[ChainName, int] = {}
    left_out: set[PositionId] = set()
    for view in views:
        number = numbers[view.chain] = view.block.number
        left_out.update(item.position for item in view.left_out)
        units: dict[PoolId, Units] = {}  # positions share pools, and the pool fixes the tokens
        for position, moved_since in _present(view, before, policy.moved_grace):
            pool = position.pool
            if pool not in units:
                units[pool] = units_of(position)
            old = before.get(position.id)
            is_doubted = (view.chain, pool) in doubted
            legs = _believed(position, old, None if is_doubted else units[pool])
            rewards = _reward_legs(position) if hedge_rewards else ()
            if legs is not None:
                last_block = number if old is None else max(number, old.last_block)
                fees = position.amounts.fees0, position.amounts.fees1
                liquidity = position.curve.liquidity
                after[position.id] = Held(
                    view.chain, legs, number, last_block, 0, liquidity, fees, moved_since, is_doubted, rewards
                )
    for key, old in before.items():
        if key in after:
            continue
        if (block := numbers.get(old.chain)) is None:
            after[key] = old
            continue
        if key in left_out:
            after[key] = replace(old, last_block=max(block, old.last_block), missing_blocks=0)
            continue
        is_new = block > old.last_block
        missing = old.missing_blocks + is_new
        if missing < policy.absence_blocks:
            after[key] = replace(old, last_block=max(block, old.last_block), missing_blocks=missing)
    return after


def _present(
    view: ChainView, before: Mapping[PositionId, Held], grace: timedelta
) -> Iterator[tuple[LpPosition, datetime | None]]:
    """Yield the positions that count, each with since when it is with a contract, None for those that are not."""
    for position in view.positions:
        yield position, None
    now = view.block.timestamp
    for item in view.moved:
        if (old := before.get(item.position.id)) is not None and now - (since := old.moved_since or now) < grace:
            yield item.position, since


def _believed(position: LpPosition, old: Held | None, units: Units | None) -> tuple[Leg, ...] | None:
    """Return a position's legs now, the old ones without ``units`` (its pool is doubted), or None where it has none."""
    amounts = position.amounts
    if not (position.curve.liquidity or amounts.total0 or amounts.total1):
        return None
    if units is not None:
        return legs_of(position, units)
    return None if old is None else old.legs


def net(held: Iterable[Held]) -> dict[Underlying, Exposure]:
    """Sum the legs of every underlying but USD, hedged rewards too, over all positions and chains; ordered by name."""
    pairs: dict[tuple[Underlying, Underlying], tuple[Decimal, Decimal]] = {}
    ranges: dict[Underlying, list[Leg]] = {}
    for item in held:
        for leg in (*item.legs, *item.rewards):
            if leg.span is not None:
                ranges.setdefault(leg.underlying, []).append(leg)
            key = leg.underlying, leg.against
            amount, slope = pairs.get(key, (ZERO, ZERO))
            pairs[key] = amount + leg.amount, slope + leg.sensitivity
    amounts: dict[Underlying, Decimal] = {}
    slopes: dict[Underlying, dict[Underlying, Decimal]] = {}
    for (underlying, against), (amount, slope) in sorted(pairs.items()):
        if underlying == USD:
            continue
        amounts[underlying] = amounts.get(underlying, ZERO) + amount
        vector = slopes.setdefault(underlying, {})
        vector[underlying] = vector.get(underlying, ZERO) + slope
        if against != USD:
            vector[against] = vector.get(against, ZERO) - slope
    return {key: Exposure(amounts[key], slopes[key], tuple(ranges.get(key, ()))) for key in amounts}


def value(held: Iterable[Held], prices: Mapping[Underlying, Decimal]) -> Decimal:
    """Return the USD value of all legs, fees included; a leg without a price adds nothing."""
    totals: dict[Underlying, Decimal] = {}
    for item in held:
        for leg in item.legs:
            totals[leg.underlying] = totals.get(leg.underlying, ZERO) + leg.amount
    return sum((amount * prices[key] for key, amount in totals.items() if key in prices), ZERO)


def parts_of_pools(
    views: Iterable[ChainView], held: Mapping[PositionId, Held], prices: Mapping[Underlying, Decimal]
) -> dict[PoolKey, Decimal]:
    """Return what part of the USD value of all that is held, from 0 to 1, lies in each pool with a position in it."""
    whole = value(held.values(), prices)
    found: dict[PoolKey, Decimal] = {}
    for view in views:
        for position in view.positions:
            key = view.chain, position.pool
            here = value([held[position.id]], prices) / whole if position.id in held and whole > 0 else ZERO
            found[key] = found.get(key, ZERO) + here
    return found
