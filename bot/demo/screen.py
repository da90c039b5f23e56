"""The demo's live view: exposure, short, drift and band per underlying, the last orders, the running result."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bot.core.decision import Decision, Hedge
from bot.core.explain import explain
from bot.demo.summary import DemoAccount
from bot.journal.rows import IntentRecord

_GAUGE = 21
"""Characters of the drift gauge, odd so that it has a middle."""


def render(account: DemoAccount, orders: Sequence[IntentRecord], total: int | None) -> RenderableType:
    """Draw the state after the newest block; ``total`` blocks if the run has an end."""
    seen = account.last
    if seen is None:
        return Text("starting …")
    decision = seen.record.decision
    head = Text.assemble(
        ("dnbot demo", "bold"),
        f"   block {seen.step.number}   market time {seen.step.market.time:%Y-%m-%d %H:%M}   ",
        (decision.state.bot.state.value, "green"),
        f"   cycle {seen.record.cycle} in {seen.record.seconds * 1000:.0f} ms",
    )
    parts = [head, _progress(seen.step.index, total), _hedges(decision), _result(account), _orders(orders)]
    if account.actions:
        parts.append(Text(f"last action  {account.actions[-1]}", style="cyan"))
    return Panel(Group(*parts), border_style="dim")


def _progress(done: int, total: int | None) -> RenderableType:
    if total is None:
        return Text("until Ctrl-C", style="dim")
    line = Table.grid(expand=True)  # the bar alone ends without a line break
    line.add_row(ProgressBar(total=total, completed=done))
    return line


def _hedges(decision: Decision) -> Table:
    table = Table(expand=True, box=None, header_style="dim")
    for name in ("", "mark", "exposure", "short", "drift", "band"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_column("over-hedged · under-hedged", justify="center")
    table.add_column("")
    said = explain(decision)
    for hedge in decision.hedges:
        table.add_row(
            Text(hedge.underlying, style="bold"),
            _number(hedge.mark, 2),
            _number(hedge.exposure, 4),
            _number(None if hedge.position is None else -hedge.position, 4),
            _number(hedge.drift, 4),
            _number(hedge.band.outer if hedge.band else None, 4),
            _gauge(hedge),
            said[hedge.underlying].note,
        )
    return table


def _gauge(hedge: Hedge) -> Text:
    """Draw the drift in its band: the dots are the band, the mark is the drift."""
    if hedge.drift is None or hedge.band is None or not hedge.band.outer:
        return Text("·" * _GAUGE, style="dim")
    share = float(hedge.drift / hedge.band.outer)
    place = round((_GAUGE - 1) / 2 * (1 + max(-2.0, min(2.0, share)) / 2))
    edges = {round((_GAUGE - 1) / 4), round((_GAUGE - 1) * 3 / 4)}
    cells = ["|" if cell in edges else "·" for cell in range(_GAUGE)]
    cells[place] = "●"
    return Text("".join(cells), style="green" if abs(share) <= 1 else "yellow")


def _result(account: DemoAccount) -> Text:
    point, ratio = account.track.points[-1], account.track.variance_ratio
    text = Text.assemble(
        "result  unhedged ",
        (f"{point.unhedged:+,.2f} USD", "yellow"),
        "   hedged ",
        (f"{point.hedged:+,.2f} USD", "green"),
    )
    return text if ratio is None else text.append(f"   variance left {ratio:.2%}")


def _orders(orders: Sequence[IntentRecord]) -> Table:
    table = Table(expand=True, box=None, header_style="dim", title_justify="left")
    for name in ("last orders", "symbol", "quantity", "filled", "status", "why"):
        table.add_column(name, justify="right" if name in {"quantity", "filled"} else "left")
    for item in reversed(orders):
        request = item.intent.request
        why = request.reason
        row = (item.intent.client_id, request.symbol, str(request.quantity), str(item.filled), item.status.value, why)
        table.add_row(*row)
    return table


def _number(value: Decimal | None, places: int) -> str:
    return "unknown" if value is None else f"{value:,.{places}f}"
