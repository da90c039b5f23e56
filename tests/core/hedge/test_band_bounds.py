"""No band within the bounds is narrower than the narrowest or wider than the widest."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.hedge.band import Diffusion, bands
from bot.core.hedge.band_bounds import Bounds, narrowest, widest
from bot.core.policy import BandPolicy, FixedWidth, RiskAversion, TrackingBudget
from tests.core.scenes import policy

shares = st.floats(0, 1)
between = st.tuples(shares, shares, shares, shares, shares, shares, shares, shares)
edges = st.tuples(
    st.floats(0.1, 100),  # target
    st.one_of(st.just(0.0), st.floats(0.1, 1000)),  # slope
    st.floats(0.1, 2),  # volatility
    st.floats(100, 5000),  # price
    st.floats(1e-4, 1e-3),  # cost
    st.floats(1e-6, 1e-4),  # interval
    st.floats(0, 3),  # near
    st.floats(1e3, 1e6),  # value
)
kinds: st.SearchStrategy[BandPolicy] = st.one_of(
    st.builds(RiskAversion, st.decimals("1", "1000", places=1)),
    st.builds(TrackingBudget, st.decimals("0.001", "0.1", places=3)),
    st.builds(FixedWidth, st.decimals("0.01", "0.5", places=2)),
)


@given(
    edges,
    st.floats(1, 1.05),
    between,
    kinds,
    st.one_of(st.just(0.0), st.floats(0.01, 5)),
    st.sampled_from([0.0, 0.1]),
    st.lists(st.tuples(st.floats(0.1, 1), st.floats(0.01, 50)), max_size=2),
    st.tuples(st.decimals("0", "0.5", places=3), st.decimals("0", "0.5", places=3)),
)
def test_every_band_lies_between_them(  # noqa: PLR0917 - what a band rests on
    low: tuple[float, ...],
    spread: float,
    at: tuple[float, ...],
    kind: BandPolicy,
    fixed: float,
    least_trade: float,
    ranges: list[tuple[float, float]],
    steps: tuple[Decimal, Decimal],
) -> None:
    def diffusion(values: tuple[float, ...], step: Decimal, grown: float) -> Diffusion:
        target, slope, volatility, price, cost, interval, near, _ = values
        free = 0.0 if ranges else 1.0
        parts = tuple((share * grown, half) for share, half in ranges)
        return Diffusion(target, slope, volatility, price, cost, fixed, step, interval, least_trade, free, parts, near)

    high = tuple(value * spread for value in low)
    middle = tuple(one + share * (other - one) for one, other, share in zip(low, high, at, strict=True))
    least, greatest = diffusion(low, min(steps), 0.99), diffusion(high, max(steps), 1.01)
    wanted = replace(policy(kind), fixed_cost=Decimal(repr(fixed)), least_trade=Decimal(repr(least_trade)))
    bounds = Bounds(least, greatest, low[-1], high[-1])
    for step in steps:
        (band,) = bands([diffusion(middle, step, 1.0)], wanted, Decimal(middle[-1]))
        assert narrowest(bounds, wanted) <= float(band.outer) * (1 + 1e-9)
        assert widest(bounds, wanted) >= float(band.outer) * (1 - 1e-9)
