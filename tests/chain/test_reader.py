"""What a view of a real chain holds, and when it changes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.chain.config import Limits, TokenMapping
from bot.core.errors import Retryable
from bot.core.types import PoolId, Underlying
from bot.demo.chain import LocalChain
from tests.chain.scene import Scene, ids, two
from tests.chain.setup import PATIENT, behind, config_of, reading, v3_deployment

pytestmark = pytest.mark.chain


@pytest.fixture
async def scene(chain: LocalChain) -> Scene:
    return await Scene.on(chain)


async def test_a_view_names_its_block_and_everything_of_ours(scene: Scene) -> None:
    async with reading(scene.config) as reader:
        view = await reader.read()
    newest = await scene.chain.rpc.call("eth_getBlockByNumber", "latest", False)
    assert (view.block.hash, view.block.parent_hash) == (newest["hash"], newest["parentHash"])
    assert (view.chain, view.chain_id, view.block.number) == ("local", 31337, int(newest["number"], 16))
    assert ids(view) == {f"local:uniswap_v3:{scene.token_id}", f"local:uniswap_v2:{scene.pair}"}
    v3 = next(position for position in view.positions if position.protocol == "uniswap_v3")
    assert [(token.symbol, token.decimals, token.underlying) for token in (v3.token0, v3.token1)] == [
        ("WETH", 18, "ETH"),
        ("USDC", 6, "USD"),
    ]
    assert v3.entry is None


async def test_pool_prices_are_in_units_of_the_underlyings(scene: Scene) -> None:
    async with reading(scene.config) as reader:
        view = await reader.read()
    assert {price.pool for price in view.pools} == {PoolId(scene.pair), PoolId(await scene.v3.pool(scene.key))}
    for price in view.pools:
        assert (price.underlying0, price.underlying1) == ("ETH", "USD")
        assert abs(price.price / 2000 - 1) < Decimal("1e-6")
    v2 = next(price for price in view.pools if price.pool == PoolId(scene.pair))
    # A 1% move of a constant-product price trades sqrt(1.01) - 1 of the reserve: 20,000 USD here.
    assert abs(v2.depth / Decimal("99.7512") - 1) < Decimal("1e-4")


async def test_a_rate_scales_prices_and_amounts(scene: Scene) -> None:
    staked = {scene.chain.at.weth.address: TokenMapping(Underlying("ETH"), Decimal("1.25"))}
    async with reading(replace(scene.config, tokens=staked)) as reader:
        view = await reader.read()
    assert all(abs(price.price / 1600 - 1) < Decimal("1e-6") for price in view.pools)
    assert view.positions[0].token0.to_units(10**18) == Decimal("1.25")


async def test_reference_pools_are_priced_without_a_position(scene: Scene) -> None:
    pool = await scene.v3.pool(scene.key)
    bare = replace(scene.config, owners=(), protocols=(), reference_pools=(pool, scene.pair))
    async with reading(bare) as reader:
        view = await reader.read()
        await reader.check()
    async with reading(scene.config) as reader:
        assert set(view.pools) == set((await reader.read()).pools)
    assert not view.positions


async def test_a_steady_state_takes_one_block_request_and_one_multicall(scene: Scene) -> None:
    async with two(scene) as (reader, first, second):
        await reader.read()
        first.requests.clear()
        await scene.chain.mine(scene.buy(10**9))
        await reader.read()
        assert first.requests == ["eth_getBlockByNumber", "eth_call"]
        assert not second.requests


async def test_new_moved_and_burned_positions_are_seen_at_the_next_read(scene: Scene) -> None:
    chain, v3 = scene.chain, scene.v3
    async with reading(scene.config) as reader:
        before = await reader.read()
        new = await v3.open(scene.owner, scene.key, (-201600, -199800), (10**18, 10**9))
        assert ids(await reader.read()) == {*ids(before), f"local:uniswap_v3:{new}"}
        liquidity = (await v3.position(scene.token_id)).liquidity
        await chain.mine(v3.decrease(scene.owner, scene.token_id, liquidity))
        owed = next(p for p in (await reader.read()).positions if p.id == f"local:uniswap_v3:{scene.token_id}")
        assert owed.curve.liquidity == 0
        assert owed.amounts.fees0 > 0
        await chain.mine(v3.collect(scene.owner, scene.token_id))
        emptied = await reader.read()
        await chain.mine(v3.burn(scene.owner, scene.token_id))
        burned = await reader.read()
        assert ids(emptied) == ids(burned) == {f"local:uniswap_v3:{new}", f"local:uniswap_v2:{scene.pair}"}
        await chain.mine(*scene.v2.remove(scene.owner, scene.pair, await chain.balance(scene.pair, scene.owner)))
        assert ids(await reader.read()) == {f"local:uniswap_v3:{new}"}


async def test_an_explicit_token_id_is_absent_only_once_the_contract_says_so(scene: Scene) -> None:
    config = config_of(scene.chain, owners=[], token_ids=[scene.token_id, 10**6], discover=False)
    async with reading(config) as reader:
        assert ids(await reader.read()) == {f"local:uniswap_v3:{scene.token_id}"}
    no_manager = v3_deployment(scene.chain.at.v2_factory, [1], discover=False)
    async with reading(replace(config, protocols=(no_manager,))) as reader:
        with pytest.raises(Retryable, match=r"failed \(without a reason\)"):
            await reader.read()


async def test_lp_tokens_of_another_holder_count(scene: Scene) -> None:
    holder = scene.chain.accounts[5]
    held = await scene.chain.balance(scene.pair, scene.owner)
    await scene.chain.mine(scene.chain.transfer(scene.owner, scene.pair, holder, held // 3))
    config = config_of(scene.chain, owners=[scene.owner], pairs=[scene.pair], holders=[holder])
    for asked, liquidity in [(scene.config, held - held // 3), (config, held)]:
        async with reading(asked) as reader:
            found = next(p for p in (await reader.read()).positions if p.protocol == "uniswap_v2")
        assert found.curve.liquidity == liquidity


@pytest.mark.parametrize(
    "limits", [PATIENT, replace(PATIENT, max_call_gas=150_000), replace(PATIENT, max_call_bytes=900)]
)
async def test_however_a_read_is_cut_it_gives_the_same_view(scene: Scene, limits: Limits) -> None:
    async with reading(scene.config) as reader:
        whole = await reader.read()
    async with reading(behind(scene.config, scene.chain.rpc.url, limits=limits)) as reader:
        assert await reader.read() == whole
    batched = replace(scene.config, multicall=None, limits=replace(limits, max_batch=7))
    async with reading(batched) as reader:
        assert await reader.read() == whole


async def test_entry_before_any_read_is_unknown(scene: Scene) -> None:
    async with reading(scene.config) as reader:
        position = (await reader.read()).positions[0]
    async with reading(scene.config) as fresh:
        assert await fresh.entry(position) is None
