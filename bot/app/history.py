"""The journal's records for accounting and tax, as tables: days, trades with their lots, funding, fees, positions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bot.core.market import settled_in
from bot.core.orders import LedgerKind
from bot.core.pnl.attribution import Attribution, HedgeResult, LiquidityResult
from bot.core.pnl.lots import Matched, Part, matched
from bot.core.types import ZERO, Symbol, Underlying, VenueId
from bot.journal.reader import JournalView
from bot.journal.rows import CashMovement

Cell = str | Decimal | datetime | date | int | bool | None


class What(StrEnum):
    """Which table."""

    DAYS = "days"
    TRADES = "trades"
    LOTS = "lots"
    FUNDING = "funding"
    FEES = "fees"
    POSITIONS = "positions"


@dataclass(frozen=True, slots=True)
class History:
    """A table: names, and rows of as many cells. Amounts are what the account gained: costs are below 0."""

    names: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def sums(self) -> dict[str, Decimal]:
        """The sums of the columns of money, by name."""
        return {
            name: sum((cell for row in self.rows if isinstance(cell := row[place], Decimal)), ZERO)
            for place, name in enumerate(self.names)
            if name.endswith("_usd") and not name.startswith(("price", "opened"))
        }


@dataclass(frozen=True, slots=True)
class Span:
    """UTC days, both included; None: without an end."""

    first: date | None = None
    last: date | None = None

    def has(self, day: date) -> bool:
        """Whether a day lies in it."""
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


def history(view: JournalView, what: What, span: Span) -> History:
    """Read a table from a journal.

    Raises:
        Halt: the journal is damaged.
        Retryable: it can't be read now.
    """
    match what:
        case What.DAYS:
            return _days(_results(view, span))
        case What.POSITIONS:
            return _positions(_results(view, span))
        case What.TRADES:
            return _trades(matched(view.trades()), span)
        case What.LOTS:
            until = [trade for trade in view.trades() if Span(None, span.last).has(trade.fill.at.date())]
            return _lots(matched(until))
        case What.FUNDING:
            return _cash(view, span, {LedgerKind.FUNDING: lambda result: result.funding})
        case What.FEES:
            terms: Terms = {
                LedgerKind.FEE: lambda result: result.trading_fees,
                LedgerKind.LIQUIDATION_FEE: lambda result: result.liquidation_fees,
            }
            return _cash(view, span, terms)


def _results(view: JournalView, span: Span) -> dict[date, Attribution]:
    return {day: result for day, result in view.results().items() if span.has(day)}


_LIQUIDITY: Final = tuple(field.name for field in fields(LiquidityResult))
_HEDGE: Final = tuple(field.name for field in fields(HedgeResult))


def _days(results: Mapping[date, Attribution]) -> History:
    names = (
        "day",
        *(f"lp_{name}_usd" for name in _LIQUIDITY),
        *(f"hedge_{name}_usd" for name in _HEDGE),
        "unexplained_usd",
        "result_usd",
    )

    def cells(result: Attribution) -> Iterator[Decimal]:
        liquidity, hedge = result.liquidity, result.hedge
        yield from (getattr(liquidity, name) for name in _LIQUIDITY)
        yield from (getattr(hedge, name) for name in _HEDGE)
        yield from (result.residual, result.total)

    return History(names, tuple((day, *cells(result)) for day, result in results.items()))


def _positions(results: Mapping[date, Attribution]) -> History:
    rows = [
        (day, position, *(getattr(one, name) for name in _LIQUIDITY), one.total)
        for day, result in results.items()
        for position, one in result.positions.items()
    ]
    return History(("day", "position", *(f"{name}_usd" for name in _LIQUIDITY), "result_usd"), tuple(rows))


_TRADES: Final = (
    *("at", "venue", "symbol", "trade_id", "client_id", "action", "quantity", "price_usd", "value_usd"),
    *("fee_usd", "fee_asset", "fee", "maker", "opened_at", "opened_price_usd", "gain_usd"),
)


def _trades(found: Matched, span: Span) -> History:
    return History(_TRADES, tuple(_part(part) for part in found.parts if span.has(part.trade.fill.at.date())))


def _part(part: Part) -> tuple[Cell, ...]:
    fill, lot = part.trade.fill, part.closed
    value, fee = -part.quantity * fill.price, -part.fee + ZERO
    return (
        fill.at,
        fill.venue,
        fill.symbol,
        fill.trade_id,
        fill.client_id,
        "open" if lot is None else "close",
        part.quantity,
        fill.price,
        value,
        fee,
        settled_in(fill.symbol),
        fee,
        fill.is_maker,
        None if lot is None else lot.at,
        None if lot is None else lot.price,
        part.gain,
    )


def _lots(found: Matched) -> History:
    names = ("opened_at", "venue", "symbol", "trade_id", "quantity", "opened_price_usd", "value_usd")
    rows = [
        (lot.at, lot.venue, lot.symbol, lot.trade_id, lot.quantity, lot.price, -lot.quantity * lot.price)
        for lot in found.open
    ]
    return History(names, tuple(rows))


Terms = Mapping[LedgerKind, Callable[[HedgeResult], Decimal]]
"""Kinds of cash movements, and where the results have their sum."""


def _cash(view: JournalView, span: Span, terms: Terms) -> History:
    """Sum cash movements up by day, venue and symbol; what the results have beyond them is a row of its own.

    Journals of older versions kept the sums alone: those have no venue and no symbol.
    """
    groups: dict[tuple[date, str, VenueId, Symbol | None, Underlying | None], list[Decimal]] = {}
    for item in view.cash():
        if item.kind in terms and span.has(item.day):
            groups.setdefault(_group(item), []).append(item.amount)
    rows = [(*key[:4], *_amounts(key[3], amounts)) for key, amounts in groups.items()]
    rows += list(_older(view, span, terms, groups))
    names = ("day", "kind", "venue", "symbol", "movements", "asset", "amount", "amount_usd")
    return History(names, tuple(sorted(rows, key=lambda row: tuple(map(str, row[:4])))))


def _group(item: CashMovement) -> tuple[date, str, VenueId, Symbol | None, Underlying | None]:
    return item.day, item.kind.value, item.venue, item.symbol, item.underlying


def _amounts(symbol: Symbol | None, amounts: Sequence[Decimal]) -> tuple[Cell, ...]:
    total = sum(amounts, ZERO)
    return len(amounts), None if symbol is None else settled_in(symbol), total, total


def _older(
    view: JournalView,
    span: Span,
    terms: Terms,
    groups: Mapping[tuple[date, str, VenueId, Symbol | None, Underlying | None], Iterable[Decimal]],
) -> Iterator[tuple[Cell, ...]]:
    known: dict[tuple[date, str, Underlying | None], Decimal] = {}
    for (day, kind, _, _, underlying), amounts in groups.items():
        key = day, kind, underlying
        known[key] = known.get(key, ZERO) + sum(amounts, ZERO)
    for day, result in _results(view, span).items():
        for kind, term in terms.items():
            for underlying, one in result.hedges.items():
                rest = term(one) - known.get((day, kind.value, underlying), ZERO)
                if rest:
                    yield day, kind.value, None, f"{underlying} (all)", None, None, rest, rest
