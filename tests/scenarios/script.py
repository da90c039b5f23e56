"""What happens in a scenario, tick by tick, and what is noted of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final

from bot.core.types import (
    ZERO,
)

D = Decimal

ONE: Final = D(1)

MUCH: Final = D(20_000)


@dataclass(frozen=True, slots=True)
class Tick:
    """The market at a minute; pool and dollar token follow the mark and par unless told; ``age`` is the block's."""

    mark: Decimal
    pool: Decimal | None = None
    par: Decimal = ONE
    rate: Decimal | None = None
    age: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens; ``value`` USD of liquidity, half in each position, and ``deposit`` USD at the venue."""

    name: str
    ticks: tuple[Tick, ...]
    value: Decimal = MUCH
    deposit: Decimal = MUCH
    outage: tuple[int, int] | None = None
    deleveraged: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One tick as it ended, from the engine's own account."""

    number: int
    mark: Decimal
    exposure: Decimal
    short: Decimal
    drift: Decimal | None
    band: Decimal | None
    ratio: Decimal | None
    rung: str
    state: str
    alarms: tuple[str, ...]


@dataclass
class Told:
    """A scenario played: a row a tick, and every rule that was broken."""

    scenario: Scenario
    rows: list[Row] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    liquidations: int = 0
    orders: int = 0
    equity: Decimal = ZERO
