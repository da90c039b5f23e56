"""A decision on a terminal."""

from __future__ import annotations

from decimal import Decimal

from rich.console import Console
from rich.table import Table

from bot.app.report import words
from bot.core.decision import Decision, Severity
from bot.core.explain import explain
from bot.core.pnl.ledger import Book
from bot.core.pnl.position_report import PositionReport, reports
from bot.core.snapshot import EntrySource, LpPosition, Snapshot, VenueUnknown

_COLOURS = {Severity.INFO: "dim", Severity.WARNING: "yellow", Severity.CRITICAL: "bold red"}


def show(console: Console, snapshot: Snapshot, decision: Decision) -> None:
    """Print what was seen and what was decided."""
    for view in snapshot.chains:
        stamp = f"{view.block.timestamp:%Y-%m-%d %H:%M:%S} UTC"
        console.print(f"{view.chain}: block {view.block.number} of {stamp}, {view.block.hash}", highlight=False)
    bot = decision.state.bot
    console.print(f"state: {bot.state.value} ({bot.reason})", highlight=False)
    _positions(console, snapshot, decision)
    console.print(_hedges(decision))
    said = explain(decision)
    for hedge in decision.hedges:
        flight = f", {hedge.in_flight} in flight" if hedge.in_flight else ""
        console.print(f"[bold]{hedge.underlying}[/bold]  {said[hedge.underlying].note}{flight}", highlight=False)
        if hedge.band is not None:
            console.print(f"  band: {said[hedge.underlying].band}", style="dim", highlight=False)
    for venue in snapshot.venues:
        if isinstance(venue, VenueUnknown):
            console.print(f"[bold red]{venue.venue} is unknown[/]: {venue.reason}", highlight=False)
    for item in decision.approved:
        console.print(f"[green]order[/]    {words(item)}: {item.order.reason}", highlight=False)
    for refused in decision.refused:
        console.print(f"[yellow]refused[/]  {words(refused)}: {refused.guard}: {refused.reason}", highlight=False)
    for alarm in decision.alarms:
        console.print(f"[{_COLOURS[alarm.severity]}]{alarm.severity.value}[/]  {alarm.message}", highlight=False)


def _positions(console: Console, snapshot: Snapshot, decision: Decision) -> None:
    found = {report.position: report for report in reports(snapshot, decision.prices)}
    for position in snapshot.positions:
        report, amounts = found[position.id], position.amounts
        value = "no price" if report.value is None else f"{report.value:,.2f} USD"
        place = ("in range" if position.curve.in_range else "out of range") + (", staked" if position.staked_in else "")
        console.print(f"[bold]{position.id}[/bold]  {value}, {place}, IL {_il(position, report)}", highlight=False)
        console.print(f"  holds  {_pair(position, amounts.principal0, amounts.principal1)}", highlight=False)
        if amounts.fees0 or amounts.fees1:
            console.print(f"  fees   {_pair(position, amounts.fees0, amounts.fees1)}", highlight=False)
        for reward in position.rewards:
            console.print(f"  earned {reward.amount:f} {reward.symbol}", highlight=False)


def _il(position: LpPosition, report: PositionReport) -> str:
    if position.entry is None or report.il is None or report.il_value is None:
        return "unknown"
    since = "the deposit" if position.entry.source is EntrySource.MINT_EVENTS else "first sight"
    return f"{report.il:.3%} ({report.il_value:+,.2f} USD) since {since}"


def _pair(position: LpPosition, raw0: int, raw1: int) -> str:
    shown = [(position.token0, raw0), (position.token1, raw1)]
    return ", ".join(f"{Decimal(raw).scaleb(-token.decimals):f} {token.symbol}" for token, raw in shown)


def _hedges(decision: Decision) -> Table:
    table = table_of("", "mark USD", "exposure", "target", "position", "drift", "b", "r")
    for hedge in decision.hedges:
        band = hedge.band
        cells = (hedge.mark, hedge.exposure, hedge.target, hedge.position, hedge.drift)
        edges = (band.outer if band else None, band.inner if band else None)
        table.add_row(f"[bold]{hedge.underlying}[/bold]", *map(number, (*cells, *edges)))
    return table


def results_table(book: Book) -> Table:
    """Show where today's result, and that since the journal began, came from; USD."""
    table = table_of("USD", book.day, "since the journal began")
    parts = (book.today, book.total)
    for (name, today), (_, total) in zip(*(item.terms for item in parts), strict=True):
        table.add_row(name, _usd(today), _usd(total))
    table.add_row("[bold]result[/bold]", *(_usd(item.total) for item in parts))
    table.add_row("loss against rebalancing, of it", *(_usd(-item.liquidity.lvr) for item in parts))
    return table


def _usd(amount: Decimal) -> str:
    text = f"{amount:+,.2f}"
    return "0.00" if text in {"+0.00", "-0.00"} else text


def table_of(*names: str, left: int = 1) -> Table:
    """Begin a table without lines, its first columns for words and the others for numbers."""
    table = Table(box=None, header_style="dim", padding=(0, 1))
    for place, name in enumerate(names):
        table.add_column(name, justify="left" if place < left else "right", no_wrap=True)
    return table


def number(value: Decimal | None) -> str:
    """Write a quantity or a price, five digits of it."""
    return "unknown" if value is None else f"{value:.5g}" if value else "0"
