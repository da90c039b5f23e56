"""The account as JSON values and back, without loss: Decimals and times are strings."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar

from bot.core.errors import ConfigError
from bot.paper.engine.account import FundingState, PaperAccount, Position, next_funding
from bot.paper.engine.rules import VenueRules

_VERSION: Final = 1
_OMITTED: Final = frozenset({"events"})  # emitted, not kept
T = TypeVar("T")


def encode(account: PaperAccount) -> dict[str, object]:
    """Return the account, its undrained events left out, with the version of the format."""
    return {"version": _VERSION, **to_json(account)}


def decode(rules: VenueRules, data: Mapping[str, object]) -> PaperAccount:
    """Restore an account, and start symbols that the rules have gained since flat.

    Raises:
        ConfigError: the data has another version, or lacks a part.
    """
    if data.get("version") != _VERSION:
        raise ConfigError(f"a paper account of version {data.get('version')}; this dnbot reads version {_VERSION}")
    try:
        account = from_json(PaperAccount, data)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise ConfigError(f"not a paper account: {type(error).__name__}: {error}") from error
    gone = sorted(symbol for symbol, held in account.positions.items() if held.size and symbol not in rules.symbols)
    if gone:
        raise ConfigError(f"the paper account holds {', '.join(gone)}, which the configuration no longer names")
    _follow(rules, account)
    return account


def to_json(value: object) -> dict[str, object]:
    """Return a dataclass's fields as JSON values."""
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} is no dataclass")
    return {one.name: _encode(getattr(value, one.name)) for one in fields(value) if one.name not in _OMITTED}


def from_json(kind: type[T], data: Mapping[str, object]) -> T:
    """Build a dataclass from what ``to_json`` gave; a field that was not there yet has its default.

    Raises:
        KeyError, TypeError, ValueError, ArithmeticError: a field is missing or can't be read.
    """
    hints = typing.get_type_hints(kind)
    new = {one.name for one in fields(kind) if one.default is not MISSING and one.name not in data}  # type: ignore[arg-type] # a dataclass
    names = [name for name in hints if name not in _OMITTED | new]
    return kind(**{name: _decode(hints[name], data[name]) for name in names})


def _follow(rules: VenueRules, account: PaperAccount) -> None:
    """Add the symbols that are new and drop those that are gone (flat, or the caller refused)."""
    for symbol, one in rules.symbols.items():
        account.positions.setdefault(symbol, Position())
        account.leverage.setdefault(symbol, one.leverage)
        account.modes.setdefault(symbol, one.margin_mode)
        start = next_funding(account.now, one.funding_interval)
        account.funding.setdefault(symbol, FundingState(one.funding_rate, start))
    kept = (account.positions, account.leverage, account.modes, account.funding, account.markets)
    for symbol in [symbol for symbol in account.positions if symbol not in rules.symbols]:
        for part in kept:
            part.pop(symbol, None)
    for order in [order for order in account.orders.values() if order.symbol not in rules.symbols]:
        del account.orders[order.client_id]


def _encode(value: object) -> object:
    match value:
        case None | bool() | int():
            return value
        case str() | Decimal():
            return str(value)
        case datetime():
            return value.isoformat(timespec="microseconds")
        case dict():
            return {str(key): _encode(item) for key, item in value.items()}
        case list() | tuple():
            return [_encode(item) for item in value]
        case _:
            return to_json(value)


def _decode(hint: object, data: object) -> object:
    """Build a value of an annotated type from JSON values."""
    while isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType or origin is typing.Union:
        inner = next(argument for argument in arguments if argument is not types.NoneType)
        return None if data is None else _decode(inner, data)
    if origin is dict:
        return {_decode(arguments[0], key): _decode(arguments[1], item) for key, item in _mapping(data).items()}
    if origin is list and isinstance(data, list):
        return [_decode(arguments[0], item) for item in data]
    if isinstance(hint, type) and is_dataclass(hint):
        return from_json(hint, _mapping(data))
    return _decode_plain(hint, data)


def _decode_plain(hint: object, data: object) -> object:
    if hint is datetime and isinstance(data, str):
        return datetime.fromisoformat(data)
    if hint is Decimal and isinstance(data, str):
        return Decimal(data)
    if isinstance(hint, type) and issubclass(hint, StrEnum) and isinstance(data, str):
        return hint(data)
    if isinstance(hint, type) and isinstance(data, hint):
        return data
    raise TypeError(f"{data!r} is no {hint}")


def _mapping(data: object) -> Mapping[str, object]:
    if not isinstance(data, Mapping):
        raise TypeError(f"{data!r} is no mapping")
    return data
