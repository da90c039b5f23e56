"""Advice against closed forms: band, loss, funding, collateral, and the fees that pay for all of it."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.analysis.advice import ACCEPTED, Advice, advise
from bot.core.analysis.first_passage import chance_of_rise
from bot.core.decide import decide
from bot.core.hedge.band import Diffusion, optimum
from bot.core.market import MarginTier
from bot.core.policy import BandPolicy, FixedWidth, RiskAversion, RiskPolicy
from bot.core.snapshot import LpPosition, Quote, VenueUnknown, VenueView
from bot.core.types import VenueId
from tests.core import scenes
from tests.core.risks import BOUNDLESS, CAREFUL
from tests.core.scenes import BTC, ETH, NO_INPUTS, NOW, PAPER, USD

D = Decimal
SIGMA, COST = 0.7, 0.0004 + 0.0001
WEEK = 7 / 365
TIERS = (MarginTier(D(0), D(10**9), D("0.005"), D(0), D(100)),)


def with_tiers(shown: Quote) -> Quote:
    return replace(shown, market=replace(shown.market, tiers=TIERS))


def account(cash: int = 10**6) -> VenueView:
    return scenes.venue(quotes=[with_tiers(scenes.quote(key)) for key in (ETH, BTC)], cash=D(cash))


def advised(
    *positions: LpPosition,
    band: BandPolicy | None = None,
    venues: VenueView | VenueUnknown | None = None,
    risk: RiskPolicy = BOUNDLESS,
) -> Advice:
    wanted = scenes.policy(band, risk=risk)
    shot = scenes.snapshot(scenes.chain(positions), [account() if venues is None else venues])
    return advise(shot, decide(shot, NO_INPUTS, scenes.state(), wanted), wanted)


@pytest.mark.parametrize("a", [10, 50, 300])
def test_the_band_of_a_constant_product_is_the_closed_form(a: int) -> None:
    found = advised(scenes.v2("one", 100_000), band=RiskAversion(D(a)))
    beta = (3 * COST / (4 * a)) ** (1 / 3)
    (hedge,) = found.hedges
    total = 2 * 25 * beta / (1 + 0.1**2) ** (1 / 3)  # b + r, where b - r is a tenth of it
    assert float(hedge.band.outer) == pytest.approx(1.1 * total / 2, rel=0.02)
    assert float(hedge.band.inner) == pytest.approx(0.9 * total / 2, rel=0.02)
    assert float(found.advised.tracking_error) == pytest.approx(SIGMA * beta / math.sqrt(12), rel=0.02)
    assert float(found.advised.cost) == pytest.approx(COST * SIGMA**2 / (16 * beta) * 100_000, rel=0.02)
    assert float(hedge.unhedged) == pytest.approx(SIGMA / 2)


def test_the_fees_to_break_even_pay_for_loss_and_hedge_less_funding() -> None:
    found = advised(scenes.v2("one", 100_000))
    assert float(found.lvr or 0) == pytest.approx(SIGMA**2 / 8 * 100_000)
    assert float(found.funding) == pytest.approx(50_000 * 0.1095)  # 0.01% each 8 h is 10.95% a year
    assert found.lvr is not None
    assert found.break_even == found.lvr + found.advised.cost - found.funding
    assert found.configured == found.advised


def test_a_pair_of_two_volatile_tokens_loses_by_the_variance_of_their_ratio() -> None:
    found = advised(scenes.v2("pair", 80_000, (ETH, BTC)))
    assert float(found.lvr or 0) == pytest.approx(2 * SIGMA**2 / 8 * 80_000)  # independent, for want of a history


def test_two_claims_on_one_underlying_lose_nothing() -> None:
    assert advised(scenes.lp("staked", (10, 10), (ETH, ETH))).lvr == 0


def test_a_fixed_width_is_answered_by_the_cheapest_band_of_the_same_error() -> None:
    found = advised(scenes.v2("one", 100_000), scenes.lp("idle", (3, 6000)), band=FixedWidth(D("0.04")))
    assert isinstance(found.advised.policy, RiskAversion)
    assert float(found.advised.tracking_error) == pytest.approx(float(found.configured.tracking_error), rel=1e-6)
    assert found.advised.cost <= found.configured.cost * D("1.006")  # its trades have a least size


def test_more_aversion_costs_more_and_errs_less() -> None:
    choices = advised(scenes.v2("one", 100_000), scenes.v2("two", 50_000, (BTC, USD))).choices
    assert [item.cost for item in choices] == sorted(item.cost for item in choices)
    assert [-item.tracking_error for item in choices] == sorted(-item.tracking_error for item in choices)


def test_the_collateral_is_used_up_by_a_rise_of_the_accepted_chance() -> None:
    (hedge,) = advised(scenes.v2("one", 100_000)).hedges
    assert hedge.collateral is not None
    rise = (50_000 + float(hedge.collateral)) / (50_000 * 1.005) - 1  # equity is the maintenance margin there
    assert chance_of_rise(rise, SIGMA, WEEK) == pytest.approx(ACCEPTED, rel=1e-6)
    assert hedge.leverage == 50_000 / hedge.collateral


def test_the_collateral_keeps_the_configured_distance_where_that_is_more() -> None:
    far = replace(CAREFUL, buffer=D("0.9"))
    (hedge,) = advised(scenes.v2("one", 100_000), risk=far).hedges
    assert hedge.collateral == 50_000 * D("0.9") + 50_000 * D("1.9") * D("0.005")


@given(leverage=st.sampled_from([0, 1, 2, 3]), half=st.integers(100, 10**6))
def test_a_leverage_is_liquidated_where_the_formula_says(leverage: int, half: int) -> None:
    (hedge,) = advised(scenes.v2("one", 2 * half)).hedges
    risk = hedge.risks[leverage]
    assert float(risk.rise) == pytest.approx((1 + 1 / float(risk.leverage)) / 1.005 - 1, rel=1e-9)
    assert risk.day <= risk.week
    assert float(risk.week) == pytest.approx(chance_of_rise(float(risk.rise), SIGMA, WEEK), rel=1e-9)


def test_what_a_venue_lacks_shows() -> None:
    (venue,) = advised(scenes.v2("one", 100_000), venues=account(cash=1000)).venues
    assert venue.equity == 1000
    assert venue.collateral is not None
    assert venue.collateral > 1000


def test_without_a_margin_table_the_collateral_is_unknown() -> None:
    found = advised(scenes.v2("one", 100_000), venues=scenes.venue())
    assert found.hedges[0].collateral is None
    assert found.hedges[0].risks == ()
    assert found.venues[0].collateral is None


def test_a_silent_venue_is_named_and_its_underlyings_are_not_advised_on() -> None:
    found = advised(scenes.v2("one", 100_000), venues=VenueUnknown(VenueId(PAPER), "silent", NOW))
    assert found.hedges == ()
    assert found.unhedged == (ETH,)
    assert found.unreachable == (PAPER,)


def test_the_advised_band_is_the_one_that_is_decided_with() -> None:
    positions = scenes.v2("one", 100_000), scenes.v2("two", 60_000, (BTC, USD))
    shot = scenes.snapshot(scenes.chain(positions), account())
    wanted = scenes.policy()
    decision = decide(shot, NO_INPUTS, scenes.state(), wanted)
    found = advise(shot, decision, wanted)
    assert [hedge.band for hedge in found.hedges] == [scenes.line(decision, key).band for key in (BTC, ETH)]


def test_no_other_band_costs_less_at_the_advised_aversion() -> None:
    moving = Diffusion(25, 12.5, SIGMA, 2000, COST, 0, D("0.003"), least=0.1)
    risk_price = 50 / 100_000

    def objective(outer: float, inner: float) -> float:
        return moving.yearly_cost(outer, inner) + risk_price / 2 * moving.tracking_variance(outer, inner)

    (hedge,) = advised(scenes.v2("one", 100_000)).hedges
    best = objective(float(hedge.band.outer), float(hedge.band.inner))
    assert best == pytest.approx(objective(*optimum(moving, risk_price)), rel=1e-9)
    assert all(
        best <= objective(float(hedge.band.outer) * k, float(hedge.band.inner) * k) for k in (0.8, 0.9, 1.1, 1.2)
    )
