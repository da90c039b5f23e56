"""``python -m tests.scenarios``: every scenario as a table, the same bytes each time; 1 if a rule was broken."""

from __future__ import annotations

import asyncio
import sys

from rich.console import Console
from rich.table import Table

from tests.faults.soak import silent
from tests.scenarios.catalogue import SCENARIOS
from tests.scenarios.script import Row, Told
from tests.scenarios.stage import play

_EVERY = 120


def shown(told: Told) -> Table:
    """Show a tick now and then, and each at which the state, the ladder or the alarms changed."""
    table = Table("tick", "mark", "exposure", "short", "drift", "band", "ratio", "ladder", "state", "alarms")
    table.title = told.scenario.name
    last: Row | None = None
    for row in told.rows:
        changed = last is None or (row.rung, row.state, row.alarms) != (last.rung, last.state, last.alarms)
        if changed or row.number % _EVERY == 0:
            table.add_row(
                str(row.number),
                f"{row.mark}",
                f"{row.exposure:.4f}",
                f"{row.short:.3f}",
                "unknown" if row.drift is None else f"{row.drift:+.4f}",
                "-" if row.band is None else f"{row.band:.4f}",
                "-" if row.ratio is None else f"{row.ratio:.1%}",
                row.rung,
                row.state,
                ", ".join(row.alarms),
            )
        last = row
    table.caption = (
        f"{told.orders} orders, {told.liquidations} liquidations, equity {told.equity:.2f} of {told.scenario.deposit}; "
        f"{'; '.join(told.broken[:3]) or 'every rule held at every tick'}"
    )
    return table


def main() -> int:
    """Play and print all of them."""
    silent()
    console = Console(width=160)
    broken = 0
    for scenario in SCENARIOS.values():
        told = asyncio.run(play(scenario))
        console.print(shown(told))
        broken += len(told.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
