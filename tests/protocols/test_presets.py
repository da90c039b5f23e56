"""Deployments by name: what a word stands for, what no word stands for, and what the chain says to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.chain.config import Deployment
from bot.core.errors import ConfigError
from bot.demo.chain import LocalChain
from bot.protocols.presets import named, presets
from bot.protocols.registry import PROTOCOLS
from bot.protocols.uniswap_v3 import UniswapV3Settings
from tests.app.settings.scenes import RIGHT, loaded, refused
from tests.chain.setup import local, reading

BASE = RIGHT.replace("chains.local", "chains.base").replace("31337", "8453")
BY_NAME = BASE.replace("[[chains.base.uniswap_v3]]\n", "").replace("position_manager =", "#")


def with_names(names: str) -> str:
    return BY_NAME.replace("[chains.base]\n", f"[chains.base]\nprotocols = {names}\n")


@pytest.mark.parametrize(
    ("chain_id", "word", "found"),
    [
        (8453, "uniswap_v3", {"uniswap_v3", "sushi_v3"}),
        (8453, "sushi", {"sushi_v3"}),
        (8453, "aerodrome", {"aerodrome", "aerodrome_gauge_caps", "aerodrome_gauges_v3", "aerodrome_pools"}),
        (10, "velodrome", {"velodrome", "velodrome_first", "velodrome_gauges_v2", "velodrome_pools"}),
        (8453, "slipstream", {"aerodrome", "aerodrome_gauge_caps", "aerodrome_gauges_v3"}),
        (42161, "camelot", {"camelot", "camelot_v4"}),
        (1, "uniswap", {"uniswap_v2", "uniswap_v3", "uniswap_v4"}),
    ],
)
def test_a_word_stands_for_a_protocol_a_deployment_or_a_family(chain_id: int, word: str, found: set[str]) -> None:
    assert {one.name for one in named(chain_id, word)} == found


def test_no_two_deployments_of_a_chain_have_a_name_or_a_contract_in_common() -> None:
    for chain_id in {chain for amm in PROTOCOLS.values() for chain in amm.presets}:
        known = presets(chain_id)
        names = [one.name for one in known]
        contracts = [
            contract
            for one in known
            for contract in PROTOCOLS[one.protocol].settings.model_validate(one.values).counted
        ]
        assert len(set(names)) == len(names)
        assert len(set(contracts)) == len(contracts)


def test_names_take_the_place_of_tables(tmp_path: Path) -> None:
    (chain,) = loaded(tmp_path, text=with_names('["aerodrome", "slipstream", "uniswap_v4"]')).settings.chains.values()
    found = [(one.protocol, one.key, one.settings.name) for one in chain.deployments()]
    aerodrome = ["aerodrome", "aerodrome_gauge_caps", "aerodrome_gauges_v3", "aerodrome_pools"]
    assert [name for _, _, name in found] == [*aerodrome, "uniswap_v4"]
    assert found[-1] == ("uniswap_v4", "protocols[3]", "uniswap_v4")


def test_a_table_of_one_that_is_named_too_is_what_counts(tmp_path: Path) -> None:
    table = """
[[chains.base.slipstream]]
name = "mine"
position_manager = "0x827922686190790b37229fd06084350E74485b72"
token_ids = [7]
"""
    text = with_names('["aerodrome"]') + table
    (chain,) = loaded(tmp_path, text=text).settings.chains.values()
    assert [one.settings.name for one in chain.deployments()] == [
        "mine",
        "aerodrome_gauge_caps",
        "aerodrome_gauges_v3",
        "aerodrome_pools",
    ]


def test_an_unknown_name_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    error = str(refused(tmp_path, text=with_names('["aerodrom"]')))
    assert "chains.base" in error
    assert "'aerodrom'" in error
    assert "aerodrome, aerodrome_gauge_caps" in error
    nowhere = with_names('["uniswap_v3"]').replace("8453", "31337")
    assert "there are none" in str(refused(tmp_path, text=nowhere))


@pytest.mark.chain
async def test_a_manager_that_names_another_factory_is_refused_by_its_key(chain: LocalChain) -> None:
    right, wrong = chain.at.v3_factory, chain.at.v2_factory
    for factory in (right, wrong):
        settings = UniswapV3Settings(position_manager=chain.at.v3_positions, factory=factory)
        deployment = Deployment("uniswap_v3", "chains.local.protocols[1]", settings)
        async with reading(local(chain, [deployment], owners=chain.accounts[1:2])) as reader:
            if factory == right:
                await reader.check()
                continue
            with pytest.raises(ConfigError, match=f"names the factory {right}, and it should be {wrong}") as caught:
                await reader.check()
            assert caught.value.key == "chains.local.protocols[1].position_manager"


def test_the_page_names_what_there_is() -> None:
    page = (Path(__file__).parents[2] / "docs" / "protocols.md").read_text(encoding="utf-8")
    rows = {
        row[0]: set(re.findall(r"`(\w+)`", row[1]))
        for row in re.findall(r"^\| (\w[^|`]*) \| (`[^|]*) \|$", page, re.MULTILINE)
    }
    ids = {"Ethereum": 1, "Base": 8453, "Arbitrum": 42161, "Polygon": 137, "BSC": 56}
    ids |= {"Optimism": 10, "Sepolia": 11155111, "Unichain, Avalanche": 130, "Base Sepolia, Arbitrum Sepolia": 84532}
    assert rows == {name: {one.name for one in presets(chain_id)} for name, chain_id in ids.items()}
