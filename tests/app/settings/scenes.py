"""A small, right configuration, and ways to bend it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.app.settings import Loaded, load
from bot.core.errors import ConfigError

OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
MANAGER = "0xC36442b4a4522E871399CD717aBDD847Ab11FE88"
PAIR = "0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc"
RIGHT = f"""
[chains.local]
chain_id = 31337
rpc_urls = ["http://127.0.0.1:8545"]
owners = ["{OWNER}"]
[[chains.local.uniswap_v3]]
position_manager = "{MANAGER}"
[venues.paper]
kind = "paper"
symbols = {{ ETH = "ETH/USDT:USDT", BTC = "BTC/USDT:USDT" }}
"""


def written(folder: Path, text: str, name: str = "bot.toml") -> Path:
    """Write a configuration file."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def loaded(folder: Path, extra: str = "", *, text: str = RIGHT, **environ: str) -> Loaded:
    """Load ``text``, then a second file with ``extra``, under the given environment."""
    files = [written(folder, text)]
    if extra:
        files.append(written(folder, extra, "extra.toml"))
    return load(files, environ)


def refused(
    folder: Path, extra: str = "", *, text: str = RIGHT, environ: Mapping[str, str] | None = None
) -> ConfigError:
    """Return the error that loading ends with."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, extra, text=text, **(environ or {}))
    return caught.value
