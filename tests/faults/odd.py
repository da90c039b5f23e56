"""Odd rows: what a real account's answers hold beside, or instead of, the rows that a bot hopes for.

They are made of the rows that the venue documents for that call (``tests/recorded``), so that fields and types are its
own, and are put into what the venue server answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from tests.recorded.files import dated, recordings

Row = dict[str, Any]


class Odd(StrEnum):
    """What is wrong with a row."""

    STRANGE = "row_of_a_stranger"
    HUGE = "row_of_huge_numbers"
    EMPTY = "row_without_fields"
    BLANK = "row_of_empty_texts"
    NULLS = "row_of_nulls"
    NULL = "null_for_a_row"
    WORD = "text_for_a_row"
    NEW_FIELDS = "unknown_fields"
    SPOILED = "own_row_of_nulls"


ALONE: Final = frozenset({Odd.STRANGE, Odd.HUGE, Odd.NEW_FIELDS})
"""What says whose it is, or harms nothing: the hedge goes on meanwhile."""
ROWS: Final = ("open_orders", "open_stops", "positions", "account", "fills", "ledger", "markets", "tiers")
"""The calls that are answered by rows, by their names in ``tests.faults.venue.CALLS``."""
GROUNDLESS: Final = frozenset(
    {
        ("markets", Odd.SPOILED),
        ("account", Odd.HUGE),
        *(("account", odd) for odd in Odd if odd not in ALONE),
        *(("tiers", odd) for odd in Odd if odd is not Odd.NEW_FIELDS),
    }
)
"""Calls and rows that leave nothing to trade on as long as they last: what they hide may be the account's own money."""
_WHOSE: Final = ("symbol", "asset", "coin", "marginCoin", "pair", "baseCoin", "baseAsset")
_IDS: Final = ("orderId", "algoId", "tranId", "tradeId", "id", "billId", "clientOrderId", "clientOid", "clientAlgoId")


def spoiled(odd: Odd, flavour: str, call: tuple[str, str], body: bytes, at: datetime) -> bytes:
    """Put an odd row into an answer; one that is no success, or has no rows, stays as it is."""
    keys, model = _model(flavour, call, at)
    answer = json.loads(body)
    place = answer
    for key in keys[:-1]:
        place = place[key] if isinstance(place, dict) and key in place else None
    if keys and isinstance(place, dict) and keys[-1] in place:
        rows = place[keys[-1]] = list(place[keys[-1]] or [])
    elif not keys and isinstance(place, list):
        rows = place
    else:
        return body
    _CHANGES[odd](rows, model)
    return json.dumps(answer).encode()


def _model(flavour: str, call: tuple[str, str], at: datetime) -> tuple[list[str], Row]:
    """Return where the rows of a call are in its answer, and a documented one of a symbol that nobody trades."""
    found = [one for one in recordings(flavour) if (one.method, one.path) == call]
    now = round(at.timestamp() * 1000)
    for recording in found:
        for keys, rows in _lists(dated(recording.body, now), []):
            if rows and isinstance(rows[0], dict):
                return keys, _strange(rows[0])
    raise LookupError(f"no documented row of {call} at {flavour}")


def _lists(value: object, keys: list[str]) -> Iterator[tuple[list[str], list[Any]]]:
    if isinstance(value, list):
        yield keys, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _lists(item, [*keys, key])


def _strange(row: Row) -> Row:
    whose = {key: "XYZUSDT" if key in {"symbol", "pair"} else "XYZ" for key in _WHOSE if row.get(key)}
    ids = {key: "77" if isinstance(row[key], str) else 77 for key in _IDS if row.get(key)}
    return {**row, **whose, **ids}


def _huge(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    if isinstance(value, str) and not value.replace(".", "").replace("-", "").isdigit():
        return value
    return "9" * 40 if isinstance(value, str) else 10**40


def _huge_row(model: Row) -> Row:
    return {key: value if key in (*_WHOSE, *_IDS) else _huge(value) for key, value in model.items()}


def _own(rows: list[Any]) -> None:
    for place, row in enumerate(rows):
        if isinstance(row, dict):
            rows[place] = {key: value if key in _WHOSE else None for key, value in row.items()}


def _new_fields(rows: list[Any]) -> None:
    for row in rows:
        if isinstance(row, dict):
            row |= {"brandNew": {"nested": [1, None, "x"]}, "": "nameless"}


_CHANGES: Final[dict[Odd, Callable[[list[Any], Row], None]]] = {
    Odd.STRANGE: lambda rows, model: rows.append(model),
    Odd.HUGE: lambda rows, model: rows.append(_huge_row(model)),
    Odd.EMPTY: lambda rows, _: rows.append({}),
    Odd.BLANK: lambda rows, model: rows.append(dict.fromkeys(model, "")),
    Odd.NULLS: lambda rows, model: rows.append(dict.fromkeys(model)),
    Odd.NULL: lambda rows, _: rows.append(None),
    Odd.WORD: lambda rows, _: rows.append("maintenance"),
    Odd.NEW_FIELDS: lambda rows, _: _new_fields(rows),
    Odd.SPOILED: lambda rows, _: _own(rows),
}
