"""Compiles what npm carries as sources; at first use, then cached beside the packages."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from bot.demo.contracts import node_modules

SCRIPT: Final = Path(__file__).with_name("compile.cjs")
SOLC_0_7: Final = "solc-0.7"
SOLC: Final = "solc"


def built(source: Path, *, compiler: str, runs: int, roots: Sequence[str] = (), contract: str = "") -> bytes:
    """Return the creation bytecode of a contract.

    Args:
        source: a file of ours, or one of a package.
        compiler: the npm package of solc.
        runs: the optimizer's.
        roots: folders below node_modules where imports are looked for first.
        contract: its name; left out: the file's.
    """
    modules, name = node_modules(), contract or source.stem
    parts = (source.read_bytes(), SCRIPT.read_bytes(), (modules / ".package-lock.json").read_bytes())
    said = f"{source.name} {name} {compiler} {runs} {roots}".encode()
    digest = hashlib.sha256(b"".join((*parts, said))).hexdigest()
    cached = modules / ".cache" / "dnbot" / f"{name}-{digest[:16]}.hex"
    if not cached.exists():
        command = ["node", str(SCRIPT), str(source), name, str(modules), compiler, str(runs), *roots]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)  # noqa: S603 - our script
        assert done.returncode == 0, done.stderr
        cached.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=cached.parent, delete=False) as file:
            file.write(done.stdout)
        Path(file.name).replace(cached)
    code = cached.read_text().removeprefix("0x")
    assert "__" not in code, f"{name} has to be linked"
    return bytes.fromhex(code)
