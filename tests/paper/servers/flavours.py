"""What differs from server to server in the tests: symbols, customers, what a client is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import pytest

from bot.core.types import Symbol
from bot.paper.config import halved
from bot.paper.engine.rules import SymbolRules, VenueRules
from bot.paper.servers.desk import Credentials
from bot.paper.servers.registry import SERVERS
from bot.venues.registry import kind_of
from tests.paper.engine.scene import RULES

TWINS: Final = ("binance", "bitget", "bitget-uta")
"""The servers whose tests are written in the same words: USDT, an API key with its secret, REST paths."""


def campaign_but(flavours: Iterable[str], *always: str) -> list[object]:
    """Return flavours as a test's parameters: ``always`` in each run of the tests, the others by ``make soak``."""
    return [one if one in always else pytest.param(one, marks=pytest.mark.campaign) for one in flavours]


def own_symbol(flavour: str, symbol: Symbol) -> Symbol:
    """Return a venue's own perpetual in place of the scene's."""
    settle = kind_of(SERVERS[flavour].kind).settle
    return Symbol(symbol.replace("USDT", settle))


def rules_of(flavour: str) -> VenueRules:
    """Return the scene's rules as a venue has them."""
    conventions = SERVERS[flavour].conventions

    def own(one: SymbolRules) -> SymbolRules:
        tiers = halved(one.market.tiers) if conventions.halves_initial_margin else one.market.tiers
        market = replace(one.market, symbol=own_symbol(flavour, one.market.symbol), tiers=tiers)
        return replace(one, market=market, funding_interval=conventions.funding_interval or one.funding_interval)

    symbols = {own_symbol(flavour, symbol): own(one) for symbol, one in RULES.symbols.items()}
    return replace(RULES, conventions=conventions, history=1000, symbols=symbols)


def login_of(flavour: str, keys: Credentials) -> Mapping[str, str]:
    """Return what ccxt is told for a customer."""
    kind = SERVERS[flavour]
    return kind_of(kind.kind).settings.model_validate(kind.login(keys)).login()
