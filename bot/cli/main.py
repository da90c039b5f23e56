"""The ``dnbot`` command. Each command stands in a module of its own and is imported only when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import typer

from bot.cli.group import Entry, RootGroup
from bot.cli.session import Session
from bot.version import version

COMMANDS: Mapping[str, Entry] = {
    "setup": Entry("bot.cli.setup:app", "From an address to a configuration that is tried: asks, looks, writes."),
    "positions": Entry(
        "bot.cli.positions:app", "What addresses hold, staked too, and the configuration that hedges it."
    ),
    "demo": Entry("bot.cli.demo:app", "The main job on a local chain with real pools, on paper, watched live."),
    "plan": Entry("bot.cli.plan:app", "One snapshot, one decision, printed; nothing is sent."),
    "advise": Entry("bot.cli.advise:app", "Band, leverage, collateral, yearly cost, and the fees to break even."),
    "report": Entry("bot.cli.report:app", "One page to be shown: of a backtest, or of the daemon's journal."),
    "sweep": Entry("bot.cli.sweep:app", "Many backtests with other settings, side by side, and their frontier."),
    "run": Entry("bot.cli.run:app", "Hedge: a cycle at every block and on a timer, until SIGINT or SIGTERM."),
    "doctor": Entry("bot.cli.doctor:app", "Is everything there that the daemon will rest on, and what to do if not?"),
    "status": Entry("bot.cli.status:app", "The state now, and the last cycle, orders and events from the journal."),
    "history": Entry(
        "bot.cli.history:app", "Days, trades, funding, fees, positions for accounting: text, CSV, Parquet."
    ),
    "verify": Entry("bot.cli.verify:app", "Derive every journaled decision again; exit 1 where a byte differs."),
    "pause": Entry("bot.cli.control:pause_app", "Send no hedge order until `resume`."),
    "freeze": Entry("bot.cli.control:freeze_app", "Add nothing until `resume`; reduce where it must be."),
    "flatten": Entry("bot.cli.control:flatten_app", "Close every short; the liquidity is unhedged from then on."),
    "resume": Entry("bot.cli.control:resume_app", "Hedge again after a pause, a freeze, a flatten or a halt."),
    "backtest": Entry("bot.cli.backtest:app", "A market replayed through the decision and the exchange that run live."),
    "data": Entry("bot.cli.data:app", "A pool's past from a node, a perpetual's from a venue, for backtests."),
    "venue": Entry("bot.cli.venue:app", "A paper exchange for any client, in a real venue's wire format."),
    "alerts": Entry("bot.cli.alerts:app", "Send a test alert to everybody who is to be told."),
    "mqtt": Entry("bot.cli.mqtt:app", "Commands over an MQTT broker, and the keys for it."),
    "config": Entry("bot.cli.config:app", "Write, show and describe the configuration."),
}


class _Dnbot(RootGroup):
    entries: ClassVar[Mapping[str, Entry]] = COMMANDS


app = typer.Typer(name="dnbot", cls=_Dnbot, no_args_is_help=True)


def _version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"dnbot {version()}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """A delta-neutral rebalancing daemon for AMM liquidity providers: reads pools, shorts perpetuals."""
    del version
    ctx.ensure_object(Session).debug = debug


def main() -> None:
    """Run the command line."""
    typer.main.get_command(app)()
