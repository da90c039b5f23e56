"""Finds the pools whose LP tokens an owner holds or has staked by the tokens that came to them."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chain.batched_reads import Reads
from bot.chain.protocol import Trail
from bot.protocols.solidly.calls import METADATA
from bot.protocols.solidly.reference import is_metadata
from bot.protocols.tracing import ask, held, joined


def trace(reads: Reads, trail: Trail, values: Mapping[str, object]) -> Mapping[str, object] | None:
    """Add the pools whose LP tokens an owner holds, or has in a contract that they were sent to."""
    likely = [token for token in trail.tokens if token not in trail.ids]
    pools = [pool for pool, answer in ask(reads, METADATA, likely).items() if is_metadata(answer)]
    farms = {pool: trail.farms.get(pool, ()) for pool in pools}
    mine = held(reads, [*pools, *(farm for each in farms.values() for farm in each)], trail.owners)
    return joined(values, "pools", [pool for pool in pools if mine.intersection((pool, *farms[pool]))])
