"""A move of prices on a terminal: what stands before it and after it."""

from __future__ import annotations

from decimal import Decimal

from rich.console import Console
from rich.table import Table

from bot.app.report import words
from bot.cli.tables import number, table_of
from bot.core.analysis.shock import Fate, WhatIf
from bot.core.decision import PositionRisk


def show_what_if(console: Console, found: WhatIf) -> None:
    """Print the hedges, the margin and the ladder before and after, and what the bot would do then."""
    moves = ", ".join(f"{underlying} {move:+.0%}" for underlying, move in found.shocks.items())
    console.print(f"[bold]what if {moves}[/bold], pools following at once, nothing traded on the way", highlight=False)
    console.print(_hedges(found))
    if found.fates:
        console.print(_shorts(found))
    for fate in found.fates:
        for line in _said(fate):
            console.print(line, highlight=False)
    then = found.then.decision
    before, after = found.now.decision.state.bot, then.state.bot
    if after.state is not before.state:
        console.print(f"[bold red]{after.state.value}[/]: {after.reason}", highlight=False)
    for item in then.approved:
        console.print(f"[green]order[/]    {words(item)}", highlight=False)
    for refused in then.refused:
        console.print(f"[yellow]refused[/]  {words(refused)}: {refused.guard}: {refused.reason}", highlight=False)
    known = {alarm.key for alarm in found.now.decision.alarms}
    for alarm in then.alarms:
        if alarm.key not in known:
            console.print(f"[yellow]alarm[/]    {alarm.message}", highlight=False)


def _hedges(found: WhatIf) -> Table:
    table = table_of("", "mark USD", "exposure", "short", "drift", "band")
    later = {hedge.underlying: hedge for hedge in found.then.decision.hedges}
    for hedge in found.now.decision.hedges:
        then = later[hedge.underlying]
        rows = [(hedge.mark, then.mark), (hedge.exposure, then.exposure), (hedge.position, then.position)]
        rows.append((hedge.drift, then.drift))
        rows.append((hedge.band.outer if hedge.band else None, then.band.outer if then.band else None))
        table.add_row(f"[bold]{hedge.underlying}[/bold]", *(_pair(*row) for row in rows))
    return table


def _shorts(found: WhatIf) -> Table:
    table = table_of("short", "size", "to liquidation", "margin ratio", "ladder", "stop", left=0)
    for fate in found.fates:
        before, after = fate.before, fate.after
        table.add_row(
            f"{before.symbol} at {before.venue}",
            f"{before.size:f}",
            f"{_share(before.distance)} → {_share(after.distance if after else None)}",
            f"{before.ratio:.1%} → {_ratio(after)}",
            f"{before.rung.value} → {after.rung.value if after else '-'}",
            "none" if before.stop is None else f"{before.stop:.6g}",
        )
    return table


def _said(fate: Fate) -> list[str]:
    name, lines = f"{fate.before.symbol} at {fate.before.venue}", list[str]()
    if fate.stop is not None:
        lines.append(f"[yellow]stop[/]     {name}: its stop at {fate.stop:.6g} closes it on the way")
    if fate.liquidation is not None:
        first = "without the stop it" if fate.stop is not None else "it"
        lines.append(f"[bold red]lost[/]     {name}: {first} is liquidated at {fate.liquidation:.6g}")
    return lines


def _pair(before: Decimal | None, after: Decimal | None) -> str:
    return f"{number(before)} → {number(after)}"


def _share(distance: Decimal | None) -> str:
    return "none near" if distance is None else f"{distance:.1%}"


def _ratio(position_risk: PositionRisk | None) -> str:
    return "-" if position_risk is None else f"{min(position_risk.ratio, Decimal(10)):.1%}"
