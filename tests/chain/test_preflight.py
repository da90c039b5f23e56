"""What is wrong in the configuration of a chain is named with its key, and what would be right."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from bot.chain.config import ChainConfig, TokenMapping
from bot.core.errors import ConfigError, Retryable
from bot.core.types import Address, ChainId, Underlying
from bot.demo.chain import LocalChain
from bot.demo.tx import Tx, calldata
from bot.demo.uniswap_v2 import UniswapV2
from bot.demo.uniswap_v3 import PoolKey, UniswapV3
from tests.chain.scene import Scene
from tests.chain.setup import behind, config_of, reading, v3_deployment
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
    v3 = v3_deployment(NOWHERE)
    cases = {
        "chains.local.uniswap_v2[1].pairs[2]": config,
        "chains.local.multicall": replace(config, multicall=NOWHERE),
        "chains.local.uniswap_v3[1].position_manager": replace(config, protocols=(v3,)),
        "chains.local.reference_pools[1]": replace(config, protocols=(), reference_pools=(NOWHERE,)),
    }
    for key, wrong in cases.items():
        assert await complaint(wrong) == f"{key}: there is no contract at {NOWHERE} on this chain: correct the address"


async def test_a_contract_of_another_kind_is_named_with_its_key(chain: LocalChain) -> None:
    at, config = chain.at, config_of(chain, owners=[chain.accounts[1]], pairs=[chain.at.v2_factory])
    cases = {
        "chains.local.uniswap_v2[1].pairs[1]": config,
        "chains.local.uniswap_v3[1].position_manager": replace(config, protocols=(v3_deployment(at.v2_factory),)),
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


async def test_a_token_is_ignored_on_purpose(chain: LocalChain) -> None:
    odd = await chain.deploy_token("ODD", 18)
    pair = await UniswapV2(chain).create_pair(odd.address, chain.at.weth.address)
    config = replace(config_of(chain, owners=[chain.accounts[1]], pairs=[pair]), ignored=frozenset({odd.address}))
    async with reading(config) as reader:
        await reader.check()
        view = await reader.read()
    assert (view.positions, view.left_out, view.pools) == ((), (), ())


BURNS_ALL_GAS = "0x5b600056"  # JUMPDEST, PUSH1 0, JUMP
NEVER_TELLS = "0x60006000fd"  # REVERT without a reason
SAYS_TOO_MUCH = "0x62ffffff6000f3"  # RETURN of 16 million bytes
INVALID = "0xfe"
SAYS_NOTHING = "0x00"  # STOP


@dataclass(frozen=True, slots=True)
class Gift:
    """An owner's own WETH position, and one in a stranger's token that is given to them while the reader runs."""

    config: ChainConfig
    fake: Address
    mine: str
    theirs: str

    async def give(self, chain: LocalChain) -> None:
        owner, stranger = chain.accounts[1], chain.accounts[6]
        number = int(self.theirs.rpartition(":")[2])
        data = calldata("transferFrom(address,address,uint256)", stranger, owner, number)
        await chain.mine(Tx(stranger, chain.at.v3_positions, data))


async def gift_of(chain: LocalChain) -> Gift:
    at, v3 = chain.at, UniswapV3(chain)
    owner, stranger = chain.accounts[1], chain.accounts[6]
    fake = await chain.deploy_token("WETH", 18)
    for account in (owner, stranger):
        await chain.fund(account, {at.weth: 10**20, at.usdc: 10**12, fake: 10**20})
    keys = [PoolKey.of(token, at.usdc.address, 3000) for token in (at.weth.address, fake.address)]
    for key in keys:
        await v3.create_pool(key, 2**96)
    ids = [
        await v3.open(account, key, (-60, 60), (10**9, 10**9))
        for account, key in zip((owner, stranger), keys, strict=True)
    ]
    mine, theirs = (f"local:uniswap_v3:{number}" for number in ids)
    return Gift(config_of(chain, owners=[owner]), fake.address, mine, theirs)


async def test_at_run_time_a_stranger_s_token_is_left_out_and_stops_nothing(chain: LocalChain) -> None:
    """Anybody can send a position to an owner; only the token that is known is believed to be worth its name."""
    gift = await gift_of(chain)
    async with reading(gift.config) as reader:
        await reader.check()
        await gift.give(chain)
        view = await reader.read()
        await reader.check()
    async with reading(gift.config) as restarted:
        await restarted.check()
        assert (await restarted.read()).left_out == view.left_out
    assert [position.id for position in view.positions] == [gift.mine]
    ((position, reason),) = ((item.position, item.reason) for item in view.left_out)
    assert position == gift.theirs
    assert f'set chains.local.tokens."{gift.fake}".ignore = true' in reason
    async with reading(replace(gift.config, ignored=frozenset({gift.fake}))) as reader:
        await reader.check()
        view = await reader.read()
    assert ([item.id for item in view.positions], view.left_out) == ([gift.mine], ())


async def test_positions_are_ignored_or_singled_out_by_name(chain: LocalChain) -> None:
    gift = await gift_of(chain)
    await gift.give(chain)
    mine, theirs = (name.partition(":")[2] for name in (gift.mine, gift.theirs))
    shown = {
        "nothing said": (frozenset(), frozenset(), [gift.mine], [gift.theirs]),
        "gift ignored": (frozenset({theirs}), frozenset(), [gift.mine], []),
        "own ignored": (frozenset({mine}), frozenset(), [], [gift.theirs]),
        "only mine": (frozenset(), frozenset({mine}), [gift.mine], []),
        "only another": (frozenset(), frozenset({"uniswap_v3:999"}), [], []),
    }
    for ignored, only, positions, left_out in shown.values():
        async with reading(replace(gift.config, ignore_positions=ignored, only_positions=only)) as reader:
            await reader.check()
            view = await reader.read()
        assert [item.id for item in view.positions] == positions
        assert [item.position for item in view.left_out] == left_out


@pytest.mark.parametrize("code", [BURNS_ALL_GAS, NEVER_TELLS, SAYS_TOO_MUCH, INVALID, SAYS_NOTHING])
@pytest.mark.parametrize("batched", [False, True])
async def test_a_hostile_token_spoils_no_read(chain: LocalChain, code: str, *, batched: bool) -> None:
    gift = await gift_of(chain)
    config = replace(gift.config, multicall=None) if batched else gift.config
    async with reading(config) as reader:
        await reader.check()
        await gift.give(chain)
        await chain.rpc.call("anvil_setCode", gift.fake, code)
        view = await reader.read()
    assert [position.id for position in view.positions] == [gift.mine]
    assert [item.position for item in view.left_out] == [gift.theirs]
    assert "does not tell how many decimals it has" in view.left_out[0].reason


async def test_a_token_taken_for_a_list_of_positions_is_named_at_once(chain: LocalChain) -> None:
    scene = await Scene.on(chain)
    text = await complaint(replace(scene.config, protocols=(v3_deployment(scene.pair),)))
    assert text.startswith(f"chains.local.uniswap_v3[1].position_manager: {scene.pair} is no contract of that kind")
    assert "it answers as one of uniswap_v2 does" in text
