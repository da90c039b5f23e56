"""What a decision remembers: the bot's own state and the little that neither the chain nor the venue can tell again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bot.core.orders import Intent
from bot.core.types import ChainName, PositionId, Underlying


class RunState(StrEnum):
    """What the bot may do."""

    RUNNING = "running"
    PAUSED = "paused"
    FROZEN = "frozen"
    FLATTENING = "flattening"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class BotState:
    """The run state with its reason and since when."""

    state: RunState
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Leg:
    """One token of a position, seen as an exposure.

    ``amount`` is in units of ``underlying``, fees included. ``sensitivity`` is d(amount)/d(ln of the pool's price of
    this leg's underlying in terms of ``against``), in the same units: negative, since a pool sells what rises.
    """

    position: PositionId
    underlying: Underlying
    against: Underlying
    amount: Decimal
    sensitivity: Decimal


@dataclass(frozen=True, slots=True)
class Held:
    """A position as it was last seen with liquidity; kept until its absence is confirmed.

    ``missing_blocks`` counts the distinct new blocks in which it was absent, 0 while it is there.
    """

    chain: ChainName
    legs: tuple[Leg, ...]
    seen_block: int
    last_block: int
    missing_blocks: int


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


@dataclass(frozen=True, slots=True)
class MarkHistory:
    """Exponentially weighted variances and covariances of the marks' log returns, per second.

    ``last`` holds the latest mark of each underlying at ``last_at``; ``covariance`` is keyed ``A|B`` with A <= B;
    ``weight`` is the sum of weights seen so far, in seconds.
    """

    last_at: datetime | None = None
    last: Mapping[Underlying, Decimal] = field(default_factory=dict)
    covariance: Mapping[str, float] = field(default_factory=dict)
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """The second argument of decide(); the next one comes back in its Decision."""

    bot: BotState
    held: Mapping[PositionId, Held] = field(default_factory=dict)
    pending: tuple[Pending, ...] = ()
    order_times: tuple[datetime, ...] = ()
    marks: MarkHistory = field(default_factory=MarkHistory)
