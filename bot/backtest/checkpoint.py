"""Checkpoints of a replay between two days, as JSON, so that an interrupted one resumes with the same bytes."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.backtest.columns import TapeSource
from bot.backtest.generate import Generated
from bot.backtest.journal import Order
from bot.backtest.pnl_booking import Stand
from bot.backtest.replay_statistics import Tally
from bot.backtest.result import Horizon, Moments, Series
from bot.core.amm.curve import Curve
from bot.core.errors import ConfigError
from bot.core.inputs import Pending
from bot.core.orders import Fill, LedgerEntry, OrderReport
from bot.core.pnl.attribution import Attribution
from bot.core.record import Event
from bot.core.snapshot import Entry
from bot.core.state import State
from bot.core.types import MarketKey, PositionId, Underlying
from bot.journal.codec import Codec
from bot.paper.engine.engine import PaperEngine
from bot.ports import Clock
from bot.protocols.registry import CURVES
from bot.version import program

if TYPE_CHECKING:
    from bot.backtest.engine import Plan, Replay
    from bot.backtest.market import Market

FILE: Final = "checkpoint.json"
SPACING: Final = 10.0
"""Seconds between two checkpoints."""
_FLOATS: Final = ("value", "hold", "equity", "distance")
_BY_NAME: Final = ("marks", "exposure", "short", "band")
_KEPT: Final = (
    *("hedged", "unhedged", "adrift", "steps", "rows", "refused", "value", "total", "net"),
    *("opened", "horizons", "guards", "alarms"),
)


@dataclass(frozen=True, slots=True)
class VenuePast:
    """A paper account (its own JSON), and what was collected from it."""

    account: str
    fills: tuple[Fill, ...]
    entries: tuple[LedgerEntry, ...]
    closed: tuple[OrderReport, ...]
    booked: int
    read: tuple[int, int]


@dataclass(frozen=True, slots=True)
class TallyPast:
    """A ``Tally``; a distance of None stands for infinity."""

    hedged: Moments
    unhedged: Moments
    adrift: Moments
    steps: int
    rows: int
    refused: int
    worst: float | None
    value: float | None
    total: float
    net: Mapping[Underlying, tuple[float, float]]
    opened: int | None
    horizons: Mapping[str, Horizon]
    guards: Mapping[str, int]
    alarms: Mapping[str, int]
    at: tuple[int, ...]
    floats: Mapping[str, tuple[float | None, ...]]
    by_name: Mapping[str, Mapping[Underlying, tuple[float, ...]]]


@dataclass(frozen=True, slots=True)
class Past:
    """All that a replay carries from one day to the next; ``plan`` tells which replay it is of."""

    plan: str
    days: int
    state: State
    acted: bool
    venues: tuple[VenuePast, ...]
    orders: tuple[Order, ...]
    pending: tuple[Pending, ...]
    events: tuple[Event, ...]
    fired: Mapping[MarketKey, datetime]
    entries: Mapping[PositionId, Entry]
    first: Stand | None
    last: Stand | None
    total: Attribution
    by_day: Mapping[str, Attribution]
    tally: TallyPast


_CODEC: Final = Codec[Past](Past, {Curve: CURVES})


def digest_of(market: Market) -> str:
    """Return a digest of a market's data, recorded or generated."""
    parts: list[object] = [market.facts, market.own, market.start, market.end, market.rows, market.interval]
    for name, perp in sorted(market.perps.items()):
        parts += [name, perp.times.tobytes(), perp.quanta.tobytes(), perp.funding_times.tobytes(), perp.funding]
    for source in market.sources:
        parts += [source.model if isinstance(source, Generated) else type(source).__name__]
        for tape in source.tapes if isinstance(source, TapeSource) else ():
            parts += [getattr(tape, name).tobytes() for name in ("times", "close", "low", "high")]
            parts += [tape.in0, tape.in1, tape.liquidity, tape.fee0, tape.fee1]
    return _digest(parts)


def fingerprint(plan: Plan, *, skip: bool, data: str | None = None) -> str:
    """Return a digest of everything that a replay depends on: policy, venues, data, this code.

    ``data`` is the digest of the plan's market, where it is known already.
    """
    parts: list[object] = [program(), skip, data or digest_of(plan.market)]
    # a set has another order in every process
    parts += [sorted(plan.policy.accepted), replace(plan.policy, accepted=frozenset())]
    parts += [(engine.rules, json.dumps(engine.to_dict())) for engine in plan.venues]
    return _digest(parts)


def _digest(parts: Iterable[object]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part if isinstance(part, bytes) else repr(part).encode())
    return found.hexdigest()


