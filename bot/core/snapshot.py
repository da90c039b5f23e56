"""A snapshot is whole or absent: one block per chain, validated venue reads with their own times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from math import isqrt
from typing import Self

from bot.core.amm.curve import Amounts, Curve
from bot.core.market import Book, DollarPrice, Funding, Mark, PerpMarket
from bot.core.orders import LedgerEntry, OrderKind, SetAside
from bot.core.types import (
    ZERO,
    Address,
    BlockHash,
    ChainId,
    ChainName,
    ClientOrderId,
    PoolId,
    PositionId,
    Symbol,
    Underlying,
    VenueId,
)


@dataclass(frozen=True, slots=True)
class BlockStamp:
    """The block that every read of a chain is pinned to."""

    number: int
    hash: BlockHash
    parent_hash: BlockHash
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A token and what it is a claim on: one whole token is ``rate`` units of ``underlying``."""

    address: Address
    symbol: str
    decimals: int
    underlying: Underlying
    rate: Decimal

    def to_units(self, raw: int | Decimal) -> Decimal:
        """Divide raw token units by the token's decimals and map them to units of the underlying."""
        return Decimal(raw).scaleb(-self.decimals) * self.rate


class EntrySource(StrEnum):
    """Where a position's entry amounts come from."""

    MINT_EVENTS = "mint_events"
    FIRST_SIGHT = "first_sight"


@dataclass(frozen=True, slots=True)
class Entry:
    """What was deposited, raw token units, net of what was withdrawn since; the yardstick of impermanent loss.

    ``liquidity`` is the position's liquidity that the amounts belong to. ``root`` is the sum of sqrt(amount0 x amount1)
    over the deposits: what a constant product holds more than that is fees (see ``Curve.compounded``).
    """

    amount0: int
    amount1: int
    liquidity: int
    source: EntrySource
    block: int
    root: int

    @classmethod
    def single(cls, amount0: int, amount1: int, liquidity: int, source: EntrySource, block: int) -> Self:
        """Return the entry of one deposit."""
        return cls(amount0, amount1, liquidity, source, block, root=isqrt(amount0 * amount1))


@dataclass(frozen=True, slots=True)
class Reward:
    """What a stake has earned besides fees and nobody has claimed: ``amount`` in whole tokens.

    One token is ``rate`` units of ``underlying``, which is None where nobody said what the token is a claim on. A
    reward is shown, and hedged only where the policy says so.
    """

    token: Address
    symbol: str
    amount: Decimal
    underlying: Underlying | None
    rate: Decimal


@dataclass(frozen=True, slots=True)
class LpPosition:
    """One liquidity position at the snapshot's block; ``staked_in`` is the farm that holds it for its owner.

    ``farm_shut``: that farm says that it is paid no more, so that the position earns no more rewards. ``caveat``: what
    is taken for granted in its amounts because nobody tells it; empty for nothing.
    """

    id: PositionId
    protocol: str
    pool: PoolId
    token0: Token
    token1: Token
    curve: Curve
    amounts: Amounts
    entry: Entry | None
    staked_in: Address | None = None
    rewards: tuple[Reward, ...] = ()
    farm_shut: bool = False
    caveat: str = ""


@dataclass(frozen=True, slots=True)
class PoolPrice:
    """A pool's own price in whole units of the underlyings: ``price`` units of token1's per unit of token0's.

    ``depth`` orders pools that price the same pair: the token1 units that a 1% move of the price would trade.
    """

    pool: PoolId
    underlying0: Underlying
    underlying1: Underlying
    price: Decimal
    depth: Decimal


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A position that is there and can't be counted now; ``reason`` says why, and what would change that.

    ``is_discovered``: nobody configured it, so that it may be a stranger's gift.
    """

    position: PositionId
    reason: str
    is_discovered: bool = False


@dataclass(frozen=True, slots=True)
class MovedPosition:
    """A position that was an owner's and now belongs to another contract: perhaps it was staked, perhaps given away."""

    position: LpPosition
    holder: Address


@dataclass(frozen=True, slots=True)
class ChainView:
    """All that was read of one chain, from one block; ``moved`` positions are not among ``positions``.

    ``dollars`` tell what the currencies are worth that venues settle in.
    """

    chain: ChainName
    chain_id: ChainId
    block: BlockStamp
    positions: tuple[LpPosition, ...]
    pools: tuple[PoolPrice, ...]
    left_out: tuple[LeftOut, ...] = ()
    moved: tuple[MovedPosition, ...] = ()
    dollars: tuple[DollarPrice, ...] = ()


