"""The shape of the settings, walked by path: which keys exist where, and what a variable's name means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, get_args, get_origin

from pydantic.fields import FieldInfo

from bot.app.settings.origins import Path
from bot.app.settings.root import Settings
from bot.setting_types.base import Table
from bot.setting_types.fields import EnvKey

Shape = object
"""A type as it is annotated: a Table class, ``dict[key, shape]``, ``tuple[shape, ...]``, or a plain one."""


def bare(shape: Shape) -> Shape:
    """Strip ``Annotated`` and ``| None``."""
    if get_origin(shape) is Annotated:
        return bare(get_args(shape)[0])
    options = [option for option in get_args(shape) if option is not type(None)]
    return bare(options[0]) if len(options) < len(get_args(shape)) else shape


def is_table(shape: Shape) -> bool:
    """Whether the shape is a table with fixed keys."""
    return isinstance(shape, type) and issubclass(shape, Table)


def is_mapping(shape: Shape) -> bool:
    """Whether the shape is a table with keys of the user's choice."""
    return get_origin(shape) is dict


def is_list(shape: Shape) -> bool:
    """Whether the shape is a list."""
    return get_origin(shape) is tuple


def fields_of(shape: Shape) -> Mapping[str, FieldInfo]:
    """Return the fields of a table, none for anything else."""
    return shape.model_fields if isinstance(shape, type) and issubclass(shape, Table) else {}


def step(shape: Shape, part: str | int) -> Shape | None:
    """Return the shape one key further down, or None where there is no such key."""
    shape = bare(shape)
    if is_mapping(shape):
        return bare(get_args(shape)[1])
    if is_list(shape):
        return bare(get_args(shape)[0])
    found = fields_of(shape).get(str(part))
    return None if found is None else bare(found.annotation)


def shape_at(path: Path) -> Shape | None:
    """Return the shape at a path, or None where the settings have no such place."""
    shape: Shape | None = Settings
    for part in path:
        shape = None if shape is None else step(shape, part)
    return shape


def fields_at(path: Path) -> list[str]:
    """Return the keys of the table at a path."""
    shape = shape_at(path)
    return [] if shape is None else list(fields_of(shape))


def description_at(path: Path) -> str:
    """Return the description of the setting at a path."""
    shape = shape_at(path[:-1])
    return (fields_of(shape)[str(path[-1])].description or "") if shape is not None else ""


@cache
def known_keys() -> tuple[str, ...]:
    """Return every key that there is, dotted, with NAME for keys of the user's choice."""
    return tuple(_known(Settings, ""))


def _known(shape: Shape, prefix: str) -> Iterator[str]:
    for name, found in fields_of(shape).items():
        inner, key = bare(found.annotation), f"{prefix}{name}"
        yield key
        while is_mapping(inner) or is_list(inner):
            key += ".NAME" if is_mapping(inner) else ""
            inner = bare(get_args(inner)[1 if is_mapping(inner) else 0])
        yield from _known(inner, f"{key}.")


def resolve(name: str, present: Mapping[str, object]) -> tuple[Path, Shape] | None:
    """Find the place that a variable's name means, or None where there is none.

    Args:
        name: the name without its prefix, such as ``CHAINS__BASE__RPC_URLS``; case does not matter.
        present: what earlier layers set; a key of the user's choice that stands there is matched whatever its case.
    """
    path: Path = ()
    shape: Shape = Settings
    here: object = present
    for part in name.split("__"):
        key = _key(shape, part, here)
        inner = None if key is None or is_list(shape) else step(shape, key)
        if key is None or inner is None:
            return None
        path, shape = (*path, key), inner
        here = here.get(key) if isinstance(here, Mapping) else None
    return path, shape


def _key(shape: Shape, part: str, here: object) -> str | None:
    if not is_mapping(shape):
        return part.lower()
    if not part:
        return None
    for known in here if isinstance(here, Mapping) else ():
        if str(known).lower() == part.lower():
            return str(known)
    markers = [marker for marker in get_args(get_args(shape)[0]) if isinstance(marker, EnvKey)]
    return markers[0].convert(part)
