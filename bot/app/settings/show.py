"""The settings as a user sees them: TOML with the source of every value, or plain data for JSON; endpoints redacted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

import tomli_w
from pydantic import SecretStr
from pydantic.json_schema import GenerateJsonSchema

from bot.app.settings.load import Loaded
from bot.app.settings.origins import Path, is_tables
from bot.app.settings.problems import dotted
from bot.app.settings.root import Settings
from bot.setting_types.base import Table
from bot.setting_types.fields import format_duration

Comment = Callable[[Path], str]


def redact_url(url: str) -> str:
    """Show scheme, host and port of an endpoint, of any other URL the scheme; ``…`` stands for what may hold a key."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "ws", "wss"):
        return f"{parts.scheme}://…"
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return url if url in (shown, f"{shown}/") else f"{shown}/…"


def plain(value: object) -> object:
    """Turn settings into what TOML knows: dicts, lists, strings, numbers (Decimal), booleans; None stays."""
    match value:
        case Table():
            return {name: plain(getattr(value, name)) for name in value.own()}
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case tuple():
            return [plain(item) for item in value]
        case _:
            return _plain_scalar(value)


def _plain_scalar(value: object) -> object:
    match value:
        case SecretStr():
            text = value.get_secret_value()
            return redact_url(text) if "://" in text else "***" if text else ""
        case timedelta():
            return format_duration(value)
        case PurePath() | str():
            return str(value)
        case _:
            return value


def as_toml(loaded: Loaded) -> str:
    """Write the settings as TOML that loads again, each value with its source as a comment."""
    values = plain(loaded.settings)
    assert isinstance(values, dict)  # noqa: S101 - a table's plain form is one; tells the type checker
    return "\n".join(_table(values, (), loaded.origins.of)).strip() + "\n"


def as_data(loaded: Loaded) -> dict[str, object]:
    """Return ``settings`` (nested; Decimals as strings) and ``sources`` (dotted key to source)."""
    values = plain(loaded.settings)
    sources = {dotted(path): loaded.origins.of(path) for path in _leaves(values, ())}
    return {"settings": _jsonable(values), "sources": sources}


def literal(value: object) -> str:
    """Write one value in TOML on one line."""
    match value:
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value.normalize():f}"
        case Mapping():
            return "{ " + ", ".join(f"{dotted((key,))} = {literal(item)}" for key, item in value.items()) + " }"
        case list():
            return f"[{', '.join(map(literal, value))}]"
        case _:
            return tomli_w.dumps({"v": value}).removeprefix("v = ").rstrip("\n")


class _Schema(GenerateJsonSchema):
    def encode_default(self, dft: object) -> object:
        return super().encode_default(plain(dft))


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of the configuration; defaults are written as in a file."""
    return {"$schema": _Schema.schema_dialect, **Settings.model_json_schema(schema_generator=_Schema)}


def _table(values: Mapping[str, object], at: Path, source: Comment) -> Iterator[str]:
    for key, value in values.items():
        if value is not None and not isinstance(value, Mapping) and not is_tables(value):
            yield f"{dotted((key,))} = {literal(value)}  # {source((*at, key))}"
    for key, value in values.items():
        path = (*at, key)
        if isinstance(value, Mapping):
            has_values = any(not isinstance(item, Mapping) for item in value.values())
            yield from ["", f"[{_header(path)}]"] if has_values else []
            yield from _table(value, path, source)
        elif is_tables(value):
            for place, item in enumerate(value):
                yield from ("", f"[[{_header(path)}]]")
                yield from _table(item, (*path, place), source)


def _header(path: Path) -> str:
    return dotted(part for part in path if isinstance(part, str))


def _leaves(value: object, at: Path) -> Iterator[Path]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*at, key))
    elif is_tables(value):
        for place, item in enumerate(value):
            yield from _leaves(item, (*at, place))
    else:
        yield at


def _jsonable(value: object) -> object:
    match value:
        case Mapping():
            return {key: _jsonable(item) for key, item in value.items()}
        case list():
            return [_jsonable(item) for item in value]
        case Decimal():
            return f"{value.normalize():f}"
        case _:
            return value
