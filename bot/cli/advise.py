"""``dnbot advise``: what band, leverage and collateral fit the present positions, and what they cost a year."""

from __future__ import annotations

import asyncio
import json
import sys

import typer
from rich.console import Console
from rich.table import Table

from bot.app import logging
from bot.app.advice import advice, advice_data, assumptions, words
from bot.cli.console import pays, screen, table_of
from bot.cli.options import AsJson, ConfigFiles, Level, Live, open_settings
from bot.core.analysis.advice import Advice, Choice, HedgeAdvice

app = typer.Typer(add_completion=False)


@app.command()
def advise(
    ctx: typer.Context,
    files: ConfigFiles = None,
    *,
    as_json: AsJson = False,
    live: Live = False,
    log_level: Level = None,
) -> None:
    """Read the chain and the venues once, and advise: band, leverage, collateral, yearly cost, fees to break even."""
    settings = open_settings(ctx, files, live=live, log_level=log_level).settings
    logging.configure(log_level or "warning", settings.log.format, settings.secrets(), sys.stderr)
    found = asyncio.run(advice(settings))
    if as_json:
        sys.stdout.write(json.dumps(advice_data(found), indent=2) + "\n")
    else:
        _show(screen(markup=True), found)


def _show(console: Console, found: Advice) -> None:
    """Print it."""
    console.print(f"[bold]{found.lp_value:,.2f} USD[/bold] of liquidity", highlight=False)
    for hedge in found.hedges:
        _hedge(console, hedge)
    for short in found.shorts:
        one = short.position_risk
        far = "no liquidation near" if one.distance is None else f"liquidated {one.distance:.1%} higher"
        line = f"stands    {one.size:f} {one.symbol} at {one.venue}: {far}, {short.chance:.2%} in a week"
        console.print(line, highlight=False)
    for venue in found.venues:
        wanted = "unknown (no margin table)" if venue.collateral is None else f"{venue.collateral:,.0f} USD"
        enough = venue.collateral is not None and venue.equity < venue.collateral
        more = " [yellow](more is needed)[/]" if enough else ""
        line = f"collateral at {venue.venue}: {venue.equity:,.0f} USD there, {wanted} advised{more}"
        console.print(line, highlight=False)
        for collateral in venue.settles:
            console.print(f"settles   in {collateral.words}", highlight=False, markup=False)
    console.print(_stress(found))
    console.print(_bands(found))
    console.print(pays(found.pool_result))
    for line in assumptions(found):
        console.print(f"assumed   {line}", style="dim", highlight=False)


def _hedge(console: Console, hedge: HedgeAdvice) -> None:
    kind = "estimated" if hedge.is_estimated else "assumed"
    console.print(
        f"[bold]{hedge.underlying}[/bold]  short {-hedge.target:.5g} at {hedge.venue} ({hedge.symbol}, mark "
        f"{hedge.mark:.6g}), volatility {hedge.volatility:.0%} ({kind})",
        highlight=False,
    )
    band = hedge.band
    console.print(
        f"  band      beyond {band.outer:.5g} trade back to {band.inner:.5g}: tracking error {band.tracking_error:.3%} "
        f"a year instead of {hedge.unhedged:.1%} unhedged, for {band.cost:,.2f} USD a year",
        highlight=False,
    )
    backing = (
        "unknown: the venue's margin table is not known"
        if hedge.collateral is None or hedge.leverage is None
        else f"{hedge.collateral:,.0f} USD, a leverage of {hedge.leverage:.2f}"
    )
    console.print(f"  backing   {backing}", highlight=False)
    rate = (
        "at a low rate, since the venue does not tell the present one"
        if hedge.funding_rate is None
        else f"at the present rate ({hedge.funding_rate:+.2%} of the short)"
    )
    console.print(f"  funding   {hedge.funding:+,.2f} USD a year {rate}", highlight=False)
    risks = "; ".join(
        f"{risk.leverage:f}x at +{risk.rise:.1%} (day {risk.day:.2%}, week {risk.week:.2%})" for risk in hedge.risks
    )
    if risks:
        console.print(f"  liquidated {risks}, without a top-up", style="dim", highlight=False)


def _stress(found: Advice) -> Table:
    """Show what each venue's failure would cost."""
    table = table_of("stress reserve, USD", "short", "unwinding in 24 h", "of it funding", "if it vanishes")
    for venue in found.venues:
        one = venue.stress
        amounts = (one.short, one.unwinding, one.funding, one.vanishing)
        table.add_row(venue.venue, *(f"{amount:,.2f}" for amount in amounts))
    return table


def _bands(found: Advice) -> Table:
    table = table_of("band", "tracking error a year", "cost a year, USD")
    rows: list[tuple[str, Choice]] = [("", item) for item in found.choices]
    if found.configured != found.advised:
        rows.append((" (configured)", found.configured))
    rows.append((" [bold](advised)[/bold]", found.advised))
    for note, item in rows:
        table.add_row(f"{words(item.policy)}{note}", f"{item.tracking_error:.3%}", f"{item.cost:,.2f}")
    return table
