"""A pytest plugin: a test that tries to reach anything but the loopback fails, and nothing leaves the machine.

It stands at the level of sockets, so that every library in this process is behind it, fixtures of any scope included.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final

import aiohttp.connector
import pytest
from aiohttp.resolver import ThreadedResolver

Address = Any  # whatever a socket of some family calls an address
_LOCAL_NAMES: Final = {"localhost", "localhost.localdomain", "ip6-localhost"}
_CALLS: Final = ("connect", "connect_ex", "sendto", "sendmsg")
_LOOKUPS: Final = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")
_PATCH: Final = pytest.MonkeyPatch()
_TRIED: Final[list[str]] = []


class LeftTheLoopbackError(AssertionError):
    """A test tried to send something off the machine."""


def is_local(host: object) -> bool:
    """Whether a host is this machine's loopback, without asking anybody."""
    if host is None or host in ("", b""):
        return True
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name.lower() in _LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(name.split("%", maxsplit=1)[0]).is_loopback
    except ValueError:
        return False


def pytest_configure() -> None:
    """Put the guard up before anything runs."""
    for name in _CALLS:
        _PATCH.setattr(socket.socket, name, _guarded_call(name, getattr(socket.socket, name)))
    for name in _LOOKUPS:
        _PATCH.setattr(socket, name, _guarded_lookup(name, getattr(socket, name)))
    _PATCH.setattr(aiohttp.connector, "DefaultResolver", ThreadedResolver)  # the other one has sockets of its own


def pytest_unconfigure() -> None:
    """Take the guard down."""
    _PATCH.undo()


@pytest.fixture(autouse=True)
def _loopback_only() -> Iterator[None]:
    """Fail a test that tried to leave, even if it hid the error."""
    yield
    tried = list(_TRIED)
    _TRIED.clear()
    if tried:
        pytest.fail(f"left the loopback: {', '.join(tried)}")


def _check(what: str, host: object) -> None:
    if not is_local(host):
        _TRIED.append(f"{what} {host}")
        raise LeftTheLoopbackError(f"a test tried to leave the loopback: {what} {host}")


def _guarded_call(name: str, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def guarded(self: socket.socket, *arguments: Address) -> object:
        address = arguments[-1] if arguments else None
        if self.family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple):
            _check(name, address[0])
        return original(self, *arguments)

    return guarded


def _guarded_lookup(name: str, original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def guarded(host: object, *arguments: Address, **more: Address) -> object:
        _check(name, host)
        return original(host, *arguments, **more)

    return guarded
