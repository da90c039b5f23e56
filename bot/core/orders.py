"""Orders as sum types: what is wanted, what was sent, and what is known of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bot.core.types import ClientOrderId, Symbol, Underlying, VenueId


class OrderKind(StrEnum):
    """How an order meets the book."""

    MARKET = "market"
    LIMIT = "limit"
    STOP_MARKET = "stop_market"


class TimeInForce(StrEnum):
    """How long an order stays in the book."""

    GTC = "gtc"
    IOC = "ioc"
    POST_ONLY = "post_only"


class OrderStatus(StrEnum):
    """A venue's word for where an order is in its life."""

    OPEN = "open"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self is not OrderStatus.OPEN


class RejectReason(StrEnum):
    """Why a venue refused an order; only an allow-listed answer of the venue means one of these.

    ``NOT_SENT`` is no venue's word: this side held the request back, and it is proven that nothing left.
    """

    INSUFFICIENT_MARGIN = "insufficient_margin"
    BELOW_MIN_NOTIONAL = "below_min_notional"
    BELOW_MIN_QUANTITY = "below_min_quantity"
    ABOVE_MAX_QUANTITY = "above_max_quantity"
    BAD_LOT = "bad_lot"
    BAD_TICK = "bad_tick"
    PRICE_OUT_OF_BAND = "price_out_of_band"
    REDUCE_ONLY = "reduce_only"
    STOPS_EXCEED = "stops_exceed_position"
    WOULD_TAKE = "would_take"
    WOULD_TRIGGER = "would_trigger"
    DUPLICATE_ID = "duplicate_id"
    BAD_ID = "bad_id"
    TOO_MANY_ORDERS = "too_many_orders"
    MAX_POSITION = "max_position"
    UNKNOWN_SYMBOL = "unknown_symbol"
    MARKET_CLOSED = "market_closed"
    MAINTENANCE = "maintenance"
    NOT_SENT = "not_sent"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order as the plan wants it.

    ``quantity`` is signed, in base units (negative sells); ``price`` and ``trigger`` in USD. ``reason`` says, for the
    journal and the screen, why it exists. ``mark`` is what its slippage is counted from: the mark at the decision that
    first wanted the trade (however many orders it took since), a stop's trigger.
    """

    venue: VenueId
    symbol: Symbol
    underlying: Underlying
    quantity: Decimal
    kind: OrderKind
    time_in_force: TimeInForce
    reduce_only: bool
    reason: str
    price: Decimal | None = None
    trigger: Decimal | None = None
    mark: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """An order with its identity, made durable before it is sent; at most one send per intent."""

    client_id: ClientOrderId
    number: int
    request: OrderRequest
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What a venue says of an order; ``filled`` signed, in base units.

    ``fee`` in USD; None where the venue tells it with the fills only. ``kind``, ``reduce_only`` and ``placed_at`` are
    None where it does not say. ``updated_at`` is when the order changed last, a fill included; later is safe.
    """

    client_id: ClientOrderId
    venue_order_id: str
    symbol: Symbol
    status: OrderStatus
    quantity: Decimal
    filled: Decimal
    average_price: Decimal | None
    fee: Decimal | None
    updated_at: datetime
    note: str = ""
    kind: OrderKind | None = None
    reduce_only: bool | None = None
    placed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The venue has the order (it may be filled or expired already)."""

    report: OrderReport


@dataclass(frozen=True, slots=True)
class Rejected:
    """It is proven that the order has no effect: by the venue's answer, or because nothing was sent."""

    client_id: ClientOrderId
    reason: RejectReason
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows yet whether the order has an effect; it is resolved by looking, never by sending again."""

    client_id: ClientOrderId
    message: str


Outcome = Accepted | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class NotFound:
    """A validated answer that the venue knows no such order (now)."""

    client_id: ClientOrderId
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of ours; ``quantity`` signed, in base units; price, fee and realised profit in USD."""

    trade_id: str
    client_id: ClientOrderId | None
    venue: VenueId
    symbol: Symbol
    quantity: Decimal
    price: Decimal
    fee: Decimal
    realised: Decimal
    is_maker: bool
    at: datetime


class LedgerKind(StrEnum):
    """What moved the cash of an account."""

    DEPOSIT = "deposit"
    REALISED = "realised"
    FEE = "fee"
    FUNDING = "funding"
    LIQUIDATION_FEE = "liquidation_fee"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One movement of an account's cash, in USD; what the account gains is positive.

    ``number`` is the venue's own. ``id`` distinguishes entries where numbers alone do not: each kind of movement may
    have numbers of its own, in no order with those of other kinds.
    """

    number: int
    kind: LedgerKind
    symbol: Symbol | None
    amount: Decimal
    at: datetime
    id: str = ""

    @property
    def key(self) -> str:
        """What no other entry of the account has."""
        return self.id or f"{self.kind.value}:{self.number}"


@dataclass(frozen=True, slots=True)
class SetAside:
    """A movement that is in no result: ``what`` it is, such as its kind and asset, and ``why`` it can't be booked."""

    key: str
    what: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Statement:
    """An account's cash movements of some time, oldest first, and those that can't be booked."""

    entries: tuple[LedgerEntry, ...] = ()
    aside: tuple[SetAside, ...] = ()
