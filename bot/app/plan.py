"""Build one snapshot and one decision, with nothing that sends or writes."""

from __future__ import annotations

from dataclasses import replace

from bot.app.loop.preflight import check_world
from bot.app.settings import Settings
from bot.app.wiring import preview
from bot.core.analysis.shock import Planned, Shocks, WhatIf, fates, settled, shockable, shocked
from bot.core.decide import decide
from bot.core.errors import ConfigError
from bot.core.inputs import CycleInputs
from bot.core.reconciliation.identity import Identity
from bot.core.reconciliation.orders import by_owner
from bot.core.snapshot import Snapshot, VenueView
from bot.core.state import State


async def plan(settings: Settings) -> Planned:
    """Take a snapshot and decide on it, from the journal's state where there is one.

    Raises:
        ConfigError: the configuration does not fit the chain or the venue.
        Retryable, SkipCycle: the chain could not be read, or not believably.
    """
    snapshot, inputs, state = await _seen(settings)
    return Planned(snapshot, decide(snapshot, inputs, state, settings.policy()))


async def what_if(settings: Settings, shocks: Shocks) -> WhatIf:
    """Plan as ``plan`` does, and once more on the same snapshot after prices have moved.

    Raises:
        ConfigError: nothing that is seen has a price of one of the underlyings; or as ``plan``.
        Retryable, SkipCycle: as ``plan``.
    """
    snapshot, inputs, state = await _seen(settings)
    known = sorted(shockable(snapshot))
    for underlying in shocks:
        if underlying not in known:
            raise ConfigError(f"--shock {underlying}: no position and no market has it; known are {', '.join(known)}")
    now = decide(snapshot, inputs, state, settings.policy())
    moved = shocked(snapshot, shocks)
    then = decide(moved, inputs, settled(now.state, shocks), settings.policy())
    return WhatIf(Planned(snapshot, now), Planned(moved, then), shocks, fates(now, then))


async def _seen(settings: Settings) -> tuple[Snapshot, CycleInputs, State]:
    async with preview(settings) as world:
        await check_world(world.chains, world.venues, world.symbols, settings.policy())
        world.observer.follow(world.state.held if world.state else ())
        seen = await world.observer.observe()
    ids = {venue.venue: venue.ids for venue in world.venues}
    venues = tuple(
        by_owner(view, Identity(settings.bot.id, 0, ids[view.venue]), world.pending)
        if isinstance(view, VenueView)
        else view
        for view in seen.venues
    )
    return replace(seen, venues=venues), CycleInputs(world.pending), world.state or State.fresh(seen.observed_at)
