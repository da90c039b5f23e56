"""Preflight: check the configuration against the chains and the venues before anything is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.concurrency import gather
from bot.core.policy import Policy
from bot.core.risk.cap_check import require_room
from bot.core.types import Symbol, VenueId
from bot.ports import ChainReader, Exchange


async def check_world(
    chains: Sequence[ChainReader],
    venues: Sequence[Exchange],
    symbols: Mapping[VenueId, Sequence[Symbol]],
    policy: Policy,
) -> None:
    """Check every chain, every venue with its symbols, and that the policy's caps leave room for an order.

    Raises:
        ConfigError: the configuration does not fit a chain or a venue.
        Retryable: one of them does not answer.
    """
    await gather([chain.check() for chain in chains])
    found = await gather([venue.check(symbols[venue.venue]) for venue in venues])
    require_room(policy, [market for markets in found for market in markets.values()])
