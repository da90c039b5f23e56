"""What addresses hold on a chain: on every deployment that is known or configured, staked positions too.

The owners' Transfer events lead to what no contract lists: pairs, pools, gauges. Each deployment is read by itself, so
that one that can't be read affects nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from bot.chain.batched_reads import Missing, Reads
from bot.chain.client import RpcClient
from bot.chain.config import ChainConfig, Deployment
from bot.chain.json_rpc import quantity
from bot.chain.logs import Logs
from bot.chain.protocol import Amm, Found, MakeSources, Sources, Trail
from bot.chain.reader import EvmChainReader
from bot.chain.tokens import TokenBook
from bot.chain.trail import Progress, TrailSearch
from bot.core.errors import DnbotError, Retryable
from bot.core.lp.exposure import legs_of, units_of
from bot.core.lp.prices import usd_prices
from bot.core.snapshot import LeftOut, LpPosition, PoolPrice
from bot.core.types import Address, Underlying
from bot.ports import Clock, Notes
from bot.protocols.presets import presets
from bot.protocols.registry import PROTOCOLS, sources

_PATIENCE: Final = 60.0
"""Seconds for one deployment."""
_READS: Final = 1_000
"""How often a deployment is read while a search of its own goes on."""


@dataclass(frozen=True, slots=True)
class Place:
    """A deployment to look at: its protocol, its values, and the name by which it is known; empty where it is not."""

    protocol: str
    values: Mapping[str, object]
    preset: str = ""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was found at a place; ``fault`` is why it can't be read, empty where it was."""

    place: Place
    positions: tuple[LpPosition, ...] = ()
    pools: tuple[PoolPrice, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found on a chain; ``prices`` are what its pools say, USD.

    ``is_flooded``: so many contracts sent the owners something that not all of them were looked at.
    """

    chain: ChainConfig
    sights: tuple[Sight, ...]
    prices: Mapping[Underlying, Decimal]
    is_flooded: bool = False

    def value(self, position: LpPosition) -> Decimal | None:
        """Return what a position is worth with its fees, USD; None where nothing prices a token."""
        total = Decimal(0)
        for leg in legs_of(position, units_of(position)):
            if leg.underlying not in self.prices:
                return None
            total += leg.amount * self.prices[leg.underlying]
        return total


async def listing(
    chain: ChainConfig, configured: Sequence[Place], notes: Notes, clock: Clock, progress: Progress | None
) -> Listing:
    """Find what the chain's owners hold; ``progress`` None leaves the search through their transfers out.

    Raises:
        ConfigError: the endpoint is of another chain.
        Retryable: no endpoint answered.
    """
    places = [*configured]
    taken = {contract for place in configured for contract in _counted(place)}
    for preset in presets(chain.chain_id):
        place = Place(preset.protocol, preset.values, preset.name)
        if not taken.intersection(_counted(place)):
            places.append(place)
    trail = None if progress is None else await _trail(chain, notes, clock, progress)
    if trail is not None:
        places = await _traced(chain, places, trail, clock)
    sights = [await _look(chain, place, notes, clock) for place in places]
    prices = usd_prices([pool for sight in sights for pool in sight.pools])
    return Listing(chain, tuple(sights), prices, trail is not None and trail.is_full)


def _amm(place: Place) -> Amm[Any]:
    return PROTOCOLS[place.protocol]


def _counted(place: Place) -> tuple[str, ...]:
    counted: tuple[str, ...] = _amm(place).settings.model_validate(place.values).counted
    return counted


async def _trail(chain: ChainConfig, notes: Notes, clock: Clock, progress: Progress) -> Trail:
    """Search the owners' transfers through all blocks."""
    client = RpcClient(chain.rpc_urls, timeout=chain.limits.request_timeout, clock=clock)
    try:
        block = await client.request("eth_blockNumber", [], quantity)
        owners = "+".join(sorted(chain.owners))
        search = TrailSearch(chain.owners, f"{chain.chain_id}:{owners}")
        await search.look(Logs(client, chain.limits), block, notes, progress)
    except Retryable as error:
        words = "how far the search came is noted: the same command goes on there, and --no-search leaves it out"
        raise Retryable(f"{error}; {words}") from error
    finally:
        await client.close()
    return search.trail


@dataclass(slots=True)
class _Tracing:
    """Implements Source: follows a trail for every protocol that has a way to."""

    places: Sequence[Place]
    trail: Trail
    found: list[Place] = field(default_factory=list)

    def contracts(self) -> Sequence[tuple[str, Address]]:
        return []

    def read(self, reads: Reads, found: Found) -> None:
        del found
        self.found = []
        there = {place.protocol for place in self.places}
        new = [Place(name, {}) for name, amm in PROTOCOLS.items() if amm.trace is not None and name not in there]
        for place in (*self.places, *new):
            trace = _amm(place).trace
            if trace is None:
                self.found.append(place)
                continue
            try:
                values = trace(reads, self.trail, place.values)
            except Missing:
                continue
            if values is not None:
                known = place.preset if values == place.values else ""
                self.found.append(Place(place.protocol, values, known))


async def _traced(chain: ChainConfig, places: Sequence[Place], trail: Trail, clock: Clock) -> list[Place]:
    """Return the places with what the trail leads to."""
    tracing = _Tracing(places, trail)

    def make(config: ChainConfig, tokens: TokenBook) -> Sources:
        del config, tokens
        return Sources([], [tracing])

    async with asyncio.timeout(_PATIENCE), _Reading(chain, make, clock) as reader:
        await reader.read()
    return tracing.found


class _Reading:
    """A reader that is closed at the end."""

    def __init__(self, chain: ChainConfig, make: MakeSources, clock: Clock, notes: Notes | None = None) -> None:
        self._reader = EvmChainReader(chain, make, clock, notes=notes)

    async def __aenter__(self) -> EvmChainReader:
        return self._reader

    async def __aexit__(self, *_: object) -> None:
        await self._reader.close()


async def _look(chain: ChainConfig, place: Place, notes: Notes, clock: Clock) -> Sight:
    """Read one deployment as the daemon would."""
    try:
        settings = _amm(place).settings.model_validate(place.values)
        deployment = Deployment(place.protocol, f"chains.{chain.name}.{place.protocol}[1]", settings)
        async with _Reading(replace(chain, protocols=(deployment,)), sources, clock, notes) as reader:
            async with asyncio.timeout(_PATIENCE):
                await reader.check()
            for _ in range(_READS):
                view = await reader.read()
                if not reader.is_searching:
                    break
    except TimeoutError:
        return Sight(place, fault=f"no whole answer within {_PATIENCE:g} s")
    except DnbotError as error:
        return Sight(place, fault=str(error))
    return Sight(place, view.positions, view.pools, view.left_out)
