"""``python -m tests.frontier``: how near the live decision comes to the optimum, as Markdown; some ten minutes."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from bot.app import logging
from tests.frontier.exact import V2, Case, case, v3
from tests.frontier.live import AVERSION, Holding, Live, Setting
from tests.frontier.pairs import Book, plane, searched
from tests.frontier.paths import YEAR, Bands, Kind, Market, Outcome, Trade, by_decide, by_timer, play, to_centre

_HELD = {
    "full range": V2,
    "±5%": v3(0.05),
    "±10%": v3(0.1),
    "±50%": v3(0.5),
    "full range and ±20%": (Holding(None), Holding(0.2)),
}
_COSTS = (2e-4, 5e-4, 1e-3)
_FIXED = (0.0, 1e-6, 1e-5)
_VOLATILITIES = (0.4, 0.8, 1.2)
_FINE = 10
"""Cells of the (geometric) mean of the bands of two volatile tokens."""
_WIDTHS, _LEANS = (0.8, 1.0, 1.25), (0.0, 0.5, 1.0, 1.5)
"""Factors by which both bands are multiplied, each by each, and what they lean by."""
_EVEN, _UNEVEN = (5e-4, 5e-4), (5e-4, 1e-3)
_PAIR = (0, 0, 1)
_UNLIKE = (0.6, 0.9)
"""Volatilities of two tokens."""
_LOOKS = {True: 60, False: 12}
"""Steps of the price that the band is wide at most, without edges and with."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns, and its lines as they are worked out."""

    title: str
    columns: str
    lines: Iterator[Sequence[str]]


def main() -> None:
    """Print all tables."""
    logging.configure("error", "json", (), sys.stderr)
    for table in (
        Table("Exactly", "held,cost,fixed,volatility,looks every,band,TE,cost a year,J/J*,η", _exact()),
        Table("Along simulated paths", "held,market,policy,TE,cost a year,J/J*,±,η,trades", _paths()),
        Table("One pool of two volatile tokens", "correlation,told,costs,volatilities,drifts at most,J/J*", _pairs()),
        Table(
            "Several pools over two volatile tokens",
            "gammas,correlation,costs,volatilities,J/J*,J over the best of the search,searched,standard error",
            _books(),
        ),
    ):
        columns = table.columns.split(",")
        sys.stdout.write(f"\n## {table.title}\n\n{_row(columns)}{_row('---' for _ in columns)}")
        for line in table.lines:
            sys.stdout.write(_row(line))
            sys.stdout.flush()


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _exact() -> Iterator[Sequence[str]]:
    worst: dict[str, float] = {"J/J*": 0, "η": 0}
    for (name, held), cost, fixed in product(_HELD.items(), _COSTS, _FIXED):
        setting, found = Setting(held, cost, fixed), None
        for volatility in _VOLATILITIES:
            step = volatility * math.sqrt(60 / YEAR)
            if found is None or step > found.grid.step:  # else it looks as seldom as for the volatility before
                found = case(setting, _LOOKS[held is V2], step)
            worst = {"J/J*": max(worst["J/J*"], found.ratio), "η": max(worst["η"], found.eta)}
            yield _exact_line(name, setting, volatility, found)
    yield "**worst**", *("",) * 7, f"**{worst['J/J*']:.4f}**", f"**{worst['η']:.4f}**"


def _exact_line(name: str, setting: Setting, volatility: float, found: Case) -> Sequence[str]:
    a_year = (volatility / found.grid.step) ** 2
    middle = len(found.bands) // 2
    return (
        name,
        f"{setting.cost * 1e4:g} bp",
        f"{setting.fixed:g}",
        f"{volatility:g}",
        f"{YEAR / a_year:.0f} s",
        f"{found.bands[middle, 0] / found.grid.held[middle]:.2%}",
        f"{math.sqrt(found.live.variance * a_year):.2%}",
        f"{found.live.cost * a_year:.2%}",
        f"{found.ratio:.4f}",
        f"{found.eta:.4f}",
    )


def _paths() -> Iterator[Sequence[str]]:
    for (name, held), kind in product({"full range": V2, "±10%": v3(0.1)}.items(), Kind):
        setting, market = Setting(held), Market(kind, paths=100, rows=20_000, seconds=120)
        best = case(setting, _LOOKS[held is V2], market.volatility * math.sqrt(market.seconds / YEAR))
        live = Live.of(setting)
        bands = Bands.of(live)
        yield _path_line(name, kind, "decide()", best, play(setting, market, by_decide(live, bands)))
        if kind is not Kind.GBM:
            continue
        beside: dict[str, list[Trade]] = {
            "to the centre, best width": [to_centre(bands, width) for width in (1.2, 1.4, 1.5, 1.6, 1.8)],
            "a timer, best interval": [by_timer(rows) for rows in (70, 90, 120, 160, 600, 800, 1000, 1300)],
        }
        for policy, trades in beside.items():
            outcomes = [play(setting, market, trade) for trade in trades]
            cheapest = min(outcomes, key=lambda outcome: outcome.objective(AVERSION)[0])
            yield _path_line(name, kind, policy, best, cheapest)


def _path_line(name: str, kind: Kind, policy: str, best: Case, played: Outcome) -> Sequence[str]:
    a_year = (Market().volatility / best.grid.step) ** 2
    optimum = best.best.objective(AVERSION) * a_year
    mean, error = played.objective(AVERSION)
    return (
        name,
        kind.value,
        policy,
        f"{math.sqrt(played.variance.mean()):.2%}",
        f"{played.cost.mean():.2%}",
        f"{mean / optimum:.3f}",
        f"{error / optimum:.3f}",
        f"{played.score(a_year).eta(best.best, AVERSION):.3f}",
        str(played.trades),
    )


def _pairs() -> Iterator[Sequence[str]]:
    for costs, rho in product((_EVEN, _UNEVEN), (0.0, 0.3, 0.6, 0.85, 0.95)):
        for told in (None, 0.8):
            yield _pair_line(Book(_PAIR, rho, costs, told=told))
    for costs, rho in product((_EVEN, _UNEVEN), (0.3, 0.85)):
        yield _pair_line(Book(_PAIR, rho, costs, _UNLIKE))


def _pair_line(book: Book) -> Sequence[str]:
    grid, bands = plane(book, _FINE)
    corner = " and ".join(f"{far:.0f}" for far in bands.corner)
    return (
        f"{book.correlation:g}",
        f"{book.known:g}",
        *_terms(book),
        f"{corner} USD",
        f"{grid.score(bands) / grid.best:.3f}",
    )


def _terms(book: Book) -> Sequence[str]:
    paid = " and ".join(f"{cost * 1e4:g} bp" for cost in book.costs)
    return paid, " and ".join(f"{volatility:g}" for volatility in book.volatilities)


def _books() -> Iterator[Sequence[str]]:
    for gammas, rho in product(((1, 1, 1), (1, 1, 2), (1, 0, 2), (1, 1, 0)), (0.3, 0.6, 0.85, 0.95)):
        yield _book_line(Book(gammas, rho, _EVEN))
    for gammas, rho in product(((1, 1, 1), (1, 2, 3)), (0.3, 0.85)):
        yield _book_line(Book(gammas, rho, _UNEVEN, _UNLIKE))


def _book_line(book: Book) -> Sequence[str]:
    found = searched(book, _WIDTHS, _LEANS)
    against = f"{found.ratio:.3f}", f"{found.best_of_search:.3f}", str(found.searched), "0"
    return str(book.gammas), f"{book.correlation:g}", *_terms(book), *against


if __name__ == "__main__":
    main()
