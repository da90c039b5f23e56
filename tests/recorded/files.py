"""Answers of the venues as documented, recorded, or held by other clients' tests: the truth from outside.

A file is JSON: where it is from, how sure that is, the request, and the answer with its real fields, types, nulls and
empty strings. Times that must be recent are written as ``@ms``: the present time in milliseconds, as text, or as a
number where ``#`` follows; ``@ms+N`` is N milliseconds later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.exchange.loopback import Reply, Seen

FOLDER: Final = Path(__file__).parent
VENUES: Final = ("binance", "bitget", "bitget-uta")
_NOW: Final = re.compile(r"@ms([+-]\d+)?(#?)")


class Certainty(StrEnum):
    """How sure an answer is."""

    DOCUMENTED = "documented"
    """The venue's documentation shows it."""
    RECORDED = "recorded"
    """A live venue gave it, and somebody published it."""
    FIXTURE = "fixture"
    """Another client's tests hold it."""
    INFERRED = "inferred"
    """It follows from the documentation's words, or from how others handle it; nobody showed it."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One answer; ``query`` are parameters that the request must carry for it to be given."""

    venue: str
    name: str
    source: str
    certainty: Certainty
    method: str
    path: str
    query: Mapping[str, str]
    status: int
    body: object

    @classmethod
    def read(cls, venue: str, name: str, data: Mapping[str, Any]) -> Recording:
        """Take over a file's data.

        Raises:
            ValueError, KeyError: it does not say where it is from, or how sure that is.
        """
        if not data["source"]:
            raise ValueError(f"{venue}/{name}: no source")
        return cls(
            venue=venue,
            name=name,
            source=data["source"],
            certainty=Certainty(data["certainty"]),
            method=data["method"],
            path=data["path"],
            query=data.get("query", {}),
            status=data.get("status", 200),
            body=data["body"],
        )

    def fits(self, seen: Seen) -> bool:
        """Whether a request asks for this."""
        is_path = (self.method, self.path) == (seen.method, seen.path)
        return is_path and all(str(seen.params.get(key)) == value for key, value in self.query.items())

    def reply(self, now: int) -> Reply:
        """Answer at a time, milliseconds."""
        return Reply(dated(self.body, now), status=self.status)


def dated(value: object, now: int) -> object:
    """Put times in place of their marks."""
    match value:
        case dict():
            return {key: dated(item, now) for key, item in value.items()}
        case list():
            return [dated(item, now) for item in value]
        case str() if found := _NOW.fullmatch(value):
            at = now + int(found[1] or 0)
            return at if found[2] else str(at)
        case _:
            return value


@cache
def recordings(venue: str) -> tuple[Recording, ...]:
    """Read a venue's files, by name."""
    files = sorted((FOLDER / venue).glob("*.json"))
    return tuple(Recording.read(venue, file.stem, json.loads(file.read_text(encoding="utf-8"))) for file in files)


def named(venue: str, name: str) -> Recording:
    """Return one recording."""
    return next(one for one in recordings(venue) if one.name == name)


def first(candidates: Sequence[Recording], seen: Seen) -> Recording | None:
    """Return the first recording that a request asks for."""
    return next((one for one in candidates if one.fits(seen)), None)
