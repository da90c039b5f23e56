"""The version of dnbot."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

_CORE: Final = Path(__file__).parent / "core"


def version() -> str:
    """Return the version of the installed package."""
    return metadata.version("dnbot")


@cache
def decider() -> str:
    """Return the version with a digest of the decision's own source: equal names decide equally, to the byte."""
    digest = hashlib.sha256()
    for path in sorted(_CORE.rglob("*.py")):
        digest.update(f"{path.relative_to(_CORE).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return f"{version()}+{digest.hexdigest()[:12]}"
