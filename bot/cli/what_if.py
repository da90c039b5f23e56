"""Print what a move of prices does: the state before it and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.console import number, table_of, text
from bot.cli.tables import show_orders, usd
from bot.core.analysis.shock import Fate, Profit, WhatIf
from bot.core.decision import Hedge, PositionRisk


def show_what_if(console: Console, found: WhatIf) -> None:
    """Print the hedges, the margin, the ladder and what it brings, and what the bot would do then."""
    moves = ", ".join(f"{underlying} {move:+.0%}" for underlying, move in found.shocks.items())
    console.print(text((f"what if {moves}", "bold"), ", pools following at once, nothing traded on the way"))
    console.print(_hedges(found))
    for fate in found.fates:
        for line in _short(fate):
            console.print(line)
    console.print(_profit(found.profit))
    then = found.then.decision
    before, after = found.now.decision.state.bot, then.state.bot
    if after.state is not before.state:
        console.print(text((after.state.value, "bold red"), f": {after.reason}"))
    show_orders(console, then)
    known = {alarm.key for alarm in found.now.decision.alarms}
    for alarm in then.alarms:
        if alarm.key not in known:
            console.print(text(("alarm", "yellow"), f"    {alarm.message}"))


def _hedges(found: WhatIf) -> Table:
    """Show a column per underlying, each figure before and after the move."""
    later = {hedge.underlying: hedge for hedge in found.then.decision.hedges}
    pairs = [(hedge, later[hedge.underlying]) for hedge in found.now.decision.hedges]
    table = table_of("", *(hedge.underlying for hedge, _ in pairs))
    rows: list[tuple[str, Callable[[Hedge], Decimal | None]]] = [
        ("mark, USD", lambda hedge: hedge.mark),
        ("exposure", lambda hedge: hedge.exposure),
        ("short", lambda hedge: hedge.position),
        ("drift", lambda hedge: hedge.drift),
        ("band", lambda hedge: hedge.band.outer if hedge.band else None),
    ]
    for name, figure in rows:
        table.add_row(name, *(_pair(figure(before), figure(after)) for before, after in pairs))
    return table


def _short(fate: Fate) -> Iterator[Text]:
    """Return where a short stands before and after, and what closes it on the way."""
    before, after = fate.before, fate.after
    name = f"{before.symbol} at {before.venue}"
    figures = (
        f"liquidation {_share(before.distance)} → {_share(after.distance if after else None)} away, "
        f"margin ratio {before.ratio:.1%} → {_ratio(after)}, "
        f"ladder {before.rung.value} → {after.rung.value if after else '-'}, "
        f"stop {'none' if before.stop is None else f'{before.stop:.6g}'}"
    )
    yield text(("short", "bold"), f"    {name}: {before.size:f}; {figures}")
    if fate.stop is not None:
        yield text(("stop", "yellow"), f"     {name}: its stop at {fate.stop:.6g} closes it on the way")
    if fate.liquidation is not None:
        first = "without the stop it" if fate.stop is not None else "it"
        yield text(("lost", "bold red"), f"     {name}: {first} is liquidated at {fate.liquidation:.6g}")


def _profit(profit: Profit) -> Text:
    """Return what the move brings, before slippage and fees."""
    told = [
        f"{name} {'unknown' if amount is None else f'{usd(amount)} USD'}"
        for name, amount in (("liquidity", profit.liquidity), ("shorts", profit.shorts), ("together", profit.both))
    ]
    return text(("result", "bold"), f"   {', '.join(told)}; slippage and fees come on top")


def _pair(before: Decimal | None, after: Decimal | None) -> str:
    return f"{number(before)} → {number(after)}"


def _share(distance: Decimal | None) -> str:
    return "none near" if distance is None else f"{distance:.1%}"


def _ratio(position_risk: PositionRisk | None) -> str:
    return "-" if position_risk is None else f"{min(position_risk.ratio, Decimal(10)):.1%}"
