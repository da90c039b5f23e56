"""The commented example that ``dnbot config init`` writes: made from the schema, so it never lags behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, get_args

from pydantic.fields import FieldInfo

from bot.app.settings.origins import Path
from bot.app.settings.problems import dotted
from bot.app.settings.root import Settings
from bot.app.settings.show import literal, plain
from bot.app.settings.table_tree import bare, fields_of, is_list, is_mapping, is_table
from bot.app.settings.venues import REAL
from bot.protocols.registry import PROTOCOLS

_HEAD: Final = """\
# dnbot configuration.
# A line that starts with #name shows a default or an example; remove the # to change it.
# Files given by -c are laid over each other (later wins); environment variables and secrets come on top:
#   DNBOT_CHAINS__LOCAL__RPC_URLS=https://first,https://second    DNBOT_CHAINS__LOCAL__RPC_URLS_FILE=/path/to/secret
# `dnbot config show -c FILE` prints what results, and where each value comes from.
"""

_FIRST_PROTOCOL: Final = next({amm.name: amm.example} for amm in PROTOCOLS.values() if amm.example)

_SET: Final[Mapping[str, object]] = {
    "chains": {
        "local": {
            "chain_id": 31337,
            "rpc_urls": ["http://127.0.0.1:8545"],
            "owners": ["0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"],
            **_FIRST_PROTOCOL,
        }
    },
    "hedge": {"band": {"risk_aversion": 50}},
    "venues": {
        "paper": {"kind": "paper", "symbols": {"ETH": "ETH/USDT:USDT", "BTC": "BTC/USDT:USDT"}},
    },
}
"""The values that stand uncommented."""

_NAMES: Final = {
    "chains": "local",
    "venues": "paper",
    "underlyings": "ETH",
    "tokens": "0x7f39C581F595B53c5cb19bD0b3f8dA6c935E2Ca0",
}
"""The key that stands for the user's choice in each table."""


def example() -> str:
    """Return the example as TOML."""
    return "\n".join([_HEAD, *_table(Settings, (), _SET)]).rstrip() + "\n"


def _table(shape: object, at: Path, chosen: object) -> Iterator[str]:
    """Return a table's lines: its values, then the tables in it. ``chosen`` is None where all is commented out."""
    given = chosen if isinstance(chosen, Mapping) else {}
    tables = []
    for name, found in fields_of(shape).items():
        inner = bare(found.annotation)
        element = bare(get_args(inner)[1 if is_mapping(inner) else 0]) if is_mapping(inner) or is_list(inner) else None
        if is_table(inner) or is_table(element):
            tables.append((name, found, inner, element))
        else:
            yield from (f"# {found.description}", _value(name, found, given))
    for name, found, inner, element in tables:
        path = (*at, name, *([_NAMES[name]] if is_mapping(inner) else []))
        below = given.get(name)
        below = below.get(_NAMES[name]) if is_mapping(inner) and isinstance(below, Mapping) else below
        key = f"[[{dotted(path)}]]" if is_list(inner) else f"[{dotted(path)}]"
        mark = "#" if chosen is None or (below is None and element is not None) else ""
        yield from ("", f"# {found.description}", f"{mark}{key}")
        yield from _table(inner if element is None else element, path, None if mark else below or {})


def _value(name: str, found: FieldInfo, given: Mapping[str, object]) -> str:
    if name in given:
        return f"{name} = {literal(given[name])}"
    default = plain(None if found.is_required() else found.get_default(call_default_factory=True))
    shown = found.examples[0] if found.examples and default in (None, []) else default
    other = "# " if (found.description or "").startswith(f"{REAL}:") else "#"  # not to be uncommented beside the rest
    return f"{other}{name} = {literal(shown)}"
