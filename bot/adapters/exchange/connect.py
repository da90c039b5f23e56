"""Put the real-venue adapter together: ccxt object, HTTP session, transport, and the parts that use them."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import cast

import aiohttp

from bot.adapters.exchange.ccxt_client import CcxtExchange
from bot.adapters.exchange.config import CcxtConfig
from bot.adapters.exchange.dialect import Dialect
from bot.adapters.exchange.facts import VenueFacts
from bot.adapters.exchange.fields import milliseconds_of
from bot.adapters.exchange.history import History
from bot.adapters.exchange.limiter import Limiter
from bot.adapters.exchange.link import Api, Link
from bot.adapters.exchange.live_marks import VenueMarks
from bot.adapters.exchange.margin import Margin
from bot.adapters.exchange.orders import Orders
from bot.adapters.exchange.past import PerpPast
from bot.adapters.exchange.redact import Redactor, quiet_loggers
from bot.adapters.exchange.transport import Transport
from bot.adapters.exchange.venues.binance import Binance
from bot.adapters.exchange.venues.bitget import Bitget
from bot.adapters.exchange.venues.other import Other, facts_of
from bot.adapters.exchange.view import Observer
from bot.core.errors import ConfigError
from bot.core.types import Symbol, Underlying
from bot.ports import Clock


async def connect(config: CcxtConfig, clock: Clock) -> CcxtExchange:
    """Make the adapter; nothing is sent yet.

    ccxt is imported here, since that takes seconds and 120 MB that only a real venue is worth.

    Raises:
        ConfigError: ccxt does not know the venue, or the venue has no demo system.
    """
    link, dialect, session = await _opened(config, clock)
    observer = Observer(link, dialect)
    orders = Orders(link, dialect, observer)
    history, margin = History(link, dialect, orders), Margin(link, dialect)
    return CcxtExchange(link, dialect, observer, orders, history, margin, session)


async def watch(config: CcxtConfig, symbols: Mapping[Underlying, Symbol], clock: Clock) -> VenueMarks:
    """Make a source of marks that reads a venue's public endpoints; ``config`` carries no key.

    Raises:
        ConfigError: ccxt does not know the venue, or a key is given.
    """
    if config.secrets:
        raise ConfigError("prices are read without a key; take it out", key="api_key")
    link, dialect, session = await _opened(config, clock)
    return VenueMarks(link, dialect, session, symbols)


async def past(config: CcxtConfig, symbol: Symbol, clock: Clock) -> PerpPast:
    """Make a reader of a perpetual's past; ``config`` carries no key.

    Raises:
        ConfigError: ccxt does not know the venue, or a key is given.
    """
    if config.secrets:
        raise ConfigError("the past is read without a key; take it out", key="api_key")
    link, _, session = await _opened(config, clock)
    return PerpPast(link, session, symbol)


def _only_reads() -> str:
    return "prices are read here, nothing is ever written"


async def _opened(config: CcxtConfig, clock: Clock) -> tuple[Link, Dialect, aiohttp.ClientSession]:
    """Put ccxt on our transport; without a key no write can leave."""
    ccxt = await asyncio.to_thread(importlib.import_module, "ccxt.async_support")
    quiet_loggers()
    api, dialect = _api(ccxt, config, clock)
    redact, limiter = Redactor(config.secrets), Limiter(clock)
    link = Link(api, config, dialect.facts, clock, redact)
    gate = link.gate if config.secrets else _only_reads
    transport = Transport(dialect.facts, config.demo, limiter, gate, link.venue_ms, redact)
    session = aiohttp.ClientSession(
        connector=config.connector() if config.connector is not None else aiohttp.TCPConnector(),
        middlewares=(transport,),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    api.session, api.own_session = session, False
    return link, dialect, session


def _api(ccxt: ModuleType, config: CcxtConfig, clock: Clock) -> tuple[Api, Dialect]:
    """Make the ccxt object, and what knows the venue."""
    known: Mapping[str, Dialect] = {"binance": Binance(), "binanceusdm": Binance(), "bitget": Bitget()}
    dialect = known.get(config.kind) or Other(facts_of(config.kind, frozenset()))
    if dialect.facts.ccxt_id not in ccxt.exchanges:
        raise ConfigError(f"ccxt knows no venue '{config.kind}'; see its list of exchange ids", key="kind")
    api = api_of(ccxt, config, dialect.facts, clock)
    if isinstance(dialect, Other):
        dialect = Other(facts_of(config.kind, frozenset(hosts_in(api))))
    return api, dialect


def api_of(ccxt: ModuleType, config: CcxtConfig, facts: VenueFacts, clock: Clock) -> Api:
    """Make a ccxt object: our clock, our limiter, our retries, numbers as text; it has no session yet.

    Raises:
        ConfigError: the venue has no demo system.
    """
    options = {**facts.options, "recvWindow": round(config.recv_window.total_seconds() * 1000)}
    made = getattr(ccxt, facts.ccxt_id)(
        {
            "apiKey": config.api_key,
            "secret": config.secret,
            "password": config.passphrase,
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
        _demo(made, config)
    return api


def hosts_in(api: Api) -> Iterator[str]:
    """Find the hosts that a ccxt object has addresses of."""
    return _hosts(api.urls.get("api"), api.hostname)


def _demo(made: object, config: CcxtConfig) -> None:
    """Point the object at the venue's demo system."""
    urls = cast("Api", made).urls
    if config.kind not in ("binance", "binanceusdm", "bitget") and "demo" not in urls:
        raise ConfigError(f"ccxt knows no demo system of {config.kind}; use paper mode instead", key="demo")
    cast("Api", made).enable_demo_trading(True)


def _hosts(urls: object, hostname: str) -> Iterator[str]:
    """Find the hosts in ccxt's table of addresses."""
    if isinstance(urls, str):
        yield urls.replace("{hostname}", hostname).split("//", 1)[-1].split("/", 1)[0]
    elif isinstance(urls, Mapping):
        for part in urls.values():
            yield from _hosts(part, hostname)
