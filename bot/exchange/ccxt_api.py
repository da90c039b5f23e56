"""What is used of ccxt's objects, as protocols: ccxt's own types are too wide to check against."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol


class Call(Protocol):
    """A method of ccxt."""

    def __call__(self, *args: object, **kwargs: object) -> Awaitable[object]:
        """Send the request that the method stands for."""


class WsClient(Protocol):
    """A WebSocket connection of ccxt.pro."""

    handle_message: Callable[[object], None]

    def on_error(self, error: Exception) -> None:
        """Close it, and fail whoever waits for a message."""


class Api(Protocol):
    """What is used of a ccxt object besides its methods; ``client`` is ccxt.pro's: it makes the connection to a URL."""

    client: Callable[[str], WsClient]

    has: Mapping[str, object]
    options: dict[str, object]
    urls: Mapping[str, object]
    hostname: str | None
    markets: Mapping[str, object] | None
    odd_markets: Mapping[str, str]
    session: object
    own_session: bool

    def set_markets(self, markets: object) -> object:
        """Take over what another object has loaded."""

    def enable_demo_trading(self, enable: bool) -> None:  # noqa: FBT001 - ccxt's own signature
        """Switch to the venue's demo system."""

    def parse_order(self, order: object, market: object) -> object:
        """Put a venue's order into ccxt's dictionary."""

    def parse_trade(self, trade: object, market: object) -> object:
        """Put a venue's trade into ccxt's dictionary."""

    def market(self, symbol: str) -> object:
        """Return a loaded market."""

    async def close(self) -> None:
        """Release connections."""
