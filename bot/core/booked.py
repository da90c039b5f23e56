"""What the ledger says before a cycle, and what the cycle's own snapshot adds to it. USD; costs are negative gains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bot.core.orders import LedgerEntry, LedgerKind
from bot.core.snapshot import VenueView
from bot.core.types import ZERO, PositionId, Symbol, VenueId


@dataclass(frozen=True, slots=True)
class Gains:
    """What was gained, by what a limit may be set on.

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
    """What a venue showed: equity in USD, and for each symbol the position (base units, signed) and the mark."""

    equity: Decimal
    sizes: Mapping[Symbol, Decimal]
    marks: Mapping[Symbol, Decimal]


@dataclass(frozen=True, slots=True)
class AccountBook:
    """What a venue was last booked from.

    Attributes:
        account: what it showed then.
        entries: the newest ledger entry booked, by kind.
        trade: the newest trade booked.
        waits: since when its positions don't agree with our trades.
        given_up: up to when trades that are still to come count as unexplained.
        residual: what is unexplained of today's change of its equity, USD.
        read_at: when that was; its ledger is read anew from there on.
        equity: what it showed when its ledger was read last, which may be later.
        waiting: what it brought between the two, which is in no attribution yet.
        eve: what it had brought at the last midnight and was booked after it, so that it is no gain of today.
    """

    account: BookedAccount
    entries: Mapping[str, int]
    trade: int
    waits: datetime | None = None
    given_up: datetime | None = None
    residual: Decimal = ZERO
    read_at: datetime | None = None
    equity: Decimal | None = None
    waiting: Gains = Gains()
    eve: Decimal = ZERO

    def new(self, ledger: Iterable[LedgerEntry]) -> list[LedgerEntry]:
        """Return the entries that are not booked."""
        return [entry for entry in ledger if entry.number > self.entries.get(entry.kind.value, 0)]

    @property
    def last_equity(self) -> Decimal:
        """The equity when the ledger was read last."""
        return self.account.equity if self.equity is None else self.equity

    def brought(self, view: VenueView) -> Gains:
        """Return what the venue brought since it was booked, as far as its ledger was read."""
        if view.ledger is None:
            return self.waiting
        new = self.new(view.ledger)
        change = view.balance.equity - self.account.equity - _sum(new, LedgerKind.DEPOSIT)
        return Gains(change, ZERO, _sum(new, LedgerKind.FUNDING), _sum(new, LedgerKind.FEE))

    def unread(self, view: VenueView) -> Decimal:
        """Return the change of equity since the ledger was read: result, or money moved, not known yet."""
        return ZERO if view.ledger is not None else view.balance.equity - self.last_equity


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
    """The ledger in short, as a decision wants it: ``today`` since midnight UTC of ``day``, ``total`` in all."""

    day: str = ""
    today: Gains = Gains()
    total: Gains = Gains()
    accounts: Mapping[VenueId, AccountBook] = field(default_factory=dict)
    positions: Mapping[PositionId, BookedPosition] = field(default_factory=dict)