def lay_aside(replay: Replay, plan: str, path: Path) -> None:
    """Write a replay that stands between two days, whole or not at all; ``plan`` is its fingerprint.

    Raises:
        ConfigError: it can't be written.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(_CODEC.dumps(_past(replay, plan)))
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(f"can't be written: {error.strerror}", source=str(path)) from error


def take_up(replay: Replay, plan: str, path: Path) -> None:
    """Restore a fresh replay from a checkpoint of the same plan.

    Raises:
        ConfigError: the file can't be read, or is of another replay.
    """
    try:
        past = _CODEC.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"no checkpoint that can be read: {error}", source=str(path)) from error
    if past.plan != plan:
        message = "is of a replay with other settings, data or version; remove it to replay from the start"
        raise ConfigError(message, source=str(path))
    _bring_back(replay, past)


def _past(replay: Replay, plan: str) -> Past:
    booking, journal = replay.booking, replay.journal
    return Past(
        plan=plan,
        days=replay.days,
        state=replay.state,
        acted=replay.acted,
        venues=tuple(
            VenuePast(
                json.dumps(venue.engine.to_dict()),
                tuple(venue.fills_made),
                tuple(venue.entries_made),
                tuple(venue.closed.values()),
                venue.booked,
                read,
            )
            for venue, read in zip(replay.venues, booking.read, strict=True)
        ),
        orders=tuple(journal.orders.values()),
        pending=tuple(journal.open.values()),
        events=tuple(journal.events),
        fired=journal.fired,
        entries=replay.world.entries,
        first=booking.first,
        last=booking.last,
        total=booking.total,
        by_day={day.isoformat(): one for day, one in booking.days.items()},
        tally=_tally_past(replay.tally),
    )


def _bring_back(replay: Replay, past: Past) -> None:
    booking, journal = replay.booking, replay.journal
    replay.days, replay.state, replay.acted = past.days, past.state, past.acted
    for venue, one in zip(replay.venues, past.venues, strict=True):
        venue.engine = PaperEngine.from_dict(venue.engine.rules, json.loads(one.account))
        venue.fills_made, venue.entries_made, venue.booked = [*one.fills], [*one.entries], one.booked
        venue.closed = {report.client_id: report for report in one.closed}
    journal.orders = {order.intent.client_id: order for order in past.orders}
    journal.open = {item.intent.client_id: item for item in past.pending}
    journal.events, journal.fired = [*past.events], {**past.fired}
    replay.world.entries.update(past.entries)
    booking.first, booking.last = past.first, past.last
    booking.total, booking.read = past.total, [one.read for one in past.venues]
    booking.days = {date.fromisoformat(day): one for day, one in past.by_day.items()}
    replay.tally = _tally(past.tally, replay.tally.series.every)


def _tally_past(tally: Tally) -> TallyPast:
    series = tally.series
    return TallyPast(
        **{name: getattr(tally, name) for name in _KEPT},
        at=tuple(series.at),
        floats={name: tuple(map(_finite, getattr(series, name))) for name in _FLOATS},
        by_name={name: {key: tuple(line) for key, line in getattr(series, name).items()} for name in _BY_NAME},
        worst=None if tally.worst is None else _finite(tally.worst),
    )


def _tally(past: TallyPast, every: int) -> Tally:
    series = Series(every, [*past.at])
    for name in _FLOATS:
        setattr(series, name, [math.inf if one is None else one for one in past.floats[name]])
    for name in _BY_NAME:
        setattr(series, name, {key: [*line] for key, line in past.by_name[name].items()})
    worst = math.inf if past.worst is None else past.worst
    return Tally(series, **{name: getattr(past, name) for name in _KEPT}, worst=worst)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


class Keeper:
    """Saves a replay every few seconds of work, and restores it."""

    def __init__(self, plan: Plan, folder: Path, clock: Clock, *, skip: bool) -> None:
        self.path = folder / FILE
        self._plan, self._clock = fingerprint(plan, skip=skip), clock
        self._last = clock.monotonic()

    def take_up(self, replay: Replay) -> bool:
        """Restore a fresh replay from its checkpoint; return whether there was one.

        Raises:
            ConfigError: the checkpoint is of another replay.
        """
        if not self.path.exists():
            return False
        take_up(replay, self._plan, self.path)
        return True

    def watch(self, replay: Replay) -> None:
        """Save it, if the last checkpoint is old enough."""
        if self._clock.monotonic() - self._last >= SPACING:
            lay_aside(replay, self._plan, self.path)
            self._last = self._clock.monotonic()
