"""What decide() answers: a whole account of one cycle, orders included. Screens and reports read this, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bot.core.orders import OrderRequest
from bot.core.state import State
from bot.core.types import ClientOrderId, PositionId, Symbol, Underlying, VenueId


@dataclass(frozen=True, slots=True)
class Band:
    """Do nothing while |drift| <= ``outer``; beyond it trade back to ``inner`` on the same side. Base units.

    ``tracking_error`` (fraction of the LP value) and ``cost`` (USD) are what the band implies a year.
    """

    outer: Decimal
    inner: Decimal
    why: str
    tracking_error: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Hedge:
    """The reckoning of one underlying, base units; drift = exposure x ratio + position + in_flight.

    ``mark`` is None where no venue of the underlying could be read; then ``position`` and ``drift`` are None too.
    ``note`` says in words what is done and why.
    """

    underlying: Underlying
    exposure: Decimal
    target: Decimal
    position: Decimal | None
    in_flight: Decimal
    drift: Decimal | None
    band: Band | None
    mark: Decimal | None
    note: str


@dataclass(frozen=True, slots=True)
class Approved:
    """An order that every guard let through; the only thing that execute accepts."""

    order: OrderRequest


@dataclass(frozen=True, slots=True)
class Cancel:
    """A resting order of ours that is to be taken back; what replaces it is planned once it is gone."""

    client_id: ClientOrderId
    venue: VenueId
    symbol: Symbol
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """An order that a guard stopped, with the guard's name and its reason."""

    order: OrderRequest
    guard: str
    reason: str


class Severity(StrEnum):
    """How loudly an alarm speaks."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person should know; ``key`` is stable while it lasts, so that it can be told once and resolved."""

    key: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class PositionReport:
    """A position as the decision saw it; values in USD, None where a price is missing; ``il`` is a fraction (<= 0)."""

    position: PositionId
    value: Decimal | None
    fees_value: Decimal | None
    il: Decimal | None
    il_value: Decimal | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of one cycle."""

    at: datetime
    hedges: tuple[Hedge, ...]
    positions: tuple[PositionReport, ...]
    prices: Mapping[Underlying, Decimal]
    approved: tuple[Approved, ...]
    refused: tuple[Refused, ...]
    alarms: tuple[Alarm, ...]
    state: State
    cancels: tuple[Cancel, ...] = ()
