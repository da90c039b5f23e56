"""On the usual chains an address says what a token is; a symbol says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils.address import to_checksum_address

from bot.chain.known_tokens import BY_ADDRESS
from bot.core.errors import ConfigError
from bot.core.types import USD, Address, ChainId
from bot.demo.chain import LocalChain
from bot.demo.node import Anvil, AnvilOptions
from bot.demo.rpc import Rpc
from bot.demo.uniswap_v2 import UniswapV2
from tests.chain.setup import config_of, reading

MAINNET = ChainId(1)


def test_every_address_has_its_checksum() -> None:
    tokens = [token for known in BY_ADDRESS.values() for token in known]
    assert [str(to_checksum_address(token.lower())) for token in tokens] == [str(token) for token in tokens]
    assert all(USD in known.values() for known in BY_ADDRESS.values())


@pytest.mark.chain
async def test_a_stranger_s_weth_is_nothing_on_a_chain_whose_weth_is_known() -> None:
    async with Anvil(AnvilOptions(chain_id=MAINNET)) as node, Rpc(node.url) as rpc:
        chain = await LocalChain.deploy(rpc)
        v2 = UniswapV2(chain)
        pair = await v2.create_pair(chain.at.weth.address, chain.at.usdc.address)
        config = replace(config_of(chain, owners=[chain.accounts[1]], pairs=[pair]), chain_id=MAINNET)
        async with reading(config) as reader:
            with pytest.raises(ConfigError, match=r"\((WETH|USDC)\) is not known to dnbot"):
                await reader.check()

        true = {
            key: next(token for token, is_for in BY_ADDRESS[MAINNET].items() if is_for == key) for key in ("ETH", USD)
        }
        for theirs, ours in ((chain.at.weth.address, true["ETH"]), (chain.at.usdc.address, true[USD])):
            await rpc.call("anvil_setCode", ours, await rpc.call("eth_getCode", theirs, "latest"))
        real = await v2.create_pair(Address(true["ETH"]), Address(true[USD]))
        config = replace(config_of(chain, owners=[chain.accounts[1]], pairs=[real]), chain_id=MAINNET)
        async with reading(config) as reader:
            await reader.check()
