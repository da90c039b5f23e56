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
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from tests.chain.setup import config_of, reading

MAINNET, LINEA, SEPOLIA, NAMELESS = ChainId(1), ChainId(59144), ChainId(11155111), ChainId(987654321)


def test_every_address_has_its_checksum() -> None:
    tokens = [token for known in BY_ADDRESS.values() for token in known]
    assert [str(to_checksum_address(token.lower())) for token in tokens] == [str(token) for token in tokens]
    assert all(USD in known.values() for known in BY_ADDRESS.values())


@pytest.mark.chain
@pytest.mark.parametrize(
    ("chain_id", "believed"),
    [(LINEA, False), (NAMELESS, False), (MAINNET, False), (SEPOLIA, True), (ChainId(1337), True)],
)
async def test_a_symbol_is_believed_on_local_nodes_and_named_testnets_only(
    chain_id: ChainId, *, believed: bool
) -> None:
    async with Anvil(AnvilOptions(chain_id=chain_id)) as node, Rpc(node.url) as rpc:
        chain = await LocalChain.deploy(rpc)
        owner, stranger = chain.accounts[1], chain.accounts[6]
        wbtc = await chain.deploy_token("WBTC", 8)
        usdc = await chain.deploy_token("USDC", 6)
        await chain.fund(stranger, {wbtc: 10**12, usdc: 10**12})
        v3, key = UniswapV3(chain), PoolKey.of(wbtc.address, usdc.address, 3000)
        await v3.create_pool(key, 2**96)
        number = await v3.open(stranger, key, (-60, 60), (10**9, 10**9))
        data = calldata("transferFrom(address,address,uint256)", stranger, owner, number)
        await chain.mine(Tx(stranger, chain.at.v3_positions, data))
        async with reading(replace(config_of(chain, owners=[owner]), chain_id=chain_id)) as reader:
            await reader.check()
            view = await reader.read()
    assert len(view.positions) == int(believed)
    assert [item.is_discovered for item in view.left_out] == [True] * (not believed)


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
