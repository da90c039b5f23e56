"""Strict access to the fields of a dictionary from outside: what is missing is an error, never a default."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from bot.exchange.errors import Unbelievable

Row = Mapping[str, object]
"""One JSON object, or one of ccxt's dictionaries."""
_MAGNITUDE: Final = 40
"""Powers of ten that a number may be large or small by: beyond it, sums would overflow or take too long."""
_END: Final = 253_402_300_800_000
"""Milliseconds from 1970 to the year 10000, where a datetime ends."""


def row_of(value: object, what: str) -> Row:
    """Return ``value`` as a dictionary with text keys.

    Raises:
        Unbelievable: it is none, or an empty one.
    """
    if not isinstance(value, Mapping) or not value:
        raise Unbelievable(f"{what}: expected an object with fields, got {_shown(value)}")
    return value


def rows_of(value: object, what: str) -> tuple[Row, ...]:
    """Return ``value`` as a list of dictionaries; an empty list is allowed.

    Raises:
        Unbelievable: it is no list, or holds something else.
    """
    if not isinstance(value, list):
        raise Unbelievable(f"{what}: expected a list, got {_shown(value)}")
    return tuple(row_of(item, what) for item in value)


def has(row: Row, key: str) -> bool:
    """Return whether a field carries a value: neither absent nor None nor empty text."""
    return row.get(key) not in (None, "")


def text(row: Row, key: str, what: str) -> str:
    """Return a field as text.

    Raises:
        Unbelievable: it is missing, empty, or neither text nor a whole number.
    """
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise Unbelievable(f"{what}: field '{key}' should be text, got {_shown(value)}")
    return str(value)


def flag(row: Row, key: str, what: str) -> bool:
    """Return a field as a truth value.

    Raises:
        Unbelievable: it is missing or something else.
    """
    value = row.get(key)
    if not isinstance(value, bool):
        raise Unbelievable(f"{what}: field '{key}' should be true or false, got {_shown(value)}")
    return value


def number(row: Row, key: str, what: str) -> Decimal:
    """Return a field as a finite number. A float counts as the shortest decimal that reads back as it.

    Raises:
        Unbelievable: it is missing, None, empty, no finite number, or beyond any money (above 1e41, below 1e-40).
    """
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise Unbelievable(f"{what}: field '{key}' should be a number, got {_shown(value)}")
    try:
        result = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation as error:
        raise Unbelievable(f"{what}: field '{key}' should be a number, got {_shown(value)}") from error
    if not result.is_finite() or (result and abs(result.adjusted()) > _MAGNITUDE):
        raise Unbelievable(f"{what}: field '{key}' should be a finite number of a sane size, got {_shown(value)}")
    return result


def positive(row: Row, key: str, what: str) -> Decimal:
    """Return a field as a number above zero.

    Raises:
        Unbelievable: it is missing or not above zero.
    """
    result = number(row, key, what)
    if result <= 0:
        raise Unbelievable(f"{what}: field '{key}' should be above zero, got {result}")
    return result


def moment(row: Row, key: str, what: str) -> datetime:
    """Return a field of milliseconds since 1970 as a time, UTC.

    Raises:
        Unbelievable: it is missing, not after 1970, or after the year 9999.
    """
    value = positive(row, key, what)
    if value >= _END:
        raise Unbelievable(f"{what}: field '{key}' should be a time in milliseconds, got {_shown(value)}")
    return datetime.fromtimestamp(int(value) // 1000, UTC).replace(microsecond=int(value) % 1000 * 1000)


def milliseconds_of(at: datetime) -> int:
    """Return a time as milliseconds since 1970, rounded down."""
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


def _shown(value: object) -> str:
    """Abbreviate a value; its content may be long, or a page of HTML."""
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"  # noqa: PLR2004 - the length of a line's rest
