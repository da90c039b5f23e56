"""Deployments that are known by name, chain by chain, so that nobody has to look up addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.protocols.registry import PROTOCOLS


@dataclass(frozen=True, slots=True)
class Preset:
    """A deployment: its protocol's name in the registry, its own name, and the values of its table."""

    protocol: str
    name: str
    values: Mapping[str, object]

    def is_named(self, word: str) -> bool:
        """Return whether a word names it: its protocol's name, its own, or the beginning of that up to a ``_``."""
        return word in {self.protocol, self.name} or self.name.startswith(f"{word}_")


def presets(chain_id: int) -> tuple[Preset, ...]:
    """Return the deployments that are known on a chain."""
    return tuple(
        Preset(amm.name, str(values.get("name", amm.name)), values)
        for amm in PROTOCOLS.values()
        for values in amm.presets.get(chain_id, ())
    )


def named(chain_id: int, word: str) -> tuple[Preset, ...]:
    """Return the deployments of a chain that a word names.

    Raises:
        ValueError: it names none.
    """
    known = presets(chain_id)
    found = tuple(one for one in known if one.is_named(word))
    if not found:
        names = ", ".join(sorted({name for one in known for name in (one.protocol, one.name)}))
        there = f"there are {names}" if names else "there are none: write the addresses of its contracts"
        raise ValueError(f"`protocols` names {word!r}, which dnbot knows no deployment of on chain {chain_id}; {there}")
    return found
