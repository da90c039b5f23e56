"""What the parts of the bot report while they work: one value per occurrence, for metrics, screens and alerts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.core.orders import Intent, LedgerEntry, NotFound, Outcome
from bot.core.record import CycleRecord, Event
from bot.core.types import ChainName, VenueId


class Phase(StrEnum):
    """The parts of a cycle that are timed separately."""

    RECONCILE = "reconcile"
    OBSERVE = "observe"
    DECIDE = "decide"
    EXECUTE = "execute"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class CycleRecorded:
    """A cycle came to its end and stands in the journal."""

    record: CycleRecord


@dataclass(frozen=True, slots=True)
class CycleFailed:
    """A cycle, or the preflight before the first one, ended in an error; ``error`` is its class name."""

    error: str


@dataclass(frozen=True, slots=True)
class PhaseEnded:
    """A part of a cycle ended, well or not, after ``seconds``."""

    phase: Phase
    seconds: float


@dataclass(frozen=True, slots=True)
class OrderReported:
    """An outcome of an intent was journaled; a NotFound means: proven never placed."""

    intent: Intent
    outcome: Outcome | NotFound


@dataclass(frozen=True, slots=True)
class EventJournaled:
    """An event was journaled."""

    event: Event


@dataclass(frozen=True, slots=True)
class LedgerRead:
    """The recent cash movements of an account were read; most of them were read before."""

    venue: VenueId
    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True)
class VenueFailed:
    """A venue gave no believable answer."""

    venue: VenueId


@dataclass(frozen=True, slots=True)
class RpcFailed:
    """An endpoint of a chain gave no believable answer; another one may have."""

    chain: ChainName


@dataclass(frozen=True, slots=True)
class StreamHeard:
    """A venue's stream sent a message."""

    venue: VenueId
    stream: str


Happening = (
    CycleFailed | PhaseEnded | OrderReported | EventJournaled | LedgerRead | VenueFailed | RpcFailed | StreamHeard
)
TelemetryEvent = CycleRecorded | Happening
