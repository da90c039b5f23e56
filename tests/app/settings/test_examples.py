"""Every example configuration loads, and says what it promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.settings import load
from bot.app.settings.example import example
from bot.app.settings.show import json_schema
from bot.core.errors import ConfigError
from bot.setting_types.fields import parse_address
from tests.app.settings.scenes import written

EXAMPLES = sorted(Path(__file__).parents[3].glob("config/*.toml"))

CREDENTIALS = {
    f"DNBOT_VENUES__{venue}__{key}": "planted-0123456789"
    for venue, keys in {"BINANCE": ("API_KEY", "SECRET"), "BITGET": ("API_KEY", "SECRET", "PASSPHRASE")}.items()
    for key in keys
} | {"DNBOT_VENUES__HL__ACCOUNT_ADDRESS": "0x" + "a1" * 20, "DNBOT_VENUES__HL__AGENT_KEY": "5" * 64}


def credentials(file: Path) -> dict[str, str]:
    """Return the credentials of the venues that an example names; a variable of another one is an error."""
    text = file.read_text(encoding="utf-8")
    return {name: value for name, value in CREDENTIALS.items() if f"[venues.{name.split('__')[1].lower()}]" in text}


@pytest.mark.parametrize("file", [file for file in EXAMPLES if file.stem.endswith("-live")], ids=lambda file: file.stem)
def test_a_live_example_is_refused_without_the_switch_or_without_credentials(file: Path) -> None:
    with pytest.raises(ConfigError, match="--live was not given"):
        load([file], credentials(file))
    with pytest.raises(ConfigError, match="has no credentials"):
        load([file], {}, live=True)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_configuration_loads(file: Path) -> None:
    is_live = file.stem.endswith("-live")
    settings = load([file], credentials(file), live=is_live).settings
    assert settings.bot.mode == {"live": "live", "testnet": "demo"}.get(file.stem.rpartition("-")[2], "paper")
    assert settings.policy().hedges


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_addresses_in_comments_are_right_too(file: Path) -> None:
    words = file.read_text(encoding="utf-8").replace('"', " ").replace(")", " ").replace("]", " ").split()
    addresses = [word for word in words if word.startswith("0x") and word != "0x…"]
    assert addresses
    assert [parse_address(word) for word in addresses] == addresses


def test_the_examples_are_there() -> None:
    assert [file.stem for file in EXAMPLES] == [
        "binance-bitget-live",
        "binance-live",
        "bitget-uta-live",
        "hyperliquid-live",
        "hyperliquid-testnet",
        "paper-arbitrum-camelot",
        "paper-base-aerodrome",
        "paper-base",
        "paper-bsc-pancake",
        "paper-local",
        "paper-mainnet-v4",
        "paper-mainnet",
        "paper-sepolia",
    ]


def uncommented() -> list[str]:
    """Return the example with every commented setting set, but those that exclude each other."""
    exclusive = (
        "#rate_from",
        "#rate_contract",
        "#rate_decimals",
        "#tracking_error",
        "#fixed_width",
        "#script",
        "#source",
        "#redirect_to",
        "#ca_file",
        "#cycle_spacing",
    )
    lines = [line for line in example().splitlines() if not line.startswith(exclusive)]
    return [line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in lines]


def test_the_commented_settings_of_the_example_are_right_and_are_the_defaults(tmp_path: Path) -> None:
    text = "\n".join(uncommented())
    full = load([written(tmp_path, text)], {}).settings
    short = load([written(tmp_path, example())], {}).settings
    assert full.guards == short.guards
    assert full.bot == short.bot
    assert full.log == short.log
    assert full.venues == short.venues


def test_the_example_names_every_setting() -> None:
    def keys(node: object) -> set[str]:
        if isinstance(node, dict):
            return {*node.get("properties", {}), *(key for item in node.values() for key in keys(item))}
        return {key for item in node for key in keys(item)} if isinstance(node, list) else set()

    text = example()
    values = {line.lstrip("# ").partition(" =")[0] for line in text.splitlines() if " =" in line}
    headers = [line.strip("#[]").split(".") for line in text.splitlines() if line.lstrip("#").startswith("[")]
    assert keys(json_schema()) - values - {part for header in headers for part in header} == set()


def test_every_setting_is_described() -> None:
    schema = json_schema()
    tables = [schema, *schema["$defs"].values()]
    bare = [name for table in tables for name, it in table.get("properties", {}).items() if not it.get("description")]
    assert bare == []
