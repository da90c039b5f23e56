"""The HTTP server's configuration. Light to import."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

_NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.(?!-)[a-z0-9_-]{1,63})*\.?", re.ASCII | re.IGNORECASE)
_PORT: Final = re.compile(r":\d{1,5}$", re.ASCII)


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """The port and its limits.

    Attributes:
        host: the address to listen at.
        port: the port; 0 takes a free one.
        names: host names, lower case, that clients may use besides ``localhost`` and plain addresses.
        stale_after: seconds since the last finished cycle after which the bot counts as dead.
        history: how many cycles the status page remembers.
        idle: seconds that a connection may take to send a whole request, and may rest between two.
    """

    host: str = "127.0.0.1"
    port: int = 0
    names: frozenset[str] = frozenset()
    stale_after: float = 180.0
    history: int = 2000
    idle: float = 30.0


def is_host_name(text: str) -> bool:
    """Return whether a text could be a DNS name."""
    return _NAME.fullmatch(text) is not None


def is_allowed_host(header: str, names: frozenset[str]) -> bool:
    """Return whether a request's Host header is a plain address, ``localhost`` or one of ``names``.

    A page of another site whose name was pointed at this machine (DNS rebinding) sends that site's name, and is
    refused here; no such page can send a plain address.
    """
    host = _PORT.sub("", header.strip()).lower().rstrip(".")
    if host == "localhost" or host in names:
        return True
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
