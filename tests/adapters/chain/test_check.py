"""What is wrong in the configuration of a chain is named with its key, and what would be right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.adapters.chain.config import ChainConfig, TokenMapping, V3Config
from bot.core.errors import ConfigError, Retryable
from bot.core.types import Address, ChainId, Underlying
from bot.demo.chain import LocalChain
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from tests.adapters.chain.setup import behind, config_of, reading
from tests.faults.rpc import Fault, FaultyRpc, serving

pytestmark = pytest.mark.chain

NOWHERE = Address("0x00000000000000000000000000000000DeaDBeef")


async def complaint(config: ChainConfig) -> str:
    async with reading(config) as reader:
        with pytest.raises(ConfigError) as caught:
            await reader.check()
    return str(caught.value)


async def test_a_right_configuration_passes(chain: LocalChain) -> None:
    async with reading(config_of(chain, owners=[chain.accounts[1]])) as reader:
        await reader.check()


async def test_a_chain_id_that_differs_names_both_and_the_endpoint(chain: LocalChain) -> None:
    text = await complaint(replace(config_of(chain, owners=[]), chain_id=ChainId(8453)))
    assert text.startswith("chains.local.chain_id: is 8453, but the endpoint rpc_urls[1] (127.0.0.1) is of chain 31337")


async def test_every_endpoint_is_asked_for_its_chain_id(chain: LocalChain) -> None:
    async with serving(FaultyRpc(lambda _method, _params: "0x1")) as other:
        text = await complaint(behind(config_of(chain, owners=[]), chain.rpc.url, other.url))
    assert "rpc_urls[2] (127.0.0.1) is of chain 1" in text


async def test_an_endpoint_that_does_not_answer_is_no_reason_not_to_start(chain: LocalChain) -> None:
    async with serving(FaultyRpc(chain.rpc.url, fault=Fault.HTTP_500)) as down:
        async with reading(behind(config_of(chain, owners=[]), down.url, chain.rpc.url)) as reader:
            await reader.check()
        async with reading(behind(config_of(chain, owners=[]), down.url)) as reader:
            with pytest.raises(Retryable, match="HTTP 500"):
                await reader.check()


async def test_an_address_without_code_is_named_with_its_key(chain: LocalChain) -> None:
    config = config_of(chain, owners=[], pairs=[chain.at.weth.address, NOWHERE])
    v3 = V3Config("uniswap_v3", "chains.local.uniswap_v3[1]", NOWHERE)
    cases = {
        "chains.local.uniswap_v2[1].pairs[2]": config,
        "chains.local.multicall": replace(config, multicall=NOWHERE),
        "chains.local.uniswap_v3[1].position_manager": replace(config, protocols=(v3,)),
        "chains.local.uniswap_v3[1].factory": replace(
            config, protocols=(replace(v3, position_manager=chain.at.v3_positions, factory=NOWHERE),)
        ),
        "chains.local.reference_pools[1]": replace(config, protocols=(), reference_pools=(NOWHERE,)),
    }
    for key, wrong in cases.items():
        assert await complaint(wrong) == f"{key}: there is no contract at {NOWHERE} on this chain: correct the address"


async def test_a_contract_of_another_kind_is_named_with_its_key(chain: LocalChain) -> None:
    at, config = chain.at, config_of(chain, owners=[chain.accounts[1]], pairs=[chain.at.v2_factory])
    cases = {
        "chains.local.uniswap_v2[1].pairs[1]": config,
        "chains.local.uniswap_v3[1].position_manager": replace(
            config, protocols=(V3Config("uniswap_v3", "chains.local.uniswap_v3[1]", at.v2_factory),)
        ),
        "chains.local.reference_pools[1]": replace(config, protocols=(), reference_pools=(at.usdc.address,)),
    }
    for key, wrong in cases.items():
        assert (await complaint(wrong)).startswith(f"{key}: ")


async def test_an_unknown_token_is_named_with_the_key_to_add(chain: LocalChain) -> None:
    odd = await chain.deploy_token("ODD", 18)
    pair = await UniswapV2(chain).create_pair(odd.address, chain.at.weth.address)
    config = config_of(chain, owners=[chain.accounts[1]], pairs=[pair])
    text = await complaint(config)
    assert text.startswith(f'chains.local.tokens."{odd.address}".underlying: token {odd.address} (ODD) is not known')
    async with reading(replace(config, tokens={odd.address: TokenMapping(Underlying("ODD"))})) as reader:
        await reader.check()


async def test_a_token_that_borrows_a_known_symbol_is_unknown(chain: LocalChain) -> None:
    at, v2 = chain.at, UniswapV2(chain)
    fake = await chain.deploy_token("WETH", 18)
    pairs = [await v2.create_pair(token, at.usdc.address) for token in (at.weth.address, fake.address)]
    text = await complaint(config_of(chain, owners=[], pairs=pairs))
    assert text.startswith(f'chains.local.tokens."{fake.address}".underlying')
    assert f"calls itself WETH like {at.weth.address} does" in text


async def test_at_run_time_a_stranger_s_token_is_shown_and_stops_nothing(chain: LocalChain) -> None:
    """Anybody can send a position to an owner; only the token that is known is believed to be worth its name."""
    at, v3 = chain.at, UniswapV3(chain)
    owner, stranger = chain.accounts[1], chain.accounts[6]
    fake = await chain.deploy_token("WETH", 18)
    for account in (owner, stranger):
        await chain.fund(account, {at.weth: 10**20, at.usdc: 10**12, fake: 10**20})
    keys = [PoolKey.of(token, at.usdc.address, 3000) for token in (at.weth.address, fake.address)]
    for key in keys:
        await v3.create_pool(key, 2**96)
    mine = await v3.open(owner, keys[0], (-60, 60), (10**9, 10**9))
    async with reading(config_of(chain, owners=[owner])) as reader:
        await reader.check()
        theirs = await v3.open(stranger, keys[1], (-60, 60), (10**9, 10**9))
        gift = calldata("transferFrom(address,address,uint256)", stranger, owner, theirs)
        await chain.mine(Tx(stranger, at.v3_positions, gift))
        view = await reader.read()
    found = {str(position.id): {position.token0.underlying, position.token1.underlying} for position in view.positions}
    assert found == {
        f"local:uniswap_v3:{mine}": {"ETH", "USD"},
        f"local:uniswap_v3:{theirs}": {f"WETH@{fake.address}", "USD"},
    }
