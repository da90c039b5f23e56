"""One snapshot and one decision, with nothing behind it that sends or writes."""

from __future__ import annotations

from dataclasses import replace

from bot.app.settings import Settings
from bot.app.together import together
from bot.app.wiring import preview
from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.snapshot import Snapshot
from bot.core.state import State


async def plan(settings: Settings) -> tuple[Snapshot, Decision]:
    """Take a snapshot and decide on it, from the journal's state where there is one.

    Raises:
        ConfigError: the configuration does not fit the chain or the venue.
        Retryable, SkipCycle: the chain could not be read, or not believably.
    """
    async with preview(settings) as world:
        await together([chain.check() for chain in world.chains])
        await together([venue.check(world.symbols[venue.venue]) for venue in world.venues])
        snapshot = await world.observer.observe()
    state = replace(world.state or State.fresh(snapshot.taken_at), pending=world.pending)
    return snapshot, decide(snapshot, state, settings.policy())
