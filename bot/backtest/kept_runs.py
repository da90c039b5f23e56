"""The results of a sweep's runs, stored as they end, so that a sweep that was ended goes on where it was.

A line a run (a checksum, and JSON), known by the fingerprint of its replay: data, settings, and this code. A run that
failed is not kept, and a line that is broken (the machine went down in it) counts for nothing: both are redone.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Final

from bot.core.errors import ConfigError

FILE: Final = "runs.kept"


@dataclass(frozen=True, slots=True)
class Figures:
    """What one replay came to; USD, fractions of the LP value at the start a year, fractions.

    ``rebalancing_a_year`` is the cost without that of opening the hedge: what the band answers for.
    """

    cost_a_year: float
    rebalancing_a_year: float
    tracking_error_a_year: float
    variance_ratio: float
    result_usd: float
    fees_usd: float
    hedge_usd: float
    funding_usd: float
    lvr_usd: float
    residual_usd: float
    turnover_usd: float
    orders: int
    refused: int
    liquidations: int
    nearest_liquidation: float | None


_NAMES: Final = {one.name for one in fields(Figures)}


def _check(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:16].encode()


@dataclass(slots=True)
class KeptRuns:
    """The runs of a folder, by fingerprint."""

    path: Path
    known: dict[str, Figures] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path) -> KeptRuns:
        """Read what is there.

        Raises:
            ConfigError: the file can't be read.
        """
        kept = cls(folder / FILE)
        if not kept.path.exists():
            return kept
        try:
            lines = kept.path.read_bytes().splitlines()
        except OSError as error:
            raise ConfigError(f"can't be read: {error.strerror}", source=str(kept.path)) from error
        for line in lines:
            check, _, text = line.partition(b" ")
            if check == _check(text) and (row := json.loads(text))["figures"].keys() == _NAMES:
                kept.known[row["run"]] = Figures(**row["figures"])
        return kept

    def add(self, run: str, figures: Figures) -> None:
        """Keep a run, on the disk before this returns.

        Raises:
            ConfigError: it can't be written.
        """
        self.known[run] = figures
        text = json.dumps({"run": run, "figures": asdict(figures)}).encode()
        try:
            with self.path.open("ab") as file:
                # a line of its own, even after one that was cut
                file.write(b"\n" + _check(text) + b" " + text + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ConfigError(f"can't be written: {error.strerror}", source=str(self.path)) from error
