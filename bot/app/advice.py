"""Advice as plain JSON values, and its assumptions in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bot.app.plan import plan
from bot.app.report import Json, collateral_data, text
from bot.app.settings import Settings
from bot.core.analysis.advice import ACCEPTED, HORIZON, Advice, Choice, HedgeAdvice, advise
from bot.core.analysis.pool_result import FUNDING_HIGH, FUNDING_LOW
from bot.core.analysis.stress import WORST, StressReserve
from bot.core.explain import band_words
from bot.core.hedge.volatility import ASSUMED_CORRELATION
from bot.core.policy import BandPolicy, FixedWidth, RiskAversion, TrackingBudget

_KEYS: Final = {RiskAversion: "risk_aversion", TrackingBudget: "tracking_error", FixedWidth: "fixed_width"}


async def advice(settings: Settings) -> Advice:
    """Take a snapshot as ``plan`` does, and advise on it.

    Raises:
        ConfigError: the configuration does not fit the chain or the venue.
        Retryable, SkipCycle: the chain could not be read, or not believably.
    """
    made = await plan(settings)
    return advise(made.snapshot, made.decision, settings.policy())


def assumptions(found: Advice) -> list[str]:
    """Return the assumptions of the figures."""
    lines = [
        "Amounts, prices, volatility and funding rates stay as they are for a year; positions in range stay in range.",
        "Prices diffuse without jumps; what a jump does is not in these figures.",
        f"Collateral leaves at most {ACCEPTED:.1%} chance of liquidation in {HORIZON.days} days without a top-up.",
        "It also keeps the buffer of new shorts and the ladder's first step; shorts of one venue are added up.",
        "Trading costs are the taker fee and half the spread; resting orders that fill cost less.",
        "Tracking errors of several underlyings add up as if independent; of two it is at most 1.1 times as much.",
        f"Stress: a short pays {WORST:.1%} a day, as ETH's did before the Merge of 2022, or what it pays now if worse.",
        "What is bought back, or sold elsewhere, costs the fee and half the spread; the price stands still meanwhile.",
        f"Funding: {FUNDING_LOW:+.1%} (lower quartile of a bad quarter) to {FUNDING_HIGH:+.1%} of a short, or as now.",
    ]
    guessed = [hedge for hedge in found.hedges if not hedge.is_estimated]
    if guessed:
        names = ", ".join(hedge.underlying for hedge in guessed)
        lines.append(
            f"{names}: no history of marks that is long enough; volatility is hedge.assumed_volatility "
            f"({guessed[0].volatility:.0%}), and prices count as correlated by {ASSUMED_CORRELATION:.0%}."
        )
    if found.unhedged:
        lines.append(
            f"{', '.join(found.unhedged)}: no market that can be read; neither hedged nor counted in the cost."
        )
    if found.unreachable:
        lines.append(f"{', '.join(found.unreachable)} can't be read: its equity and its shorts are not known.")
    return lines


def advice_data(found: Advice) -> Json:
    """Return the advice: numbers are strings; USD, base units, fractions; costs and received funding are above 0."""
    return {
        "lp_value_usd": str(found.lp_value),
        "a_year": {
            "lvr_usd": text(found.lvr),
            "hedge_cost_usd": str(found.advised.cost),
            "funding_usd": str(found.funding),
            "fees_to_break_even_usd": text(found.break_even),
            "fees_to_break_even": _share(found.break_even, found.lp_value),
            "tracking_error": str(found.advised.tracking_error),
        },
        "pays": found.pool_result.as_data(),
        "hedges": [_hedge(hedge) for hedge in found.hedges],
        "positions": [
            {"id": item.position, "value_usd": text(item.value), "lvr_usd_a_year": text(item.lvr)}
            for item in found.positions
        ],
        "venues": [
            {
                "venue": item.venue,
                "equity_usd": str(item.equity),
                "collateral_usd": text(item.collateral),
                "collaterals": [collateral_data(one) for one in item.settles],
                "stress": _stress(item.stress),
            }
            for item in found.venues
        ],
        "shorts": [
            {
                "venue": item.position_risk.venue,
                "symbol": item.position_risk.symbol,
                "size": str(item.position_risk.size),
                "distance": text(item.position_risk.distance),
                "liquidation_chance_in_horizon": str(item.chance),
            }
            for item in found.shorts
        ],
        "configured": _choice(found.configured),
        "advised": _choice(found.advised),
        "choices": [_choice(item) for item in found.choices],
        "assumptions": assumptions(found),
    }


def words(band: BandPolicy) -> str:
    """Name a way to set the band as the configuration writes it."""
    match band:
        case RiskAversion(a):
            return f"{_KEYS[RiskAversion]} = {a:f}"
        case TrackingBudget(fraction) | FixedWidth(fraction):
            return f'{_KEYS[type(band)]} = "{float(fraction):.3%}"'


def _hedge(hedge: HedgeAdvice) -> Json:
    band = hedge.band
    return {
        "underlying": hedge.underlying,
        "venue": hedge.venue,
        "symbol": hedge.symbol,
        "mark_usd": str(hedge.mark),
        "exposure": str(hedge.exposure),
        "target": str(hedge.target),
        "volatility": str(hedge.volatility),
        "volatility_is_estimated": hedge.is_estimated,
        "unhedged_deviation": str(hedge.unhedged),
        "band": {
            "b": str(band.outer),
            "r": str(band.inner),
            "why": band_words(band, hedge.target),
            "tracking_error_a_year": str(band.tracking_error),
            "cost_usd_a_year": str(band.cost),
        },
        "collateral_usd": text(hedge.collateral),
        "leverage": text(hedge.leverage),
        "funding_rate_a_year": text(hedge.funding_rate),
        "funding_usd_a_year": str(hedge.funding),
        "risks": [
            {
                "leverage": str(risk.leverage),
                "liquidating_rise": str(risk.rise),
                "chance_in_a_day": str(risk.day),
                "chance_in_a_week": str(risk.week),
            }
            for risk in hedge.risks
        ],
    }


def _stress(found: StressReserve) -> Json:
    return {
        "short_usd": str(found.short),
        "unwinding_usd": str(found.unwinding),
        "trading_usd": str(found.trading),
        "funding_usd": str(found.funding),
        "vanishing_usd": str(found.vanishing),
        "cash_usd": str(found.collateral),
        "unrealised_usd": str(found.unrealised),
    }


def _choice(item: Choice) -> Json:
    return {
        "band": words(item.policy),
        "tracking_error_a_year": str(item.tracking_error),
        "cost_usd_a_year": str(item.cost),
    }


def _share(amount: Decimal | None, whole: Decimal) -> str | None:
    return None if amount is None or whole <= 0 else str(amount / whole)
