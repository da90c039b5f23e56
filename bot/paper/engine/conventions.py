"""The conventions in which venues differ about orders and margin, as data that the engine follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.core.orders import RejectReason


@dataclass(frozen=True, slots=True)
class Conventions:
    """A venue's conventions; the defaults are those of the plain paper venue.

    Attributes:
        name: the venue that they belong to.
        client_id: the pattern of a client order id.
        keeps_ids: an id stays taken when its order has ended.
        checks_stops: a reduce-only stop is refused at once where there is nothing to reduce.
        cancels_takers: a post-only order that would take is accepted and cancelled, not refused.
        fits_stops: a stop is refused where a symbol's stops together would exceed its position.
        trims_reduce_only: while a symbol's reduce-only orders exceed its position, the oldest is cancelled.
        fee_in_cost: an order's cost includes the taker fee.
        fee_in_maintenance: the taker fee is added to every maintenance rate.
        codes: the venue's code for a reason of refusal; a reason without one is its own code.
        cancel_rejected: its code where what to cancel is not there.
        overloaded: its code where it has too much to do and the order had no effect.
        funding_interval: time between fundings, where it is the venue's and no setting.
        min_notional: the smallest value of an order, where it is the venue's and no market's.
        halves_initial_margin: a tier's maintenance rate is half of what its largest leverage binds.
    """

    name: str = "paper"
    client_id: str = r"[.A-Z:/a-z0-9_-]{1,36}"
    keeps_ids: bool = False
    checks_stops: bool = False
    cancels_takers: bool = False
    fits_stops: bool = False
    trims_reduce_only: bool = False
    fee_in_cost: bool = False
    fee_in_maintenance: bool = False
    codes: Mapping[RejectReason, str] = field(default_factory=dict)
    cancel_rejected: str = "unknown_order"
    overloaded: str = "overloaded"
    funding_interval: timedelta | None = None
    min_notional: Decimal | None = None
    halves_initial_margin: bool = False

    def code(self, reason: RejectReason) -> str:
        """Return the venue's code for a reason."""
        return self.codes.get(reason, reason.value)


PLAIN: Final = Conventions()
