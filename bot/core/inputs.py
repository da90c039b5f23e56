"""Inputs of a cycle besides the snapshot: orders from the journal, and where it and the venues disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bot.core.booked import Booked
from bot.core.orders import Intent
from bot.core.snapshot import Snapshot
from bot.core.types import ZERO, MarketKey, Symbol, VenueId


class PendingStatus(StrEnum):
    """Why an intent is not resolved yet."""

    SENT = "sent"
    OPEN = "open"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Pending:
    """An intent whose end is not known; ``remaining`` signed base units that may still fill."""

    intent: Intent
    status: PendingStatus
    remaining: Decimal


class Hold(StrEnum):
    """What a dispute stops."""

    NOTHING = "nothing"
    ADDS = "adds"
    """Nothing that adds risk goes to the symbol, or to the venue where no symbol is named."""
    ALL = "all"
    """Nothing is traded in the symbol's underlying, since its drift is not known."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """Something that speaks against trading at a venue; ``symbol`` None stands for all of it.

    The journal and the venue disagree, or did; something can't be read, or is shut; the collateral is off its peg.
    """

    key: str
    venue: VenueId
    symbol: Symbol | None
    message: str
    hold: Hold
    is_critical: bool = False


@dataclass(frozen=True, slots=True)
class Turned:
    """What the journal knows of one market's position, base units.

    ``own`` is how much our orders' fills moved it since the process began, up and down, ``adopted`` how much others did
    as far as the account check took it over; ``position`` is what it should be now, None where the journal can't tell.
    """

    own: Decimal = ZERO
    adopted: Decimal = ZERO
    position: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CycleInputs:
    """What a decision rests on besides the snapshot.

    Attributes:
        pending: the intents whose end is not known.
        fired: when the last stop of a market fired, as long as the cool-down lasts.
        disputes: where journal and venues disagree at this moment, as the account check found.
        turned: what each market's position should be, and how much it was moved.
        booked: what the ledger says.
    """

    pending: tuple[Pending, ...] = ()
    fired: Mapping[MarketKey, datetime] = field(default_factory=dict)
    disputes: tuple[Dispute, ...] = ()
    turned: Mapping[MarketKey, Turned] = field(default_factory=dict)
    booked: Booked = field(default_factory=Booked)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the stops are decided again on, after a cycle's orders went out.

    Attributes:
        fresh: the snapshot with the venues read again.
        filled: what the venues said that the orders traded, signed base units.
        pending: the intents whose end is not known then.
    """

    fresh: Snapshot
    filled: Mapping[MarketKey, Decimal]
    pending: tuple[Pending, ...] = ()
