"""Advice: the yearly cost of hedging the present positions, the width of the band, the collateral to deposit.

Yearly figures are expectations at the present amounts, prices and rates, as if those stayed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.core.analysis.first_passage import chance_of_rise, loss_against_rebalancing, rise_of_chance
from bot.core.analysis.pool_result import FUNDING_HIGH, FUNDING_LOW, PoolResult, Span
from bot.core.analysis.stress import VenueAdvice, venue_advice
from bot.core.data_quality.collateral import Collateral, collaterals
from bot.core.decision import Band, Decision, PositionRisk
from bot.core.hedge.allocation import Steering
from bot.core.hedge.band import Diffusion, bands, risk_price_of, to_decimal
from bot.core.hedge.joint import joined
from bot.core.hedge.markets import MarketState, hedge_markets_of, known_venues
from bot.core.hedge.target import HedgeTarget, TargetModifiers, diffusion, hedge_target_of
from bot.core.hedge.volatility import YEAR, Volatility
from bot.core.lp.exposure import legs_of, net, units_of
from bot.core.pnl.position_report import reports
from bot.core.policy import BandPolicy, FixedWidth, Policy, RiskAversion, RiskPolicy
from bot.core.risk.margin import liquidation_price, maintenance_margin
from bot.core.snapshot import LpPosition, Snapshot, VenueView
from bot.core.types import USD, ZERO, PositionId, Symbol, Underlying, VenueId

_AVERSIONS: Final = (Decimal(10), Decimal(30), Decimal(50), Decimal(100), Decimal(300))
_LEVERAGES: Final = (Decimal(2), Decimal(3), Decimal(5), Decimal(10))
HORIZON: Final = timedelta(days=7)
ACCEPTED: Final = 0.001
"""The chance of being liquidated within the horizon, without a top-up, that the advised collateral leaves at most."""
_DAY: Final = timedelta(days=1).total_seconds() / YEAR
_WEEK: Final = HORIZON.total_seconds() / YEAR


@dataclass(frozen=True, slots=True)
class Risk:
    """A leverage, the rise of the mark that liquidates at it, and its chance in a day and in a week; fractions."""

    leverage: Decimal
    rise: Decimal
    day: Decimal
    week: Decimal


@dataclass(frozen=True, slots=True)
class HedgeAdvice:
    """One underlying; base units, USD, and USD a year.

    Attributes:
        volatility: yearly; ``is_estimated`` from the marks' own history, else the setting that stands in for it.
        unhedged: how far the exposure's value deviates in a year without a hedge, fraction of the LP value.
        collateral: what should stand behind the short; None where the venue's margin table is not known.
        leverage: the short's notional over that.
        funding: what the short would receive (below 0: pay) at the present rate; ``funding_rate`` as a yearly fraction,
            None where the venue does not report it: ``funding`` is at the low rate then.
        trade_cost: of taking once, as a fraction of the notional: the fee and half the spread.
        risks: what fixed leverages would mean.
    """

    underlying: Underlying
    venue: VenueId
    symbol: Symbol
    mark: Decimal
    exposure: Decimal
    target: Decimal
    volatility: Decimal
    is_estimated: bool
    unhedged: Decimal
    band: Band
    collateral: Decimal | None
    leverage: Decimal | None
    funding_rate: Decimal | None
    funding: Decimal
    trade_cost: Decimal
    risks: tuple[Risk, ...]


@dataclass(frozen=True, slots=True)
class PositionAdvice:
    """A position's worth in USD, and its loss against rebalancing, USD a year; None without a price."""

    position: PositionId
    value: Decimal | None
    lvr: Decimal | None


@dataclass(frozen=True, slots=True)
class ShortAdvice:
    """A short as it stands, and its chance of liquidation within the horizon without a top-up."""

    position_risk: PositionRisk
    chance: Decimal


