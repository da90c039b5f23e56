"""A TLS server on the loopback that ccxt's own hosts resolve to: no packet leaves, ccxt sees its usual addresses."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.paper.servers.tls import certificates

HOSTS: Final = (
    "fapi.binance.com",
    "api.binance.com",
    "demo-fapi.binance.com",
    "api.bitget.com",
    "api.hyperliquid.xyz",
    "api.hyperliquid-testnet.xyz",
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the fake says: JSON by default, or a raw body; ``drop`` closes the connection instead."""

    body: object = None
    status: int = 200
    raw: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    params: Mapping[str, object]
    headers: Mapping[str, str]


Handler = Callable[[Seen], Reply]


class Certificate:
    """A certificate for the venues' hosts, and who trusts it."""

    def __init__(self) -> None:
        self.server, authority = certificates(HOSTS)
        self.client = ssl.create_default_context(cadata=authority)


class _Loopback(AbstractResolver):
    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        del port, family
        result = ResolveResult(
            hostname=host,
            host="127.0.0.1",
            port=self._port,
            family=socket.AF_INET,
            proto=0,
            flags=socket.AI_NUMERICHOST,
        )
        return [result]

    async def close(self) -> None:
        """Nothing to give back."""


class Server:
    """Serves one fake venue; ``faults`` replaces its answers, ``seen`` keeps every request."""

    def __init__(self, certificate: Certificate, handler: Handler) -> None:
        self._certificate, self._handler = certificate, handler
        self._runner: web.AppRunner | None = None
        self.port = 0
        self.seen: list[Seen] = []
        self.faults: dict[tuple[str, str], Callable[[Seen], Reply]] = {}

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._certificate.server)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def connector(self) -> aiohttp.BaseConnector:
        return aiohttp.TCPConnector(resolver=_Loopback(self.port), ssl=self._certificate.client)

    @property
    def writes(self) -> list[Seen]:
        return [one for one in self.seen if one.method != "GET"]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        posted: dict[str, object] = json.loads(body) if body.startswith("{") else dict(parse_qsl(body))
        seen = Seen(request.method, request.path, {**request.query, **posted}, dict(request.headers))
        self.seen.append(seen)
        reply = self.faults.get((seen.method, seen.path), self._handler)(seen)
        if reply.drop:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        raw = json.dumps(reply.body).encode() if reply.raw is None else reply.raw
        return web.Response(
            body=raw, status=reply.status, headers={**reply.headers, "Content-Type": reply.content_type}
        )
