"""The real-venue adapter's configuration; plain data, which the settings fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Literal

import aiohttp

from bot.core.types import Symbol, VenueId

Connector = Callable[[], aiohttp.BaseConnector]
"""Makes the connector of the HTTP session: demo and tests give one that resolves the venue's hosts to this machine."""


@dataclass(frozen=True, slots=True)
class CcxtConfig:
    """One account on one real venue.

    Attributes:
        venue: the venue's name in the configuration.
        kind: which kind of venue: one of the registry's, or the ccxt id of any other linear-perpetual venue.
        symbols: the perpetuals that may carry hedges.
        login: the credentials under the names that ccxt gives them, never shown; without any, only public endpoints
            are read.
        demo: trade on the venue's demo system.
        leverage: the leverage that every symbol is set to.
        margin_mode: how collateral is shared.
        recv_window: how long after its time stamp the venue may still take a request.
        timeout: how long one request may take.
        max_age: the oldest mark or book that is believed.
        connector: how connections are made; None for the ordinary way.
        stream_move: how far a mark must move, as a fraction, to hurry the next cycle.
        stream_max_age: after how long a silence a stream of marks is opened anew.
    """

    venue: VenueId
    kind: str
    symbols: tuple[Symbol, ...]
    login: Mapping[str, str] = field(default_factory=dict, repr=False)
    demo: bool = False
    leverage: Decimal = Decimal(10)
    margin_mode: Literal["cross", "isolated"] = "cross"
    recv_window: timedelta = timedelta(seconds=5)
    timeout: timedelta = timedelta(seconds=5)
    max_age: timedelta = timedelta(seconds=15)
    connector: Connector | None = None
    stream_move: Decimal = Decimal("0.001")
    stream_max_age: timedelta = timedelta(seconds=30)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must never be shown."""
        return tuple(part for part in self.login.values() if part)
