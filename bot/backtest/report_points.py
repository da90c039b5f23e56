"""What a sweep goes through: settings and their values, as a grid or as ranges for a search."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core.errors import ConfigError

Point = Mapping[str, str]
"""Dotted keys of settings and their values as text."""
_RANGE: Final = re.compile(r"(\d+(?:\.\d+)?)([a-z%]*)\.\.(\d+(?:\.\d+)?)([a-z%]*)")
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Span:
    """A range for a search, ends included; ``unit`` follows the number: ``%``, ``s``, or nothing."""

    low: Decimal
    high: Decimal
    unit: str

    @property
    def is_whole(self) -> bool:
        """Whether both ends are whole, so that whole numbers are meant."""
        return self.low == self.low.to_integral_value() and self.high == self.high.to_integral_value()

    def text(self, number: float) -> str:
        """Write a number of the range."""
        return f"{Decimal(f'{number:.{_DIGITS}g}'):f}{self.unit}"


@dataclass(frozen=True, slots=True)
class Axis:
    """One setting: ``key``, and either its values or the range that is searched."""

    key: str
    values: tuple[str, ...] = ()
    span: Span | None = None


def axis_of(text: str) -> Axis:
    """Read ``hedge.band.risk_aversion=10,30,100``, or ``…=10..300`` for a search.

    Raises:
        ConfigError: it is neither.
    """
    key, equals, right = text.partition("=")
    key, values = key.strip(), tuple(part.strip() for part in right.split(",") if part.strip())
    if not equals or not key or not values:
        raise ConfigError(f"--set {text}: write a setting and its values, such as hedge.band.risk_aversion=10,30,100")
    if ".." not in right:
        if len(set(values)) != len(values):
            raise ConfigError(f"--set {text}: a value is given twice")
        return Axis(key, values)
    found = _RANGE.fullmatch(right.strip())
    if found is None or found[2] != found[4] or Decimal(found[1]) >= Decimal(found[3]):
        raise ConfigError(f"--set {text}: write a range from low to high in one unit, such as 10..300 or 0.1%..2%")
    return Axis(key, span=Span(Decimal(found[1]), Decimal(found[3]), found[2]))


def axes_of(texts: Sequence[str], *, searches: bool) -> tuple[Axis, ...]:
    """Read all settings of a sweep.

    Raises:
        ConfigError: one is no setting, is given twice, or is a range although nothing is searched.
    """
    axes = tuple(axis_of(text) for text in texts)
    if not axes:
        raise ConfigError("a sweep needs a setting: --set hedge.band.risk_aversion=10,30,100")
    keys = [axis.key for axis in axes]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise ConfigError(f"--set {twice} is given twice; write all of its values in one")
    if not searches and (span := next((axis for axis in axes if axis.span is not None), None)):
        raise ConfigError(f"--set {span.key}: a range is searched with --optuna N; a grid needs values: 10,30,100")
    return axes


def grid(axes: Sequence[Axis]) -> Iterator[Point]:
    """Return every combination, the last setting changing first."""
    for values in itertools.product(*(axis.values for axis in axes)):
        yield dict(zip((axis.key for axis in axes), values, strict=True))


def ends(axes: Sequence[Axis]) -> Iterator[Point]:
    """Return points that try each value and both ends of each range once, so that none of them fails halfway."""
    tried = [
        axis.values
        if axis.span is None
        else (axis.span.text(float(axis.span.low)), axis.span.text(float(axis.span.high)))
        for axis in axes
    ]
    for place in range(max(len(values) for values in tried)):
        yield {axis.key: values[place % len(values)] for axis, values in zip(axes, tried, strict=True)}
