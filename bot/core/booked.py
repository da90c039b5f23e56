"""What the ledger says before a cycle, and what the cycle's own snapshot adds to it. USD; costs are negative gains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar

from bot.core.orders import LedgerEntry, LedgerKind, SetAside
from bot.core.snapshot import VenueView
from bot.core.types import ZERO, PositionId, Symbol, VenueId

LEDGER_OVERLAP: Final = timedelta(minutes=10)
"""How far a ledger is read back again, since venues write it late."""
_CENTS: Final = Decimal("0.01")
_SHARE_OF_EQUITY: Final = Decimal("0.0001")

Movement = TypeVar("Movement", LedgerEntry, SetAside)
"""What a ledger holds."""


@dataclass(frozen=True, slots=True)
class Gains:
    """Gains, by the parts that limits are set on.

    Attributes:
        hedge: the change of the venues' equity, deposits and withdrawals apart.
        liquidity: the change in value of the positions, transfers apart.
        funding: received; it is a part of ``hedge``.
        fees: trading fees; they are a part of ``hedge`` too.
    """

    hedge: Decimal = ZERO
    liquidity: Decimal = ZERO
    funding: Decimal = ZERO
    fees: Decimal = ZERO

    def plus(self, other: Gains) -> Gains:
        """Return both together."""
        return Gains(
            self.hedge + other.hedge,
            self.liquidity + other.liquidity,
            self.funding + other.funding,
            self.fees + other.fees,
        )

    def minus(self, other: Gains) -> Gains:
        """Return what is left without the other."""
        return Gains(
            self.hedge - other.hedge,
            self.liquidity - other.liquidity,
            self.funding - other.funding,
            self.fees - other.fees,
        )


@dataclass(frozen=True, slots=True)
class BookedAccount:
    """What a venue showed: equity in USD, and for each symbol the position (base units, signed) and the mark.

    ``wallet`` is its cash, USD; None in a journal that did not keep it yet.
    """

    equity: Decimal
    sizes: Mapping[Symbol, Decimal]
    marks: Mapping[Symbol, Decimal]
    wallet: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AccountBook:
    """What a venue was last booked from.

    Attributes:
        account: what it showed then.
        trade: the newest trade booked.
        waits: since when its positions don't agree with our trades.
        given_up: up to when trades that are still to come count as unexplained.
        residual: what is unexplained of today's change of its equity, USD.
        read_at: when that was; its ledger is read anew from there on.
        equity: what it showed when its ledger was read last, which may be later.
        waiting: what it brought between the two, which is in no attribution yet.
        eve: what it had brought at the last midnight and was booked after it, so that it is no gain of today.
        since: when it was booked first; movements before that are none of the ledger's.
        seen: the movements that are booked or set aside, as far back as they are read again, with their times; None in
            a journal that did not keep them yet.
        told_at: when its ledger was read last.
        aside: how many movements of each sort were set aside today.
    """

    account: BookedAccount
    trade: int
    waits: datetime | None = None
    given_up: datetime | None = None
    residual: Decimal = ZERO
    read_at: datetime | None = None
    equity: Decimal | None = None
    waiting: Gains = Gains()
    eve: Decimal = ZERO
    since: datetime | None = None
    seen: Mapping[str, datetime] | None = None
    told_at: datetime | None = None
    aside: Mapping[str, int] = field(default_factory=dict)

    def new(self, ledger: Sequence[Movement]) -> Sequence[Movement]:
        """Return the movements that are not booked, whatever their numbers and whenever they appear."""
        if not ledger:
            return ledger
        if self.seen is None:
            return [item for item in ledger if self.read_at is None or item.at > self.read_at]
        known = self.seen
        begun = max((time for time in (self.since, self._read_from) if time is not None), default=None)
        return [item for item in ledger if item.key not in known and (begun is None or item.at >= begun)]

    @property
    def _read_from(self) -> datetime | None:
        """From when on a ledger is read again; what is older was booked, and is remembered no more."""
        return None if self.read_at is None else self.read_at - LEDGER_OVERLAP

    def remembering(self, view: VenueView) -> dict[str, datetime]:
        """Return what is seen once a view is booked; what is read no more is forgotten."""
        oldest = view.as_of - 2 * LEDGER_OVERLAP
        told = {item.key: item.at for item in view.ledger or ()} | {item.key: item.at for item in view.aside}
        return {key: at for key, at in {**(self.seen or {}), **told}.items() if at >= oldest}

    @property
    def last_equity(self) -> Decimal:
        """The equity when the ledger was read last."""
        return self.account.equity if self.equity is None else self.equity

    def brought(self, view: VenueView) -> Gains:
        """Return the venue's result since it was booked, as far as its ledger shows it."""
        if view.ledger is None:
            return self.waiting
        new = self.new(view.ledger)
        change = view.balance.equity - self.account.equity - _sum(new, LedgerKind.DEPOSIT) - self.unexplained(view)
        return Gains(change, ZERO, _sum(new, LedgerKind.FUNDING), _sum(new, LedgerKind.FEE))

    def unexplained(self, view: VenueView) -> Decimal:
        """Return the change of the cash since it was booked that the ledger, as it was read, says nothing of.

        A movement may show in the cash before it shows in the ledger: until then nobody knows whether it was a result
        or money that was moved. What is too small to matter is taken as explained.
        """
        if view.ledger is None or self.account.wallet is None:
            return ZERO
        told = sum((entry.amount for entry in self.new(view.ledger)), ZERO)
        left = view.balance.wallet - self.account.wallet - told
        return left if abs(left) > _CENTS + _SHARE_OF_EQUITY * abs(view.balance.equity) else ZERO

    def unread(self, view: VenueView) -> Decimal:
        """Return the change that the ledger does not show yet: result or transfer, not known which."""
        return self.unexplained(view) if view.ledger is not None else view.balance.equity - self.last_equity


def _sum(entries: Iterable[LedgerEntry], kind: LedgerKind) -> Decimal:
    return sum((entry.amount for entry in entries if entry.kind is kind), ZERO)


@dataclass(frozen=True, slots=True)
class BookedPosition:
    """What a position was worth when it was booked; ``liquidity`` and ``fees`` tell whether only prices moved it."""

    value: Decimal
    liquidity: int
    fees: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Booked:
    """The ledger's summary for a decision: ``today`` since midnight UTC of ``day``, ``total`` in all."""

    day: str = ""
    today: Gains = Gains()
    total: Gains = Gains()
    accounts: Mapping[VenueId, AccountBook] = field(default_factory=dict)
    positions: Mapping[PositionId, BookedPosition] = field(default_factory=dict)
