"""Which venues there are: one line each, and what is built from a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import aiohttp

from bot.core.errors import ConfigError
from bot.core.types import Symbol
from bot.exchange.account_history import History
from bot.exchange.account_view import Observer
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.ccxt_link import Api, Link
from bot.exchange.config import CcxtConfig
from bot.exchange.connection import hosts_in, open_link
from bot.exchange.dialect import Dialect
from bot.exchange.margin import Margin
from bot.exchange.orders import Orders
from bot.exchange.price_history import PerpPast
from bot.ports import Clock
from bot.venues.binance.dialect import Binance
from bot.venues.bitget.dialect import Bitget
from bot.venues.generic import Other, facts_of

VENUES: Final[Mapping[str, Callable[[], Dialect]]] = {
    "binance": Binance,
    "binanceusdm": Binance,
    "bitget": Bitget,
}
"""By the setting ``kind``; every other kind is a ccxt id that is served by capability alone."""


async def connect(config: CcxtConfig, clock: Clock) -> CcxtExchange:
    """Build the adapter of an account; nothing is sent yet.

    Raises:
        ConfigError: ccxt does not know the venue, or the venue has no demo system.
    """
    link, dialect, session = await _opened(config, clock)
    observer = Observer(link, dialect)
    orders = Orders(link, dialect, observer)
    history, margin = History(link, dialect, orders), Margin(link, dialect)
    return CcxtExchange(link, dialect, observer, orders, history, margin, session)


async def connect_public(config: CcxtConfig, clock: Clock) -> tuple[Link, Dialect, aiohttp.ClientSession]:
    """Open a connection that only reads public endpoints; ``config`` carries no key.

    Raises:
        ConfigError: ccxt does not know the venue, or a key is given.
    """
    if config.secrets:
        raise ConfigError("public prices are read without a key; remove it", key="api_key")
    return await _opened(config, clock)


async def past(config: CcxtConfig, symbol: Symbol, clock: Clock) -> PerpPast:
    """Build a reader of a perpetual's past; ``config`` carries no key.

    Raises:
        ConfigError: ccxt does not know the venue, or a key is given.
    """
    link, _, session = await connect_public(config, clock)
    return PerpPast(link, session, symbol)


async def _opened(config: CcxtConfig, clock: Clock) -> tuple[Link, Dialect, aiohttp.ClientSession]:
    def dialect_for(api: Api | None) -> Dialect:
        known = VENUES.get(config.kind)
        return known() if known else Other(facts_of(config.kind, frozenset(hosts_in(api) if api else ())))

    return await open_link(config, dialect_for, clock)
