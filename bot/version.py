"""The version of dnbot."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

_ALL: Final = Path(__file__).parent


def version() -> str:
    """Return the version of the installed package."""
    return metadata.version("dnbot")


@cache
def decider() -> str:
    """Return the version with a digest of the decision's own source: equal names decide equally, to the byte."""
    return _of(_ALL / "core")


@cache
def program() -> str:
    """Return the version with a digest of all of dnbot's source: equal names do everything equally."""
    return _of(_ALL)


def _of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return f"{version()}+{digest.hexdigest()[:12]}"
