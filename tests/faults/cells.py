"""The cells of the fault matrix, generated from what there is: calls, faults, effects, venues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.paper.servers.registry import SERVERS
from tests.faults.odd import ROWS, Odd
from tests.faults.venue import Effect, Kind, Meanwhile, possible
from tests.faults.venue_calls import ACKNOWLEDGES, CALLS, WRITES
from tests.paper.servers.flavours import TWINS


@dataclass(frozen=True, slots=True)
class Cell:
    """One call at one venue, and what is wrong with it."""

    flavour: str
    call: str
    kind: Kind | Odd | Meanwhile
    effect: Effect

    def __str__(self) -> str:
        return f"{self.flavour}-{self.call}-{self.kind.value}-{self.effect.value}"


def cells() -> Iterator[Cell]:
    """Return the whole matrix; a read that is answered later has no effect that it could have later."""
    for flavour in SERVERS:
        for call in CALLS[flavour]:
            for kind in Kind:
                for effect in possible(kind, flavour):
                    if call in WRITES or effect is not Effect.LATER:
                        yield Cell(flavour, call, kind, effect)
            if call == "amend":
                kinds = (kind for kind in Meanwhile if kind is not Meanwhile.DROPPED or flavour in ACKNOWLEDGES)
                yield from (Cell(flavour, call, kind, Effect.NONE) for kind in kinds)
    yield from odd_cells()


def odd_cells() -> Iterator[Cell]:
    """Return the cells of odd rows, at the venues that have a path for each kind of row."""
    for flavour in TWINS:
        for call in ROWS:
            for odd in Odd:
                yield Cell(flavour, call, odd, Effect.NONE)
