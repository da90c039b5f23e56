"""State: what a decision remembers, namely the bot's run state and what neither chain nor venue can tell again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from bot.core.booked import Gains
from bot.core.run_state import BotState, RunState
from bot.core.types import ZERO, ChainName, MarketKey, PoolKey, PositionId, Underlying, VenueId


@dataclass(frozen=True, slots=True)
class Leg:
    """One token of a position, seen as an exposure.

    ``amount`` is in units of ``underlying``, fees included. ``sensitivity`` is d(amount)/d(ln of the pool's price of
    this leg's underlying in terms of ``against``), in the same units: negative, since a pool sells what rises. ``span``
    is what the amount changes by over the position's whole range, None where it has none. ``reach`` is there where the
    price is outside the range: the move of its logarithm that leads through all of it.
    """

    position: PositionId
    underlying: Underlying
    against: Underlying
    amount: Decimal
    sensitivity: Decimal
    span: float | None = None
    reach: float | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A position as it was last seen with liquidity; kept until its absence is confirmed.

    ``missing_blocks`` counts the distinct new blocks in which it was absent, 0 while it is there. ``liquidity`` and
    ``fees`` (raw units) tell whether only the market moved it. ``moved_since`` is since when it belongs to a contract
    that does not name its owner; None while it is the owner's. ``is_doubted``: its legs are the last believed ones,
    since its pool is not believed. ``rewards`` are unclaimed ones that are to be hedged; they are no part of its value.
    """

    chain: ChainName
    legs: tuple[Leg, ...]
    seen_block: int
    last_block: int
    missing_blocks: int
    liquidity: int = 0
    fees: tuple[int, int] = (0, 0)
    moved_since: datetime | None = None
    is_doubted: bool = False
    rewards: tuple[Leg, ...] = ()


@dataclass(frozen=True, slots=True)
class MarkHistory:
    """Exponentially weighted variances and covariances of the marks' log returns, per second.

    ``last`` holds the latest mark of each underlying at ``last_at``; ``covariance`` is keyed (A, B) with A <= B;
    ``weight`` is the sum of weights seen so far, in seconds; ``spacing`` the recent time between two observations,
    seconds.
    """

    last_at: datetime | None = None
    last: Mapping[Underlying, Decimal] = field(default_factory=dict)
    covariance: Mapping[tuple[Underlying, Underlying], float] = field(default_factory=dict)
    weight: float = 0.0
    spacing: float = 0.0


class Rung(StrEnum):
    """A step of the margin ladder, from the farthest from liquidation to the nearest."""

    CALM = "calm"
    ALERT = "alert"
    TOP_UP = "top_up"
    REDUCE = "reduce"
    FREEZE = "freeze"

    @property
    def height(self) -> int:
        """How near liquidation the step is, from 0."""
        return _HEIGHTS[self]


_HEIGHTS: Final[Mapping[Rung, int]] = {rung: height for height, rung in enumerate(Rung)}


@dataclass(frozen=True, slots=True)
class MarketWatch:
    """What is remembered of one market of a venue, base units.

    ``position`` is the last one seen; ``low`` and ``high`` bound what it could have become by our own orders since.
    ``unsettled`` is until when nothing is added there; ``bare_since`` is since when the short there has no verified
    stop, ``bare_step_at`` when it was last reduced for that.
    """

    position: Decimal
    low: Decimal
    high: Decimal
    rung: Rung = Rung.CALM
    unsettled: datetime | None = None
    bare_since: datetime | None = None
    bare_step_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TopUp:
    """Money that was added to a venue's margin, USD; counted when it was asked for, whatever became of it."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class VenueWatch:
    """What is remembered of a venue: since when it can't be read, and the top-ups of the last 24 hours."""

    down_since: datetime | None = None
    top_ups: tuple[TopUp, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolWatch:
    """What is remembered of a pool: its price over the marks' at ``at``, the recent average of that, and doubt."""

    at: datetime
    basis: Decimal
    average: Decimal
    doubted_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the ledger said when the operator last resumed the bot: what was lost until then counts no more.

    ``today`` is that of ``day``, ``total`` in all.
    """

    day: str
    today: Gains
    total: Gains


@dataclass(frozen=True, slots=True)
class Turnover:
    """What was traded of an underlying since a time, and what there was to trade; base units.

    ``drift`` (>= 0) is what there was at ``since``; ``moved`` what the target, and others the position, moved from then
    on, up and down; ``traded`` what our orders filled. ``target``, ``own`` and ``adopted`` are those of the last
    observation, and ``agreed_since`` is since when the venues have shown, at every observation, what the journal
    expects.
    """

    since: datetime
    drift: Decimal
    target: Decimal
    own: Decimal
    adopted: Decimal
    moved: Decimal = ZERO
    traded: Decimal = ZERO
    agreed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a market's mark was when a trade was first wanted, USD.

    ``until`` is the underlying's position over all venues that was wanted then; once it is reached the trade is done.
    """

    mark: Decimal
    buys: bool
    until: Decimal


@dataclass(frozen=True, slots=True)
class State:
    """What decide() remembers; the next one comes back in its Decision."""

    bot: BotState
    held: Mapping[PositionId, Held] = field(default_factory=dict)
    order_times: tuple[datetime, ...] = ()
    requote_times: tuple[datetime, ...] = ()
    """When orders went out recently, and which of them only followed a touch that had moved."""
    turnover: Mapping[Underlying, Turnover] = field(default_factory=dict)
    marks: MarkHistory = field(default_factory=MarkHistory)
    outside: Mapping[Underlying, datetime] = field(default_factory=dict)
    """Since when an underlying's drift, orders in flight left aside, is outside its band or being worked back."""
    arrivals: Mapping[MarketKey, Arrival] = field(default_factory=dict)
    """Since then: the marks that what is being worked was first wanted at, which its slippage is counted from."""
    markets: Mapping[MarketKey, MarketWatch] = field(default_factory=dict)
    venues: Mapping[VenueId, VenueWatch] = field(default_factory=dict)
    pools: Mapping[PoolKey, PoolWatch] = field(default_factory=dict)
    accepted: Accepted | None = None
    """None: what the next decision finds in the ledger is accepted."""

    @classmethod
    def fresh(cls, at: datetime) -> State:
        """Return the state of a bot that has never run."""
        return cls(BotState(RunState.RUNNING, "first start", at))

    def with_bot(self, bot: BotState) -> State:
        """Return this state with another run state. Who resumes a frozen bot takes the losses so far as lost.

        So he does with what was traded: the turnover's count begins anew.
        """
        is_let_go = bot.state is RunState.RUNNING and self.bot.state not in {RunState.RUNNING, RunState.PAUSED}
        return replace(
            self,
            bot=bot,
            accepted=None if is_let_go else self.accepted,
            turnover={} if is_let_go else self.turnover,
        )
