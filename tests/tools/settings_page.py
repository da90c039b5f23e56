"""docs/configuration.md, written from the settings themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from pydantic.fields import FieldInfo

from bot.app.settings.root import Settings
from bot.app.settings.show import literal, plain
from bot.app.settings.table_tree import Shape, bare, fields_of, is_list, is_mapping, is_table

_HEAD: Final = """\
# Configuration

<!-- Written by `make docs` from bot/app/settings; do not edit. -->

TOML files, each later `-c FILE` laid over the earlier ones; then the secrets directory (what `DNBOT_SECRETS_DIR` names,
else `secrets/` beside the first file, and `/run/secrets`), one file per value; then the environment; then flags. Paths
in a file are relative to that file. A variable is named after its key:
`DNBOT_CHAINS__BASE__RPC_URLS` is `chains.base.rpc_urls`; with `_FILE` appended it names a file that holds the value,
and a file in the secrets directory is named like the variable. Lists of plain values are written with commas, tables as
JSON.

- `dnbot config init bot.toml` writes a commented example; `config/` holds ready ones.
- `dnbot config show -c bot.toml` prints what results, and where each value came from.
- `dnbot config schema` prints the JSON schema, for an editor.

Durations are written `30s`, `5m`, `1h30m`; fractions `0.005` or `"0.5%"`. An unknown key is an error that names the
nearest known one. Passwords, keys and alert URLs may stand in a TOML file only if nobody else can read it
(`chmod 600`).
"""


def page() -> str:
    """Return the page."""
    return _HEAD + "".join(_tables(Settings, "", "everything"))


def _tables(shape: Shape, path: str, what: str) -> Iterator[str]:
    """Return a section per table, outer ones first."""
    rows, inner = [], []
    for name, found in fields_of(shape).items():
        below = bare(found.annotation)
        element = bare(get_args(below)[1 if is_mapping(below) else 0]) if is_mapping(below) or is_list(below) else None
        table = below if is_table(below) else element if is_table(element) else None
        if table is None:
            rows.append(f"| `{name}` | {_default(found)} | {_cell(found.description or '')} |\n")
        else:
            key = f"{path}{name}" + (".NAME" if is_mapping(below) else "")
            inner.append((table, key, is_list(below), found.description or ""))
    if rows:
        yield f"\n## {path.rstrip('.')}\n\n{what[:1].upper()}{what[1:]}.\n\n" if path else ""
        yield "| key | default | meaning |\n|---|---|---|\n" + "".join(rows)
    for table, key, several, description in inner:
        said = f"{description} (a list of tables: `[[{key}]]`)" if several else description
        yield from _tables(table, f"{key}.", said)


def _default(found: FieldInfo) -> str:
    if found.is_required():
        return "required"
    value = plain(found.get_default(call_default_factory=True))
    if value in (None, "", [], {}):
        return "none"
    return f"`{literal(value)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
