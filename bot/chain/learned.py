"""Limits of an endpoint, learned from its refusals and kept while the process runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Learned:
    """Limits below the configured ones; None where nothing was refused yet.

    Attributes:
        by_hash: whether reads can be pinned to a block hash (EIP-1898).
        log_blocks: blocks of one ``eth_getLogs``.
        batch: requests of one batch; 1: no batches, each request is sent alone.
        gas: gas of one call.
    """

    by_hash: bool = True
    log_blocks: int | None = None
    batch: int | None = None
    gas: int | None = None

    def words(self) -> str:
        """Return what is known, in words; empty where nothing is below the configured limits."""
        found = [
            None if self.log_blocks is None else f"{self.log_blocks} blocks per eth_getLogs",
            None if self.batch is None else "no batches" if self.batch == 1 else f"{self.batch} requests per batch",
            None if self.gas is None else f"{self.gas:,} gas per call",
            None if self.by_hash else "no pins by block hash",
        ]
        return ", ".join(text for text in found if text is not None)
