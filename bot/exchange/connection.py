"""Put a connection to a venue together: the ccxt object on our transport, limiter, clock and session."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import cast

import aiohttp

from bot.core.errors import ConfigError
from bot.exchange.ccxt_api import Api
from bot.exchange.ccxt_link import Link
from bot.exchange.config import CcxtConfig
from bot.exchange.facts import VenueFacts
from bot.exchange.fields import milliseconds_of
from bot.exchange.limiter import Limiter
from bot.exchange.market_rows import RowByRow
from bot.exchange.redact import Redactor, quiet_loggers
from bot.exchange.transport import Transport
from bot.ports import Clock


async def open_link(config: CcxtConfig, facts: VenueFacts, clock: Clock) -> tuple[Link, aiohttp.ClientSession]:
    """Put ccxt on our transport; nothing is sent yet, and without a key no write can leave.

    ccxt is imported here, since that takes seconds and 120 MB that only a real venue is worth.

    Args:
        config: the account.
        facts: what is known of the venue.
        clock: for signatures, limits and ages.

    Raises:
        ConfigError: ccxt does not know the venue, or the venue has no demo system.
    """
    ccxt = await asyncio.to_thread(importlib.import_module, "ccxt.async_support")
    quiet_loggers()
    if facts.ccxt_id not in ccxt.exchanges:
        raise ConfigError(f"ccxt knows no venue '{config.kind}'; see its list of exchange ids", key="kind")
    api = api_of(ccxt, config, facts, clock)
    redact, limiter = Redactor(config.secrets), Limiter(clock)
    link = Link(api, config, facts, clock, redact)
    hosts = (facts.demo_hosts if config.demo else facts.hosts) or frozenset(hosts_in(api))
    gate = link.gate if config.secrets else _only_reads
    transport = Transport(facts, hosts, config.demo, limiter, gate, link.venue_ms, redact)
    session = aiohttp.ClientSession(
        connector=config.connector() if config.connector is not None else aiohttp.TCPConnector(),
        middlewares=(transport,),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    api.session, api.own_session = session, False
    return link, session


def api_of(ccxt: ModuleType, config: CcxtConfig, facts: VenueFacts, clock: Clock) -> Api:
    """Make a ccxt object: our clock, our limiter, our retries, numbers as text; it has no session yet.

    Raises:
        ConfigError: the venue has no demo system.
    """
    options = {**facts.options, "recvWindow": round(config.recv_window.total_seconds() * 1000)}
    ccxts: type = getattr(ccxt, facts.ccxt_id)
    made = facts.api_class(type(facts.ccxt_id, (RowByRow, ccxts), {}))(
        {
            **config.login,
            "enableRateLimit": False,
            "timeout": round(config.timeout.total_seconds() * 1000),
            "timeout_on_exit": 0,
            "number": str,
            "options": {**options, "timeDifference": 0, "maxRetriesOnFailure": 0},
            "has": {"fetchCurrencies": False},
        }
    )
    made.milliseconds = lambda: milliseconds_of(clock.now())
    api = cast("Api", made)
    if config.demo:
        _use_demo(made, config, facts)
    return api


def hosts_in(api: Api) -> Iterator[str]:
    """Find the hosts that a ccxt object has addresses of."""
    return _hosts(api.urls.get("api"), api.hostname)


def _only_reads() -> str:
    return "prices are read here, nothing is ever written"


def _use_demo(made: object, config: CcxtConfig, facts: VenueFacts) -> None:
    """Point the object at the venue's demo system."""
    if not facts.has_demo and "demo" not in cast("Api", made).urls:
        raise ConfigError(f"ccxt knows no demo system of {config.kind}; use paper mode instead", key="demo")
    cast("Api", made).enable_demo_trading(True)


def _hosts(urls: object, hostname: str | None) -> Iterator[str]:
    """Find the hosts in ccxt's table of addresses."""
    if isinstance(urls, str):
        yield urls.replace("{hostname}", hostname or "").split("//", 1)[-1].split("/", 1)[0]
    elif isinstance(urls, Mapping):
        for part in urls.values():
            yield from _hosts(part, hostname)
