"""No file outside a protocol's own folder names a protocol; the registry's lines and the demo's scenes apart."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import bot
from bot.protocols.registry import PROTOCOLS

ROOT = Path(bot.__file__).parent
BRANDS = "uniswap|pancake|slipstream|aerodrome|velodrome|algebra|camelot|quickswap|solidly|masterchef|sushi|ramses"
WORDS = re.compile(rf"(?i:{BRANDS})|(?<![A-Za-z0-9])[vV][234](?![0-9=a-z])|V[234](?=[A-Z][a-z])")
SCENES = ("demo/", "cli/demo.py")
REGISTRY = "protocols/registry.py"
CURVES = "core/amm/"
"""A curve's docstrings and comments give the source of its formulas."""
NOT_PROTOCOLS = {
    "app/settings/root.py": "an URL's path may hold v2",
    "cli/sweep.py": "KEY=V1,V2 are values",
}


def files() -> list[str]:
    found = (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
    own = tuple(f"protocols/{name}/" for name in PROTOCOLS)
    apart = (*SCENES, *own, REGISTRY, "paper/servers/", "venues/")
    return sorted(name for name in found if not name.startswith(apart) and name not in NOT_PROTOCOLS)


def docstrings(tree: ast.AST) -> set[int]:
    """Return the first lines of docstrings, and of the strings that stand under a constant to describe it."""
    return {
        node.value.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }


def named(text: str, *, sources: bool) -> Iterator[tuple[int, str]]:
    """Return lines and words; ``sources``: docstrings and comments may name what a formula is of."""
    told = docstrings(ast.parse(text))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_prose = token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.start[0] in told)
        if not (sources and is_prose):
            yield from ((token.start[0], match[0]) for match in WORDS.finditer(token.string))


def test_no_protocol_is_named() -> None:
    found = {
        f"{name}:{line}": word
        for name in files()
        for line, word in named((ROOT / name).read_text(encoding="utf-8"), sources=name.startswith(CURVES))
    }
    assert found == {}


def test_the_registry_names_protocols_in_imports_and_lines_alone() -> None:
    lines = (ROOT / REGISTRY).read_text(encoding="utf-8").splitlines()
    naming = [line for line in lines if WORDS.search(line)]
    allowed = ("from bot.protocols.", "register(", "REPLAYED: Final = ")
    assert [line for line in naming if not line.startswith(allowed)] == []


def test_a_planted_name_is_seen() -> None:
    for text in ("from bot.protocols import uniswap_v3", "x = 'v3'", "class V2Config: ...", "# as Aerodrome does\n"):
        assert list(named(text, sources=False))
    assert not list(named('"""Equal to Uniswap V3\'s TickMath."""', sources=True))