@dataclass(frozen=True, slots=True)
class Choice:
    """Yearly figures of one band setting for all underlyings together: fraction of the LP value, USD."""

    policy: BandPolicy
    tracking_error: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Advice:
    """The whole advice; ``unhedged`` are exposures without a readable market, ``unreachable`` the silent venues."""

    lp_value: Decimal
    hedges: tuple[HedgeAdvice, ...]
    positions: tuple[PositionAdvice, ...]
    venues: tuple[VenueAdvice, ...]
    shorts: tuple[ShortAdvice, ...]
    configured: Choice
    advised: Choice
    choices: tuple[Choice, ...]
    unhedged: tuple[Underlying, ...]
    unreachable: tuple[VenueId, ...]

    @property
    def funding(self) -> Decimal:
        """What all shorts would receive a year, USD."""
        return sum((hedge.funding for hedge in self.hedges), ZERO)

    @property
    def lvr(self) -> Decimal | None:
        """The loss of all positions against rebalancing, USD a year; None where one of them is not priced."""
        known = [item.lvr for item in self.positions if item.lvr is not None]
        return sum(known, ZERO) if len(known) == len(self.positions) else None

    @property
    def break_even(self) -> Decimal | None:
        """The LP fees a year that pay for the loss and the hedge, USD; below 0 where the funding alone does."""
        return None if self.lvr is None else self.lvr + self.advised.cost - self.funding

    @property
    def funding_range(self) -> Span:
        """What all shorts would receive a year, USD: at the low and the high rate, or at the present one beyond."""
        notionals = {hedge: -hedge.target * hedge.mark for hedge in self.hedges}
        ends = [
            sorted((notional * FUNDING_LOW, notional * FUNDING_HIGH, hedge.funding))
            for hedge, notional in notionals.items()
        ]
        return sum((one[0] for one in ends), ZERO), sum((one[-1] for one in ends), ZERO)

    @property
    def pool_result(self) -> PoolResult:
        """The yearly result of it, hedged; fees are not known in advance."""
        opening = sum((abs(hedge.target) * hedge.mark * hedge.trade_cost for hedge in self.hedges), ZERO)
        return PoolResult(
            value=self.lp_value,
            years=Decimal(1),
            fees=None,
            lvr=self.lvr,
            cost=self.advised.cost + opening,
            opening=opening,
            funding=self.funding_range,
        )


def advise(snapshot: Snapshot, decision: Decision, policy: Policy) -> Advice:
    """Advise on the positions and venues of a snapshot; ``decision`` is the one that was made on it."""
    exposures = net(decision.state.held.values())
    volatilities = Volatility(decision.state.marks, float(policy.assumed_volatility))
    venues = known_venues(snapshot)
    values = {report.position: report.value for report in reports(snapshot, decision.prices)}
    lp_value = sum((value for value in values.values() if value is not None), ZERO)
    found: list[tuple[HedgeTarget, MarketState, Diffusion]] = []
    for key, exposure in exposures.items():
        if key in policy.hedges:
            hedge = policy.hedges[key]
            item = hedge_target_of(key, exposure, hedge, hedge_markets_of(hedge, venues, {}), TargetModifiers())
            if market_state := item.hedge_markets.first:
                found.append((item, market_state, diffusion(item, market_state, policy, volatilities)))
    moving = joined([item for item, _, _ in found], [one for _, _, one in found], volatilities).diffusions
    configured = _choice(moving, policy, lp_value, policy.band)
    best = _best(policy.band, configured, moving, lp_value)
    widths = bands(moving, replace(policy, band=best), lp_value)
    hedges = tuple(
        _hedge((item, market_state), band, policy.risk, volatilities, lp_value)
        for (item, market_state, _), band in zip(found, widths, strict=True)
    )
    covered, settled = {hedge.underlying for hedge in hedges}, collaterals(snapshot)
    return Advice(
        lp_value=lp_value,
        hedges=hedges,
        positions=tuple(
            _position(one, values.get(one.id), decision.prices, volatilities) for one in snapshot.positions
        ),
        venues=tuple(_venue(view, hedges, settled) for view in venues.values()),
        shorts=tuple(_short(one, volatilities) for one in decision.position_risks),
        configured=configured,
        advised=_choice(moving, policy, lp_value, best),
        choices=tuple(_choice(moving, policy, lp_value, RiskAversion(a)) for a in _AVERSIONS),
        unhedged=tuple(key for key in exposures if key not in covered),
        unreachable=tuple(view.venue for view in snapshot.venues if view.venue not in venues),
    )


def _choice(moving: Sequence[Diffusion], policy: Policy, lp_value: Decimal, band: BandPolicy) -> Choice:
    """Compute the yearly figures of a band setting; errors of several underlyings are taken as independent."""
    found = bands(moving, replace(policy, band=band), lp_value)
    error = math.hypot(*(float(one.tracking_error) for one in found))
    return Choice(band, to_decimal(error), sum((one.cost for one in found), ZERO))


