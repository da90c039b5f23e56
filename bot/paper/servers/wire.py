"""What both wire formats share: numbers and times as text, parameters of a call, and errors that become answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLI: Final = timedelta(milliseconds=1)
_LAST: Final = 10**14
"""Milliseconds of a time that no calendar will ever need (the year 5138)."""
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})")
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")


class VenueError(Exception):
    """What the venue answers instead of doing what was asked: nothing has changed."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message


def millis(at: datetime) -> int:
    """Return a time as milliseconds since 1970, cut."""
    return (at - EPOCH) // _MILLI


def places(step: Decimal) -> int:
    """Return how many decimals a step has."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def fixed(value: Decimal, decimals: int) -> str:
    """Print with so many decimals, half to even."""
    return f"{value:.{decimals}f}"


def plain(value: Decimal) -> str:
    """Print without exponent and without trailing zeros; no minus before 0."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"", "-0"} else text


@dataclass(frozen=True, slots=True)
class Params:
    """The parameters of a call.

    Attributes:
        values: as they were sent; texts, or whatever JSON holds.
        missing: makes the venue's error for a mandatory parameter that is missing or malformed, from its name.
    """

    values: Mapping[str, object]
    missing: Callable[[str], VenueError]

    def maybe(self, name: str) -> str | None:
        """Return a text, None where it was not sent or is empty."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
        raise self.missing(name)

    def text(self, name: str) -> str:
        """Return a mandatory text."""
        value = self.maybe(name)
        if value is None:
            raise self.missing(name)
        return value

    def maybe_decimal(self, name: str) -> Decimal | None:
        """Return a number, None where it was not sent."""
        value = self.maybe(name)
        if value is None:
            return None
        if not _DECIMAL.fullmatch(value):
            raise self.missing(name)
        return Decimal(value)

    def decimal(self, name: str) -> Decimal:
        """Return a mandatory number."""
        number = self.maybe_decimal(name)
        if number is None:
            raise self.missing(name)
        return number

    def maybe_integer(self, name: str) -> int | None:
        """Return a whole number, None where it was not sent."""
        value = self.maybe(name)
        if value is None:
            return None
        if not _INTEGER.fullmatch(value):
            raise self.missing(name)
        return int(value)

    def maybe_time(self, name: str) -> datetime | None:
        """Return a time from milliseconds, None where it was not sent."""
        value = self.maybe_integer(name)
        if value is not None and not 0 <= value < _LAST:
            raise self.missing(name)
        return None if value is None else EPOCH + value * _MILLI

    def flag(self, name: str) -> bool:
        """Return a yes or no, no where it was not sent."""
        value = self.maybe(name)
        if value is not None and value.lower() not in {"true", "false", "yes", "no"}:
            raise self.missing(name)
        return value is not None and value.lower() in {"true", "yes"}