@dataclass(frozen=True, slots=True)
class PerpPosition:
    """A position in a perpetual: ``size`` signed, in base units; 0 only where the venue proved that it is flat.

    ``is_isolated``: only its own ``margin`` stands behind it, else the whole account does.
    """

    symbol: Symbol
    size: Decimal
    entry_price: Decimal | None
    unrealised: Decimal
    liquidation_price: Decimal | None
    margin: Decimal
    leverage: Decimal
    is_isolated: bool = False


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """A working order: ``remaining`` signed, in base units. ``client_id`` is None for an order that carries none.

    ``reduce_only`` is None where the venue does not say. ``closes_all`` marks an order that closes whatever the
    position is when it fires; ``remaining`` is then what it would close now.
    """

    client_id: ClientOrderId | None
    venue_order_id: str
    symbol: Symbol
    kind: OrderKind
    remaining: Decimal
    price: Decimal | None
    trigger: Decimal | None
    reduce_only: bool | None
    placed_at: datetime
    closes_all: bool = False

    @property
    def can_open(self) -> bool:
        """Whether it may do more than close: it does, unless the venue says otherwise."""
        return not (self.reduce_only or self.closes_all)


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that a venue reports and that can't be read; nothing is added on what it may bear on.

    ``symbol`` None stands for the whole venue; ``what`` names it, the same as long as it stands; ``reason`` says why.
    """

    symbol: Symbol | None
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Balance:
    """The collateral account, USD: ``wallet`` is cash; ``equity`` adds unrealised profit; ``available`` is free.

    ``reserve`` is what the venue's other wallets hold and a transfer may bring in, as far as that is configured.
    """

    wallet: Decimal
    equity: Decimal
    available: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    reserve: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Quote:
    """What one market shows; ``funding`` is None where it can't be read, which holds back no order."""

    market: PerpMarket
    mark: Mark
    book: Book
    funding: Funding | None


@dataclass(frozen=True, slots=True)
class VenueView:
    """A venue's validated state.

    Every configured symbol is in ``quotes`` and ``positions`` (a proven 0 included), unless it could not be read:
    ``unread`` then says so. ``quotes`` has no symbol that ``positions`` has not. ``shut`` are the markets on which
    nothing may be opened now, each with the reason: one that is being delisted, one whose rules left the settings.

    ``open_orders`` are this bot's, ``strangers`` everybody else's; until they are distinguished (``orders.by_owner``)
    all of them stand in ``open_orders``. ``ledger`` holds the recent cash movements up to this state, at least those
    since the last time that they were read; None where they were not read this time. ``aside`` are those of them that
    can't be booked. ``key_ends`` is when the key that trades there ends, None where the venue names no time.
    """

    venue: VenueId
    as_of: datetime
    quotes: Mapping[Symbol, Quote]
    positions: Mapping[Symbol, PerpPosition]
    open_orders: tuple[OpenOrder, ...]
    balance: Balance
    ledger: tuple[LedgerEntry, ...] | None = None
    aside: tuple[SetAside, ...] = ()
    strangers: tuple[OpenOrder, ...] = ()
    unread: tuple[Unread, ...] = ()
    shut: Mapping[Symbol, str] = field(default_factory=dict)
    key_ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class VenueUnknown:
    """A venue whose read failed: nothing is known of it, and nothing that adds risk goes there."""

    venue: VenueId
    reason: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The world as one decision sees it.

    ``unread`` names the chains that could not be read: then the exposure is not whole, nothing is hedged, and only what
    protects the shorts that are there may be done.
    """

    observed_at: datetime = field(metadata={"json": "taken_at"})
    chains: tuple[ChainView, ...]
    venues: tuple[VenueView | VenueUnknown, ...]
    unread: tuple[ChainName, ...] = ()

    @property
    def positions(self) -> tuple[LpPosition, ...]:
        """Every position of every chain."""
        return tuple(position for view in self.chains for position in view.positions)

    @property
    def known_venues(self) -> tuple[VenueView, ...]:
        """The venues that could be read."""
        return tuple(view for view in self.venues if isinstance(view, VenueView))

    def venue(self, venue: VenueId) -> VenueView | None:
        """Return a venue's view, or None where it is unknown."""
        return next((view for view in self.venues if view.venue == venue and isinstance(view, VenueView)), None)
