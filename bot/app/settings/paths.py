"""Resolve paths in a settings file relative to that file, wherever the program is started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Final

from bot.app.settings.origins import DEFAULT, Layer, Path, is_tables
from bot.app.settings.problems import dotted
from bot.app.settings.root import STATE_DIR
from bot.app.settings.sources import nest
from bot.app.settings.table_tree import shape_at

_STATE: Final[Path] = ("bot", "state_dir")


def anchored(layers: Sequence[Layer]) -> tuple[list[Layer], tuple[str, ...]]:
    """Make the paths absolute that files name, a layer each, and return a warning for each that is found elsewhere.

    Versions before took them as relative to the current directory; what lies there and not where it should is used
    still. A state directory that no file names stands beside the first file.
    """
    if not layers:
        return [], ()
    warnings: list[str] = []
    found = [_anchor(layer, layer.source, warnings) for layer in layers]
    if all(_at(layer.values, _STATE) is None for layer in layers):
        found.insert(0, _anchor(Layer(DEFAULT, nest(_STATE, str(STATE_DIR))), layers[0].source, warnings))
    return found, tuple(warnings)


def _anchor(layer: Layer, source: str, warnings: list[str]) -> Layer:
    values, file = layer.values, FilePath(source)
    for path, text in list(_paths(values, ())):
        given = FilePath(text)
        if given.is_absolute():
            continue
        right, before = file.absolute().parent / given, FilePath.cwd() / given
        use = right
        if before != right and _is_used(before, path) and not _is_used(right, path):
            use = before
            warnings.append(
                f"{source}: {dotted(path)} = {text!r} is relative to this file now, not to the current directory; "
                f"{before} is used, since there is none at {right}. Move it there, or write its whole path"
            )
        values = _with(values, path, str(use))
    return Layer(layer.source, values)


def _is_used(path: FilePath, key: Path) -> bool:
    """Whether something is there; of a state directory, whether it holds a journal or an account."""
    return any(path.glob("*.sqlite")) if key == _STATE else path.exists()


def _paths(value: object, at: Path) -> Iterator[tuple[Path, str]]:
    """Return the paths among the values that files may name, with their keys."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _paths(item, (*at, key))
    elif is_tables(value):
        for place, item in enumerate(value):
            yield from _paths(item, (*at, place))
    elif isinstance(value, str) and value and shape_at(at) is FilePath:
        yield at, value


def _at(values: object, path: Path) -> object:
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def _with(values: Mapping[str, object], path: Path, value: str) -> Mapping[str, object]:
    """Return the values with another one at a path, which is there."""
    found = _put(values, path, value)
    assert isinstance(found, Mapping)  # noqa: S101 - a table stays one; tells the type checker
    return found


def _put(values: object, path: Path, value: str) -> object:
    if not path:
        return value
    if isinstance(values, Mapping):
        return {key: _put(item, path[1:], value) if key == path[0] else item for key, item in values.items()}
    if isinstance(values, list):
        return [_put(item, path[1:], value) if place == path[0] else item for place, item in enumerate(values)]
    return values
