"""Reach a venue server on this machine under the venue's own names, so that ccxt sees its usual addresses."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.core.errors import ConfigError
from bot.exchange.config import Connector


class _OneAddress(AbstractResolver):
    """Resolves every host to one address and port."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del port, family
        version = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        found = ResolveResult(
            hostname=host, host=self._host, port=self._port, family=version, proto=0, flags=socket.AI_NUMERICHOST
        )
        return [found]

    async def close(self) -> None:
        return


def redirected(address: str, ca_file: Path) -> Connector:
    """Return a connector whose every connection goes to ``address`` (host:port) and trusts only ``ca_file``.

    Raises:
        ConfigError: the certificate authority can't be read.
    """
    host, _, port = address.rpartition(":")
    try:
        trust = ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"is no certificate authority: {error}", source=str(ca_file)) from error

    def connector() -> aiohttp.BaseConnector:
        return aiohttp.TCPConnector(resolver=_OneAddress(host.strip("[]"), int(port)), ssl=trust)

    return connector
