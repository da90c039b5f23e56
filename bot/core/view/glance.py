"""One glance: the line that answers "am I hedged?", first on every screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bot.core.run_state import RunState
from bot.core.types import Mode
from bot.core.view.cycle import CycleView, HedgeView
from bot.core.view.next_trade import NextTrade
from bot.core.view.results import Results

_NEAR: Final = Decimal("0.2")
_VERY_NEAR: Final = Decimal("0.1")
"""Distances to liquidation, as fractions of the mark, from which on the figure is coloured."""
_SMALL: Final = Decimal(100)
"""Sums of money below this are told with cents."""
_LARGE: Final = Decimal(1000)
"""Prices from this on are told without a fraction."""


class Mood(StrEnum):
    """The tone of a part."""

    PLAIN = "plain"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that the line says."""

    text: str
    mood: Mood = Mood.PLAIN


@dataclass(frozen=True, slots=True)
class Glance:
    """The line, part by part."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The line as one text."""
        return " · ".join(part.text for part in self.parts)


def glance(view: CycleView, mode: Mode) -> Glance:
    """Return how well each underlying is hedged, when it is traded next, what protects it, and what came of it all."""
    return Glance(tuple(_parts(view, mode)))


def _parts(view: CycleView, mode: Mode) -> Iterator[Part]:
    bot = view.record.decision.state.bot
    yield Part(mode.value, Mood.WARN if mode is Mode.LIVE else Mood.PLAIN)
    if bot.state is not RunState.RUNNING:
        yield Part(bot.state.value, Mood.BAD)
    for chain in view.record.snapshot.unread:
        yield Part(f"{chain} can't be read", Mood.BAD)
    for venue in view.venues:
        if venue.balance is None:
            yield Part(f"{venue.venue} can't be read", Mood.BAD)
    shown = [item for item in view.hedges if item.hedge.exposure or item.hedge.position]
    for item in shown:
        yield from _hedge(item)
    if not shown:
        yield Part("nothing to hedge")
    yield _result(view.results, view.began, view.record.at.date())


def _hedge(item: HedgeView) -> Iterator[Part]:
    hedge, name = item.hedge, item.hedge.underlying
    share = item.unhedged_share
    if item.unhedged is None:
        yield Part(f"{name} hedge unknown", Mood.BAD)
    elif share is None:
        yield Part(f"{name} {_units(item.unhedged)} open without liquidity", Mood.BAD)
    elif item.is_open:
        yield Part(f"{name} {_percent(1 - share)} hedged, {_units(item.unhedged)} {name} unhedged", Mood.BAD)
    else:
        yield Part(f"{name} {_percent(1 - share)} hedged", Mood.GOOD)
    trades = _trades(item.next_trade)
    if trades:
        yield Part(trades)
    if hedge.position:
        yield Part("no stop", Mood.BAD) if item.stop is None else Part(f"stop {price(item.stop)}")
    if item.nearest is not None and item.nearest.distance is not None:
        distance, risk = item.nearest.distance, item.nearest
        joint = " (joint)" if risk.joint is not None and risk.liquidation == risk.joint else ""
        mood = Mood.BAD if distance < _VERY_NEAR else Mood.WARN if distance < _NEAR else Mood.PLAIN
        yield Part(f"liquidation +{distance:.0%}{joint}", mood)


def _trades(trades: NextTrade) -> str:
    """Say at which prices the hedge trades next."""
    said = [f"sells next below {price(trades.sells_below)}"] if trades.sells_below is not None else []
    said += [f"buys back above {price(trades.buys_above)}"] if trades.buys_above is not None else []
    return ", ".join(said)


def _result(results: Results, began: date, today: date) -> Part:
    """Return the result; the named terms add up to the total, to the digit shown."""
    digits = 2 if abs(results.total) < _SMALL else 0
    total = round(results.total, digits)
    named = {
        "fees": results.fees,
        "LVR": results.lvr,
        "hedge costs": results.costs,
        "funding": results.funding,
    }
    shown = {name: round(amount, digits) for name, amount in named.items()}
    rest = total - sum(shown.values())
    terms = [f"{name} {money(amount)}" for name, amount in shown.items()]
    terms += [f"price moves {money(rest)}"] if rest else []
    sign = "+" if total > 0 else ""
    day = f"{began.day} {began:%b}{'' if began.year == today.year else f' {began.year}'}"
    mood = Mood.GOOD if total > 0 else Mood.BAD if total < 0 else Mood.PLAIN
    return Part(f"since {day}: {sign}{money(total)} USD ({', '.join(terms)})", mood)


def money(amount: Decimal) -> str:
    """Write a sum with its separators and a real minus; no minus before a zero."""
    return f"{amount + 0:,}".replace("-", "\N{MINUS SIGN}")


def price(amount: Decimal) -> str:
    """Write a price: whole from 1,000 on, else with five digits."""
    return f"{amount:,.0f}" if amount >= _LARGE else _units(amount)


def _units(amount: Decimal) -> str:
    """Write a quantity with five digits, without zeros at the end."""
    return f"{float(amount):.5g}".replace("-", "\N{MINUS SIGN}")


def _percent(share: Decimal) -> str:
    return f"{share:.0%}".replace("-", "\N{MINUS SIGN}")
