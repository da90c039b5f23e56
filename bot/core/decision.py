"""The result of decide(): one cycle in numbers and codes, orders included; ``explain`` puts it into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bot.core.orders import OrderRequest
from bot.core.state import Rung, State
from bot.core.types import ZERO, ClientOrderId, Symbol, Underlying, VenueId


class BandBasis(StrEnum):
    """Where a band comes from."""

    RISK_AVERSION = "risk_aversion"
    BUDGET = "budget"
    FIXED = "fixed"
    FLOOR = "floor"
    """No position trades (all are out of range), so that gamma gives none."""
    NOTHING = "nothing"
    """There is nothing to hedge."""


@dataclass(frozen=True, slots=True)
class Band:
    """Do nothing while |drift| <= ``outer``; beyond it trade back to ``inner`` on the same side. Base units.

    ``tracking_error`` (fraction of the LP value) and ``cost`` (USD) are what the band implies a year. ``setting`` is
    the number that the policy gives for ``basis``, ``cost_rate`` what a trade costs as a fraction of its notional.
    """

    outer: Decimal
    inner: Decimal
    tracking_error: Decimal
    cost: Decimal
    basis: BandBasis = BandBasis.NOTHING
    setting: Decimal = ZERO
    cost_rate: Decimal = ZERO


class RemarkCode(StrEnum):
    """What a plan does, or why it does nothing."""

    WITHIN_BAND = "within_band"
    WAITS = "waits"
    """Orders in flight may bring the drift back."""
    BLIND = "blind"
    """The position is not known on the venues ``where``."""
    UNREAD = "unread"
    """The chains ``where`` can't be read."""
    UNDER_HEDGED = "under_hedged"
    OVER_HEDGED = "over_hedged"
    """``amount`` is to be traded; what is traded follows."""
    SELLS = "sells"
    BUYS = "buys"
    DUST = "dust"
    """Nothing of it makes an order."""
    CAPPED = "capped"
    """``amount`` stays unhedged, since the markets' caps are reached."""
    TOO_SMALL = "too_small"
    """``amount`` is below the smallest order of the venue ``where``."""
    REMAINDER = "remainder"
    """A whole remainder below the minimum is closed, which reduce-only may."""
    RELIEVES = "relieves"
    """The margin ladder closes ``amount``; ``why`` says what for."""
    HANDS_OVER = "hands_over"
    """``amount`` is short where the market ends; it is added elsewhere first, and reduced there then."""
    NOT_HEDGED = "not_hedged"
    """No hedge is configured."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A code with what belongs to it; ``amount`` in base units, > 0."""

    code: RemarkCode
    amount: Decimal = ZERO
    symbol: str = ""
    where: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Hedge:
    """The computation of one underlying, base units: drift = position + in_flight - target.

    target = lean - ratio x exposure; ``lean`` answers the drifts of other underlyings, where there are several.

    ``mark`` is None where no venue of the underlying could be read; then ``position`` and ``drift`` are None too.
    ``remarks`` say what the plan does and why; ``explain`` puts them into words.
    """

    underlying: Underlying
    exposure: Decimal
    target: Decimal
    position: Decimal | None
    in_flight: Decimal
    drift: Decimal | None
    band: Band | None
    mark: Decimal | None
    remarks: tuple[Remark, ...] = ()
    lean: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Cancel:
    """A resting order of ours that is to be cancelled."""

    client_id: ClientOrderId
    venue: VenueId
    symbol: Symbol
    reason: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """The resting order that another one takes the place of.

    ``filled`` and ``remaining`` are what it had filled by the decision and what it could fill still, signed base units;
    ``least`` is the smallest order that is sent in its place, > 0. ``sent`` is the order as it was sent, where nothing
    but its price is to change.
    """

    cancel: Cancel
    filled: Decimal
    remaining: Decimal
    least: Decimal
    sent: OrderRequest | None = None


