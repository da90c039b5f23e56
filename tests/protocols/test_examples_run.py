"""The example configurations of other protocols on a local chain with the same contracts, their addresses replaced."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from math import isqrt
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.demo.chain import LocalChain, by_address
from bot.demo.node import Anvil, AnvilOptions
from bot.demo.rpc import Rpc
from tests.cli.scenes import dnbot
from tests.protocols.every_protocol import deployed

pytestmark = pytest.mark.chain

CONFIG = Path(__file__).parents[2] / "config"
EXAMPLES = {
    "paper-arbitrum-camelot": ("algebra", "algebra_integral"),
    "paper-base-aerodrome": ("slipstream",),
    "paper-bsc-pancake": ("pancake_v3",),
    "paper-mainnet-v4": ("uniswap_v4",),
}
PATIENT = """
[guards]
max_snapshot_age = "1h"
[chains.{chain}]
max_head_age = "1h"
"""


def localised(text: str, url: str, owner: str, tables: Mapping[str, Mapping[str, object]]) -> tuple[str, str]:
    """Return an example for the local chain, and its chain's name: names of deployments become tables."""
    (chain,) = re.findall(r"^\[chains\.(\w+)\]$", text, re.MULTILINE)
    text = re.sub(r"^chain_id = \d+", "chain_id = 31337", text, flags=re.MULTILINE)
    text = re.sub(r"^rpc_urls = .*", f'rpc_urls = ["{url}"]', text, flags=re.MULTILINE)
    text = re.sub(r"^owners = .*", f'owners = ["{owner}"]', text, flags=re.MULTILINE)
    symbols = 'symbols = { ETH = "ETH/USDT:USDT" }'  # whose pools are all that there is
    text = re.sub(r"^symbols = .*", symbols, text, flags=re.MULTILINE)
    for table in tables.values():
        for key, address in table.items():
            text = re.sub(rf'^{key} = "0x\w+"', f'{key} = "{address}"', text, flags=re.MULTILINE)
    text, named = re.subn(r"^protocols = .*", "", text, flags=re.MULTILINE)
    if named:
        for name, table in tables.items():
            lines = "".join(f'{key} = "{address}"\n' for key, address in table.items())
            text += f"\n[[chains.{chain}.{name}]]\n{lines}"
    return text, chain


async def test_each_example_hedges_what_the_owner_holds_on_the_same_contracts(tmp_path: Path) -> None:
    clock = SystemClock()
    genesis = AnvilOptions(genesis=clock.now() - timedelta(hours=1))
    async with Anvil(genesis) as node, Rpc(node.url) as rpc:
        chain = await LocalChain.deploy(rpc)
        owner, tokens = chain.accounts[1], by_address(chain.at.weth, chain.at.usdc)
        worth = [10**18 if token == chain.at.weth else 2000 * 10**6 for token in tokens]
        for account in chain.accounts[:4]:
            await chain.fund(account, {token: 10**6 * one for token, one in zip(tokens, worth, strict=True)})
        made = await deployed(chain, tokens, isqrt(worth[1] * 2**192 // worth[0]), (worth[0] * 5, worth[1] * 5))
        await chain.mine(timestamp=clock.now())
        for example, protocols in EXAMPLES.items():
            text = (CONFIG / f"{example}.toml").read_text(encoding="utf-8")
            tables = {
                name: {key: value for key, value in made.tables[name].items() if isinstance(value, str)}
                for name in protocols
            }
            told, name = localised(text, node.url, owner, tables)
            file, more = tmp_path / f"{example}.toml", tmp_path / f"{example}-more.toml"
            file.write_text(told.replace("var/", f"{tmp_path}/"), encoding="utf-8")
            more.write_text(PATIENT.format(chain=name), encoding="utf-8")
            ran = await asyncio.to_thread(dnbot, "plan", "--json", "-c", file, "-c", more)
            assert ran.code == 0, ran.err
            plan = json.loads(ran.out)
            assert len(plan["positions"]) == len(protocols), example
            (order,) = plan["orders"]
            exposed = sum(float(hedge["exposure"]) for hedge in plan["hedges"] if hedge["underlying"] == "ETH")
            assert 4 * len(protocols) < exposed < 6 * len(protocols), example
            assert (order["underlying"], float(order["quantity"]) < 0) == ("ETH", True), example