def _best(band: BandPolicy, configured: Choice, moving: Sequence[Diffusion], lp_value: Decimal) -> BandPolicy:
    """Return what is advised: a fixed width is answered by the risk aversion that has the same error."""
    if isinstance(band, FixedWidth) and configured.tracking_error > 0:
        error = float(configured.tracking_error * lp_value)
        return RiskAversion(to_decimal(risk_price_of(moving, error) * float(lp_value)))
    return band


def _hedge(
    place: tuple[HedgeTarget, MarketState], band: Band, risk: RiskPolicy, volatilities: Volatility, lp_value: Decimal
) -> HedgeAdvice:
    item, market_state = place
    sigma, notional = volatilities.of(item.underlying), abs(item.target) * market_state.mark
    rise = max(to_decimal(rise_of_chance(ACCEPTED, sigma, _WEEK)), risk.buffer, risk.ladder.alert.distance)
    needed = _collateral_of(market_state, notional, rise)
    wanted = None if needed is None else max(needed, notional / risk.leverage)
    paid = market_state.funding
    rate = paid.rate * to_decimal(YEAR / paid.interval.total_seconds()) if paid else None
    deviation = abs(item.exposure.amount) * market_state.mark * to_decimal(sigma)
    return HedgeAdvice(
        underlying=item.underlying,
        venue=market_state.market.venue,
        symbol=market_state.market.symbol,
        mark=market_state.mark,
        exposure=item.exposure.amount,
        target=item.target,
        volatility=to_decimal(sigma),
        is_estimated=volatilities.is_estimated(item.underlying),
        unhedged=deviation / lp_value if lp_value > 0 else ZERO,
        band=band,
        collateral=wanted,
        leverage=notional / wanted if wanted else None,
        funding_rate=rate,
        funding=-item.target * market_state.mark * (FUNDING_LOW if rate is None else rate),
        trade_cost=Steering(rests=False).trading(market_state),
        risks=tuple(_risk_of(market_state, notional, leverage, sigma) for leverage in _LEVERAGES)
        if market_state.rules.tiers and notional
        else (),
    )


def _collateral_of(market_state: MarketState, notional: Decimal, rise: Decimal) -> Decimal | None:
    """Return the USD behind a new short that a rise of the mark just uses up: loss plus maintenance margin.

    None where the venue's margin table is not known.
    """
    if not market_state.rules.tiers:
        return None
    margin = maintenance_margin(market_state.rules.tiers, notional * (1 + rise), market_state.rules.maintenance_fee)
    return notional * rise + margin


def _risk_of(market_state: MarketState, notional: Decimal, leverage: Decimal, volatility: float) -> Risk:
    """Compute the chance that a new short at a leverage is liquidated without a top-up."""
    quantity, backing, rules = notional / market_state.mark, notional / leverage, market_state.rules
    price = liquidation_price(rules.tiers, -quantity, -notional, backing, rules.maintenance_fee)
    rise = ZERO if price is None else max(price / market_state.mark - 1, ZERO)
    day, week = (to_decimal(chance_of_rise(float(rise), volatility, years)) for years in (_DAY, _WEEK))
    return Risk(leverage, rise, day, week)


def _position(
    position: LpPosition, value: Decimal | None, prices: Mapping[Underlying, Decimal], volatilities: Volatility
) -> PositionAdvice:
    known = {USD: Decimal(1), **prices}
    leg = legs_of(position, units_of(position))[0]
    price = known.get(leg.underlying)
    if value is None or price is None:
        return PositionAdvice(position.id, value, None)
    variance = volatilities.variance_between(leg.underlying, leg.against)
    loss = loss_against_rebalancing(float(leg.sensitivity), float(price), variance)
    return PositionAdvice(position.id, value, to_decimal(loss))


def _venue(view: VenueView, hedges: Sequence[HedgeAdvice], settled: Sequence[Collateral]) -> VenueAdvice:
    here = [hedge for hedge in hedges if hedge.venue == view.venue]
    wanted = {hedge.symbol: -hedge.target * hedge.mark for hedge in here}
    return venue_advice(view, wanted, [hedge.collateral for hedge in here], settled)


def _short(position_risk: PositionRisk, volatilities: Volatility) -> ShortAdvice:
    if position_risk.distance is None:
        return ShortAdvice(position_risk, ZERO)
    chance = chance_of_rise(float(position_risk.distance), volatilities.of(position_risk.underlying), _WEEK)
    return ShortAdvice(position_risk, to_decimal(chance))
