"""What is wrong with a configuration, in the user's words: file, dotted key, what is wrong, what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.app.settings.origins import Origins, Path
from bot.app.settings.table_tree import description_at, fields_at, known_keys
from bot.core.errors import ConfigError

_SHOWN = 60


class ConfigErrors(ConfigError):  # noqa: N818 - the plural says that it holds several
    """Several things are wrong at once; ``errors`` holds each."""

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        super().__init__("\n".join(map(str, errors)))
        self.errors = tuple(errors)


def raise_all(errors: Sequence[ConfigError]) -> None:
    """Raise one error as it is, several as ConfigErrors, none not at all."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ConfigErrors(errors)


def dotted(path: Iterable[str | int]) -> str:
    """Write a path as a TOML key: ``chains.base.tokens."0x…".rate``, list places as ``[1]`` (counted from 1)."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", part)
            text += ("." if text else "") + (part if bare else f'"{part}"')
    return text


def undotted(key: str) -> Path:
    """Read back what ``dotted`` wrote."""
    parts = re.findall(r'"([^"]*)"|\[(\d+)\]|([^."\[\]]+)', key)
    return tuple(int(place) - 1 if place else quoted or bare for quoted, place, bare in parts)


def _unknown_key(path: Path) -> str:
    """Say that a key is unknown, and name the nearest known one."""
    siblings = fields_at(path[:-1])
    wrong = str(path[-1]).lower()
    near = difflib.get_close_matches(wrong, siblings, n=1)
    if near:
        return f"unknown key; did you mean {dotted((*path[:-1], near[0]))}?"
    everywhere = {known.rpartition(".")[2]: known for known in known_keys()}
    near = difflib.get_close_matches(wrong, everywhere, n=1)
    if near:
        return f"unknown key; did you mean {everywhere[near[0]]}?"
    return f"unknown key; known here: {', '.join(siblings)}"


def from_validation(error: ValidationError, origins: Origins) -> list[ConfigError]:
    """Translate pydantic's errors."""
    return [_one(detail, origins) for detail in error.errors(include_url=False)]


def _one(detail: ErrorDetails, origins: Origins) -> ConfigError:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    return ConfigError(_message(detail, path), source=origins.blame(path), key=dotted(path) or None)


def _message(detail: ErrorDetails, path: Path) -> str:
    kind = detail["type"]
    plain = {
        "model_type": "must be a table",
        "dict_type": "must be a table",
        "tuple_type": "must be a list",
        "too_short": "must not be empty",
    }
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "missing":
        return f"is missing: {description_at(path)}"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    text = detail["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return plain.get(kind, f"{_shown(detail['input'])}must be {text}")


def _shown(value: object) -> str:
    """Repeat a short plain value; containers may hold secrets and are not repeated."""
    if isinstance(value, str | int | float) and len(str(value)) <= _SHOWN:
        return f"{value!r} is wrong: "
    return ""