@dataclass(frozen=True, slots=True)
class Approved:
    """An order that every guard let through; the only thing that execute accepts.

    What it ``replaces`` is cancelled first, since it is for all that is wanted on its market.
    """

    order: OrderRequest
    replaces: Replaced | None = None

    @property
    def amended(self) -> OrderRequest | None:
        """The replaced order with the new price alone, where that is all that is wanted and no more than was approved.

        Its quantity stays what it was sent with, so that its intent covers whatever comes of it.
        """
        old, order = self.replaces, self.order
        if old is None or old.sent is None or order.price is None:
            return None
        sent = old.sent
        is_same = (order.kind, order.time_in_force, order.reduce_only) == (
            sent.kind,
            sent.time_in_force,
            sent.reduce_only,
        )
        is_covered = old.remaining * order.quantity > 0 and abs(old.remaining) <= abs(order.quantity)
        return replace(sent, price=order.price, mark=order.mark) if is_same and is_covered else None

    def less(self, filled: Decimal) -> Approved | None:
        """Return the order without what the replaced one filled, or may still fill, since; None where nothing is left.

        What that traded the other way makes it no larger: the next decision sees it.
        """
        quantity = self.order.quantity
        left = quantity - filled if filled * quantity > 0 else quantity
        least = self.replaces.least if self.replaces else ZERO
        if left * quantity <= 0 or abs(left) < least:
            return None
        return Approved(replace(self.order, quantity=left), self.replaces)


@dataclass(frozen=True, slots=True)
class Reduced:
    """A smaller order in place of the one that was asked for, with the guard's name and its reason."""

    order: OrderRequest
    guard: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An order that a guard stopped, with the guard's name and its reason."""

    order: OrderRequest
    guard: str
    reason: str


class Severity(StrEnum):
    """The severity of an alarm."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something an operator should know; ``key`` is stable while it lasts: it is notified once, and resolved."""

    key: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class PositionRisk:
    """How far one short is from its liquidation; ``size`` signed in base units, prices in USD.

    ``computed`` is the price by the venue's formula while the other marks stand still, ``reported`` the venue's own
    figure, ``joint`` the price here if the marks of all shorts of the account rise alike; ``liquidation`` is the
    nearest of them, None where there is none. ``distance`` is the rise of the mark up to it, as a fraction. ``ratio``
    is maintenance margin / equity: liquidation is at 1. ``stop`` is the trigger of the verified stop.
    """

    venue: VenueId
    symbol: Symbol
    underlying: Underlying
    size: Decimal
    mark: Decimal
    computed: Decimal | None
    reported: Decimal | None = field(metadata={"json": "told"})
    joint: Decimal | None
    liquidation: Decimal | None
    distance: Decimal | None
    ratio: Decimal
    rung: Rung = Rung.CALM
    stop: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PlaceStop:
    """Put a stop under a short; once the venue has it, the stops that it ``replaces`` are cancelled."""

    approved: Approved
    replaces: tuple[Cancel, ...] = ()


@dataclass(frozen=True, slots=True)
class DropStop:
    """Cancel a stop that has nothing to protect any more, or that another one makes superfluous."""

    cancel: Cancel


@dataclass(frozen=True, slots=True)
class AddMargin:
    """Put free cash (USD) aside for an isolated short."""

    venue: VenueId
    symbol: Symbol
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Bring cash (USD) in from the venue's other wallets."""

    venue: VenueId
    amount: Decimal
    reason: str


TopUpAction = AddMargin | Transfer
StopAction = PlaceStop | DropStop


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of one cycle.

    ``top_ups`` are done first, then ``cancels``, the ``approved`` orders (at most one per market), and last ``stops``,
    which are decided again on fresh reads where orders went out.
    """

    at: datetime
    hedges: tuple[Hedge, ...]
    prices: Mapping[Underlying, Decimal]
    approved: tuple[Approved, ...]
    refused: tuple[Refused, ...]
    alarms: tuple[Alarm, ...]
    state: State
    cancels: tuple[Cancel, ...] = ()
    top_ups: tuple[TopUpAction, ...] = ()
    stops: tuple[StopAction, ...] = ()
    position_risks: tuple[PositionRisk, ...] = field(default=(), metadata={"json": "standings"})
    reduced: tuple[Reduced, ...] = ()
