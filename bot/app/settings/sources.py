"""The sources of settings: TOML files, the secrets directory, environment variables, flags. Nothing else reads them."""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Final

from bot.app.settings.old_keys import old_path
from bot.app.settings.origins import Layer, Path
from bot.app.settings.table_tree import Shape, is_list, is_mapping, is_table, known_keys, resolve, step
from bot.core.errors import ConfigError

PREFIX: Final = "DNBOT_"
SECRETS_DIR: Final = "DNBOT_SECRETS_DIR"
_DEFAULT_SECRETS: Final = FilePath("/run/secrets")
BESIDE: Final = "secrets"
"""The secrets directory beside the first configuration file, where no variable names another one."""
_FILE: Final = "_FILE"
_OTHERS: Final = 0o077


def read_text(file: FilePath, *, what: str) -> str:
    """Read a small text file.

    Raises:
        ConfigError: it is missing, a directory, unreadable, or no UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"there is no such file; {what}", source=str(file)) from None
    except IsADirectoryError:
        raise ConfigError(f"is a directory, not a file; {what}", source=str(file)) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"is no UTF-8 text (byte {error.start}); {what}", source=str(file)) from None
    except PermissionError:
        remedy = f"let it read the file (chmod or chown); {what}"
        raise ConfigError(f"can't be read by this user ({os.geteuid()}); {remedy}", source=str(file)) from None
    except OSError as error:
        raise ConfigError(f"can't be read ({error.strerror}); {what}", source=str(file)) from None


def read_toml(file: FilePath) -> Layer:
    """Read one TOML file; numbers keep every digit.

    Raises:
        ConfigError: it can't be read, is empty, or is no TOML (with line and column).
    """
    text = read_text(file, what="`dnbot config init FILE` writes an example")
    try:
        values = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:  # the latter two: absurd numbers and nesting
        raise ConfigError(f"is no TOML: {error}", source=str(file)) from None
    if not values:
        raise ConfigError("is empty; `dnbot config init FILE` writes an example", source=str(file))
    return Layer(str(file), values)


def read_secrets(environ: Mapping[str, str], present: Mapping[str, object], beside: FilePath | None) -> list[Layer]:
    """Read the secrets directories: one file per value, named like the variable; other files are not ours.

    Without a variable that names it these are the directory beside the first configuration file, and ``/run/secrets``.
    """
    if named := environ.get(SECRETS_DIR):
        return _secrets_in(FilePath(named), present, missing=f"{SECRETS_DIR} names {named}, which does not exist")
    layers = [] if beside is None else _secrets_in(beside, present)
    if layers and beside is not None and beside.stat().st_mode & _OTHERS:
        raise ConfigError(f"can be entered by others; chmod 700 {beside}", source=str(beside))
    return [*layers, *_secrets_in(_DEFAULT_SECRETS, present)]


def _secrets_in(folder: FilePath, present: Mapping[str, object], missing: str = "") -> list[Layer]:
    try:
        files = sorted(file for file in folder.iterdir() if file.name.upper().startswith(PREFIX))
    except (FileNotFoundError, NotADirectoryError):
        if not missing:
            return []
        raise ConfigError(missing, source="environment") from None
    except OSError as error:
        raise ConfigError(f"the secrets directory can't be read ({error.strerror})", source=str(folder)) from None
    return [_layer(file.name, _secret(file), f"secret {file}", present) for file in files]


def read_environment(environ: Mapping[str, str], present: Mapping[str, object]) -> list[Layer]:
    """Read ``DNBOT_A__B__C`` variables, and ``DNBOT_A__B__C_FILE`` ones that name a file holding the value.

    Raises:
        ConfigError: a variable with our prefix means nothing, or both forms of one are set.
    """
    layers = []
    for name in sorted(name for name in environ if name.upper().startswith(PREFIX)):
        if name == SECRETS_DIR:
            continue
        source = f"environment {name}"
        if not name.upper().endswith(_FILE) or resolve(name[len(PREFIX) :], present) is not None:
            # some settings end in _file themselves, such as mqtt.ca_file
            layers.append(_layer(name, environ[name], source, present))
            continue
        plain = name[: -len(_FILE)]
        if plain in environ:
            raise ConfigError(f"{plain} and {name} are both set; keep one", source="environment")
        value = _secret(FilePath(environ[name]), because=f"{name} names it")
        layers.append(_layer(plain, value, f"{source} ({environ[name]})", present, asked=name))
    return layers


def flags(values: Mapping[str, str]) -> list[Layer]:
    """Return the layers of command-line flags: ``{"log.level": "debug"}``."""
    return [Layer(f"flag for {key}", nest(tuple(key.split(".")), value)) for key, value in values.items()]


def _secret(file: FilePath, *, because: str = "it is a secret's file") -> str:
    return read_text(file, what=because).rstrip("\r\n")


def _layer(name: str, text: str, source: str, present: Mapping[str, object], *, asked: str | None = None) -> Layer:
    found = resolve(name[len(PREFIX) :], present)
    if found is None and (old := old_path(name[len(PREFIX) :])) is not None:
        return Layer(source, nest(old, text))
    if found is None:
        near = difflib.get_close_matches(name.upper(), list(_variables(present)), n=1, cutoff=0)
        kind = source.partition(" ")[0]
        raise ConfigError(f"{asked or name} matches no setting; the nearest one is {near[0]}", source=kind)
    path, shape = found
    return Layer(source, nest(path, _parse(text, shape, source, path)))


def nest(path: Path, value: object) -> dict[str, object]:
    """Wrap a value in the tables that lead to it."""
    head, *rest = (str(part) for part in path)
    return {head: nest(tuple(rest), value) if rest else value}


def _parse(text: str, shape: Shape, source: str, path: Path) -> object:
    """Read a variable's text: JSON for tables and lists, commas for lists of plain values, else the text itself."""
    if not (is_list(shape) or is_mapping(shape) or is_table(shape)):
        return text
    if text.lstrip().startswith(("[", "{")):
        try:
            value: object = json.loads(text, parse_float=Decimal)
        except (ValueError, ArithmeticError, RecursionError):  # the latter two: absurd numbers and nesting
            raise ConfigError("is no JSON", source=source, key=".".join(map(str, path))) from None
        return value
    if is_list(shape) and not is_table(step(shape, 0)):
        return [item.strip() for item in text.split(",") if item.strip()]
    raise ConfigError("must be written as JSON here", source=source, key=".".join(map(str, path)))


def _variables(present: Mapping[str, object]) -> Iterator[str]:
    """Return the names of variables that mean something, with the chains and venues that are there."""
    for key in known_keys():
        names: Sequence[str] = ["NAME"]
        head = key.split(".")[0]
        tables = present.get(head)
        if head in ("chains", "venues") and isinstance(tables, Mapping) and tables:
            names = [str(name) for name in tables]
        for name in names:
            variable = key.replace(".NAME", f".{name}", 1).replace(".", "__").upper()
            if resolve(variable, present) is not None:
                yield PREFIX + variable
