"""``python -m tests.bench``: every figure beside its target. It judges nothing: a busy machine is no failure."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bot.paper.servers.registry import SERVERS
from tests.bench import backtest, beside_demeter, daemon, decide, latency, many_positions, protocols, snapshot, sweep


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement; ``target`` is the most that it should be, ``yardstick`` what it is compared with in this run."""

    what: str
    value: float
    unit: str
    target: float | None = None
    yardstick: float | None = None


def measure() -> Iterator[Figure]:
    """Measure one thing after the other, so that none disturbs another."""
    read = asyncio.run(snapshot.run())
    yield Figure("snapshot of 1,000 positions over 100 pools", read["wall"], "ms", 150)
    yield Figure("  of it our own CPU", read["cpu"], "ms", 60, read["wall"])
    mixed = asyncio.run(protocols.run())
    yield Figure(
        "snapshot of 1,000 positions over five protocols, 100 of them staked", mixed["wall"], "ms", 200, read["wall"]
    )
    yield Figure("  of it our own CPU", mixed["cpu"], "ms", 90, read["cpu"])
    wallet = asyncio.run(many_positions.run())
    yield Figure("read of 1,500 NFTs, 300 of them gifts, from 50 ms away", wallet["wall"], "ms", 250, read["wall"])
    yield Figure("  of it our own CPU", wallet["cpu"], "ms", None, wallet["wall"])
    many, few = decide.run().values()
    yield Figure("decide, 1,000 positions", many, "ms", 12, read["wall"])
    yield Figure("decide, 3 positions", few, "ms", 0.2, many)
    speed = asyncio.run(latency.run())
    yield Figure("an fsync of the journal's disk, p99", speed["an fsync, p99"], "ms")
    for venue in SERVERS:
        throttled = speed[f"{venue}, an order through ccxt's own throttle"]
        yield Figure(f"{venue}: an order through ccxt's own throttle", throttled, "ms")
        for path in ("block to order", "decision to order"):
            yield Figure(f"{venue}: {path}, p50", speed[f"{venue}, {path}, p50"], "ms", 5, throttled)
            yield Figure(f"{venue}: {path}, p99", speed[f"{venue}, {path}, p99"], "ms", 20, throttled)
        cold = f"{venue}, block to order with nothing read ahead, p50"
        yield Figure(f"{venue}: block to order with nothing read ahead, p50", speed[cold], "ms", None, throttled)
        yield Figure(f"{venue}: cycle, CPU, p50", speed[f"{venue}, cycle, CPU, p50"], "ms")
    replayed = backtest.run()
    for position, most in (("±10%", 22), ("full range", 10)):
        every, few = replayed[f"{position}, every row"], replayed[f"{position}, rows left out"]
        yield Figure(f"backtest of {position}: a row, decided at each", every, "µs", 250)
        yield Figure(f"backtest of {position}: a row, most left out", few, "µs", most, every)
    for position, both in beside_demeter.pairs():
        yield Figure(f"backtest of {position}: CPU time over zelos-demeter's", both.ours / both.theirs, "", 0.1)
    short, long = (replayed[f"{days} days"] for days in backtest.LENGTHS)
    yield Figure("backtest: memory of 120 days over that of 30", long / short, "", 1.05)
    swept = sweep.run()
    share = swept[2] / swept[1]
    yield Figure("sweep of 64 replays: two workers' time over one's", share, "", round(1 / 1.7, 3))
    bare = daemon.start("-c", "pass")
    yield Figure("python that does nothing", bare, "s")
    yield Figure("dnbot --help", daemon.start("-m", "bot", "--help"), "s", 0.4, bare)
    yield Figure("resident memory of the daemon after 50 blocks", asyncio.run(daemon.memory()), "MB", 160)


def main() -> None:
    """Print one table."""
    console = Console()
    table = Table(
        "what", "figure", "target", "of the target", "of the yardstick", title="dnbot, the smaller the better"
    )
    with console.status("measuring"):
        for item in measure():
            table.add_row(
                item.what,
                f"{item.value:.3g} {item.unit}",
                "" if item.target is None else f"{item.target:g} {item.unit}",
                "" if item.target is None else f"{item.value / item.target:.0%}",
                "" if item.yardstick is None else f"{item.value / item.yardstick:.3g} x",
            )
    console.print(table)


if __name__ == "__main__":
    main()
