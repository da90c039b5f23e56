"""The seam for a venue's own reads: those that ccxt does not unify, or loses part of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol, runtime_checkable

from bot.core.market import PerpMarket
from bot.core.orders import OrderRequest, SetAside
from bot.core.snapshot import Balance, OpenOrder, PerpPosition, Unread
from bot.core.types import ClientOrderId, Symbol
from bot.exchange.ccxt_link import Link
from bot.exchange.facts import Listing, VenueFacts
from bot.exchange.fields import Row
from bot.exchange.precision import Sendable
from bot.exchange.statement import Page, Price
from bot.exchange.working_orders import Listed


@dataclass(frozen=True, slots=True)
class Instrument:
    """A configured perpetual: its rules, the venue's own name of it, and what it is set to.

    ``shut`` says why nothing may be opened in it now; empty where it is open.
    """

    market: PerpMarket
    venue_symbol: str
    leverage: Decimal
    margin_mode: str
    interval: timedelta | None
    shut: str = ""


@dataclass(frozen=True, slots=True)
class VenueAccount:
    """Balance and positions of one moment.

    Every instrument has its position, a proven 0 included, or is named among what is ``unread``. ``key_ends`` is when
    the key ends, as far as the venue says.
    """

    balance: Balance
    positions: Mapping[Symbol, PerpPosition]
    unread: tuple[Unread, ...] = ()
    key_ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What a symbol is set to on the account; ``margin_mode`` is ``cross`` or ``isolated``."""

    leverage: Decimal
    margin_mode: str


@dataclass(frozen=True, slots=True)
class Found:
    """An order that a look-up found: ccxt's dictionary, and whether it is from the trigger book.

    ``child`` is the id of the order that a triggered one became.
    """

    row: Row
    conditional: bool
    child: str | None = None


@dataclass(frozen=True, slots=True)
class WriteCall:
    """A method of ccxt that makes one request, a write, and what it is given."""

    name: str
    args: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class TradePage:
    """A symbol's trades of a span, as ccxt's dictionaries, and those that can't be read.

    ``full`` when the span may hold more.
    """

    rows: tuple[Row, ...]
    full: bool
    unread: tuple[SetAside, ...] = ()


class Dialect(Protocol):
    """A venue's dialect. Every read raises Retryable where the answer is missing or can't be believed."""

    @property
    def facts(self) -> VenueFacts:
        """The venue's facts."""

    async def check_account(self, link: Link, symbols: Sequence[str]) -> None:
        """Check what the key may do and how the account is set up; ``symbols`` are the venue's names.

        Raises:
            ConfigError: the key may withdraw, the account is in hedge mode, its money is in the wrong asset, ...
        """

    async def settings(self, link: Link, symbol: Symbol, venue_symbol: str) -> Settings:
        """Read what a symbol is set to."""

    async def fees(self, link: Link, symbol: Symbol) -> Row:
        """Read the account's fees: ``maker`` and ``taker``."""

    async def tiers(self, link: Link, symbol: Symbol) -> Sequence[Row]:
        """Read the margin table, as ccxt's leverage tiers."""

    async def intervals(self, link: Link, symbols: Sequence[Symbol]) -> Mapping[Symbol, timedelta]:
        """Read the funding intervals that the funding rates do not carry."""

    def limits(self, market: PerpMarket, row: Row) -> PerpMarket:
        """Add the limits that ccxt leaves in the raw market."""

    async def working(self, link: Link, listing: Listing, one: Instrument) -> Listed:
        """Read one book of a symbol's working orders, row by row."""

    def open_order(self, row: Row, listing: Listing, one: Instrument) -> OpenOrder:
        """Translate one of its rows."""

    async def account(self, link: Link, instruments: Sequence[Instrument]) -> VenueAccount:
        """Read balance and positions; flat is believed only where two answers agree on it."""

    def placing(self, request: OrderRequest, client_id: ClientOrderId, rounded: Sendable, one: Instrument) -> WriteCall:
        """Return the call that places an order, whose quantity and prices are ``rounded``."""

    def cancelling(self, client_id: ClientOrderId, one: Instrument, *, conditional: bool) -> WriteCall:
        """Return the call that cancels an order by its client id."""

    def setting_up(self, now: Settings, wanted: Settings, one: Instrument) -> Iterable[WriteCall]:
        """Return the calls that bring a symbol's margin mode and leverage to what is wanted."""

    def adding_margin(self, one: Instrument, amount: str) -> WriteCall:
        """Return the call that moves collateral to a short position."""

    async def order(self, link: Link, number: str, one: Instrument) -> Row:
        """Read an order of the normal book, open or done, by its number."""

    async def find(self, link: Link, client_id: ClientOrderId, symbol: Symbol, venue_symbol: str) -> Found | None:
        """Ask for an order by client id in every book, open or done; None from validated answers only."""

    async def children(self, link: Link, venue_symbol: str, since: datetime) -> Mapping[str, ClientOrderId]:
        """Map the orders that triggered ones became to the client ids of the triggered ones."""

    async def trades(self, link: Link, one: Instrument, since: datetime, until: datetime) -> TradePage:
        """Read a symbol's trades of a span of at most a week."""

    def realised(self, trade: Row) -> Decimal:
        """Return a trade's realised profit, USD."""

    async def ledger_page(self, link: Link, since: datetime, until: datetime, price: Price) -> Page:
        """Read the cash movements of a span of at most a week."""

    async def price(self, link: Link, asset: str) -> Decimal:
        """Read what an asset that fees may be paid in is worth, USD."""


@runtime_checkable
class Amends(Protocol):
    """Part of a dialect whose venue changes orders in place, under the same client id."""

    def amending(
        self, request: OrderRequest, client_id: ClientOrderId, rounded: Sendable, one: Instrument
    ) -> WriteCall | None:
        """Return the call of the venue's own endpoint that amends a limit order; None for one that it does not amend.

        Its answer is the order, or an acknowledgement: then the order is read.
        """
