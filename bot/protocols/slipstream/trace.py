"""Finds the pools in whose gauges an owner has staked positions by where they were sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bot.chain import json_rpc
from bot.chain.abi import selector
from bot.chain.batched_reads import Reads
from bot.chain.protocol import Trail
from bot.core.types import Address
from bot.protocols.slipstream.scan import GAUGE, STAKED_LENGTH
from bot.protocols.tracing import ask, joined

POOL: Final = selector("pool()")


def trace(reads: Reads, trail: Trail, values: Mapping[str, object]) -> Mapping[str, object] | None:
    """Add the pools whose gauges hold something that an owner sent there."""
    farms = trail.farms.get(Address(str(values.get("position_manager"))), ())
    pools = {farm: json_rpc.address(answer) for farm, answer in ask(reads, POOL, farms).items()}
    gauges = ask(reads, GAUGE, pools.values())
    staked = set[Address]()
    for owner in trail.owners:
        answers = ask(reads, STAKED_LENGTH + json_rpc.encode_address(owner), pools)
        staked.update(farm for farm, answer in answers.items() if any(answer[: json_rpc.WORD]))
    found = [pool for farm, pool in pools.items() if farm in staked and _names(gauges.get(pool), farm)]
    return joined(values, "pools", found)


def _names(answer: bytes | None, farm: Address) -> bool:
    return answer is not None and json_rpc.address(answer) == farm
