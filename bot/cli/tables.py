"""A cycle on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.app.report import words
from bot.cli.console import number, table_of, text
from bot.core.decision import Decision, Severity
from bot.core.pnl.ledger import Book
from bot.core.snapshot import EntrySource, LpPosition
from bot.core.types import Mode
from bot.core.view.cycle import CycleView, HedgeView, PositionView, PriceRange
from bot.core.view.glance import Mood, glance, money, price

COLOURS: Final = {Severity.INFO: "dim", Severity.WARNING: "yellow", Severity.CRITICAL: "bold red"}
_MOODS: Final = {Mood.PLAIN: "bold", Mood.GOOD: "bold green", Mood.WARN: "bold yellow", Mood.BAD: "bold red"}
_RULER: Final = 31
"""Characters of the ruler that shows a range."""


def glance_line(view: CycleView, mode: Mode) -> Text:
    """Return the line that answers whether the exposure is hedged."""
    pieces: list[tuple[str, str]] = []
    for part in glance(view, mode).parts:
        pieces += [(" · ", "dim")] if pieces else []
        pieces.append((part.text, _MOODS[part.mood]))
    return text(*pieces)


def show_short(console: Console, view: CycleView, mode: Mode) -> None:
    """Print the overview: the glance, what the hedge does, and what stands against it."""
    console.print(glance_line(view, mode))
    for item in view.hedges:
        console.print(text((item.hedge.underlying, "bold"), f"  {item.words.note}{_flight(item)}"))
    _alarms(console, view.record.decision)


def show(console: Console, view: CycleView, mode: Mode) -> None:
    """Print what was seen and what was decided."""
    decision = view.record.decision
    console.print(glance_line(view, mode))
    for chain in view.record.snapshot.chains:
        stamp = f"{chain.block.timestamp:%Y-%m-%d %H:%M:%S} UTC"
        console.print(text(f"{chain.chain}: block {chain.block.number} of {stamp}, {chain.block.hash}"))
    bot = decision.state.bot
    console.print(text(f"state: {bot.state.value} ({bot.reason})"))
    for position in view.positions:
        _position(console, position)
    console.print(_hedges(view))
    for item in view.hedges:
        console.print(text((item.hedge.underlying, "bold"), f"  {item.words.note}{_flight(item)}"))
        if item.words.band is not None:
            console.print(text((f"  band: {item.words.band}", "dim")))
    for venue in view.venues:
        if venue.balance is None:
            console.print(text((f"{venue.venue} can't be read", "bold red"), f": {venue.reason}"))
        for one in venue.collaterals:
            console.print(text((f"{venue.venue} settles in {one.words}", "dim")))
    show_orders(console, decision)
    _alarms(console, decision)


def show_orders(console: Console, decision: Decision) -> None:
    """Print the orders that were decided, and those that a guard stopped."""
    for item in decision.approved:
        console.print(text(("order", "green"), f"    {words(item)}: {item.order.reason}"))
    for refused in decision.refused:
        console.print(text(("refused", "yellow"), f"  {words(refused)}: {refused.guard}: {refused.reason}"))


def _flight(item: HedgeView) -> str:
    return f", {item.hedge.in_flight} in flight" if item.hedge.in_flight else ""


def _alarms(console: Console, decision: Decision) -> None:
    for alarm in decision.alarms:
        console.print(text((alarm.severity.value, COLOURS[alarm.severity]), f"  {alarm.message}"))


def _position(console: Console, item: PositionView) -> None:
    position, report, amounts = item.position, item.report, item.position.amounts
    value = "no price" if report is None or report.value is None else f"{report.value:,.2f} USD"
    place = ("in range" if position.curve.in_range else "out of range") + (", staked" if position.staked_in else "")
    console.print(text((position.id, "bold"), f"  {value}, {place}, IL {_il(item)}"))
    if item.range is not None:
        console.print(text(f"  range  {ruler(item.range)}"))
    console.print(text(f"  holds  {_pair(position, amounts.principal0, amounts.principal1)}"))
    if amounts.fees0 or amounts.fees1:
        console.print(text(f"  fees   {_pair(position, amounts.fees0, amounts.fees1)}"))
    for reward in position.rewards:
        console.print(text(f"  earned {reward.amount:f} {reward.symbol}"))


def ruler(found: PriceRange) -> str:
    """Draw a range on a logarithmic scale, and where the pool stands in it."""
    low, high, at = (float(one.ln()) for one in (found.lower, found.upper, found.price))
    left, right = min(low, at), max(high, at)
    spare = (right - left) / 5

    def place(value: float) -> int:
        return round((_RULER - 1) * (value - left + spare) / (right - left + 2 * spare))

    cells = ["=" if place(low) <= cell <= place(high) else "-" for cell in range(_RULER)]
    cells[place(low)], cells[place(high)], cells[place(at)] = "[", "]", "|"
    return (
        f"{''.join(cells)}  {price(found.lower)} to {price(found.upper)}, "
        f"now {price(found.price)} {found.quote} per {found.base}"
    )


def _il(item: PositionView) -> str:
    entry, report = item.position.entry, item.report
    if entry is None or report is None or report.il is None or report.il_value is None:
        return "unknown"
    since = "the deposit" if entry.source is EntrySource.MINT_EVENTS else "first sight"
    return f"{report.il:.3%} ({report.il_value:+,.2f} USD) since {since}"


def _pair(position: LpPosition, raw0: int, raw1: int) -> str:
    shown = [(position.token0, raw0), (position.token1, raw1)]
    return ", ".join(f"{Decimal(raw).scaleb(-token.decimals):f} {token.symbol}" for token, raw in shown)


def _hedges(view: CycleView) -> Table:
    """Show a column per underlying: that fits a narrow terminal, and folds where there are many."""
    table = table_of("", *(item.hedge.underlying for item in view.hedges))
    rows: list[tuple[str, Callable[[HedgeView], Decimal | None]]] = [
        ("mark, USD", lambda item: item.hedge.mark),
        ("exposure", lambda item: item.hedge.exposure),
        ("target", lambda item: item.hedge.target),
        ("position", lambda item: item.hedge.position),
        ("unhedged", lambda item: item.unhedged),
        ("drift", lambda item: item.hedge.drift),
        ("band, outer", lambda item: item.hedge.band.outer if item.hedge.band else None),
        ("band, inner", lambda item: item.hedge.band.inner if item.hedge.band else None),
    ]
    for name, figure in rows:
        table.add_row(name, *(number(figure(item)) for item in view.hedges))
    return table


def results_table(book: Book) -> Table:
    """Show where today's result, and that since the journal began, came from; USD."""
    table = table_of("USD", f"{book.day} UTC", "since the journal began")
    parts = (book.today, book.total)
    for (name, today), (_, total) in zip(*(item.terms for item in parts), strict=True):
        table.add_row(name, usd(today), usd(total))
    table.add_row(text(("result", "bold")), *(usd(item.total) for item in parts))
    table.add_row("loss against rebalancing, of it", *(usd(-item.liquidity.lvr) for item in parts))
    return table


def usd(amount: Decimal) -> str:
    """Write a sum with cents and its sign."""
    rounded = round(amount, 2)
    return f"{'+' if rounded > 0 else ''}{money(rounded)}"
