"""Build what talks to a venue of any kind: a whole account, or a reader of public prices."""

from __future__ import annotations

import aiohttp

from bot.core.errors import ConfigError
from bot.core.types import Symbol
from bot.exchange.account_history import History
from bot.exchange.account_view import Observer
from bot.exchange.ccxt_client import CcxtExchange
from bot.exchange.ccxt_link import Link
from bot.exchange.config import CcxtConfig
from bot.exchange.connection import open_link
from bot.exchange.dialect import Dialect
from bot.exchange.margin import Margin
from bot.exchange.orders import Orders
from bot.exchange.price_history import PerpPast
from bot.ports import Clock
from bot.venues.registry import kind_of


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
    dialect = kind_of(config.kind).dialect(config)
    link, session = await open_link(config, dialect.facts, clock)
    return link, dialect, session
