"""The contracts that a local chain is built from, as npm packages carry them: compiled, or compiled here."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from bot.core.errors import ConfigError

_V3_CORE: Final = "@uniswap/v3-core/artifacts/contracts"
_V3_PERIPHERY: Final = "@uniswap/v3-periphery/artifacts/contracts"
_V4_PERIPHERY: Final = "@uniswap/v4-periphery/foundry-out"
_PERMIT2: Final = "@uniswap/v4-periphery/lib/permit2/test/utils/DeployPermit2.sol"
_ARTIFACTS: Final = {
    "WETH9": "@uniswap/v2-periphery/build/WETH9.json",
    "UniswapV2Factory": "@uniswap/v2-core/build/UniswapV2Factory.json",
    "UniswapV2Router02": "@uniswap/v2-periphery/build/UniswapV2Router02.json",
    "UniswapV3Factory": f"{_V3_CORE}/UniswapV3Factory.sol/UniswapV3Factory.json",
    "SwapRouter": f"{_V3_PERIPHERY}/SwapRouter.sol/SwapRouter.json",
    "NonfungiblePositionManager": f"{_V3_PERIPHERY}/NonfungiblePositionManager.sol/NonfungiblePositionManager.json",
    "PoolManager": "@uniswap/v4-core/out/PoolManager.sol/PoolManager.json",
    "PoolSwapTest": "@uniswap/v4-core/out/PoolSwapTest.sol/PoolSwapTest.json",
    "PositionManager": f"{_V4_PERIPHERY}/PositionManager.sol/PositionManager.json",
    "StateView": f"{_V4_PERIPHERY}/StateView.sol/StateView.json",
}
_SOLIDITY: Final = Path(__file__).with_name("solidity")


def node_modules() -> Path:
    """Find the installed npm packages: next to the package or above it, or at or above the working directory.

    Raises:
        ConfigError: they are not installed.
    """
    here, cwd = Path(__file__).resolve(), Path.cwd()
    for folder in (*here.parents[1:], cwd, *cwd.parents):
        if (folder / "node_modules/@foundry-rs").is_dir():
            return folder / "node_modules"
    raise ConfigError(
        f"the local chain is not installed (no node_modules above {here.parents[1]} or {cwd}): run `make setup`"
    )


def creation_code(name: str) -> bytes:
    """Return the creation bytecode of a Uniswap contract or WETH9, without constructor arguments.

    Raises:
        ConfigError: its npm package is not installed.
    """
    return artifact_code(_ARTIFACTS[name])


def artifact_code(path: str) -> bytes:
    """Return the creation bytecode of a compiled contract below node_modules.

    Raises:
        ConfigError: its npm package is not installed.
    """
    found: str | dict[str, str] = json.loads(_text(node_modules() / path))["bytecode"]
    code = found["object"] if isinstance(found, dict) else found
    return bytes.fromhex(code.removeprefix("0x"))


def permit2_code() -> bytes:
    """Return Permit2's runtime bytecode, which the package carries as a literal.

    Raises:
        ConfigError: it is not installed, or carries it no more.
    """
    path = node_modules() / _PERMIT2
    found = re.search(r'hex"([0-9a-f]+)"', _text(path))
    if found is None:
        raise ConfigError("holds no bytecode of Permit2: run `make setup`", source=str(path))
    return bytes.fromhex(found[1])


def multicall3_code() -> bytes:
    """Return Multicall3's creation bytecode, which viem carries as a constant.

    Raises:
        ConfigError: viem is not installed, or carries it no more.
    """
    path = node_modules() / "viem/constants/contracts.ts"
    found = re.search(r"multicall3Bytecode\s*=\s*'0x([0-9a-fA-F]+)'", _text(path))
    if found is None:
        raise ConfigError("holds no multicall3Bytecode: run `make setup`", source=str(path))
    return bytes.fromhex(found[1])


def own_code(name: str) -> bytes:
    """Return the creation bytecode of a contract of ``solidity/``.

    Raises:
        ConfigError: the compiler is not installed or refuses the source.
    """
    return compiled(own_source(name))


def own_source(name: str) -> Path:
    """Return the file of a contract of ours."""
    return _SOLIDITY / f"{name}.sol"


def compiled(source: Path, *, compiler: str = "solc", runs: int = 200, roots: Sequence[str] = ()) -> bytes:
    """Return the creation bytecode of a Solidity file's contract of the same name; cached by the source's hash.

    Args:
        source: a file of ours, or one of a package.
        compiler: the npm package of solc.
        runs: the optimizer's.
        roots: folders below node_modules where imports are looked for first.

    Raises:
        ConfigError: the compiler is not installed or refuses the source.
    """
    script, modules = _SOLIDITY / "compile.cjs", node_modules()
    settings, files = [compiler, str(runs), *roots], (source, script, modules / ".package-lock.json")
    digest = hashlib.sha256(b"".join((*(file.read_bytes() for file in files), *(one.encode() for one in settings))))
    cached = modules / ".cache/dnbot" / f"{source.stem}-{digest.hexdigest()[:16]}.hex"
    if not cached.exists():
        _write_whole(cached, _compile(["node", str(script), str(source), source.stem, str(modules), *settings], source))
    return bytes.fromhex(cached.read_text().removeprefix("0x"))


def _compile(command: Sequence[str], source: Path) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=240)  # noqa: S603 - our script
    except FileNotFoundError as error:
        raise ConfigError("node is not installed: run `make setup`") from error
    except subprocess.CalledProcessError as error:
        raise ConfigError(f"does not compile: {error.stderr.strip()}", source=str(source)) from error
    return done.stdout


def _write_whole(path: Path, text: str) -> None:
    """Write by rename, so that a process beside us never reads half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).replace(path)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError as error:
        raise ConfigError("is missing: run `make setup`", source=str(path)) from error
