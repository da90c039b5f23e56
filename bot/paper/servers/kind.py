"""The seam that a venue server implements: what its folder declares, and one line of the registry makes known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.paper.engine.conventions import Conventions
from bot.paper.servers.desk import Credentials
from bot.paper.servers.venue import Dialect


def issue(name: str) -> Credentials:
    """Make the usual credentials of a customer."""
    return Credentials(f"{name}-key", f"{name}-secret", f"{name}-passphrase")


@dataclass(frozen=True, slots=True)
class ServerKind:
    """A server in a venue's wire format.

    Attributes:
        kind: the setting ``kind`` of a dnbot that is its client.
        conventions: what the engine behind it does as the venue does.
        dialect: makes the wire format.
        hosts: the hosts that a client of the real venue calls, live and in demo trading, streams included.
        settings: the keys of ``[venues.NAME]`` that hold a customer's credentials, and which part each holds.
        issue: makes a customer's credentials, from a name.
    """

    kind: str
    conventions: Conventions
    dialect: Callable[[], Dialect]
    hosts: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=lambda: {"api_key": "key", "secret": "secret"})
    issue: Callable[[str], Credentials] = issue

    def login(self, keys: Credentials) -> dict[str, str]:
        """Return a customer's credentials as keys of ``[venues.NAME]``."""
        return {name: str(getattr(keys, part)) for name, part in self.settings.items()}
