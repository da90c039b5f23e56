"""``python -m tests.evidence NAME [--quick]`` prints one table of docs/evidence.md, and ends with 1 where it fails."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from tests.evidence import fees, hedging_error, lvr, predictable_loss, style
from tests.evidence.tables import Table
from tests.faults.soak import silent

TABLES: Final[Mapping[str, Callable[[bool], Table]]] = {
    "lvr": lvr.table,
    "fees": fees.table,
    "hedging_error": hedging_error.table,
    "predictable_loss": predictable_loss.table,
    "style": style.table,
}


def main() -> int:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.evidence", description=__doc__)
    parser.add_argument("name", nargs="*", choices=[*TABLES, "all"], default="all")
    parser.add_argument("--quick", action="store_true", help="the short versions that `make test` runs")
    parser.add_argument(
        "--width", default=style.USUAL, help=f"of the range that styles are compared on, or {style.FULL}"
    )
    chosen = parser.parse_args()
    tables: Mapping[str, Callable[[bool], Table]] = {**TABLES, "style": partial(style.table, width=chosen.width)}
    silent()
    found = [tables[name](chosen.quick) for name in (tables if "all" in chosen.name else chosen.name)]
    for one in found:
        sys.stdout.write(f"{one.text()}\n\n")
    return int(not all(one.holds for one in found))


if __name__ == "__main__":
    sys.exit(main())
