"""What a replay needs besides the attribution to answer "does this pool pay, hedged?"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from bot.backtest.columns import YEAR
from bot.backtest.market import Market, Rates
from bot.backtest.result import Series
from bot.core.analysis.pool_result import FUNDING_HIGH, FUNDING_LOW, Span
from bot.core.hedge.band import to_decimal
from bot.core.orders import Fill
from bot.core.types import ZERO, ClientOrderId

_QUARTILES: Final = (0.25, 0.75)


def funding_ends(series: Series, market: Market) -> Span:
    """Return what the shorts would have received at the low and the high end of funding, USD.

    Where rates are recorded that differ, the ends are their lower and upper quartile; else those of ``pool_result``.
    """
    low = high = ZERO
    times = np.array(series.at, dtype=np.float64)
    for name, shorts in series.short.items():
        notional = -np.array(shorts) * np.array(series.marks[name])
        held = to_decimal(float((notional[:-1] * np.diff(times)).sum()) / YEAR)
        ends = _yearly(market.rates(name))
        low, high = low + held * ends[0], high + held * ends[1]
    return min(low, high), max(low, high)


def _yearly(rates: Rates | None) -> Span:
    """Return the yearly rates of both ends, fractions of the notional."""
    if rates is None or not _differ(rates):
        return FUNDING_LOW, FUNDING_HIGH
    settlements = YEAR / float(np.median(np.diff(rates.times)))
    low, high = np.quantile([float(rate) for rate in rates.rates], _QUARTILES)
    return to_decimal(float(low) * settlements), to_decimal(float(high) * settlements)


def _differ(rates: Rates) -> bool:
    return len(set(rates.rates)) > 1


def by_order(fills: Iterable[Fill]) -> dict[ClientOrderId, Sequence[Fill]]:
    """Sort trades by the order that they belong to."""
    found: dict[ClientOrderId, list[Fill]] = {}
    for fill in fills:
        if fill.client_id is not None:
            found.setdefault(fill.client_id, []).append(fill)
    return {key: tuple(made) for key, made in found.items()}


def funding_words(market: Market) -> str:
    """Return where the funding comes from."""
    rates = [market.rates(name) for name in market.underlyings]
    if all(one is not None and _differ(one) for one in rates):
        return "Funding is what the data says; its range is the lower and the upper quartile of those rates."
    return (
        "Funding is not in the data: the `funding_rate` that is set, or its default. Its range a year, of the short:"
        f" {FUNDING_LOW:+.1%} (the lower quartile of a bad quarter) to {FUNDING_HIGH:+.1%} (the venues' interest part)."
    )
