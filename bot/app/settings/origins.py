"""Where each value of the configuration came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeGuard

Path = tuple[str | int, ...]
"""The keys that lead to a value; ints count places in a list."""

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Layer:
    """One source: nested values, as they are written, and the name of the source."""

    source: str
    values: Mapping[str, object]


@dataclass(slots=True)
class Origins:
    """The source of every value that some layer set; a list of plain values counts as one value."""

    _values: dict[Path, str] = field(default_factory=dict)
    _tables: dict[Path, str] = field(default_factory=dict)

    def set(self, path: Path, source: str, *, table: bool = False) -> None:
        """Note that ``source`` wrote the value (or began the table) at ``path``; what stood below is gone."""
        for known in (self._values, self._tables):
            for old in [old for old in known if old[: len(path)] == path]:
                del known[old]
        (self._tables if table else self._values)[path] = source

    def of(self, path: Path) -> str:
        """Return the source of a value, or of the list that it stands in, or ``default``."""
        for length in range(len(path), 0, -1):
            if (source := self._values.get(path[:length])) is not None:
                return source
        return DEFAULT

    def sources(self) -> list[str]:
        """Return every source that set a value."""
        return list(dict.fromkeys(self._values.values()))

    def blame(self, path: Path) -> str | None:
        """Return the sources that an error at ``path`` concerns: the value's, else those of its surroundings."""
        own = self.of(path)
        if own != DEFAULT:
            return own
        written = {**self._values, **self._tables}
        for length in range(len(path), -1, -1):
            below = dict.fromkeys(source for key, source in written.items() if key[:length] == path[:length])
            if below:
                return ", ".join(below)
        return None


def merge(layers: list[Layer]) -> tuple[dict[str, object], Origins]:
    """Lay later layers over earlier ones: tables key by key, everything else as a whole."""
    merged: dict[str, object] = {}
    origins = Origins()
    for layer in layers:
        _lay(merged, layer.values, (), layer.source, origins)
    return merged, origins


def is_tables(value: object) -> TypeGuard[list[Mapping[str, object]]]:
    """Whether a value is a list of tables, written as ``[[…]]``."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _note(value: object, path: Path, source: str, origins: Origins) -> None:
    """Note where a value, or every value in a list of tables, comes from."""
    if is_tables(value):
        origins.set(path, source, table=True)
        for place, item in enumerate(value):
            _note(item, (*path, place), source, origins)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _note(item, (*path, key), source, origins)
    else:
        origins.set(path, source)


def _lay(into: dict[str, object], values: Mapping[str, object], at: Path, source: str, origins: Origins) -> None:
    for key, value in values.items():
        path = (*at, key)
        if not isinstance(value, Mapping):
            into[key] = value
            _note(value, path, source, origins)
            continue
        below = into.get(key)
        if not isinstance(below, dict):
            below = into[key] = {}
            origins.set(path, source, table=True)
        _lay(below, value, path, source, origins)
